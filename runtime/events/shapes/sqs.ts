/** SQS, standard and FIFO. A message may carry the event of another source, which the subscription then names. */
import { parseXRayHeader, SAMPLED, TRACEPARENT, traceparentOf } from "../../../lib/tracing/w3c.ts";
import {
  type EventFields,
  fieldsIn,
  mustDigits,
  mustText,
  nameInArn,
  RecordHeaders,
  textField,
  bytesOfText,
} from "../event-fields.ts";
import type { SourceRecord } from "../source-record.ts";

export const isSqs = (record: EventFields): boolean => record["eventSource"] === "aws:sqs";

export interface SqsMessage {
  readonly record: SourceRecord;
  readonly queue: string;
  readonly body: string;
}

const X_RAY = "x-amzn-trace-id";

/**
 * The message's id is the same at each redelivery. A message that is moved back from a dead-letter queue has a new one: whoever
 * moves it wants it to run.
 */
export function sqsMessage(record: EventFields): SqsMessage {
  const id = mustText(record, "messageId", "an SQS message");
  const arn = mustText(record, "eventSourceARN", "an SQS message");
  const body = textField(record, "body") ?? "";
  const attributes = fieldsIn(record["attributes"]);
  const group = textField(attributes, "MessageGroupId");
  const isFifo = attributes["SequenceNumber"] !== undefined;
  const sequence = isFifo ? mustDigits(attributes, "SequenceNumber", "an SQS message") : undefined;
  const receives = Number(textField(attributes, "ApproximateReceiveCount"));
  const sentAtMs = Number(textField(attributes, "SentTimestamp"));
  // Standard queues have groups as well, for fairness alone: no order, and no sequence.
  const lane = sequence === undefined ? undefined : group;
  const headers = attributeHeaders(fieldsIn(record["messageAttributes"]))
    .add("aws.sqs.message-id", id)
    .add("aws.sqs.queue", nameInArn(arn))
    .add("aws.sqs.message-group-id", group)
    .add("aws.sqs.sequence-number", sequence)
    .add("aws.sqs.message-deduplication-id", textField(attributes, "MessageDeduplicationId"))
    .add("aws.sqs.sent-timestamp", textField(attributes, "SentTimestamp"));
  continueTrace(headers, textField(attributes, "AWSTraceHeader"));
  const contentType = headers.get("content-type");
  return {
    queue: nameInArn(arn),
    body,
    record: {
      identity: ["sqs", arn, id],
      coordinates: `${nameInArn(arn)}, message ${id}`,
      item: id,
      ...(lane === undefined ? {} : { lane, position: sequence ?? "0" }),
      ...(group === undefined ? {} : { key: group }),
      input: bytesOfText(body),
      ...(contentType === undefined ? {} : { contentType }),
      headers: headers.all(),
      ...(Number.isFinite(sentAtMs) ? { sentAtMs } : {}),
      ...(Number.isFinite(receives) ? { seenBefore: receives > 1 } : {}),
    },
  };
}

/** Attributes of a message of SQS, or of SNS, which writes their names with capitals. */
export function attributeHeaders(attributes: EventFields): RecordHeaders {
  const headers = new RecordHeaders();
  for (const [name, held] of Object.entries(attributes)) {
    const attribute = fieldsIn(held);
    const value = ["stringValue", "binaryValue", "Value"].map((field) => textField(attribute, field));
    headers.add(
      name,
      value.find((text) => text !== undefined),
    );
  }
  return headers;
}

/** What AWS writes instead of `traceparent` is given as both. */
export function continueTrace(headers: RecordHeaders, header: string | undefined): void {
  if (header === undefined) return;
  headers.add(X_RAY, header);
  const { traceId, spanId, isSampled } = parseXRayHeader(header) ?? {};
  if (headers.get(TRACEPARENT) !== undefined || traceId === undefined || spanId === undefined) return;
  headers.add(TRACEPARENT, traceparentOf({ traceId, spanId, flags: isSampled === true ? SAMPLED : 0 }));
}
