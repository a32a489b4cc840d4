/** Events as AWS delivers them, and what the door's answers say of them. Written for the simulator alone: nothing of the product is asked. */
import type { SourceAnswer } from "../../runtime/events/source-function.ts";
import type { Program } from "./program.ts";
import {
  formOf,
  isFifo,
  isKafka,
  isMarked,
  type PlannedRecord,
  type SourceKind,
  type SourcePlan,
  type SubscriptionPlan,
} from "./source-plan.ts";

/** A record as its source has it. */
export interface SimRecord extends PlannedRecord {
  readonly source: SourcePlan;
  readonly lane: number;
  /** Its place in the lane, as the source counts. */
  readonly number: bigint;
  readonly sentAtMs: number;
  /** What a person finds it by. */
  readonly coordinates: string;
}
/** What is delivered, and told to be delivered again, as one. */
export interface Delivered {
  readonly records: readonly SimRecord[];
  /** How often it was handed out, this time included. */
  readonly receives: number;
}

const ACCOUNT = "123456789012";
const arn = (service: string, name: string): string => `arn:aws:${service}:eu-west-1:${ACCOUNT}:${name}`;
const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString("base64");
/** Kinesis counts so. */
const SEQUENCE_FROM = 49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898n;
export const numberOf = (kind: SourceKind, position: number): bigint =>
  BigInt(position) + (kind.startsWith("kinesis") || isFifo(kind) ? SEQUENCE_FROM : 0n);

const shardOf = ({ lane }: Pick<SimRecord, "lane">): string => `shardId-00000000000${lane}`;
const idOf = ({ source, program }: SimRecord): string => `${source.name}-${program.pid}`;
/** Longer than an invocation's headers may be. */
const LONG_HEADER = "h".repeat(17 * 1024);
const NOT_UTF8 = Uint8Array.of(0xff, 0xfe, 0x00);

/** The value: the program, and where the key is taken from where a source has none. */
const valueOf = (record: SimRecord): Record<string, unknown> => ({ ...record.program, ...keyField(record) });
function keyField({ key, wrong }: SimRecord): { readonly key?: unknown } {
  if (wrong === "no-key") return {};
  if (wrong === "empty-key") return { key: "" };
  return { key: wrong === "bad-key" ? { none: true } : key };
}

export function coordinatesOf({ source, lane, number, ...record }: Omit<SimRecord, "coordinates">): string {
  const { name, kind } = source;
  const id = idOf({ source, lane, number, coordinates: "", ...record });
  if (isKafka(kind)) return `${name}, partition ${lane}, offset ${number}`;
  if (kind.startsWith("kinesis")) return `${name}, ${shardOf({ lane })}, sequence number ${number}`;
  if (kind === "dynamodb") return `${name}, sequence number ${number}`;
  // What is in a message that cannot be read has the message's.
  if (kind.endsWith("-queue") && record.wrong === "unreadable") return `queue-${name}, message ${id}`;
  if (kind.startsWith("events")) return `event ${id}`;
  if (kind.startsWith("s3")) return `${name}/${record.key}, version ${lane}-${number}`;
  if (kind.startsWith("schedule")) return `${name}, ${timeOf(record.sentAtMs)}`;
  return `${name}, message ${id}`;
}
const timeOf = (ms: number): string => new Date(ms).toISOString();

/** The source's name in a subscription, and what it takes its keys from. */
export function requestOf(plan: SourcePlan, { name, keyIfMissing }: SubscriptionPlan) {
  const { kind } = plan;
  const [scheme = ""] = kind.split("-");
  const isQueue = scheme === "fifo" || scheme === "sqs";
  const where = isKafka(kind) ? `main/${plan.name}` : plan.name;
  const takesOwn = isKafka(kind) || isFifo(kind) || ["kinesis", "dynamodb", "s3"].includes(scheme);
  const options: Record<string, string> = {
    ...(takesOwn ? {} : { "perdure.key": scheme === "events" ? "json:$.detail.key" : "json:$.key" }),
    ...(keyIfMissing === undefined ? {} : { "perdure.key.missing": keyIfMissing }),
    ...(kind === "kinesis-marked" ? { "perdure.lanes": "shard" } : {}),
  };
  return { name, source: `${isQueue ? "sqs" : scheme}://${where}`, options };
}

