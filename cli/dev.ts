/** `perdure dev`: a server on this machine, for the services of a file or of processes that serve their own. */
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Durability } from "../runtime/dev/engine.ts";
import { type Cors, corsIn, corsOf } from "../lib/cors.ts";
import { CommandError, EXIT, UsageError } from "./exit.ts";
import type { Program } from "./root.ts";
import type { Command, OptionValues } from "@commander-js/extra-typings";
import { DevConsole, withoutOwnFrames } from "./dev-console.ts";

const DEFAULT_PORT = 8080;
const DEFAULT_ADMIN_PORT = 9070;
const DEFAULT_HOST = "127.0.0.1";
const PORT_MAX = 65_535;
/** The folder for data files without `--data`, below the current one. */
const DATA_FOLDER = ".perdure";

const AFTER = `
The file's default export is an array of services, virtual objects and workflows, or one of them. A file without a
default export serves what it would serve over HTTP.

Everything durable is in one data file. After a restart the invocations in flight continue, whatever ended the process.
When the code changes, it is reloaded: new invocations run the new code, those in flight finish on the old code.

A process that serves its own handlers is registered by its URL:
  perdure deployments register http://localhost:9080
`;

interface Options {
  readonly port?: string;
  readonly adminPort?: string;
  readonly host?: string;
  readonly data?: string;
  readonly durability?: string;
  readonly corsOrigin?: readonly string[];
  readonly corsCredentials?: boolean;
  /** False with `--no-watch`. */
  readonly watch: boolean;
}

interface Settings {
  readonly file?: string;
  readonly dataPath: string;
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  readonly durability: Durability;
  readonly watch: boolean;
  readonly cors: Cors;
}

export function addDev(program: Program): void {
  withServerOptions(
    program
      .command("dev")
      .summary("serve a file's services, or those of other processes, on this machine")
      .description(
        "Serves the services of a TypeScript or JavaScript file, and those that are registered with it.",
      )
      .argument("[file...]", "the file that exports the services"),
  )
    .option("--no-watch", "do not reload when the code changes")
    .addHelpText("after", AFTER)
    .action(async (files, options) => serve(settingsOf(files, options)));
}

const AFTER_UP = `
It is \`perdure dev\` without a file: it builds and reloads nothing, and serves the processes that are registered with it. Its data file
is .perdure/dev.sqlite in the current folder, the one of \`perdure dev\` without a file.

Examples:
  perdure up
  perdure up --port 0 --admin-port 0 --data /tmp/try.sqlite
`;

/** The server alone. */
export function addUp(program: Program): void {
  withServerOptions(
    program
      .command("up")
      .alias("server")
      .summary("the server alone, for processes that serve their own handlers")
      .description(
        "Runs the server alone. Processes that serve handlers are registered with it by their URL.",
      ),
  )
    .addHelpText("after", AFTER_UP)
    .action(async (options) => serve(settingsOf([], { ...options, watch: false })));
}

/** What `dev` and `up` take. */
const withServerOptions = <A extends unknown[], O extends OptionValues, G extends OptionValues>(
  command: Command<A, O, G>,
) =>
  command
    .option("--port <port>", `the port that takes invocations (default ${DEFAULT_PORT}; 0: a free one)`)
    .option("--admin-port <port>", `the port of the admin API (default ${DEFAULT_ADMIN_PORT}; 0: a free one)`)
    .option("--host <address>", `the address to listen on (default ${DEFAULT_HOST}: this machine only)`)
    .option(
      "--data <file>",
      `the data file (default ${DATA_FOLDER}/<name of the served file, or dev>.sqlite in the current folder)`,
    )
    .option(
      "--durability <what>",
      'what data survives: "process" (default): the end of any process, kill -9 included; "power": also a power cut, at the price of a sync to the disk before each answer and step',
    )
    .option(
      "--cors-origin <origin...>",
      "a page's origin that may call the ingress from a browser, such as https://shop.example; again for each (default: every page may)",
    )
    .option("--cors-credentials", "those pages may send cookies");

