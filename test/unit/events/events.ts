/** Events as AWS delivers them: the recorded ones, which are in fixtures/, and made ones for tests that need many of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const recorded = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, "fixtures", `${name}.json`), "utf8"));

export interface Sent {
  readonly key?: string;
  readonly value: unknown;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const SENT_AT_MS = Date.UTC(2030, 0, 1);

/** Records of one partition, from `offset` on. */
export const kafkaEvent = (
  partitions: Readonly<Record<number, { readonly offset: number; readonly records: readonly Sent[] }>>,
  topic = "orders",
) => ({
  eventSource: "SelfManagedKafka",
  bootstrapServers: "b-1.example.com:9092",
  records: Object.fromEntries(
    Object.entries(partitions).map(([partition, { offset, records }]) => [
      `${topic}-${partition}`,
      records.map(({ key, value }, at) => ({
        topic,
        partition: Number(partition),
        offset: offset + at,
        timestamp: SENT_AT_MS,
        timestampType: "CREATE_TIME",
        ...(key === undefined ? {} : { key: base64(key) }),
        value: base64(JSON.stringify(value)),
        headers: [],
      })),
    ]),
  ),
});

export interface SqsSent extends Sent {
  readonly id: string;
  readonly group?: string;
  readonly sequence?: number;
  readonly receives?: number;
  readonly sentAtMs?: number;
}

export const sqsEvent = (messages: readonly SqsSent[], queue = "work") => ({
  Records: messages.map(({ id, value, group, sequence, receives = 1, sentAtMs = SENT_AT_MS }) => ({
    messageId: id,
    receiptHandle: "receipt",
    body: typeof value === "string" ? value : JSON.stringify(value),
    attributes: {
      ApproximateReceiveCount: String(receives),
      SentTimestamp: String(sentAtMs),
      SenderId: "AIDAEXAMPLE",
      ApproximateFirstReceiveTimestamp: String(sentAtMs + 10),
      ...(group === undefined ? {} : { MessageGroupId: group }),
      ...(sequence === undefined ? {} : { SequenceNumber: String(10n ** 19n + BigInt(sequence)) }),
    },
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: `arn:aws:sqs:eu-west-1:123456789012:${queue}`,
    awsRegion: "eu-west-1",
  })),
});

export const kinesisEvent = (from: number, records: readonly Sent[], shard = "shardId-000000000000") => ({
  Records: records.map(({ key = "k", value }, at) => ({
    eventID: `${shard}:${from + at}`,
    eventName: "aws:kinesis:record",
    eventSource: "aws:kinesis",
    eventSourceARN: "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks",
    eventVersion: "1.0",
    kinesis: {
      kinesisSchemaVersion: "1.0",
      partitionKey: key,
      sequenceNumber: String(from + at),
      data: base64(JSON.stringify(value)),
      approximateArrivalTimestamp: SENT_AT_MS / 1000,
    },
  })),
});