/** The mark that says how far the record's lane was accepted; none: there is no mark. */
export function markOf(record: SimRecord): string | undefined {
  const { kind, name } = record.source;
  if (!isMarked(kind)) return undefined;
  return isKafka(kind) ? `main/${name}-${record.lane}` : `${name}/${shardOf(record)}`;
}

// --- events ------------------------------------------------------------------------------------------------------

export function eventOf(kind: SourceKind, batch: readonly Delivered[]): unknown {
  const records = batch.flatMap((each) => each.records);
  if (isKafka(kind)) return kafkaEvent(records);
  if (kind.startsWith("kinesis")) return { Records: records.map(kinesisRecord) };
  if (kind === "dynamodb") return { Records: records.map(dynamoRecord) };
  if (formOf(kind) === "queue") return { Records: batch.map((each) => sqsRecord(kind, each)) };
  const [only] = batch;
  return only ? pushed(kind, only.records) : {};
}

function kafkaEvent(records: readonly SimRecord[]): unknown {
  const lists = Map.groupBy(records, ({ source, lane }) => `${source.name}-${lane}`);
  return {
    eventSource: "SelfManagedKafka",
    bootstrapServers: "b-1.example.com:9092",
    records: Object.fromEntries([...lists].map(([name, list]) => [name, list.map(kafkaRecord)])),
  };
}

function kafkaRecord(record: SimRecord): unknown {
  const { source, lane, number, sentAtMs, key, wrong } = record;
  const keys: Partial<Record<string, object>> = {
    "no-key": {},
    "empty-key": { key: "" },
    "bad-key": { key: base64(NOT_UTF8) },
  };
  return {
    ...{ topic: source.name, partition: lane, offset: Number(number), timestamp: sentAtMs },
    ...(keys[wrong ?? ""] ?? { key: base64(key) }),
    value: wrong === "unreadable" ? "not base64!" : base64(JSON.stringify(valueOf(record))),
    headers: wrong === "headers" ? [{ long: [...Buffer.from(LONG_HEADER)] }] : [],
  };
}

function kinesisRecord(record: SimRecord): unknown {
  const { source, number, sentAtMs, key, wrong } = record;
  const noKey = wrong === "no-key" || wrong === "empty-key";
  return {
    eventID: `${shardOf(record)}:${number}`,
    eventSource: "aws:kinesis",
    eventSourceARN: arn("kinesis", `stream/${source.name}`),
    kinesis: {
      ...(noKey ? { partitionKey: "" } : { partitionKey: wrong === "bad-key" ? "k".repeat(2000) : key }),
      sequenceNumber: String(number),
      data: wrong === "unreadable" ? "not base64!" : base64(JSON.stringify(valueOf(record))),
      approximateArrivalTimestamp: sentAtMs / 1000,
    },
  };
}

function dynamoRecord(record: SimRecord): unknown {
  const { source, number, sentAtMs, key, wrong, program } = record;
  const noKey = wrong === "no-key" || wrong === "empty-key";
  return {
    eventID: idOf(record),
    eventName: "INSERT",
    eventSource: "aws:dynamodb",
    eventSourceARN: `${arn("dynamodb", `table/${source.name}`)}/stream/2030-01-01T00:00:00.000`,
    dynamodb: {
      Keys: noKey ? {} : { id: { S: wrong === "bad-key" ? "k".repeat(2000) : key } },
      NewImage: { program: { S: JSON.stringify(program) } },
      SequenceNumber: String(number),
      ApproximateCreationDateTime: Math.floor(sentAtMs / 1000),
    },
  };
}

function sqsRecord(kind: SourceKind, { records, receives }: Delivered): unknown {
  const [first] = records;
  if (!first) return {};
  const { source, key, wrong, sentAtMs, number } = first;
  const own = kind === "fifo" || kind === "sqs";
  const inner = own ? valueOf(first) : pushed(kind, records);
  const body = !own && wrong === "unreadable" ? "no event" : JSON.stringify(inner);
  return {
    messageId: idOf(first),
    receiptHandle: "receipt",
    body,
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: String(sentAtMs),
      ...(isFifo(kind) ? { MessageGroupId: key, SequenceNumber: String(number) } : {}),
    },
    messageAttributes:
      own && wrong === "headers" ? { long: { dataType: "String", stringValue: LONG_HEADER } } : {},
    eventSource: "aws:sqs",
    eventSourceARN: arn("sqs", own ? source.name : `queue-${source.name}`),
  };
}

