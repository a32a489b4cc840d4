/**
 * Properties of a cluster and options of a subscription, by the names of librdkafka that Restate takes. A name or a value that would do
 * nothing is refused, so that nobody believes that it does something.
 */
import {
  KAFKA_HEARTBEAT_MS,
  KAFKA_OPTION_MS_MAX,
  KAFKA_OPTION_MS_MIN,
  KAFKA_SESSION_MS,
} from "../../../lib/limits/events.ts";
import type { KafkaCluster } from "../subscription-store.ts";
import { OPTION, type Subscription, type SubscriptionFault } from "../subscription.ts";

export type SaslMechanism = "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";

export interface KafkaSettings {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly groupId: string;
  /** Constant over restarts: the group then need not wait until the old member is known to be dead. */
  readonly instanceId: string;
  /** Where a group begins that has committed nothing. `none`: it fails. */
  readonly reset: "earliest" | "latest" | "none";
  readonly createsTopic: boolean;
  readonly committedOnly: boolean;
  readonly sessionMs: number;
  readonly heartbeatMs: number;
  /** Absent: as fast as they come. */
  readonly recordsPerSecond?: number;
  /** Absent: as many as come. */
  readonly inFlightMax?: number;
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: string };
}

const RESETS: Readonly<Record<string, KafkaSettings["reset"]>> = {
  ...{ earliest: "earliest", beginning: "earliest", smallest: "earliest" },
  ...{ latest: "latest", end: "latest", largest: "latest" },
  ...{ none: "none", error: "none" },
};
const PROTOCOLS = ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"];
const MECHANISMS: readonly SaslMechanism[] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];
const isMechanism = (text: string): text is SaslMechanism => MECHANISMS.some((each) => each === text);

const BROKERS = ["bootstrap.servers", "metadata.broker.list"];
const KNOWN: readonly string[] = [
  ...BROKERS,
  ...["client.id", "group.id", "group.instance.id", "auto.offset.reset", "allow.auto.create.topics"],
  ...["isolation.level", "session.timeout.ms", "heartbeat.interval.ms", "security.protocol"],
  ...["sasl.mechanism", "sasl.mechanisms", "sasl.username", "sasl.password"],
  ...["ssl.ca.pem", "ssl.certificate.pem", "ssl.key.pem"],
];

class WrongSetting extends Error {
  readonly option: string;
  constructor(option: string, reason: string) {
    super(reason);
    this.option = option;
  }
}

/** An option of the subscription goes before a property of its cluster. `server`: what tells this server from others. */
export function kafkaSettings(
  subscription: Subscription,
  cluster: KafkaCluster,
  server: string,
): KafkaSettings | SubscriptionFault {
  const { options } = subscription;
  try {
    return settingsIn({ ...cluster.properties, ...options }, subscription, server);
  } catch (error) {
    if (!(error instanceof WrongSetting)) throw error;
    const { option, message } = error;
    const isOption = options[option] !== undefined;
    return isOption
      ? { field: `options.${option}`, reason: message }
      : { field: "source", reason: `the property '${option}' of cluster '${cluster.name}' ${message}` };
  }
}

function settingsIn(
  all: Readonly<Record<string, string>>,
  { id, maxRate, maxInFlight }: Subscription,
  server: string,
): KafkaSettings {
  const ours: readonly string[] = Object.values(OPTION);
  const unknown = Object.keys(all).find((name) => !KNOWN.includes(name) && !ours.includes(name));
  if (unknown !== undefined)
    throw new WrongSetting(unknown, "is not supported by the consumer of this server");
  const brokers = BROKERS.flatMap((name) => (all[name] ?? "").split(","))
    .map((text) => text.trim())
    .filter((text) => text !== "");
  const bad = brokers.find((broker) => !/^[^\s/]+:\d{1,5}$/u.test(broker));
  if (bad !== undefined) throw new WrongSetting("bootstrap.servers", `has '${bad}', which is no host:port`);
  const sessionMs = numberOf(all, "session.timeout.ms", KAFKA_SESSION_MS);
  const heartbeatMs = numberOf(all, "heartbeat.interval.ms", Math.min(KAFKA_HEARTBEAT_MS, sessionMs / 3));
  if (heartbeatMs >= sessionMs)
    throw new WrongSetting("heartbeat.interval.ms", "must be less than session.timeout.ms");
  return {
    brokers,
    clientId: all["client.id"] ?? "perdure",
    groupId: all["group.id"] ?? id,
    instanceId: all["group.instance.id"] ?? `perdure-${server}-${id}`,
    reset: oneOf(all, "auto.offset.reset", RESETS, "latest"),
    createsTopic: oneOf(all, "allow.auto.create.topics", { true: true, false: false }, false),
    committedOnly: oneOf(all, "isolation.level", { read_committed: true, read_uncommitted: false }, true),
    ...{ sessionMs, heartbeatMs },
    ...(maxRate === undefined ? {} : { recordsPerSecond: maxRate }),
    ...(maxInFlight === undefined ? {} : { inFlightMax: maxInFlight }),
    ...security(all),
  };
}

function security(all: Readonly<Record<string, string>>): Pick<KafkaSettings, "tls" | "sasl"> {
  const protocol = (all["security.protocol"] ?? "plaintext").toLowerCase();
  if (!PROTOCOLS.includes(protocol))
    throw new WrongSetting("security.protocol", `must be one of ${PROTOCOLS.join(", ")}`);
  const [ca, cert, key] = [all["ssl.ca.pem"], all["ssl.certificate.pem"], all["ssl.key.pem"]];
  const tls = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  return {
    ...(protocol.endsWith("ssl") ? { tls } : {}),
    ...(protocol.startsWith("sasl") ? { sasl: saslIn(all) } : {}),
  };
}

function saslIn(all: Readonly<Record<string, string>>): NonNullable<KafkaSettings["sasl"]> {
  const mechanism = all["sasl.mechanism"] ?? all["sasl.mechanisms"] ?? "";
  if (!isMechanism(mechanism))
    throw new WrongSetting(
      all["sasl.mechanisms"] === undefined ? "sasl.mechanism" : "sasl.mechanisms",
      `must be one of ${MECHANISMS.join(", ")}`,
    );
  const [username, password] = [all["sasl.username"], all["sasl.password"]];
  if (username === undefined) throw new WrongSetting("sasl.username", "is needed");
  if (password === undefined) throw new WrongSetting("sasl.password", "is needed");
  return { mechanism, username, password };
}

function oneOf<T>(
  all: Readonly<Record<string, string>>,
  name: string,
  values: Readonly<Record<string, T>>,
  preset: T,
): T {
  const text = all[name];
  if (text === undefined) return preset;
  const value = Object.entries(values).find(([each]) => each === text);
  if (!value) throw new WrongSetting(name, `must be one of ${Object.keys(values).join(", ")}`);
  return value[1];
}

function numberOf(all: Readonly<Record<string, string>>, name: string, preset: number): number {
  const text = all[name];
  if (text === undefined) return preset;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < KAFKA_OPTION_MS_MIN || value > KAFKA_OPTION_MS_MAX)
    throw new WrongSetting(name, `must be a number from ${KAFKA_OPTION_MS_MIN} to ${KAFKA_OPTION_MS_MAX}`);
  return value;
}
