/**
 * A subscription: the records of a source become invocations of a handler.
 *
 * Its name is what counts. Ids of invocations derive from it, and marks lie under it. So one that is deleted and made again goes on
 * where it was. Without a name of its own it has one that derives from source, sink and `group.id`.
 *
 * It is not changed, but for being paused and replayed: what a key is taken from is part of an invocation's id.
 */
import { KAFKA_IN_FLIGHT_MAX, KAFKA_RATE_MAX, SUBSCRIPTION_NAME_BYTES_MAX } from "../../lib/limits/events.ts";
import type { SourceName } from "../../lib/model/source-record.ts";
import type { Value } from "../../lib/model/value.ts";
import { subscriptionId } from "../../lib/model/shown-id.ts";
import { type EventFields, isEventFields, numberField, textField } from "./event-fields.ts";
import { type KeyRule, parseKeyRule } from "./key-rule.ts";
import { parseSchedule, type Schedule } from "./schedule.ts";
import { parseSink, type Sink } from "./sink.ts";
import { hasKeys, parseSource, type Source } from "./source.ts";

export type SubscriptionOptions = Readonly<Record<string, string>>;

export interface Subscription extends SourceName {
  /** `sub_1…`, of its name. */
  readonly id: string;
  readonly source: Source;
  readonly sink: Sink;
  /** With those that the source's client has by default. */
  readonly options: SubscriptionOptions;
  readonly key: KeyRule;
  /** What a record without a key gets. Absent: it is set aside. */
  readonly keyIfMissing?: KeyRule;
  /** Of Kinesis: a shard's batches come one after the other, so marks hold. */
  readonly oneAtATime: boolean;
  /** Records in a second that a local server accepts of a topic, at most. Absent: as fast as they come. */
  readonly maxRate?: number;
  /** Invocations that a local server lets a topic have at the same time, at most. Absent: as many as come. */
  readonly maxInFlight?: number;
  /** When a local server makes a tick. Absent: EventBridge Scheduler does, or nobody. */
  readonly schedule?: Schedule;
  /** As they were given. */
  readonly sourceText: string;
  readonly sinkText: string;
  readonly givenOptions: SubscriptionOptions;
  readonly createdAtMs: number;
  /** A local server does not read it, and makes no ticks of it. */
  readonly isPaused: boolean;
  /** When it went on after a pause. */
  readonly resumedAtMs?: number;
  /** How often all was asked for once more. It is part of the generation, beside what the option says. */
  readonly replays: number;
}

/** What becomes of it later, and is no part of a request. */
export type SubscriptionCourse = Pick<Subscription, "isPaused" | "resumedAtMs" | "replays">;

export interface SubscriptionRequest {
  readonly name?: string;
  readonly source: string;
  readonly sink: string;
  readonly options: SubscriptionOptions;
}

/** What is wrong with a request, and with which field of it. */
export interface SubscriptionFault {
  readonly field: string;
  readonly reason: string;
}

/** Options of ours. All others are the source's client's. */
export const OPTION = {
  key: "perdure.key",
  keyIfMissing: "perdure.key.missing",
  lanes: "perdure.lanes",
  generation: "perdure.generation",
  consumer: "perdure.consumer",
  maxRate: "perdure.max.rate",
  maxInFlight: "perdure.max.in.flight",
  schedule: "perdure.schedule",
  timezone: "perdure.timezone",
} as const;
const OURS: readonly string[] = Object.values(OPTION);
const OF_OURS = "perdure.";
const GROUP = "group.id";
const CLIENT = "client.id";
const RESET = "auto.offset.reset";
const RESETS = ["earliest", "latest", "beginning", "end", "smallest", "largest", "none", "error"];

