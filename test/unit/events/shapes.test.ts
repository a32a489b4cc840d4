/**
 * Each shape in which AWS delivers records, as its documentation gives it, with values of our own. Read once, here: what comes behind
 * knows no shapes.
 */
import { describe, expect, test } from "vitest";
import { parseSource, type Source } from "../../../runtime/events/source.ts";
import {
  EventShapeError,
  type SourceBatch,
  type SourceRecord,
} from "../../../runtime/events/source-record.ts";
import { readEvent } from "../../../runtime/events/shapes/event.ts";
import { recorded } from "./events.ts";

function sourceOf(text: string): Source {
  const source = parseSource(text);
  if (typeof source === "string") throw new Error(`${text} ${source}`);
  return source;
}

const read = (event: unknown, source: string, oneAtATime = false): SourceBatch =>
  readEvent(event, sourceOf(source), { oneAtATime });

const text = (bytes: string | Uint8Array | undefined): string | undefined =>
  bytes instanceof Uint8Array ? new TextDecoder().decode(bytes) : bytes;

/** The first one, with bytes as text. */
function first(
  batch: SourceBatch,
): Omit<SourceRecord, "key" | "input"> & { key?: string | undefined; input?: string | undefined } {
  const [record] = batch.records;
  if (!record) throw new Error("there is no record");
  return { ...record, key: text(record.key), input: text(record.input) };
}

const ARN = "arn:aws";
const QUEUE = `${ARN}:sqs:eu-west-1:123456789012`;

describe.each(["kafka-msk", "kafka-self-managed"])("%s", (name) => {
  test("by topic, partition and offset", () => {
    const batch = read(recorded(name), "kafka://main/parcels");
    expect(batch.form).toBe("kafka");
    expect(first(batch)).toMatchObject({
      identity: ["kafka", "main", "parcels", "3", "1507"],
      ...{ item: "1507", lane: "parcels-3", position: "1507", mark: "main/parcels-3" },
      ...{ key: "parcel-81", input: '{"weight":12}', sentAtMs: 1_893_456_000_123 },
      headers: {
        ...{ "kafka.topic": "parcels", "kafka.partition": "3", "kafka.offset": "1507" },
        ...{ "kafka.timestamp": "1893456000123", "kafka.key": "cGFyY2VsLTgx" },
      },
    });
  });
});

