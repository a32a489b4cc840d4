/**
 * `perdure/events`: the types of what handlers of subscriptions get (docs/events.md). Types alone, and one reader.
 *
 * A record of Kafka, SQS, SNS and Kinesis is given to the handler as its own bytes. Their type is yours, and so is their serde.
 */
import type { Context } from "./context.ts";

/** An event of EventBridge. `Detail`: what its source puts there. */
export interface EventBridgeEvent<Detail = unknown, DetailType extends string = string> {
  readonly version: string;
  readonly id: string;
  readonly "detail-type": DetailType;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Detail;
}

/** An object of a bucket, as EventBridge says it: of `s3(bucket)` in the CDK. */
export type S3Event = EventBridgeEvent<S3Detail, S3EventType>;
type S3EventType = "Object Created" | "Object Deleted" | (string & {});
export interface S3Detail {
  readonly bucket: { readonly name: string };
  readonly object: {
    readonly key: string;
    readonly size?: number;
    readonly etag?: string;
    readonly "version-id"?: string;
    readonly sequencer?: string;
  };
  readonly reason?: string;
}

/** A value of an item, as DynamoDB writes it: `{"S": "text"}`, `{"N": "1"}`. */
export type DynamoDbValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly L: readonly DynamoDbValue[] }
  | { readonly M: DynamoDbItem }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] };
export type DynamoDbItem = Readonly<Record<string, DynamoDbValue>>;

/** A change of an item, of a DynamoDB stream. Which images it has, the stream's view type says. */
export interface DynamoDbRecord {
  readonly eventID: string;
  readonly eventName: "INSERT" | "MODIFY" | "REMOVE";
  readonly dynamodb: {
    readonly Keys: DynamoDbItem;
    readonly NewImage?: DynamoDbItem;
    readonly OldImage?: DynamoDbItem;
    readonly SequenceNumber: string;
  };
  /** Of an item that its TTL has deleted. */
  readonly userIdentity?: { readonly type: string; readonly principalId: string };
}

/** A tick of a schedule without an input of its own. `time`: when it was due, ISO 8601. */
export interface ScheduleTick {
  readonly schedule: string;
  readonly time: string;
}

/** A header of the record: its own, or where it is from (`kafka.offset`, `aws.sqs.message-id`). Names in any case. */
export const recordHeader = (ctx: Pick<Context, "request">, name: string): string | undefined =>
  ctx.request().headers.get(name.toLowerCase());
