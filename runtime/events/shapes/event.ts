/**
 * An event of any of the shapes in which AWS delivers records, read once.
 *
 * The subscription's source says what its records are. Their event may come as itself, or in others: S3's in SNS's, in a message of
 * SQS. The innermost event names the record, so that a doubled delivery between two of them is found, too. The outermost one is
 * what is delivered again.
 */
import { ENVELOPES_MAX, RECORDS_MAX } from "../../../lib/limits/events.ts";
import {
  type EventFields,
  fieldsIn,
  isEventFields,
  listField,
  objectInText,
  bytesOfText,
} from "../event-fields.ts";
import type { Source } from "../source.ts";
import { EventShapeError, type SourceBatch, type SourceRecord } from "../source-record.ts";
import { isKafka, kafkaBatch } from "./kafka.ts";
import {
  eventBridgeRecord,
  isEventBridge,
  isS3Record,
  isS3Test,
  isSnsEnvelope,
  isSnsRecord,
  isTick,
  s3EventBridgeRecord,
  s3Record,
  snsMessage,
  tickRecord,
} from "./pushed.ts";
import { isSqs, sqsMessage } from "./sqs.ts";
import { dynamoRecord, isDynamo, isKinesis, kinesisRecord } from "./streams.ts";

export interface EventReading {
  /** See `kinesisRecord`. */
  readonly oneAtATime: boolean;
}

/** Throws {@link EventShapeError} for an event that is none of the source's. */
export function readEvent(event: unknown, source: Source, options: EventReading): SourceBatch {
  if (!isEventFields(event)) throw new EventShapeError("the event is no JSON object");
  const batch = batchIn(event, source, options);
  if (batch.records.length > RECORDS_MAX)
    throw new EventShapeError(
      `the event has ${batch.records.length} records; at most ${RECORDS_MAX} are taken`,
    );
  return batch;
}

function batchIn(event: EventFields, source: Source, options: EventReading): SourceBatch {
  if (source.scheme === "kafka") {
    if (isKafka(event)) return kafkaBatch(event, source);
    throw notOf(source);
  }
  const delivered = listField(event["Records"]).map(fieldsIn);
  const [first] = delivered;
  if (first && isSqs(first)) return sqsBatch(delivered, source);
  if (first && (isKinesis(first) || isDynamo(first))) return streamBatch(delivered, source, options);
  const pushed = pushedIn(event, source, 1);
  if (!pushed) throw notOf(source);
  return { form: "push", ...pushed };
}

const notOf = ({ scheme }: Source): EventShapeError =>
  new EventShapeError(`the event is of no shape that a source '${scheme}://' delivers`);

function assertNamed(found: string, source: Source): void {
  if (found === source.name) return;
  throw new EventShapeError(`the event is of '${found}', the subscription's source is '${source.name}'`);
}

function streamBatch(delivered: readonly EventFields[], source: Source, options: EventReading): SourceBatch {
  const records = delivered.map((each) => {
    const isOf =
      source.scheme === "kinesis" ? isKinesis : source.scheme === "dynamodb" ? isDynamo : undefined;
    if (isOf?.(each) !== true) throw notOf(source);
    const read = source.scheme === "kinesis" ? kinesisRecord(each, options.oneAtATime) : dynamoRecord(each);
    assertNamed(read.name, source);
    return read.record;
  });
  return { form: "stream", records, ignored: 0 };
}

interface Pushed {
  readonly records: readonly SourceRecord[];
  readonly ignored: number;
}

function sqsBatch(delivered: readonly EventFields[], source: Source): SourceBatch {
  const all = delivered.map((each) => {
    if (!isSqs(each)) throw notOf(source);
    const { record, queue, body } = sqsMessage(each);
    if (source.scheme !== "sqs") return inQueue(record, body, source);
    assertNamed(queue, source);
    return { records: [record], ignored: 0 };
  });
  return {
    form: "sqs",
    records: all.flatMap(({ records }) => records),
    ignored: all.reduce((sum, { ignored }) => sum + ignored, 0),
  };
}

/** What a message of a queue carries. What cannot be read is set aside: a queue's other messages go on. */
function inQueue(outer: SourceRecord, body: string, source: Source): Pushed {
  const event = objectInText(body);
  const pushed = event && readable(event, source);
  if (pushed) {
    // Delivered again, and kept in order, as the message is.
    const { item, lane, seenBefore, headers, key: group } = outer;
    const inner = pushed.records.map((record): SourceRecord => ({
      ...record,
      ...{ item, headers: { ...headers, ...record.headers } },
      ...(record.key === undefined && group !== undefined ? { key: group } : {}),
      ...(lane === undefined ? {} : { lane }),
      ...(seenBefore === undefined ? {} : { seenBefore }),
    }));
    return { records: inner, ignored: pushed.ignored };
  }
  // SNS delivers raw if it is told to: the body is the message itself, and its id is not known.
  if (source.scheme === "sns") return { records: [outer], ignored: 0 };
  const unreadable = `its body is no event that ${source.scheme} delivers`;
  return { records: [{ ...outer, input: bytesOfText(body), unreadable }], ignored: 0 };
}

function readable(event: EventFields, source: Source): Pushed | undefined {
  try {
    return pushedIn(event, source, 1);
  } catch (error) {
    if (error instanceof EventShapeError) return undefined;
    throw error;
  }
}

const only = (record: SourceRecord): Pushed => ({ records: [record], ignored: 0 });

/** `undefined`: it is none of the source's. */
function pushedIn(event: EventFields, source: Source, depth: number): Pushed | undefined {
  const { scheme } = source;
  if (depth > ENVELOPES_MAX) return undefined;
  if (isS3Test(event)) return scheme === "s3" ? { records: [], ignored: 1 } : undefined;
  if (isSnsEnvelope(event)) return inSns(event, source, depth);
  if (isEventBridge(event)) return inEventBridge(event, source);
  if (isTick(event)) return scheme === "schedule" ? ofTick(event, source) : undefined;
  const delivered = listField(event["Records"]).map(fieldsIn);
  const each = delivered.map((record) => {
    if (isSnsRecord(record)) return inSns(fieldsIn(record["Sns"]), source, depth);
    return isS3Record(record) && scheme === "s3" ? ofS3(s3Record(record), source) : undefined;
  });
  const known = each.filter((pushed) => pushed !== undefined);
  if (known.length === 0 || known.length < each.length) return undefined;
  return {
    records: known.flatMap(({ records }) => records),
    ignored: known.reduce((sum, { ignored }) => sum + ignored, 0),
  };
}

function inSns(sns: EventFields, source: Source, depth: number): Pushed | undefined {
  const { record, topic, message } = snsMessage(sns);
  if (source.scheme === "sns") {
    assertNamed(topic, source);
    return only(record);
  }
  const inner = objectInText(message);
  return inner && pushedIn(inner, source, depth + 1);
}

function inEventBridge(event: EventFields, source: Source): Pushed | undefined {
  if (source.scheme === "events") return only(eventBridgeRecord(event));
  return source.scheme === "s3" && event["source"] === "aws.s3"
    ? ofS3(s3EventBridgeRecord(event), source)
    : undefined;
}

function ofS3({ record, bucket }: ReturnType<typeof s3Record>, source: Source): Pushed {
  assertNamed(bucket, source);
  return only(record);
}

function ofTick(event: EventFields, source: Source): Pushed {
  const { record, schedule } = tickRecord(event);
  assertNamed(schedule, source);
  return only(record);
}
