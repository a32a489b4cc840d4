/** Kafka, as the event source mappings of MSK and of self-managed clusters deliver it. The local consumer makes the same shape. */
import {
  bytesInBase64,
  type EventFields,
  fieldsIn,
  listField,
  mustText,
  numberField,
  RecordHeaders,
  textField,
  textOfBytes,
  bytesOfText,
} from "../event-fields.ts";
import type { Source } from "../source.ts";
import { EventShapeError, type SourceBatch, type SourceRecord } from "../source-record.ts";

const SOURCES: readonly unknown[] = ["aws:kafka", "SelfManagedKafka"];

export const isKafka = (event: EventFields): boolean => SOURCES.includes(event["eventSource"]);

/** The cluster's name is part of what names a record: another one counts its offsets from zero, too. */
export function kafkaBatch(event: EventFields, source: Source): SourceBatch {
  const lists = Object.values(fieldsIn(event["records"]));
  const records = lists.flatMap((list) =>
    listField(list).map((record) => kafkaRecord(fieldsIn(record), source)),
  );
  return { form: "kafka", records, ignored: 0 };
}

const laneOf = (topic: string, partition: number | string): string => `${topic}-${partition}`;
/** What the mark of a partition is named by. */
export const kafkaLane = (
  { name: topic, cluster = "" }: Pick<Source, "name" | "cluster">,
  partition: number | string,
): string => `${cluster}/${laneOf(topic, partition)}`;

function kafkaRecord(record: EventFields, { name: topic, cluster = "" }: Source): SourceRecord {
  const from = mustText(record, "topic", "a Kafka record");
  if (from !== topic)
    throw new EventShapeError(`the event has records of topic '${from}', the subscription's is '${topic}'`);
  const [partition, offset] = [wholeIn(record, "partition"), wholeIn(record, "offset")];
  const timestamp = numberField(record, "timestamp");
  const [key, value] = [textField(record, "key"), textField(record, "value")];
  const keyBytes = key === undefined ? undefined : bytesInBase64(key);
  const input = value === undefined ? new Uint8Array(0) : bytesInBase64(value);
  const headers = headersOf(listField(record["headers"]))
    .add("kafka.topic", topic)
    .add("kafka.partition", partition)
    .add("kafka.offset", offset)
    .add("kafka.timestamp", timestamp)
    .add("kafka.key", key);
  const contentType = headers.get("content-type");
  const lane = laneOf(topic, partition);
  return {
    identity: ["kafka", cluster, topic, partition, offset],
    coordinates: `${topic}, partition ${partition}, offset ${offset}`,
    ...{ item: offset, lane, position: offset, mark: kafkaLane({ name: topic, cluster }, partition) },
    ...(keyBytes === undefined ? {} : { key: keyBytes }),
    input: input ?? bytesOfText(value ?? ""),
    ...(contentType === undefined ? {} : { contentType }),
    headers: headers.all(),
    ...(timestamp === undefined ? {} : { sentAtMs: timestamp }),
    ...((key !== undefined && keyBytes === undefined) || input === undefined
      ? { unreadable: "its key or its value is not base64" }
      : {}),
  };
}

/** As a text: larger numbers than JavaScript's would lose digits, and an offset that large is none. */
function wholeIn(record: EventFields, name: string): string {
  const value = numberField(record, name);
  if (value === undefined || !Number.isSafeInteger(value) || value < 0)
    throw new EventShapeError(`a Kafka record's ${name} is not a whole number`);
  return String(value);
}

/** Each is `{name: [byte, …]}`. A value that is not UTF-8 is given in base64. Bytes above 127 may be written as negative. */
function headersOf(list: readonly unknown[]): RecordHeaders {
  const headers = new RecordHeaders();
  for (const each of list)
    for (const [name, value] of Object.entries(fieldsIn(each))) {
      const bytes = Uint8Array.from(listField(value), (byte) => Number(byte) & 0xff);
      headers.add(name, textOfBytes(bytes) ?? Buffer.from(bytes).toString("base64"));
    }
  return headers;
}
