/** Kinesis and DynamoDB streams: one batch is of one shard, in its order. */
import {
  bytesInBase64,
  type EventFields,
  fieldsIn,
  mustDigits,
  mustText,
  nameInArn,
  numberField,
  RecordHeaders,
  textField,
  bytesOfText,
} from "../event-fields.ts";
import type { SourceRecord } from "../source-record.ts";

export const isKinesis = (record: EventFields): boolean => record["eventSource"] === "aws:kinesis";
export const isDynamo = (record: EventFields): boolean => record["eventSource"] === "aws:dynamodb";

interface StreamRecord {
  readonly record: SourceRecord;
  /** The stream's, or the table's. */
  readonly name: string;
}

/** `oneAtATime`: the subscription says that a shard's batches are delivered one after the other. Lambda may be told to take several
 * at once, of different partition keys. A mark over them would skip what is still under way. */
export function kinesisRecord(record: EventFields, oneAtATime: boolean): StreamRecord {
  const id = mustText(record, "eventID", "a Kinesis record");
  const arn = mustText(record, "eventSourceARN", "a Kinesis record");
  const kinesis = fieldsIn(record["kinesis"]);
  const sequence = mustDigits(kinesis, "sequenceNumber", "a Kinesis record");
  const partitionKey = textField(kinesis, "partitionKey");
  const data = textField(kinesis, "data") ?? "";
  const arrival = numberField(kinesis, "approximateArrivalTimestamp");
  const sentAtMs = arrival === undefined ? undefined : Math.round(arrival * 1000);
  const [shard = ""] = id.split(":");
  const name = nameInArn(arn).replace(/^stream\//u, "");
  const input = bytesInBase64(data);
  const headers = new RecordHeaders()
    .add("aws.kinesis.stream", name)
    .add("aws.kinesis.shard-id", shard)
    .add("aws.kinesis.sequence-number", sequence)
    .add("aws.kinesis.partition-key", partitionKey)
    .add("aws.kinesis.arrival-timestamp", sentAtMs);
  return {
    name,
    record: {
      identity: ["kinesis", arn, shard, sequence],
      coordinates: `${name}, ${shard}, sequence number ${sequence}`,
      ...{ item: sequence, lane: shard, position: sequence },
      ...(oneAtATime ? { mark: `${name}/${shard}` } : {}),
      ...(partitionKey === undefined ? {} : { key: partitionKey }),
      input: input ?? bytesOfText(data),
      headers: headers.all(),
      ...(sentAtMs === undefined ? {} : { sentAtMs }),
      ...(input === undefined ? { unreadable: "its data is not base64" } : {}),
    },
  };
}

/** The event does not name the shard, and numbers of two shards do not compare: there is no mark. */
export function dynamoRecord(record: EventFields): StreamRecord {
  const id = mustText(record, "eventID", "a DynamoDB record");
  const arn = mustText(record, "eventSourceARN", "a DynamoDB record");
  const change = fieldsIn(record["dynamodb"]);
  const sequence = mustDigits(change, "SequenceNumber", "a DynamoDB record");
  const seconds = numberField(change, "ApproximateCreationDateTime");
  const name = /^table\/([^/]+)/u.exec(nameInArn(arn))?.[1] ?? nameInArn(arn);
  const key = keyOfItem(fieldsIn(change["Keys"]));
  const headers = new RecordHeaders()
    .add("aws.dynamodb.table", name)
    .add("aws.dynamodb.event-id", id)
    .add("aws.dynamodb.event-name", textField(record, "eventName"))
    .add("aws.dynamodb.sequence-number", sequence);
  return {
    name,
    record: {
      identity: ["dynamodb", arn, id],
      coordinates: `${name}, sequence number ${sequence}`,
      ...{ item: sequence, lane: arn, position: sequence },
      ...(key === undefined ? {} : { key }),
      input: bytesOfText(JSON.stringify(record)),
      contentType: "application/json",
      headers: headers.all(),
      ...(seconds === undefined ? {} : { sentAtMs: seconds * 1000 }),
    },
  };
}

/** The item's key: its one attribute, or both of them as a JSON list in the order of their names. */
function keyOfItem(keys: EventFields): string | undefined {
  const parts = Object.keys(keys)
    .toSorted()
    .map((name) => {
      const value = fieldsIn(keys[name]);
      return textField(value, "S") ?? textField(value, "N") ?? textField(value, "B");
    });
  if (parts.length === 0 || parts.includes(undefined)) return undefined;
  return parts.length === 1 ? parts[0] : JSON.stringify(parts);
}
