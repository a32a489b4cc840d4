/** Records that say nothing of their source: an event of the subscription's source is made of them. */
import type { Source } from "../../runtime/events/source.ts";
import type { Subscription } from "../../runtime/events/subscription.ts";
import { isEventFields } from "../../runtime/events/event-fields.ts";
import {
  eventBridgeEvent,
  type EventRecord,
  kafkaEvent,
  type KafkaEventRecord,
  kinesisEvent,
  scheduleEvent,
  snsEvent,
  type SourceEvent,
  sqsEvent,
} from "./events.ts";

/** `{ key, value, headers }`. */
export type PlainRecord = EventRecord;

export class PlainRecords {
  readonly #now: () => Date;
  /** By subscription: the next one of its topic's partition. */
  readonly #offsets = new Map<string, number>();

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** Throws `TypeError` for a record that has what its source does not. */
  eventOf({ id, source }: Subscription, records: readonly PlainRecord[]): SourceEvent {
    const { scheme, name } = source;
    if (records.length === 0) throw new TypeError("there is no record to deliver");
    switch (scheme) {
      case "kafka": {
        const offset = this.#offsets.get(id) ?? 0;
        this.#offsets.set(id, offset + records.length);
        const dated = records.map((record): KafkaEventRecord => ({ ...record, timestamp: this.#now() }));
        return kafkaEvent(dated, { topic: name, offset });
      }
      case "sqs":
        return sqsEvent(
          records.map((record) => ({ ...record, sentAt: this.#now() })),
          { queue: name },
        );
      case "sns":
        return snsEvent(records, { topic: name });
      case "kinesis":
        return kinesisEvent(
          records.map((record) => without(record, source, ["headers"])),
          { stream: name },
        );
      case "events": {
        const { value } = without(only(records, source), source, ["key", "headers"]);
        return eventBridgeEvent(value, { source: "test", detailType: "Test", time: this.#now() });
      }
      case "schedule": {
        const { value } = without(only(records, source), source, ["key", "headers"]);
        return scheduleEvent(name, { time: this.#now(), input: value });
      }
      case "dynamodb":
        throw new TypeError("a record of dynamodb:// is a change of an item: deliver dynamoDbEvent([…])");
      case "s3":
        throw new TypeError("a record of s3:// is an object of a bucket: deliver s3Event({…})");
    }
  }
}

/** Throws for fields that records of the source do not have. */
function without(
  record: PlainRecord,
  { scheme }: Source,
  fields: readonly ("key" | "headers")[],
): PlainRecord {
  const found = fields.find((field) => record[field] !== undefined);
  if (found === undefined) return record;
  throw new TypeError(`a record of ${scheme}:// has no ${found}`);
}

function only(records: readonly PlainRecord[], { scheme }: Source): PlainRecord {
  const [first, ...more] = records;
  if (first && more.length === 0) return first;
  throw new TypeError(`${scheme}:// delivers one record at a time`);
}

/** Whether it is one, and no event. */
export const isPlainRecord = (what: SourceEvent | PlainRecord): what is PlainRecord =>
  // Of a caller without types it may be anything. The door says what is wrong with it.
  isEventFields(what) &&
  "value" in what &&
  !("Records" in what || "records" in what || "detail-type" in what || "perdure" in what);
