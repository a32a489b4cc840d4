/** Sources that push one event at a time, by themselves or in a message of SQS: SNS, EventBridge, S3, EventBridge Scheduler. */
import {
  type EventFields,
  fieldsIn,
  mustText,
  nameInArn,
  RecordHeaders,
  textField,
  timeIn,
  bytesOfText,
} from "../event-fields.ts";
import type { SourceRecord } from "../source-record.ts";
import { attributeHeaders } from "./sqs.ts";

const JSON_TYPE = "application/json";

/** Pushed by SNS. */
export const isSnsRecord = (record: EventFields): boolean => record["EventSource"] === "aws:sns";
/** What SNS writes into a queue, if delivery is not raw: the same fields, with `TopicArn`. */
export const isSnsEnvelope = (body: EventFields): boolean =>
  body["Type"] === "Notification" && typeof body["TopicArn"] === "string";
export const isEventBridge = (event: EventFields): boolean =>
  typeof event["detail-type"] === "string" && typeof event["id"] === "string" && "detail" in event;
export const isS3Record = (record: EventFields): boolean => record["eventSource"] === "aws:s3";
/** What S3 sends when a notification is set up. */
export const isS3Test = (event: EventFields): boolean => event["Event"] === "s3:TestEvent";

/** Constant over redeliveries, also through a queue. */
export function snsMessage(sns: EventFields): {
  readonly record: SourceRecord;
  readonly topic: string;
  readonly message: string;
} {
  const id = mustText(sns, "MessageId", "an SNS message");
  const arn = mustText(sns, "TopicArn", "an SNS message");
  const message = textField(sns, "Message") ?? "";
  const group = textField(sns, "MessageGroupId");
  const headers = attributeHeaders(fieldsIn(sns["MessageAttributes"]))
    .add("aws.sns.message-id", id)
    .add("aws.sns.topic", nameInArn(arn))
    .add("aws.sns.subject", textField(sns, "Subject"))
    .add("aws.sns.timestamp", textField(sns, "Timestamp"));
  const contentType = headers.get("content-type");
  const sentAtMs = timeIn(textField(sns, "Timestamp"));
  return {
    topic: nameInArn(arn),
    message,
    record: {
      identity: ["sns", arn, id],
      coordinates: `${nameInArn(arn)}, message ${id}`,
      item: id,
      ...(group === undefined ? {} : { key: group }),
      input: bytesOfText(message),
      ...(contentType === undefined ? {} : { contentType }),
      headers: headers.all(),
      ...(sentAtMs === undefined ? {} : { sentAtMs }),
    },
  };
}

/** The whole event is the input: `detail` alone says neither type nor source. The bus is not in it; an account and a region make ids. */
export function eventBridgeRecord(event: EventFields): SourceRecord {
  const id = mustText(event, "id", "an event");
  const [account, region] = [textField(event, "account") ?? "", textField(event, "region") ?? ""];
  const headers = new RecordHeaders()
    .add("aws.events.id", id)
    .add("aws.events.source", textField(event, "source"))
    .add("aws.events.detail-type", textField(event, "detail-type"))
    .add("aws.events.time", textField(event, "time"));
  const sentAtMs = timeIn(textField(event, "time"));
  return {
    identity: ["events", account, region, id],
    coordinates: `event ${id}`,
    item: id,
    input: bytesOfText(JSON.stringify(event)),
    contentType: JSON_TYPE,
    headers: headers.all(),
    ...(sentAtMs === undefined ? {} : { sentAtMs }),
  };
}

interface S3Record {
  readonly record: SourceRecord;
  readonly bucket: string;
}

/** A notification of S3 itself. The object's key is URL-encoded there, and a space is a plus. */
export function s3Record(record: EventFields): S3Record {
  const s3 = fieldsIn(record["s3"]);
  const object = fieldsIn(s3["object"]);
  return s3RecordOf({
    bucket: mustText(fieldsIn(s3["bucket"]), "name", "an S3 record"),
    key: decoded(mustText(object, "key", "an S3 record")),
    event: textField(record, "eventName") ?? "",
    version: textField(object, "versionId"),
    sequencer: textField(object, "sequencer"),
    etag: textField(object, "eTag"),
    time: textField(record, "eventTime"),
    input: record,
  });
}

/** An event of S3 in EventBridge, where the key is as it is. */
export function s3EventBridgeRecord(event: EventFields): S3Record {
  const detail = fieldsIn(event["detail"]);
  const object = fieldsIn(detail["object"]);
  return s3RecordOf({
    bucket: mustText(fieldsIn(detail["bucket"]), "name", "an S3 event"),
    key: mustText(object, "key", "an S3 event"),
    event: textField(event, "detail-type") ?? "",
    version: textField(object, "version-id"),
    sequencer: textField(object, "sequencer"),
    etag: textField(object, "etag"),
    time: textField(event, "time"),
    input: event,
  });
}

interface S3Change {
  readonly bucket: string;
  readonly key: string;
  readonly event: string;
  readonly version: string | undefined;
  readonly sequencer: string | undefined;
  readonly etag: string | undefined;
  readonly time: string | undefined;
  readonly input: EventFields;
}

/** The sequencer is another for each change of a key. What has none (a restore, a change of class) is named by its time as well. */
function s3RecordOf({ bucket, key, event, version, sequencer, etag, time, input }: S3Change): S3Record {
  const headers = new RecordHeaders()
    .add("aws.s3.bucket", bucket)
    .add("aws.s3.key", key)
    .add("aws.s3.event-name", event)
    .add("aws.s3.version-id", version)
    .add("aws.s3.sequencer", sequencer)
    .add("aws.s3.etag", etag);
  const sentAtMs = timeIn(time);
  const change = sequencer ?? `${etag ?? ""} ${time ?? ""}`;
  const record: SourceRecord = {
    identity: ["s3", bucket, key, version ?? "", change, event],
    coordinates: `${bucket}/${key}${version === undefined ? "" : `, version ${version}`}`,
    item: `${bucket}/${key}/${change}`,
    key,
    input: bytesOfText(JSON.stringify(input)),
    contentType: JSON_TYPE,
    headers: headers.all(),
    ...(sentAtMs === undefined ? {} : { sentAtMs }),
  };
  return { record, bucket };
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return key;
  }
}

/**
 * A tick of a schedule. EventBridge Scheduler puts its attributes where an input has `<aws.scheduler.…>`, so the shape is ours, and
 * so is its input: `{"perdure":"schedule","schedule":"<aws.scheduler.schedule-arn>","time":"<aws.scheduler.scheduled-time>","input":…}`.
 */
export const isTick = (event: EventFields): boolean => event["perdure"] === "schedule";

/** By schedule and time: a tick that is delivered twice is one. Without an input of its own it is given as it is. */
export function tickRecord(event: EventFields): { readonly record: SourceRecord; readonly schedule: string } {
  const schedule = mustText(event, "schedule", "a tick");
  const time = mustText(event, "time", "a tick");
  const sentAtMs = timeIn(time);
  const name = schedule.split("/").at(-1) ?? schedule;
  const { input } = event;
  return {
    schedule: name,
    record: {
      identity: ["schedule", schedule, sentAtMs === undefined ? time : String(sentAtMs)],
      coordinates: `${name}, ${time}`,
      item: time,
      input: bytesOfText(JSON.stringify(input ?? { schedule: name, time })),
      contentType: JSON_TYPE,
      headers: new RecordHeaders().add("aws.scheduler.schedule", name).add("aws.scheduler.time", time).all(),
      ...(sentAtMs === undefined ? {} : { sentAtMs }),
    },
  };
}
