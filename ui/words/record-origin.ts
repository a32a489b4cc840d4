/** Where an invocation comes from that the record of an event source has started: as its headers say. */
import { visibleName } from "./text.ts";

export interface RecordOrigin {
  /** The subscription's id. */
  readonly subscription: string;
  /** The subscription's name, if its headers are kept. */
  readonly name?: string;
  /** The place in the source. Absent: the headers are not kept. */
  readonly record?: string;
}

type Headers = Readonly<Record<string, string>>;

/** What tells the kind of source, and what is said of it. */
const PLACES: readonly (readonly [string, (of: (name: string) => string) => string])[] = [
  [
    "kafka.topic",
    (of) => `${of("kafka.topic")}, partition ${of("kafka.partition")}, offset ${of("kafka.offset")}`,
  ],
  // What came through a queue is named by what is inside.
  ["aws.sns.message-id", (of) => `${of("aws.sns.topic")}, message ${of("aws.sns.message-id")}`],
  ["aws.s3.bucket", (of) => `${of("aws.s3.bucket")}/${of("aws.s3.key")}, ${of("aws.s3.event-name")}`],
  ["aws.scheduler.schedule", (of) => `${of("aws.scheduler.schedule")}, ${of("aws.scheduler.time")}`],
  [
    "aws.events.id",
    (of) => `${of("aws.events.detail-type")} of ${of("aws.events.source")}, event ${of("aws.events.id")}`,
  ],
  ["aws.sqs.message-id", (of) => `${of("aws.sqs.queue")}, message ${of("aws.sqs.message-id")}`],
  [
    "aws.kinesis.sequence-number",
    (of) =>
      `${of("aws.kinesis.stream")}, ${of("aws.kinesis.shard-id")}, ${of("aws.kinesis.sequence-number")}`,
  ],
  [
    "aws.dynamodb.event-id",
    (of) => `${of("aws.dynamodb.table")}, ${of("aws.dynamodb.event-name")} ${of("aws.dynamodb.event-id")}`,
  ],
];

/** `undefined`: something else has started it. */
export function recordOriginOf(
  subscription: string | undefined,
  headers: Headers = {},
): RecordOrigin | undefined {
  if (subscription === undefined) return undefined;
  const name = headers["perdure.subscription"];
  const place = PLACES.find(([header]) => headers[header] !== undefined);
  return {
    subscription,
    ...(name === undefined ? {} : { name }),
    ...(place === undefined ? {} : { record: visibleName(place[1]((header) => headers[header] ?? "?")) }),
  };
}
