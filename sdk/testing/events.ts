/**
 * Events in the shapes in which AWS delivers them, for {@link TestEnvironment.deliver}. A record of a builder has the same fields
 * whatever its source: key, value, headers. What names it in its source is new for each, unless you say it.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { textOfBytes } from "../../runtime/events/event-fields.ts";
import type { DynamoDbItem, DynamoDbRecord, EventBridgeEvent, S3Detail, S3Event } from "../events.ts";

/** An event of any source. What a file of yours holds fits, too. */
export type SourceEvent =
  /** SQS, SNS, Kinesis, DynamoDB, S3. */
  | { readonly Records: readonly object[] }
  /** Kafka. */
  | { readonly eventSource: string; readonly records: Readonly<Record<string, readonly object[]>> }
  /** EventBridge, and S3 through it. */
  | { readonly "detail-type": string; readonly id: string; readonly detail: unknown }
  /** A schedule. */
  | { readonly perdure: string; readonly schedule: string; readonly time: string };

export interface EventRecord {
  /** Of Kafka its key, of Kinesis its partition key, of a queue and a topic its message group. */
  readonly key?: string;
  /** JSON, unless it is bytes. */
  readonly value: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const REGION = "eu-west-1";
const ACCOUNT = "123456789012";
const arn = (service: string, name: string): string => `arn:aws:${service}:${REGION}:${ACCOUNT}:${name}`;

const bytesOf = (value: unknown): Uint8Array =>
  value instanceof Uint8Array
    ? value
    : new TextEncoder().encode(value === undefined ? "" : JSON.stringify(value));
const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString("base64");
/** Bodies of queues and topics are text. Throws `TypeError` for bytes that are none. */
function textOf(value: unknown): string {
  const text = textOfBytes(bytesOf(value));
  if (text === undefined)
    throw new TypeError("what queues and topics carry is text: these bytes are no UTF-8");
  return text;
}

// Kafka.

export interface KafkaEventRecord extends Omit<EventRecord, "key"> {
  /** Bytes: one that is not UTF-8. */
  readonly key?: string | Uint8Array;
  /** Default: 0. */
  readonly partition?: number;
  readonly timestamp?: Date;
}
export interface KafkaEvent {
  readonly eventSource: "aws:kafka" | "SelfManagedKafka";
  readonly bootstrapServers: string;
  readonly records: Readonly<Record<string, readonly object[]>>;
}

/** `offset`: of the first record of each partition. The others follow. */
export function kafkaEvent(
  records: readonly KafkaEventRecord[],
  { topic, offset }: { readonly topic: string; readonly offset: number },
): KafkaEvent {
  const partitions = Map.groupBy(records, ({ partition = 0 }) => partition);
  const lists = [...partitions].map(([partition, list]) => [
    `${topic}-${partition}`,
    list.map(({ key, value, headers = {}, timestamp = new Date() }, at) => ({
      ...{
        topic,
        partition,
        offset: offset + at,
        timestamp: timestamp.getTime(),
        timestampType: "CREATE_TIME",
      },
      ...(key === undefined ? {} : { key: base64(key) }),
      value: base64(bytesOf(value)),
      headers: Object.entries(headers).map(([name, text]) => ({ [name]: [...Buffer.from(text)] })),
    })),
  ]);
  return {
    eventSource: "SelfManagedKafka",
    bootstrapServers: "b-1.example.com:9092",
    records: Object.fromEntries(lists) as KafkaEvent["records"],
  };
}

// SQS and SNS.

export interface SqsEventRecord extends EventRecord {
  readonly id?: string;
  /** How often it was received, this time included. Default: 1. */
  readonly receives?: number;
  readonly sentAt?: Date;
  /** What AWS says of the sender's trace, `AWSTraceHeader`. */
  readonly trace?: string;
}
export interface SqsEvent {
  readonly Records: readonly { readonly messageId: string; readonly body: string }[];
}

/** A queue whose name ends with `.fifo` has an order in each message group. */
export function sqsEvent(
  records: readonly SqsEventRecord[],
  { queue }: { readonly queue: string },
): SqsEvent {
  const first = 10n ** 19n;
  return {
    Records: records.map(({ id = randomUUID(), key, value, headers, receives = 1, sentAt, trace }, at) => {
      const sentMs = (sentAt ?? new Date()).getTime();
      return {
        messageId: id,
        receiptHandle: "receipt",
        body: textOf(value),
        attributes: {
          ApproximateReceiveCount: String(receives),
          SentTimestamp: String(sentMs),
          SenderId: "AIDAEXAMPLE",
          ApproximateFirstReceiveTimestamp: String(sentMs),
          ...(key === undefined ? {} : { MessageGroupId: key }),
          ...(queue.endsWith(".fifo")
            ? { SequenceNumber: String(first + BigInt(at)), MessageDeduplicationId: id }
            : {}),
          ...(trace === undefined ? {} : { AWSTraceHeader: trace }),
        },
        messageAttributes: attributesOf(headers, (text) => ({ stringValue: text, dataType: "String" })),
        md5OfBody: "",
        eventSource: "aws:sqs",
        eventSourceARN: arn("sqs", queue),
        awsRegion: REGION,
      };
    }),
  };
}

const attributesOf = (headers: EventRecord["headers"], attribute: (text: string) => object): object =>
  Object.fromEntries(Object.entries(headers ?? {}).map(([name, text]) => [name, attribute(text)]));

export interface SnsEventRecord extends EventRecord {
  readonly id?: string;
  readonly subject?: string;
}
export interface SnsEvent {
  readonly Records: readonly { readonly EventSource: "aws:sns"; readonly Sns: object }[];
}

export const snsEvent = (
  records: readonly SnsEventRecord[],
  { topic }: { readonly topic: string },
): SnsEvent => ({
  Records: records.map(({ id = randomUUID(), key, value, headers, subject }) => ({
    EventSource: "aws:sns",
    EventVersion: "1.0",
    EventSubscriptionArn: `${arn("sns", topic)}:subscription`,
    Sns: {
      ...{ Type: "Notification", MessageId: id, TopicArn: arn("sns", topic), Subject: subject ?? null },
      ...{ Message: textOf(value), Timestamp: new Date().toISOString() },
      ...(key === undefined ? {} : { MessageGroupId: key }),
      MessageAttributes: attributesOf(headers, (text) => ({ Type: "String", Value: text })),
    },
  })),
});

// EventBridge and S3.

export interface EventBridgeParts<Type extends string> {
  readonly source: string;
  readonly detailType: Type;
  readonly id?: string;
  readonly time?: Date;
}

export const eventBridgeEvent = <Detail, Type extends string = string>(
  detail: Detail,
  { source, detailType, id = randomUUID(), time = new Date() }: EventBridgeParts<Type>,
): EventBridgeEvent<Detail, Type> => ({
  ...{ version: "0", id, "detail-type": detailType, source, account: ACCOUNT },
  ...{ time: time.toISOString(), region: REGION, resources: [], detail },
});

export interface S3EventParts extends Pick<S3Detail["object"], "size" | "etag" | "version-id"> {
  readonly bucket: string;
  readonly key: string;
  /** Default: one that is greater than those of all events before. */
  readonly sequencer?: string;
  /** Default: `Object Created`. */
  readonly detailType?: "Object Created" | "Object Deleted";
}

/** As it comes through EventBridge. */
export const s3Event = ({
  bucket,
  sequencer,
  detailType = "Object Created",
  ...object
}: S3EventParts): S3Event =>
  eventBridgeEvent<S3Detail, S3Event["detail-type"]>(
    {
      bucket: { name: bucket },
      object: { size: 1, ...object, sequencer: sequencer ?? uniqueHex() },
    },
    { source: "aws.s3", detailType },
  );

/** By time, and different from all others. */
const uniqueHex = (): string =>
  (Date.now().toString(16) + randomBytes(4).toString("hex")).padStart(20, "0").toUpperCase();

// Streams.

export interface KinesisEvent {
  readonly Records: readonly { readonly eventID: string; readonly kinesis: object }[];
}
export interface KinesisEventRecord extends Omit<EventRecord, "headers"> {
  /** Digits. Default: those after all records before. */
  readonly sequenceNumber?: string;
}

/** A record without a key has a partition key of its own, as those have that only want to be spread. */
export function kinesisEvent(
  records: readonly KinesisEventRecord[],
  { stream, shard = "shardId-000000000000" }: { readonly stream: string; readonly shard?: string },
): KinesisEvent {
  const first = uniqueSequence();
  return {
    Records: records.map(({ key = randomUUID(), value, sequenceNumber }, at) => {
      const sequence = sequenceNumber ?? String(first + BigInt(at));
      return {
        eventID: `${shard}:${sequence}`,
        eventName: "aws:kinesis:record",
        eventSource: "aws:kinesis",
        eventSourceARN: arn("kinesis", `stream/${stream}`),
        eventVersion: "1.0",
        awsRegion: REGION,
        kinesis: {
          kinesisSchemaVersion: "1.0",
          partitionKey: key,
          sequenceNumber: sequence,
          data: base64(bytesOf(value)),
          approximateArrivalTimestamp: Date.now() / 1000,
        },
      };
    }),
  };
}

/** As many digits as Kinesis has. Later ones are greater. */
const uniqueSequence = (): bigint =>
  49n * 10n ** 54n +
  BigInt(Date.now()) * 10n ** 40n +
  BigInt(`0x${randomBytes(8).toString("hex")}`) * 10n ** 6n;

export interface DynamoDbChange {
  readonly keys: DynamoDbItem;
  /** Absent: it was deleted. */
  readonly newImage?: DynamoDbItem;
  /** Absent: it was inserted. */
  readonly oldImage?: DynamoDbItem;
  /** Default: new for each. */
  readonly id?: string;
}
export interface DynamoDbEvent {
  readonly Records: readonly DynamoDbRecord[];
}

export function dynamoDbEvent(
  changes: readonly DynamoDbChange[],
  { table }: { readonly table: string },
): DynamoDbEvent {
  const first = uniqueSequence() / 10n ** 30n;
  return {
    Records: changes.map(({ keys, newImage, oldImage, id = randomBytes(16).toString("hex") }, at) => ({
      eventID: id,
      eventName: newImage === undefined ? "REMOVE" : oldImage === undefined ? "INSERT" : "MODIFY",
      eventVersion: "1.1",
      eventSource: "aws:dynamodb",
      awsRegion: REGION,
      eventSourceARN: arn("dynamodb", `table/${table}/stream/2030-01-01T00:00:00.000`),
      dynamodb: {
        ApproximateCreationDateTime: Math.floor(Date.now() / 1000),
        Keys: keys,
        ...(newImage === undefined ? {} : { NewImage: newImage }),
        ...(oldImage === undefined ? {} : { OldImage: oldImage }),
        SequenceNumber: String(first + BigInt(at)),
        StreamViewType: "NEW_AND_OLD_IMAGES",
      },
    })),
  };
}

// Schedules.

export interface ScheduleEvent {
  readonly perdure: "schedule";
  readonly schedule: string;
  readonly time: string;
  readonly input?: unknown;
}

/** One tick. {@link TestEnvironment.skip} makes those of `perdure.schedule` itself. */
export const scheduleEvent = (
  schedule: string,
  { time, input }: { readonly time: Date; readonly input?: unknown },
): ScheduleEvent => ({
  ...{ perdure: "schedule", schedule, time: time.toISOString() },
  ...(input === undefined ? {} : { input }),
});
