/** The settings of `perdure dev` and `perdure up`, made of what the command line, the environment and the configuration file say. */
import { join, relative, resolve } from "node:path";
import type { Durability } from "../runtime/dev/engine.ts";
import type { DefaultRetention } from "../runtime/dev/local-registry.ts";
import { type Cors, corsOf } from "../lib/cors.ts";
import { asError } from "../lib/errors.ts";
import type { AnyLogLevel } from "../lib/log/level.ts";
import type { GlobalOptions } from "./cli.ts";
import { type ChosenSettings, DEFAULT, type GivenOptions } from "./config/server-settings.ts";
import type { TracingTarget } from "./config/tracing-target.ts";
import { UsageError } from "./exit.ts";

/** The folder for data files without `--data`, below the current one. */
export const DATA_FOLDER = ".perdure";

/** What the command line says. */
export interface ServerFlags {
  readonly port?: string;
  readonly adminPort?: string;
  readonly host?: string;
  readonly data?: string;
  readonly durability?: string;
  readonly corsOrigin?: readonly string[];
  readonly corsCredentials?: true;
  readonly table?: readonly string[];
  readonly config?: string;
  readonly printConfig?: true;
  /** False with `--no-watch`. */
  readonly watch?: boolean;
  /** With `--inspect`. */
  readonly inspectPort?: number;
}

/** Node's debuggers look there. */
export const DEBUGGER_PORT = 9229;

export function givenOptions(
  files: readonly string[] | undefined,
  options: ServerFlags,
  { quiet, verbose }: GlobalOptions,
): GivenOptions {
  const { port, adminPort, host, data, durability, corsCredentials } = options;
  return {
    ...{ port, adminPort, host, data, durability, corsCredentials },
    ...{ corsOrigins: options.corsOrigin, tables: options.table },
    serve: files?.length === 0 ? undefined : files,
    // Commander's default is to watch. That is no wish.
    watch: options.watch === false ? false : undefined,
    logInvocations: verbose === true ? "verbose" : quiet === true ? "quiet" : undefined,
  };
}

export interface ServerSettings {
  /** As they were named: files, folders, patterns. */
  readonly served: readonly string[];
  readonly dataPath: string;
  readonly host: string;
  readonly port: number;
  readonly adminPort: number;
  readonly durability: Durability;
  readonly watch: boolean;
  readonly inspectPort?: number;
  readonly cors: Cors;
  readonly retention: DefaultRetention;
  readonly logLevel: AnyLogLevel;
  readonly logInvocations: ChosenSettings["logInvocations"]["value"];
  readonly tracing?: TracingTarget;
  readonly kafkaClusters: ChosenSettings["kafkaClusters"]["value"];
  readonly tables: ChosenSettings["tables"]["value"];
}

/** `given`: what the command line says that is served. `undefined`: nothing is built. */
export function serverSettings(
  folder: string,
  given: readonly string[] | undefined,
  chosen: ChosenSettings,
): ServerSettings {
  const { data, tracingEndpoint } = chosen;
  const builds = given !== undefined;
  const named = builds && given.length > 0 ? given : chosen.serve.value;
  const served = builds ? named : [];
  return {
    served,
    dataPath: data.value === undefined ? defaultDataPath(folder, served) : resolve(folder, data.value),
    ...{ host: chosen.host.value, port: chosen.port.value, adminPort: chosen.adminPort.value },
    ...{ durability: chosen.durability.value, watch: builds && chosen.watch.value },
    cors: chosenCors(chosen),
    retention: chosenRetention(chosen),
    kafkaClusters: chosen.kafkaClusters.value,
    tables: chosen.tables.value,
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
export function currentFolder(): string {
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
