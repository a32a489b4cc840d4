/** Each source, with the events that AWS makes of its records, and what AWS takes for bringing them. */
import { PRICES } from "../model/bill.ts";

/** Records by their numbers: `k<number>` is a key, and the value is small. */
type Numbers = readonly number[];

export interface BenchSource {
  readonly name: string;
  readonly source: string;
  /** Where the key of an object's handler is. */
  readonly key?: string;
  readonly event: (numbers: Numbers) => unknown;
  /** The largest batch. */
  readonly batchMax?: number;
  /** Dollars a million records, by the batch. `undefined`: its price is not in bench/prices.json. */
  readonly ownPrice: (batch: number) => number | undefined;
}

const REGION = "eu-west-1";
const ARN = (service: string, name: string): string => `arn:aws:${service}:${REGION}:123456789012:${name}`;
const SENT_AT_MS = Date.UTC(2030, 0, 1);
const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");
const valueOf = (n: number) => ({ id: n, key: `k${n}`, text: "a record" });
const million = (dollars: number): number => Math.round(dollars * 1e9) / 1e3;

/** Lambda receives and deletes by tens. Sending to one's own queue is paid for whatever reads it. */
const received = (price: number, batch: number): number => million((2 * price) / Math.min(batch, 10));
/** Between a push and the door: it is sent there as well. */
const pushed = (batch: number): number =>
  million(PRICES.sqs.standardRequest) + received(PRICES.sqs.standardRequest, batch);

const messageOf = (n: number, body: unknown, more: object = {}, queue = "work") => ({
  ...{ messageId: `m${n}`, receiptHandle: "receipt", body: JSON.stringify(body) },
  attributes: {
    ...{ ApproximateReceiveCount: "1", SentTimestamp: String(SENT_AT_MS), SenderId: "AIDAEXAMPLE" },
    ...{ ApproximateFirstReceiveTimestamp: String(SENT_AT_MS + 10), ...more },
  },
  ...{ messageAttributes: {}, md5OfBody: "", eventSource: "aws:sqs", awsRegion: REGION },
  eventSourceARN: ARN("sqs", queue),
});
const inQueue =
  (body: (n: number) => unknown) =>
  (numbers: Numbers): unknown => ({ Records: numbers.map((n) => messageOf(n, body(n))) });

const fifoMessage = (n: number) =>
  messageOf(
    n,
    valueOf(n),
    { MessageGroupId: `k${n}`, SequenceNumber: String(10n ** 19n + BigInt(n)) },
    "work.fifo",
  );

const notification = (n: number) => ({
  ...{ Type: "Notification", MessageId: `s${n}`, TopicArn: ARN("sns", "news") },
  ...{ Message: JSON.stringify(valueOf(n)), Timestamp: new Date(SENT_AT_MS).toISOString() },
});

const busEvent = (n: number, more: object) => ({
  ...{ version: "0", id: `e${n}`, account: "123456789012", region: REGION, resources: [] },
  ...{ time: new Date(SENT_AT_MS).toISOString(), ...more },
});
const paid = (n: number) => busEvent(n, { source: "shop", "detail-type": "Paid", detail: valueOf(n) });
const created = (n: number) =>
  busEvent(n, {
    ...{ source: "aws.s3", "detail-type": "Object Created" },
    detail: { bucket: { name: "files" }, object: { key: `k${n}`, size: 10, sequencer: String(n) } },
  });

const kafkaEvent = (numbers: Numbers) => ({
  ...{ eventSource: "aws:kafka", bootstrapServers: "b-1.example.com:9098" },
  eventSourceArn: ARN("kafka", "cluster/main/6cc0432b-2"),
  records: {
    "orders-0": numbers.map((n) => ({
      ...{ topic: "orders", partition: 0, offset: n, timestamp: SENT_AT_MS, timestampType: "CREATE_TIME" },
      ...{ key: Buffer.from(`k${n}`).toString("base64"), value: base64(valueOf(n)), headers: [] },
    })),
  },
});

const kinesisRecord = (n: number) => ({
  ...{ eventID: `shardId-000000000000:${n}`, eventName: "aws:kinesis:record", eventVersion: "1.0" },
  ...{ eventSource: "aws:kinesis", eventSourceARN: ARN("kinesis", "stream/clicks"), awsRegion: REGION },
  kinesis: {
    ...{ kinesisSchemaVersion: "1.0", partitionKey: `k${n}`, sequenceNumber: String(n) },
    ...{ data: base64(valueOf(n)), approximateArrivalTimestamp: SENT_AT_MS / 1000 },
  },
});

const dynamoRecord = (n: number) => ({
  ...{ eventID: `d${n}`, eventName: "INSERT", eventVersion: "1.1", eventSource: "aws:dynamodb" },
  ...{
    awsRegion: REGION,
    eventSourceARN: `${ARN("dynamodb", "table/Items")}/stream/2030-01-01T00:00:00.000`,
  },
  dynamodb: {
    ...{ Keys: { id: { S: `k${n}` } }, NewImage: { id: { S: `k${n}` }, text: { S: "a record" } } },
    ...{ SequenceNumber: String(n), SizeBytes: 40, StreamViewType: "NEW_AND_OLD_IMAGES" },
    ApproximateCreationDateTime: SENT_AT_MS / 1000,
  },
});

const tick = (n: number) => ({
  ...{ perdure: "schedule", schedule: ARN("scheduler", "schedule/default/nightly") },
  ...{ time: new Date(SENT_AT_MS + n * 60_000).toISOString(), input: valueOf(n) },
});

const inJson = "json:$.key";
const unknown = (): undefined => undefined;

export const SOURCES: readonly BenchSource[] = [
  { name: "Kafka", source: "kafka://main/orders", event: kafkaEvent, ownPrice: unknown },
  {
    ...{ name: "SQS, standard", source: "sqs://work", key: inJson, event: inQueue(valueOf) },
    ownPrice: (batch) => received(PRICES.sqs.standardRequest, batch),
  },
  {
    ...{ name: "SQS, FIFO", source: "sqs://work.fifo", batchMax: 10 },
    event: (numbers) => ({ Records: numbers.map(fifoMessage) }),
    ownPrice: (batch) => received(PRICES.sqs.fifoRequest, batch),
  },
  {
    ...{ name: "SNS", source: "sns://news", key: inJson, event: inQueue(notification) },
    ownPrice: pushed,
  },
  {
    ...{ name: "EventBridge", source: "events://default", key: "json:$.detail.key", event: inQueue(paid) },
    ownPrice: pushed,
  },
  { name: "S3", source: "s3://files", event: inQueue(created), ownPrice: pushed },
  {
    ...{ name: "Kinesis", source: "kinesis://clicks", ownPrice: unknown },
    event: (numbers) => ({ Records: numbers.map(kinesisRecord) }),
  },
  {
    ...{ name: "DynamoDB stream", source: "dynamodb://Items" },
    event: (numbers) => ({ Records: numbers.map(dynamoRecord) }),
    // Lambda reads streams of tables free of charge.
    ownPrice: () => 0,
  },
  {
    ...{ name: "schedule", source: "schedule://nightly", key: inJson, event: inQueue(tick) },
    ownPrice: (batch) => million(PRICES.scheduler.invocation) + pushed(batch),
  },
];