/** One event of a source that pushes, as itself. Of S3 it may hold several records. */
function pushed(kind: SourceKind, records: readonly SimRecord[]): unknown {
  const [first] = records;
  if (!first) return {};
  const { source, sentAtMs } = first;
  if (kind === "sns-queue" || kind === "sns-fifo")
    return { Type: "Notification", TopicArn: arn("sns", source.name), ...snsFields(first) };
  if (kind === "sns")
    return {
      Records: [{ EventSource: "aws:sns", Sns: { TopicArn: arn("sns", source.name), ...snsFields(first) } }],
    };
  if (kind.startsWith("events"))
    return {
      ...{ id: idOf(first), account: ACCOUNT, region: "eu-west-1", time: timeOf(sentAtMs) },
      ...{ source: "shop", "detail-type": "ordered" },
      detail: { program: first.program, ...keyField(first) },
    };
  if (kind.startsWith("schedule"))
    return {
      perdure: "schedule",
      schedule: `${arn("scheduler", "schedule/default")}/${source.name}`,
      time: timeOf(sentAtMs),
      input: valueOf(first),
    };
  return { Records: records.map(s3Record) };
}

const snsFields = (record: SimRecord): object => ({
  MessageId: idOf(record),
  Message: JSON.stringify(valueOf(record)),
  Timestamp: timeOf(record.sentAtMs),
  MessageAttributes: record.wrong === "headers" ? { long: { Type: "String", Value: LONG_HEADER } } : {},
});

const s3Record = ({ source, key, program, sentAtMs, number, lane }: SimRecord): unknown => ({
  eventSource: "aws:s3",
  eventName: "ObjectCreated:Put",
  eventTime: timeOf(sentAtMs),
  program,
  s3: {
    bucket: { name: source.name },
    object: { key, versionId: `${lane}-${number}`, sequencer: `${number}` },
  },
});

/** The program in a handler's input, whatever it came in. `undefined`: there is none. */
export function programIn(input: unknown): Program | undefined {
  if (typeof input !== "object" || input === null) return undefined;
  const { pid, program, detail, dynamodb } = input as Record<string, unknown>;
  if (typeof pid === "string") return input as Program;
  if (program !== undefined) return programIn(program);
  if (detail !== undefined) return programIn(detail);
  const image = (dynamodb as { NewImage?: { program?: { S?: string } } } | undefined)?.NewImage;
  return image?.program?.S === undefined ? undefined : programIn(JSON.parse(image.program.S));
}

// --- answers -----------------------------------------------------------------------------------------------------

/** The delivered ones that come again. A text: the answer names what was not in the batch. */
export function failedOf(
  kind: SourceKind,
  { batchItemFailures }: SourceAnswer,
  batch: readonly Delivered[],
): ReadonlySet<Delivered> | string {
  const failed = new Set<Delivered>();
  for (const { itemIdentifier: named } of batchItemFailures) {
    const isNamed = ({ records: [record] }: Delivered): boolean =>
      record !== undefined && isSame(kind, named, record);
    const at = batch.findIndex(isNamed);
    const [first] = batch[at]?.records ?? [];
    if (!first) return JSON.stringify(named);
    for (const each of formOf(kind) === "log" ? batch.slice(at) : batch.slice(at, at + 1))
      if (!isKafka(kind) || each.records[0]?.lane === first.lane) failed.add(each);
  }
  return failed;
}

function isSame(
  kind: SourceKind,
  named: SourceAnswer["batchItemFailures"][number]["itemIdentifier"],
  record: SimRecord,
): boolean {
  if (typeof named === "object")
    return (
      isKafka(kind) &&
      named.partition === `${record.source.name}-${record.lane}` &&
      BigInt(named.offset) === record.number
    );
  if (kind.startsWith("kinesis") || kind === "dynamodb") return named === String(record.number);
  return named === idOf(record);
}