function settingsOf(files: readonly string[], options: Options): Settings {
  const [file, ...more] = files;
  if (more.length > 0) {
    const got = files.length === 2 ? "two" : String(files.length);
    throw new UsageError(
      `perdure dev takes one file, and got ${got}: ${files.join(", ")}. Export all services from one of them.`,
    );
  }
  const folder = currentFolder();
  return {
    ...(file === undefined ? {} : { file: resolve(folder, file) }),
    dataPath: options.data === undefined ? defaultDataPath(folder, file) : resolve(folder, options.data),
    host: options.host ?? DEFAULT_HOST,
    port: portOf("--port", options.port, DEFAULT_PORT),
    adminPort: portOf("--admin-port", options.adminPort, DEFAULT_ADMIN_PORT),
    durability: durabilityOf(options.durability ?? "process"),
    watch: options.watch,
    cors: chosenCors(options.corsOrigin, options.corsCredentials === true),
  };
}

/** The options, or else the variables that the stack would set. */
function chosenCors(origins: readonly string[] | undefined, credentials: boolean): Cors {
  try {
    if (origins === undefined && !credentials) return corsIn(process.env);
    return corsOf(origins ?? ["*"], credentials);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function durabilityOf(text: string): Durability {
  if (text === "process" || text === "power") return text;
  throw new UsageError(`--durability takes process or power, not "${text}"`);
}

/** The user's folder. This repository's own npm script runs the process in another folder, and npm says which it was. */
function currentFolder(): string {
  const { npm_package_name: script, INIT_CWD: initial } = process.env;
  return script === "perdure" && initial !== undefined ? initial : process.cwd();
}

/** One for each served file, so that two files do not share their data. */
function defaultDataPath(folder: string, file = ""): string {
  const path = relative(folder, resolve(folder, file)).replace(/\.[cm]?[jt]sx?$/u, "");
  const name = path.replaceAll(/[^\p{L}\p{N}_]+/gu, "-").replace(/^-+/u, "");
  return join(folder, DATA_FOLDER, `${name === "" ? "dev" : name}.sqlite`);
}

function portOf(option: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const port = Number(text);
  if (/^\d+$/u.test(text) && port <= PORT_MAX) return port;
  throw new UsageError(`${option} takes a number from 0 to ${PORT_MAX}, not "${text}"`);
}

async function serve(settings: Settings): Promise<void> {
  if (settings.file !== undefined) checkFile(settings.file);
  makeDataFolder(dirname(settings.dataPath));
  const shown = (path: string): string =>
    isAbsolute(relative(process.cwd(), path)) ? path : relative(process.cwd(), path);
  const output = new DevConsole({
    ...(settings.file === undefined ? {} : { file: shown(settings.file) }),
    dataPath: shown(settings.dataPath),
    watch: settings.watch,
  });
  silenceSqliteWarning();
  const { Engine } = await import("../runtime/dev/engine.ts");
  const engine = expected(
    () =>
      new Engine({
        ...settings,
        logger: output.logger,
        report: (event) => {
          output.report(event);
          // At once: its handlers' processes end with it, and nothing else is to be saved.
          if (event.kind === "data-lost") process.exit(1);
        },
      }),
  );
  const isStopping = stopOnSignal(() => engine.stop(), output);
  try {
    output.ready(await engine.start());
  } catch (error) {
    // If the user has stopped it, it may fail for that reason.
    if (isStopping()) return;
    await engine.stop();
    throw asCommandError(error);
  }
}

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

function checkFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw new CommandError(`there is no file ${file}`);
  if (!found.isFile())
    throw new CommandError(`${file} is not a file. Name the file that exports your services.`);
}

/** The first signal gives turns a moment to end. The second does not. Answers a function that tells if there was one. */
function stopOnSignal(stop: () => Promise<void>, output: DevConsole): () => boolean {
  let stopping = false;
  const onSignal = (): void => {
    if (stopping) process.exit(EXIT.interrupted);
    stopping = true;
    output.stopping();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`perdure: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return () => stopping;
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