/** Reads a request. What needs the registry is checked elsewhere. */
export function parseSubscription(
  request: SubscriptionRequest,
  createdAtMs: number,
  course: SubscriptionCourse = { isPaused: false, replays: 0 },
): Subscription | SubscriptionFault {
  const [source, sink] = [parseSource(request.source), parseSink(request.sink)];
  if (typeof source === "string") return { field: "source", reason: source };
  if (typeof sink === "string") return { field: "sink", reason: sink };
  const { name } = request;
  if (name !== undefined && !isName(name)) {
    const reason = `a name has up to ${SUBSCRIPTION_NAME_BYTES_MAX} letters, digits, '.', '_' and '-', and is no id`;
    return { field: "name", reason };
  }
  const wrong = wrongOption(request.options, source);
  if (wrong) return wrong;
  const own = ownOptions(request.options);
  if ("reason" in own) return own;
  const id =
    name === undefined
      ? subscriptionId(request.source, request.sink, request.options[GROUP] ?? "")
      : subscriptionId(name);
  const forClient = source.scheme === "kafka" ? { [CLIENT]: "perdure", [GROUP]: name ?? id } : {};
  return {
    ...{ id, name: name ?? id, source, sink, createdAtMs, ...course, ...own },
    generation: own.generation + course.replays,
    options: { ...forClient, ...request.options },
    ...{ sourceText: request.source, sinkText: request.sink, givenOptions: request.options },
  };
}

const IS_ID = /^sub_1[0-9A-Za-z]{22}$/u;
/** Whether a text that names a subscription is its id. */
export const isSubscriptionId = (text: string): boolean => IS_ID.test(text);

const isName = (text: string): boolean =>
  /^[\w.-]+$/u.test(text) && text.length <= SUBSCRIPTION_NAME_BYTES_MAX && !isSubscriptionId(text);

function wrongOption(options: SubscriptionOptions, { scheme }: Source): SubscriptionFault | undefined {
  const isOurs = (name: string): boolean => name.startsWith(OF_OURS);
  const unknown = Object.keys(options).find((name) =>
    isOurs(name) ? !OURS.includes(name) : scheme !== "kafka",
  );
  if (unknown !== undefined) return { field: `options.${unknown}`, reason: "there is no such option" };
  const reset = options[RESET];
  if (reset !== undefined && !RESETS.includes(reset))
    return { field: `options.${RESET}`, reason: `must be one of ${RESETS.join(", ")}` };
  if (options[GROUP] === "") return { field: `options.${GROUP}`, reason: "is empty" };
  return wrongForScheme(options, scheme);
}

/** What does nothing of this source. */
function wrongForScheme(
  options: SubscriptionOptions,
  scheme: Source["scheme"],
): SubscriptionFault | undefined {
  const { lanes, consumer, maxRate, maxInFlight } = OPTION;
  const fault = (name: string, reason: string) => ({ field: `options.${name}`, reason });
  if (options[lanes] !== undefined && (scheme !== "kinesis" || options[lanes] !== "shard"))
    return fault(lanes, "must be 'shard', of a Kinesis stream");
  if (options[consumer] !== undefined && (scheme !== "kafka" || options[consumer] !== "none"))
    return fault(consumer, "must be 'none', of a Kafka topic");
  for (const [name, max] of [
    [maxRate, KAFKA_RATE_MAX],
    [maxInFlight, KAFKA_IN_FLIGHT_MAX],
  ] as const)
    if (options[name] !== undefined && (scheme !== "kafka" || !isWithin(options[name], max)))
      return fault(name, `must be a whole number from 1 to ${max}, of a Kafka topic`);
  if (scheme === "schedule") return undefined;
  const ofSchedule = [OPTION.schedule, OPTION.timezone].find((name) => options[name] !== undefined);
  return ofSchedule && fault(ofSchedule, "is of a schedule alone");
}

const isWithin = (text: string, max: number): boolean =>
  /^\d+$/u.test(text) && Number(text) >= 1 && Number(text) <= max;

type Own = Pick<
  Subscription,
  "key" | "keyIfMissing" | "oneAtATime" | "generation" | "maxRate" | "maxInFlight" | "schedule"
>;

