/** A server on this machine while it runs: its start, its end, what signals and keys do to it. */
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative } from "node:path";
import type { Engine, EngineEvent, Listening } from "../runtime/dev/engine.ts";
import { asError } from "../lib/errors.ts";
import { openInBrowser } from "./browser.ts";
import { traceTo } from "./config/tracing-target.ts";
import { DevConsole, withoutOwnFrames } from "./dev-console.ts";
import type { ReadEnv } from "./dev-env.ts";
import { servedFiles } from "./dev-files.ts";
import { hearsKeys, type Key, onKeys } from "./dev-keys.ts";
import { currentFolder, DATA_FOLDER, DEBUGGER_PORT, type ServerSettings } from "./dev-settings.ts";
import { CommandError, EXIT } from "./exit.ts";
import { proposedCall, type Takes } from "./try-it/try-it.ts";
import { nextFreePort, ownerOf } from "./port-owner.ts";

export async function serveFiles(settings: ServerSettings, env: ReadEnv | undefined): Promise<void> {
  const files = servedFiles(currentFolder(), settings.served);
  makeDataFolder(dirname(settings.dataPath));
  const output = new DevConsole({
    files: files.map(shownPath),
    dataPath: shownPath(settings.dataPath),
    watch: settings.watch,
    ...(env && { env }),
    hasKeys: hearsKeys(),
    least: settings.logLevel === "trace" ? "debug" : settings.logLevel,
    mode: settings.logInvocations,
  });
  if (settings.tracing) traceTo(settings.tracing, process.env);
  silenceSqliteWarning();
  await new DevServer(settings, output).start();
}

class DevServer {
  readonly #settings: ServerSettings;
  readonly #output: DevConsole;
  /** The first start chooses them if any will do. Then they stay. */
  #ports: { readonly port: number; readonly adminPort: number };
  #engine: Engine | undefined;
  #listening: Listening | undefined;
  #isStopping = false;
  #isBusy = false;

  constructor(settings: ServerSettings, output: DevConsole) {
    this.#settings = settings;
    this.#output = output;
    this.#ports = settings;
  }

  async start(): Promise<void> {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => this.stop());
    await this.#run();
    if (!this.#isStopping) onKeys((key) => void this.#press(key));
  }

  /** The first time gives turns a moment to end. The second does not. */
  stop(): void {
    if (this.#isStopping) process.exit(EXIT.interrupted);
    this.#isStopping = true;
    this.#output.stopping();
    (this.#engine?.stop() ?? Promise.resolve()).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`perdure: ${String(error)}\n`);
        process.exit(1);
      },
    );
  }

  async #run(): Promise<void> {
    // A folder may have more of them by now.
    const files = servedFiles(currentFolder(), this.#settings.served);
    const engine = await this.#newEngine(files);
    this.#engine = engine;
    try {
      const listening = await engine.start();
      this.#listening = listening;
      this.#ports = { port: portOf(listening.url), adminPort: portOf(listening.adminUrl) };
      const { services = [] } = listening.deployed ?? {};
      const takes: Takes = async (target, input) => await engine.takes(target, input);
      this.#output.ready(listening, await proposedCall(services, files, takes));
    } catch (error) {
      // If the user has stopped it, it may fail for that reason.
      if (this.#isStopping) return;
      await engine.stop();
      throw (await portInUse(error, this.#settings)) ?? asCommandError(error);
    }
  }

  async #newEngine(files: readonly string[]): Promise<Engine> {
    const settings = { ...this.#settings, ...this.#ports };
    const { Engine: EngineClass } = await import("../runtime/dev/engine.ts");
    const options = {
      ...settings,
      files,
      tellsSteps: settings.logInvocations === "verbose",
      logger: this.#output.logger,
      report: (event: EngineEvent) => {
        this.#output.report(event);
        // At once: its handlers' processes end with it, and nothing else is to be saved.
        if (event.kind === "data-lost") process.exit(1);
      },
    };
    return expected(() => new EngineClass(options));
  }

  async #press(key: Key): Promise<void> {
    if (key === "quit") return this.stop();
    if (key === "help") return this.#output.help();
    // Another one, until this one is done, would only come between.
    if (this.#isBusy || this.#isStopping) return;
    this.#isBusy = true;
    try {
      await this.#act(key);
    } catch (error) {
      this.#output.notice(withoutOwnFrames(asError(error).message), "stderr");
    } finally {
      this.#isBusy = false;
    }
  }

  async #act(key: Exclude<Key, "quit" | "help">): Promise<void> {
    const [engine, listening] = [this.#engine, this.#listening];
    if (!engine || !listening) return;
    if (key === "open") {
      const page = `${listening.adminUrl}/ui/`;
      openInBrowser(page);
      this.#output.notice(`opens ${page}`);
    } else if (key === "crash") this.#output.notice(await engine.atHand.crash());
    else if (key === "skip") this.#output.notice(await engine.atHand.skip());
    else if (key === "inspect") {
      const port = this.#settings.inspectPort ?? DEBUGGER_PORT;
      this.#output.debugs(await engine.inspect(port));
    } else {
      this.#output.restarting();
      await engine.stop();
      await this.#run();
    }
  }
}

const portOf = (url: string): number => Number(URL.parse(url)?.port);

/** The default folder: for its user alone, since inputs and state are in it, and not for version control. */
function makeDataFolder(folder: string): void {
  if (basename(folder) !== DATA_FOLDER) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const ignored = join(folder, ".gitignore");
  try {
    // An earlier version made it for everybody.
    if ((statSync(folder).mode & 0o077) !== 0) chmodSync(folder, 0o700);
    if (!existsSync(ignored)) writeFileSync(ignored, "*\n");
  } catch {
    // Another user's, or read-only: opening the file says what is wrong, if anything is.
  }
}

/** Node 22 warns when node:sqlite is used. The user did not choose node:sqlite, so the warning is of no use here. */
function silenceSqliteWarning(): void {
  const emitWarning = process.emitWarning.bind(process) as (...args: unknown[]) => void;
  process.emitWarning = (...args: unknown[]): void => {
    if (!String(args[0]).includes("SQLite is an experimental feature")) emitWarning(...args);
  };
}

const shownPath = (path: string): string =>
  isAbsolute(relative(process.cwd(), path)) ? path : relative(process.cwd(), path);

/** Says who has the port, and which one is free. */
async function portInUse(error: unknown, settings: ServerSettings): Promise<CommandError | undefined> {
  if (!(error instanceof Error) || !("portInUse" in error) || typeof error.portInUse !== "number")
    return undefined;
  const { portInUse: port } = error;
  const owner = ownerOf(port);
  const free = await nextFreePort(port, settings.host);
  const option = port === settings.adminPort ? "--admin-port" : "--port";
  const advice = `Choose another one: ${option} ${free ?? 0}.`;
  return new CommandError(`${error.message}${owner === undefined ? "" : ` by ${owner}`}`, {
    cause: error,
    advice,
  });
}

function expected<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw asCommandError(error);
  }
}

/** Errors whose message is written for the user of the command. */
const EXPECTED: ReadonlySet<string> = new Set(["DatabaseError", "BuildError", "ListenError"]);

function asCommandError(error: unknown): unknown {
  return error instanceof Error && EXPECTED.has(error.name)
    ? new CommandError(withoutOwnFrames(error.message), { cause: error })
    : error;
}
