/**
 * The settings of a server on this machine, and which value of each holds: what the command line says, else the environment, else
 * the configuration file, else the default. docs/config.md describes them.
 */
import type { Environment } from "../../lib/environment.ts";
import { ENVIRONMENT } from "../../lib/environment.ts";
import { IDEMPOTENCY_RETENTION_MS, JOURNAL_RETENTION_MS, WORKFLOW_RETENTION_MS } from "../../lib/limits.ts";
import { LOG_LEVELS } from "../../lib/log/level.ts";
import { UsageError } from "../exit.ts";
import type { ConfigFile } from "./config-file.ts";
import {
  clustersIn,
  flagOf,
  millisecondsIn,
  millisecondsShown,
  nameIn,
  pairsIn,
  portIn,
  type ServerSetting,
  textIn,
  textListIn,
  tablesShown,
  textOrListIn,
  textOrListShown,
  userTablesIn,
} from "./server-setting.ts";
import type { UserTables } from "../../lib/model/user-write.ts";

const setting = <T>(
  key: string,
  preset: T,
  read: ServerSetting<T>["read"],
  more: Partial<ServerSetting<T>> = {},
) => ({
  ...{ key, preset, read, variables: [] },
  ...more,
});
const optional =
  <T>(read: (given: unknown) => T) =>
  (given: unknown): T | undefined =>
    read(given);
const retention = (name: string, presetMs: number): ServerSetting<number> =>
  setting(`retention.${name}`, presetMs, millisecondsIn, {
    ...{ variables: [`PERDURE_RETENTION_${name.toUpperCase()}`], shown: millisecondsShown },
  });

/** In the order in which they are printed. */
export const SERVER_SETTINGS = {
  serve: setting<readonly string[]>("serve", [], textOrListIn, {
    ...{ option: "[file...]", shown: textOrListShown },
  }),
  data: setting<string | undefined>("data", undefined, optional(textIn), {
    ...{ option: "--data", variables: ["PERDURE_DATA"] },
  }),
  durability: setting("durability", "process" as const, nameIn("process", "power"), {
    ...{ option: "--durability", variables: ["PERDURE_DURABILITY"] },
  }) as ServerSetting<"process" | "power">,
  host: setting("host", "127.0.0.1", textIn, { option: "--host", variables: ["PERDURE_HOST"] }),
  watch: setting("watch", true, flagOf, { option: "--no-watch", variables: ["PERDURE_WATCH"] }),
  port: setting("ingress.port", 8080, portIn, { option: "--port", variables: ["PERDURE_PORT"] }),
  corsOrigins: setting<readonly string[]>("ingress.cors-origins", ["*"], textListIn, {
    ...{ option: "--cors-origin", variables: [ENVIRONMENT.corsOrigins] },
  }),
  corsCredentials: setting("ingress.cors-credentials", false, flagOf, {
    ...{ option: "--cors-credentials", variables: [ENVIRONMENT.corsCredentials] },
  }),
  adminPort: setting("admin.port", 9070, portIn, {
    ...{ option: "--admin-port", variables: ["PERDURE_ADMIN_PORT"] },
  }),
  logLevel: setting("log.level", "warn", nameIn(...LOG_LEVELS), {
    variables: [ENVIRONMENT.logLevel],
  }) as ServerSetting<(typeof LOG_LEVELS)[number]>,
  logInvocations: setting("log.invocations", "normal", nameIn("quiet", "normal", "verbose"), {
    ...{ option: "--quiet, --verbose", variables: ["PERDURE_LOG_INVOCATIONS"] },
  }) as ServerSetting<"quiet" | "normal" | "verbose">,
  tracingEndpoint: setting<string | undefined>("tracing.endpoint", undefined, optional(textIn), {
    variables: ["OTEL_EXPORTER_OTLP_ENDPOINT", "RESTATE_TRACING_ENDPOINT"],
  }),
  tracingHeaders: setting<Readonly<Record<string, string>>>("tracing.headers", {}, pairsIn, {
    ...{ isSecret: true, variables: ["OTEL_EXPORTER_OTLP_HEADERS"] },
  }),
  kafkaClusters: setting<Readonly<Record<string, Readonly<Record<string, string>>>>>(
    "kafka-clusters",
    {},
    clustersIn,
    { isSecret: true },
  ),
  tables: setting<UserTables>("tables", {}, userTablesIn, {
    ...{ option: "--table", variables: ["PERDURE_TABLES"], shown: tablesShown },
  }),
  journalRetentionMs: retention("journal", JOURNAL_RETENTION_MS),
  idempotencyRetentionMs: retention("idempotency", IDEMPOTENCY_RETENTION_MS),
  workflowRetentionMs: retention("workflow", WORKFLOW_RETENTION_MS),
} as const;