function ownOptions(options: SubscriptionOptions): Own | SubscriptionFault {
  const key = parseKeyRule(options[OPTION.key] ?? "record");
  if (typeof key === "string") return { field: `options.${OPTION.key}`, reason: key };
  const missing = options[OPTION.keyIfMissing] ?? "reject";
  const otherwise = missing === "reject" ? undefined : parseKeyRule(missing);
  const isAlways = typeof otherwise === "object" && ["random", "constant"].includes(otherwise.from);
  if (otherwise !== undefined && !isAlways)
    return { field: `options.${OPTION.keyIfMissing}`, reason: "must be reject, random or constant:TEXT" };
  const generation = Number(options[OPTION.generation] ?? "0");
  if (!Number.isSafeInteger(generation) || generation < 0)
    return { field: `options.${OPTION.generation}`, reason: "must be a whole number" };
  const schedule = scheduleIn(options);
  if (typeof schedule === "string") return { field: `options.${OPTION.schedule}`, reason: schedule };
  return {
    ...{ key, generation, oneAtATime: options[OPTION.lanes] === "shard" },
    ...(typeof otherwise === "object" ? { keyIfMissing: otherwise } : {}),
    ...boundsIn(options),
    ...(schedule === undefined ? {} : { schedule }),
  };
}

function boundsIn(options: SubscriptionOptions): Pick<Own, "maxRate" | "maxInFlight"> {
  const [rate, inFlight] = [options[OPTION.maxRate], options[OPTION.maxInFlight]];
  return {
    ...(rate === undefined ? {} : { maxRate: Number(rate) }),
    ...(inFlight === undefined ? {} : { maxInFlight: Number(inFlight) }),
  };
}

function scheduleIn(options: SubscriptionOptions): Schedule | string | undefined {
  const text = options[OPTION.schedule];
  return text === undefined ? undefined : parseSchedule(text, options[OPTION.timezone]);
}

/** Whether a local server reads it by itself. Of another kind, or with the option, only `POST /events` delivers. */
export const isConsumed = ({ source, options }: Subscription): boolean =>
  source.scheme === "kafka" && options[OPTION.consumer] !== "none";

/** Whether a record can give the key that the sink needs. */
export const givesKeys = ({ source, key, keyIfMissing }: Subscription): boolean =>
  key.from !== "record" || keyIfMissing !== undefined || hasKeys(source);

/** Whether both say the same of their records. */
export const isSameSubscription = (a: Subscription, b: Subscription): boolean =>
  JSON.stringify([a.sourceText, a.sinkText, sorted(a.options)]) ===
  JSON.stringify([b.sourceText, b.sinkText, sorted(b.options)]);
const sorted = (options: SubscriptionOptions) =>
  Object.entries(options).toSorted(([a], [b]) => (a < b ? -1 : 1));

/** As it is stored: what was asked for, so that a later version may read more out of it. */
export const storedSubscription = (subscription: Subscription): Record<string, Value> => ({
  ...(subscription.name === subscription.id ? {} : { name: subscription.name }),
  source: subscription.sourceText,
  sink: subscription.sinkText,
  options: { ...subscription.givenOptions },
  createdAt: subscription.createdAtMs,
  ...(subscription.isPaused ? { paused: true } : {}),
  ...(subscription.resumedAtMs === undefined ? {} : { resumedAt: subscription.resumedAtMs }),
  ...(subscription.replays === 0 ? {} : { replays: subscription.replays }),
});

/** `undefined`: a version that is not this one has stored it. */
export function subscriptionInStore(stored: Value | undefined): Subscription | undefined {
  if (!isEventFields(stored)) return undefined;
  const { createdAt, options } = stored;
  const [name, source, sink] = [
    textField(stored, "name"),
    textField(stored, "source"),
    textField(stored, "sink"),
  ];
  if (source === undefined || sink === undefined || typeof createdAt !== "number") return undefined;
  const texts = Object.entries(isEventFields(options) ? options : {}).flatMap(([option, value]) =>
    typeof value === "string" ? [[option, value] as const] : [],
  );
  const request = { source, sink, options: Object.fromEntries(texts) };
  const parsed = parseSubscription(
    name === undefined ? request : { ...request, name },
    createdAt,
    courseIn(stored),
  );
  return "reason" in parsed ? undefined : parsed;
}

function courseIn(stored: EventFields): SubscriptionCourse {
  const resumedAtMs = numberField(stored, "resumedAt");
  return {
    ...{ isPaused: stored["paused"] === true, replays: numberField(stored, "replays") ?? 0 },
    ...(resumedAtMs === undefined ? {} : { resumedAtMs }),
  };
}
