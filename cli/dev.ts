/** `perdure dev`: a server on this machine, for the services of a file or of processes that serve their own. */
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Durability } from "../runtime/dev/engine.ts";
import type { DefaultRetention } from "../runtime/dev/local-registry.ts";
import { type Cors, corsOf } from "../lib/cors.ts";
import { asError } from "../lib/errors.ts";
import type { AnyLogLevel } from "../lib/log/level.ts";
import { type Cli, type GlobalOptions, withCli } from "./cli.ts";
import { readConfigFile } from "./config/config-file.ts";
import { printConfig } from "./config/print-config.ts";
import {
  type ChosenSettings,
  chooseSettings,
  DEFAULT,
  type GivenOptions,
  SETTING_KEYS,
  SERVER_SETTINGS,
} from "./config/server-settings.ts";
import { type TracingTarget, traceTo } from "./config/tracing-target.ts";
import { CommandError, EXIT, UsageError } from "./exit.ts";
import type { Program } from "./root.ts";
import type { Command, OptionValues } from "@commander-js/extra-typings";
import { DevConsole, withoutOwnFrames } from "./dev-console.ts";
import { type ReadEnv, readEnv } from "./dev-env.ts";
import { servedFiles } from "./dev-files.ts";
import { nextFreePort, ownerOf } from "./port-owner.ts";

/** The folder for data files without `--data`, below the current one. */
const DATA_FOLDER = ".perdure";

const AFTER = `
A file's default export is an array of services, virtual objects and workflows, or one of them. A file without one serves what it
would serve by itself (serve(), listen(), a Lambda function's handler), or else the services that it exports by name. Of a folder, the
files that import perdure are served.

A line says when an invocation starts, is suspended, fails or ends. --quiet: failures and warnings alone. --verbose: steps, later
turns and all attempts too. When more happens than anybody reads, one line a second sums it up.

Everything durable is in one data file. After a restart the invocations in flight continue, whatever ended the process.
When the code changes, it is reloaded: new invocations run the new code, those in flight finish on the old code.

A process that serves its own handlers is registered by its URL:
  perdure deployments register http://localhost:9080
`;

export function addDev(program: Program): void {
  withServerOptions(
    program
      .command("dev")
      .summary("serve the services of files, or of other processes, on this machine")
      .description(
        "Serves the services of TypeScript or JavaScript files, and those that are registered with it.",
      )
      .argument("[file...]", "files, folders or patterns with the services"),
  )
    .option("--no-watch", "do not reload when the code changes")
    .addHelpText("after", AFTER)
    .action(withCli(async (cli, files, options) => await runServer(cli, files, options)));
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
    .action(withCli(async (cli, options) => await runServer(cli, undefined, options)));
}

/** What the command line says. */
interface ServerFlags {
  readonly port?: string;
  readonly adminPort?: string;
  readonly host?: string;
  readonly data?: string;
  readonly durability?: string;
  readonly corsOrigin?: readonly string[];
  readonly corsCredentials?: true;
  readonly config?: string;
  readonly printConfig?: true;
  /** False with `--no-watch`. */
  readonly watch?: boolean;
}

/** What `dev` and `up` take. */
const withServerOptions = <A extends unknown[], O extends OptionValues, G extends OptionValues>(
  command: Command<A, O, G>,
) =>
  command
    .option(
      "--port <port>",
      `the port that takes invocations (default ${SERVER_SETTINGS.port.preset}; 0: a free one)`,
    )
    .option(
      "--admin-port <port>",
      `the port of the admin API (default ${SERVER_SETTINGS.adminPort.preset}; 0: a free one)`,
    )
    .option(
      "--host <address>",
      `the address to listen on (default ${SERVER_SETTINGS.host.preset}: this machine only)`,
    )
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
    .option("--cors-credentials", "those pages may send cookies")
    .option(
      "--config <file>",
      "the configuration file (default: perdure.toml in the current folder, if there is one)",
    )
    .option("--print-config", "print the settings that hold and where each comes from, and serve nothing");

/** `files`: of `perdure dev`. */
async function runServer(
  cli: Cli,
  files: readonly string[] | undefined,
  options: ServerFlags,
): Promise<void> {
  const folder = currentFolder();
  const env = files === undefined ? undefined : readEnv(folder, process.env);
  const named = options.config ?? process.env["PERDURE_CONFIG"];
  const file = readConfigFile(folder, named === "" ? undefined : named, SETTING_KEYS);
  for (const warning of file?.warnings ?? []) cli.out.warn(warning);
  const chosen = chooseSettings(givenOptions(files, options, cli.options), process.env, file);
  const settings = settingsOf(folder, files, chosen);
  const data = { value: settings.dataPath, from: chosen.data.from };
  if (options.printConfig === true) return await printConfig(cli.out, { ...chosen, data });
  await serve(settings, env);
}

