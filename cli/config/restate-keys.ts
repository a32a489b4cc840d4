/**
 * Settings of Restate's server in a configuration file (`restate.toml`): which of them say the same as one of ours, and which do not
 * apply to a server on this machine.
 */
import { join } from "node:path";
import { LOG_LEVELS } from "../../lib/log/level.ts";

/** Settings of ours, with their values. None: it does not apply. */
export type Meant = readonly (readonly [key: string, value: unknown])[];

const DATA_FILE = "perdure.sqlite";

const SAME: Readonly<Record<string, string>> = {
  "default-journal-retention": "retention.journal",
  "default-idempotency-retention": "retention.idempotency",
  "default-workflow-completion-retention": "retention.workflow",
  "tracing-endpoint": "tracing.endpoint",
  "tracing-runtime-endpoint": "tracing.endpoint",
  "tracing-headers": "tracing.headers",
  "ingress.bind-port": "ingress.port",
  "admin.bind-port": "admin.port",
  "ingress.bind-ip": "host",
  "admin.bind-ip": "host",
};

const OTHERS: Readonly<Record<string, (value: unknown) => Meant>> = {
  "base-dir": (value) => [["data", typeof value === "string" ? join(value, DATA_FILE) : value]],
  "ingress.bind-address": (value) => addressIn(value, "ingress.port"),
  "admin.bind-address": (value) => addressIn(value, "admin.port"),
  "log-filter": (value) => [["log.level", typeof value === "string" ? levelIn(value) : value]],
};

/** Tables of Restate's of which nothing applies. */
const TABLES = [
  ...["worker", "bifrost", "metadata-client", "metadata-server", "log-server", "networking"],
  ...["default-retry-policy", "network-error-retry-policy", "ingress.ingestion", "admin.query-engine"],
  ...["http-keep-alive-options", "experimental", "ingress.kafka-clusters"],
];
/** The same of single settings. */
const SINGLE: ReadonlySet<string> = new Set([
  ...["roles", "node-name", "force-node-id", "location", "cluster-name", "auto-provision"],
  ...["bind-address", "bind-ip", "bind-port", "listen-mode", "use-random-ports", "default-provider"],
  ...["default-num-partitions", "default-replication", "default-thread-pool-size", "shutdown-timeout"],
  ...["max-journal-retention", "max-idempotency-retention", "max-workflow-completion-retention"],
  ...["tracing-filter", "tracing-json-path", "tracing-services-endpoint"],
  ...["log-format", "log-disable-ansi-codes", "disable-prometheus", "disable-telemetry"],
  ...["initialization-timeout", "hlc-max-drift", "http-proxy", "no-proxy", "connect-timeout"],
  ...["initial-max-send-streams", "additional-request-headers", "aws-profile"],
  ...[
    "aws-assume-role-external-id",
    "request-identity-private-key-pem-file",
    "request-compression-threshold",
  ],
  ...["ingress.concurrent-api-requests-limit", "ingress.advertised-address", "ingress.listen-mode"],
  ...["ingress.advertised-ingress-endpoint", "ingress.advertised-host", "ingress.request-size-limit"],
  ...["admin.advertised-admin-endpoint", "admin.advertised-address", "admin.concurrent-api-requests-limit"],
  ...["admin.advertised-host", "admin.heartbeat-interval", "admin.disable-web-ui", "admin.listen-mode"],
  ...["admin.disable-cluster-controller", "admin.deployment-routing-headers", "admin.trim-interval"],
  ...["admin.log-trim-check-interval", "admin.log-tail-update-interval"],
  ...["admin.storage-accounting-update-interval"],
]);
const FAMILIES = /^(rocksdb|gossip|storage|metadata|advertised|experimental)-/u;

/** Keys whose values are not looked into, though they may be tables. */
export const RESTATE_KEYS: readonly string[] = [...Object.keys(SAME), ...Object.keys(OTHERS)];

/** What it means here. `undefined`: it is not Restate's either. */
export function ofRestate(key: string, value: unknown): Meant | undefined {
  const same = Object.hasOwn(SAME, key) ? SAME[key] : undefined;
  if (same !== undefined) return [[same, value]];
  const other = Object.hasOwn(OTHERS, key) ? OTHERS[key] : undefined;
  if (other !== undefined) return other(value);
  const isTheirs =
    SINGLE.has(key) ||
    FAMILIES.test(key) ||
    TABLES.some((table) => key === table || key.startsWith(`${table}.`));
  return isTheirs ? [] : undefined;
}

/** `0.0.0.0:8080`, `[::1]:8080`. A socket's path does not apply. */
function addressIn(value: unknown, portKey: string): Meant {
  if (typeof value !== "string") return [[portKey, value]];
  const [, host = "", port] = /^\[?([^/\]]*)\]?:(\d+)$/u.exec(value) ?? [];
  if (port === undefined) return value.includes("/") ? [] : [[portKey, value]];
  return [[portKey, port], ...(host === "" ? [] : [["host", host] as const])];
}

/** Of `warn,restate=info`: what is said of all, or else of Restate. */
function levelIn(filter: string): string {
  const parts = filter.split(",").map((part) => part.trim());
  const all = parts.find((part) => !part.includes("="));
  const own = parts.find((part) => /^(perdure|restate)=/u.test(part));
  const level = (all ?? own?.split("=")[1] ?? filter).toLowerCase();
  return level === "off" ? (LOG_LEVELS.at(-1) ?? level) : level;
}
