/**
 * An event of each source, as AWS delivers it: something to begin with. Each has an identity of its own, so that sending it twice, after
 * one change, is two records.
 */
import type { SubscriptionCourse } from "../../admin/subscriptions.ts";

const ACCOUNT = "123456789012";
const REGION = "eu-west-1";
const BODY = { hello: "world" };
const text = JSON.stringify(BODY);
/** As long as Kinesis's. */
const SEQUENCE_DIGITS = 56;

export interface Making {
  readonly nowMs: number;
  /** New each time. */
  readonly id: string;
}

/** Laid out, to be edited. */
export const eventFor = (of: SubscriptionCourse, making: Making): string =>
  JSON.stringify(shapeOf(of, making), undefined, 2);

function shapeOf(of: SubscriptionCourse, making: Making): object {
  const [, scheme = "", rest = ""] = /^([a-z0-9]+):\/\/(.*)$/u.exec(of.source) ?? [];
  const name = rest.split("/").at(-1) ?? "";
  return (SHAPES[scheme] ?? (() => BODY))(name, making, of);
}

type Shape = (name: string, making: Making, of: SubscriptionCourse) => object;
const SHAPES: Readonly<Record<string, Shape>> = {
  kafka: (topic, { nowMs }, { lanes }) => ({
    eventSource: "SelfManagedKafka",
    records: {
      [`${topic}-0`]: [
        {
          ...{ topic, partition: 0, offset: nextOffset(lanes, `${topic}-0`) },
          ...{ timestamp: nowMs, key: btoa("key-1"), value: btoa(text), headers: [] },
        },
      ],
    },
  }),
  sqs: (queue, { id, nowMs }) => ({
    Records: [
      {
        ...{ messageId: id, body: text },
        attributes: {
          ...{ ApproximateReceiveCount: "1", SentTimestamp: String(nowMs) },
          ...(queue.endsWith(".fifo") ? { MessageGroupId: "key-1", SequenceNumber: String(nowMs) } : {}),
        },
        messageAttributes: {},
        ...{ eventSource: "aws:sqs", eventSourceARN: `arn:aws:sqs:${REGION}:${ACCOUNT}:${queue}` },
      },
    ],
  }),
  sns: (topic, { id, nowMs }) => ({
    Records: [
      {
        EventSource: "aws:sns",
        Sns: {
          ...{ Type: "Notification", MessageId: id, TopicArn: `arn:aws:sns:${REGION}:${ACCOUNT}:${topic}` },
          ...{ Subject: "hello", Message: text, Timestamp: iso(nowMs), MessageAttributes: {} },
        },
      },
    ],
  }),
  events: (_bus, { id, nowMs }) => ({
    ...{ version: "0", id, "detail-type": "Greeted", source: "my.app", account: ACCOUNT },
    ...{ time: iso(nowMs), region: REGION, resources: [], detail: BODY },
  }),
  kinesis: (stream, { nowMs }) => {
    const sequence = `4${String(nowMs).padStart(SEQUENCE_DIGITS - 1, "0")}`;
    return {
      Records: [
        {
          kinesis: {
            ...{ partitionKey: "key-1", sequenceNumber: sequence, data: btoa(text) },
            approximateArrivalTimestamp: nowMs / 1000,
          },
          ...{ eventSource: "aws:kinesis", eventID: `shardId-000000000000:${sequence}` },
          eventSourceARN: `arn:aws:kinesis:${REGION}:${ACCOUNT}:stream/${stream}`,
        },
      ],
    };
  },
  dynamodb: (table, { id, nowMs }) => ({
    Records: [
      {
        ...{ eventID: id.replaceAll("-", ""), eventName: "INSERT", eventSource: "aws:dynamodb" },
        dynamodb: {
          ...{ ApproximateCreationDateTime: Math.floor(nowMs / 1000), SequenceNumber: String(nowMs) },
          ...{ StreamViewType: "NEW_AND_OLD_IMAGES", Keys: { id: { S: "key-1" } } },
          NewImage: { id: { S: "key-1" }, hello: { S: "world" } },
        },
        eventSourceARN: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${table}/stream/2029-12-31T23:59:59.000`,
      },
    ],
  }),
  s3: (bucket, { id, nowMs }) => ({
    ...{ version: "0", id, "detail-type": "Object Created", source: "aws.s3", account: ACCOUNT },
    ...{ time: iso(nowMs), region: REGION, resources: [`arn:aws:s3:::${bucket}`] },
    detail: {
      ...{ version: "0", bucket: { name: bucket } },
      object: { key: "hello.txt", size: 5, etag: "example", sequencer: nowMs.toString(16).toUpperCase() },
      reason: "PutObject",
    },
  }),
  schedule: (name, { nowMs }) => ({
    ...{ perdure: "schedule", schedule: name, time: iso(nowMs) },
  }),
};

const iso = (ms: number): string => new Date(ms).toISOString();

/** Above the mark: what lies below it is known, and skipped. */
function nextOffset(lanes: SubscriptionCourse["lanes"], name: string): number {
  const position = lanes.find((lane) => lane.name === name)?.position;
  return position === undefined ? 0 : Number(position) + 1;
}