function givenOptions(
  files: readonly string[] | undefined,
  options: ServerFlags,
  { quiet, verbose }: GlobalOptions,
): GivenOptions {
  const [file] = files ?? [];
  const { port, adminPort, host, data, durability, corsOrigin: corsOrigins, corsCredentials } = options;
  return {
    ...{ serve: file, port, adminPort, host, data, durability, corsOrigins, corsCredentials },
    // Commander's default is to watch. That is no wish.
    watch: options.watch === false ? false : undefined,
    logInvocations: verbose === true ? "verbose" : quiet === true ? "quiet" : undefined,
  };
}

interface ServerSettings {
  /** As they were named: files, folders, patterns. */
  readonly served: readonly string[];
  readonly dataPath: string;
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  readonly durability: Durability;
  readonly watch: boolean;
  readonly cors: Cors;
  readonly retention: DefaultRetention;
  readonly logLevel: AnyLogLevel;
  readonly logInvocations: ChosenSettings["logInvocations"]["value"];
  readonly tracing?: TracingTarget;
  readonly kafkaClusters: ChosenSettings["kafkaClusters"]["value"];
}

/** `given`: what the command line says that is served. `undefined`: nothing is built. */
function settingsOf(
  folder: string,
  given: readonly string[] | undefined,
  chosen: ChosenSettings,
): ServerSettings {
  const { data, tracingEndpoint } = chosen;
  const builds = given !== undefined;
  const named = builds && given.length > 0 ? given : [chosen.serve.value ?? []].flat();
  const served = builds ? named : [];
  return {
    served,
    dataPath: data.value === undefined ? defaultDataPath(folder, served) : resolve(folder, data.value),
    ...{ host: chosen.host.value, port: chosen.port.value, adminPort: chosen.adminPort.value },
    ...{ durability: chosen.durability.value, watch: builds && chosen.watch.value },
    cors: chosenCors(chosen),
    retention: chosenRetention(chosen),
    kafkaClusters: chosen.kafkaClusters.value,
    ...{ logLevel: chosen.logLevel.value, logInvocations: chosen.logInvocations.value },
    ...(tracingEndpoint.value === undefined
      ? {}
      : { tracing: { endpoint: tracingEndpoint.value, headers: chosen.tracingHeaders.value } }),
  };
}

/** What somebody has chosen. The engine has the same defaults. */
function chosenRetention(chosen: ChosenSettings): DefaultRetention {
  const names = ["journalRetentionMs", "idempotencyRetentionMs", "workflowRetentionMs"] as const;
  return Object.fromEntries(
    names.flatMap((name) => (chosen[name].from === DEFAULT ? [] : [[name, chosen[name].value]])),
  );
}

function chosenCors({ corsOrigins, corsCredentials }: ChosenSettings): Cors {
  try {
    return corsOf(corsOrigins.value, corsCredentials.value);
  } catch (error) {
    throw new UsageError(asError(error).message);
  }
}

/** The user's folder. This repository's own npm script runs the process in another folder, and npm says which it was. */
function currentFolder(): string {
  const { npm_package_name: script, INIT_CWD: initial } = process.env;
  return script === "perdure" && initial !== undefined ? initial : process.cwd();
}

/** One for each served file or folder, so that two do not share their data. Several have one together. */
function defaultDataPath(folder: string, served: readonly string[]): string {
  const [file = ""] = served.length === 1 ? served : [];
  const path = relative(folder, resolve(folder, file)).replace(/\.[cm]?[jt]sx?$/u, "");
  const name = path.replaceAll(/[^\p{L}\p{N}_]+/gu, "-").replace(/^-+/u, "");
  return join(folder, DATA_FOLDER, `${name === "" ? "dev" : name}.sqlite`);
}

async function serve(settings: ServerSettings, env: ReadEnv | undefined): Promise<void> {
  const files = servedFiles(currentFolder(), settings.served);
  makeDataFolder(dirname(settings.dataPath));
  const output = new DevConsole({
    files: files.map(shownPath),
    dataPath: shownPath(settings.dataPath),
    watch: settings.watch,
    ...(env && { env }),
    least: settings.logLevel === "trace" ? "debug" : settings.logLevel,
    mode: settings.logInvocations,
  });
  if (settings.tracing) traceTo(settings.tracing, process.env);
  silenceSqliteWarning();
  const { Engine } = await import("../runtime/dev/engine.ts");
  const engine = expected(
    () =>
      new Engine({
        ...settings,
        files,
        tellsSteps: settings.logInvocations === "verbose",
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
    throw (await portInUse(error, settings)) ?? asCommandError(error);
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

const shownPath = (path: string): string =>
  isAbsolute(relative(process.cwd(), path)) ? path : relative(process.cwd(), path);

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