export const SETTING_KEYS: readonly string[] = Object.values(SERVER_SETTINGS).map(({ key }) => key);

export type SettingName = keyof typeof SERVER_SETTINGS;
type ValueOf<N extends SettingName> = (typeof SERVER_SETTINGS)[N]["preset"];

export interface ChosenSetting<T> {
  readonly value: T;
  /** Who says so: `--port`, `$PERDURE_PORT`, `perdure.toml`, `default`. */
  readonly from: string;
}
export type ChosenSettings = { readonly [N in SettingName]: ChosenSetting<ValueOf<N>> };

/** What the command line says; absent: nothing. */
export type GivenOptions = { readonly [N in SettingName]?: unknown };

export const DEFAULT = "default";

/** Throws {@link UsageError} with the name under which a wrong value was given. */
export function chooseSettings(
  options: GivenOptions,
  environment: Environment,
  file: ConfigFile | undefined,
): ChosenSettings {
  const of = <T>(each: ServerSetting<T>, asked?: unknown): ChosenSetting<T> =>
    choose(each, asked, environment, file);
  const S = SERVER_SETTINGS;
  return {
    serve: of(S.serve, options.serve),
    data: of(S.data, options.data),
    durability: of(S.durability, options.durability),
    host: of(S.host, options.host),
    watch: of(S.watch, options.watch),
    port: of(S.port, options.port),
    corsOrigins: of(S.corsOrigins, options.corsOrigins),
    corsCredentials: of(S.corsCredentials, options.corsCredentials),
    adminPort: of(S.adminPort, options.adminPort),
    logLevel: of(S.logLevel, options.logLevel),
    logInvocations: of(S.logInvocations, options.logInvocations),
    tracingEndpoint: of(S.tracingEndpoint, options.tracingEndpoint),
    tracingHeaders: of(S.tracingHeaders, options.tracingHeaders),
    kafkaClusters: of(S.kafkaClusters, options.kafkaClusters),
    tables: of(S.tables, options.tables),
    journalRetentionMs: of(S.journalRetentionMs, options.journalRetentionMs),
    idempotencyRetentionMs: of(S.idempotencyRetentionMs, options.idempotencyRetentionMs),
    workflowRetentionMs: of(S.workflowRetentionMs, options.workflowRetentionMs),
  };
}

function choose<T>(
  { key, option = "", variables, preset, read }: ServerSetting<T>,
  asked: unknown,
  environment: Environment,
  file: ConfigFile | undefined,
): ChosenSetting<T> {
  if (asked !== undefined) return { value: valueOf(option, read, asked), from: option };
  for (const variable of variables) {
    const text = environment[variable]?.trim();
    if (text !== undefined && text !== "")
      return { value: valueOf(variable, read, text), from: `$${variable}` };
  }
  const found = file?.values.get(key);
  if (file === undefined || found === undefined) return { value: preset, from: DEFAULT };
  return { value: valueOf(`${file.shownPath}: ${found.key}`, read, found.value), from: file.shownPath };
}

function valueOf<T>(where: string, read: (given: unknown) => T, given: unknown): T {
  try {
    return read(given);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`${where} ${error.message}`);
    throw error;
  }
}