test("Kafka: all headers of a record, names in lower case; a record without a key has none", () => {
  const batch = read(recorded("kafka-msk"), "kafka://main/parcels");
  expect(first(batch)).toMatchObject({
    contentType: "application/json",
    headers: { tenant: "north", traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" },
  });
  expect(batch.records[1]).not.toHaveProperty("key");
  expect(batch.records[1]?.headers).not.toHaveProperty("kafka.key");
});

test("a header of the engine's, and one that is not UTF-8", () => {
  const event = recorded("kafka-self-managed") as { records: Record<string, { headers: unknown }[]> };
  const [record] = event.records["parcels-3"] ?? [];
  if (record) record.headers = [{ ":seal": [49] }, { raw: [-1, 254] }];
  const { headers } = first(read(event, "kafka://main/parcels"));
  expect(headers).not.toHaveProperty(":seal");
  expect(headers).toMatchObject({ raw: "//4=" });
});

test("SQS, standard: by message id, without an order, with its trace", () => {
  const batch = read(recorded("sqs-standard"), "sqs://depot");
  expect(batch.form).toBe("sqs");
  const record = first(batch);
  expect(record).toMatchObject({
    identity: ["sqs", `${QUEUE}:depot`, "5fb2b4d4-2a30-4f35-8f5a-0c1b6c6d1a01"],
    ...{ item: "5fb2b4d4-2a30-4f35-8f5a-0c1b6c6d1a01", input: '{"parcel":81}', seenBefore: false },
    headers: {
      ...{ tenant: "north", mark: "AQID", "aws.sqs.queue": "depot" },
      traceparent: "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01",
      "x-amzn-trace-id": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
    },
  });
  expect(record).not.toHaveProperty("lane");
});

test("SQS, FIFO: a lane for each message group, whose id is the key", () => {
  const batch = read(recorded("sqs-fifo"), "sqs://depot.fifo");
  expect(first(batch)).toMatchObject({
    lane: "parcel-81",
    position: "18876549817263892736",
    key: "parcel-81",
  });
  expect(batch.records.some(({ mark }) => mark !== undefined)).toBe(false);
});

describe("SNS", () => {
  test("pushed, or through a queue, it is the same record", () => {
    const [pushed, queued] = [
      read(recorded("sns-push"), "sns://arrivals"),
      read(recorded("sns-in-sqs"), "sns://arrivals"),
    ];
    expect([pushed.form, queued.form]).toEqual(["push", "sqs"]);
    for (const batch of [pushed, queued])
      expect(first(batch)).toMatchObject({
        identity: [
          "sns",
          `${ARN}:sns:eu-west-1:123456789012:arrivals`,
          "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
        ],
        input: '{"parcel":81}',
        headers: { tenant: "north", "aws.sns.subject": "arrived", "aws.sns.topic": "arrivals" },
      });
    // What failed is told to the queue by its own message.
    expect(first(queued).item).toBe("c2a7a7f0-7d7e-4a71-8f0e-3b8f1c9d2d33");
  });

  test("raw, through a queue: the message's id in the queue names it", () => {
    expect(first(read(recorded("sns-raw-in-sqs"), "sns://arrivals"))).toMatchObject({
      identity: ["sqs", `${QUEUE}:arrivals-queue`, "c2a7a7f0-7d7e-4a71-8f0e-3b8f1c9d2d33"],
      ...{ input: '{"parcel":81}', headers: { tenant: "north" } },
    });
  });
});

test("EventBridge: by itself and through a queue; the whole event is the input", () => {
  const event = recorded("eventbridge") as Record<string, unknown>;
  for (const name of ["eventbridge", "eventbridge-in-sqs"]) {
    const record = first(read(recorded(name), "events://default"));
    expect(record.identity).toEqual(["events", "123456789012", "eu-west-1", event["id"]]);
    expect(JSON.parse(record.input ?? "")).toEqual(event);
    expect(record).toMatchObject({
      contentType: "application/json",
      headers: { "aws.events.detail-type": "ParcelArrived" },
    });
  }
});

test("Kinesis: by shard and sequence number; marked only if its shard is delivered in one lane", () => {
  const batch = read(recorded("kinesis"), "kinesis://scans");
  expect(batch.form).toBe("stream");
  expect(first(batch)).toMatchObject({
    identity: [
      "kinesis",
      `${ARN}:kinesis:eu-west-1:123456789012:stream/scans`,
      "shardId-000000000006",
      "49590338271490256608559692538361571095921575989136588898",
    ],
    ...{ lane: "shardId-000000000006", key: "parcel-81", input: '{"scan":1}', sentAtMs: 1_893_456_003_250 },
  });
  expect(first(batch)).not.toHaveProperty("mark");
  expect(first(read(recorded("kinesis"), "kinesis://scans", true)).mark).toBe("scans/shardId-000000000006");
});

test("DynamoDB: by event id; the item's key is the key, and the whole record the input", () => {
  const { records } = read(recorded("dynamodb"), "dynamodb://Parcels");
  expect(records.map(({ key }) => key)).toEqual(["parcel-81", '["7","parcel-82"]']);
  expect(records[0]).toMatchObject({
    item: "400000000000000499660",
    headers: { "aws.dynamodb.event-name": "INSERT" },
  });
  expect(JSON.parse(text(records[1]?.input) ?? "")).toMatchObject({ userIdentity: { type: "Service" } });
});

describe("S3", () => {
  test.each([
    ["s3-notification", "push"],
    ["s3-in-sns-in-sqs", "sqs"],
    ["s3-in-eventbridge", "push"],
  ])("%s: by bucket, key, version and sequencer; the key is decoded", (name, form) => {
    const batch = read(recorded(name), "s3://depot-labels");
    expect(batch.form).toBe(form);
    const record = first(batch);
    expect(record.identity.slice(0, 5)).toEqual([
      ...["s3", "depot-labels", "2030/label 81ä.pdf", "096fKKXTRTtl3on89fVO.nfljtsv6qko"],
      "0055AED6DCD90281E5",
    ]);
    expect(record.key).toBe("2030/label 81ä.pdf");
  });

  test("a test of the target is no record", () => {
    expect(read(recorded("s3-test"), "s3://depot-labels")).toMatchObject({ records: [], ignored: 1 });
  });
});

test("a schedule: by its time", () => {
  expect(first(read(recorded("schedule"), "schedule://nightly"))).toMatchObject({
    identity: [
      "schedule",
      "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/nightly",
      "1893463200000",
    ],
    ...{ input: '{"depot":"north"}', headers: { "aws.scheduler.time": "2030-01-01T02:00:00Z" } },
  });
});

describe("is refused as a whole", () => {
  test.each([
    ["no object", [], "sqs://depot"],
    ["no shape of AWS's", { hello: 1 }, "sqs://depot"],
    ["no records", { Records: [] }, "sqs://depot"],
    ["another kind of source", recorded("kinesis"), "sqs://depot"],
    ["another queue", recorded("sqs-standard"), "sqs://other"],
    ["another topic", recorded("kafka-msk"), "kafka://main/other"],
    ["another stream", recorded("kinesis"), "kinesis://other"],
    ["another table", recorded("dynamodb"), "dynamodb://Other"],
    ["another bucket", recorded("s3-notification"), "s3://other"],
    ["another schedule", recorded("schedule"), "schedule://other"],
    ["another topic of SNS", recorded("sns-push"), "sns://other"],
    ["S3 in EventBridge, of another source", recorded("eventbridge"), "s3://depot-labels"],
  ])("%s", (_, event, source) => {
    expect(() => read(event, source)).toThrow(EventShapeError);
  });
});

test("a message of a queue that holds none of the source's events is set aside, not the batch", () => {
  const batch = read(recorded("sqs-standard"), "events://default");
  expect(first(batch)).toMatchObject({
    input: '{"parcel":81}',
    unreadable: expect.stringContaining("no event"),
  });
});

test("events in events in events: at most four", () => {
  const inner = recorded("sns-in-sqs") as { Records: { body: string }[] };
  let message = "{}";
  for (let depth = 0; depth < 8; depth++)
    message = JSON.stringify({ Type: "Notification", TopicArn: "a", MessageId: "m", Message: message });
  const [record] = inner.Records;
  if (record) record.body = message;
  expect(first(read(inner, "s3://depot-labels")).unreadable).toBeDefined();
});
