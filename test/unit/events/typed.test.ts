/** What `perdure/events` says of a record is what the handler gets: of the recorded events. */
import { expect, test } from "vitest";
import {
  type DynamoDbRecord,
  type EventBridgeEvent,
  recordHeader,
  type S3Event,
  type ScheduleTick,
} from "../../../sdk/events.ts";
import { recorded } from "./events.ts";
import { EventsWorld } from "./world.ts";

/** The first value that a handler gets, and the headers of its record. */
async function taken(source: string, event: unknown) {
  const world = await EventsWorld.start();
  await world.deliver(world.subscription(source, "Plain/take"), event);
  await world.run();
  const [first] = world.ran;
  if (!first) throw new Error("no handler ran");
  return first;
}

test("an event of EventBridge", async () => {
  const { value, headers } = await taken("events://default", recorded("eventbridge"));
  const event = value as EventBridgeEvent<Record<string, unknown>>;
  expect([event.id, event.source, event["detail-type"], event.time].map((text) => typeof text)).toEqual(
    Array(4).fill("string"),
  );
  expect(event.detail).toBeTypeOf("object");
  const request = () => ({ headers: new Map(Object.entries(headers)) }) as never;
  expect(recordHeader({ request }, "AWS.events.id")).toBe(event.id);
});

test("an object of a bucket", async () => {
  const event = recorded("s3-in-eventbridge") as S3Event;
  const { value } = await taken(`s3://${event.detail.bucket.name}`, event);
  const { detail } = value as S3Event;
  expect([detail.bucket.name, detail.object.key]).toEqual([
    event.detail.bucket.name,
    event.detail.object.key,
  ]);
});

test("a change of an item", async () => {
  const event = recorded("dynamodb") as { readonly Records: readonly { readonly eventSourceARN: string }[] };
  const table = /table\/([^/]+)/u.exec(event.Records[0]?.eventSourceARN ?? "")?.[1] ?? "";
  const { value } = await taken(`dynamodb://${table}`, event);
  const { eventName, dynamodb } = value as DynamoDbRecord;
  expect(["INSERT", "MODIFY", "REMOVE"]).toContain(eventName);
  expect(Object.keys(dynamodb.Keys)).not.toEqual([]);
  expect(dynamodb.SequenceNumber).toMatch(/^\d+$/u);
});

test("a tick of a schedule", async () => {
  const { input: _, ...event } = recorded("schedule") as Record<string, unknown>;
  const { value } = await taken("schedule://nightly", event);
  expect(value as ScheduleTick).toEqual({ schedule: "nightly", time: "2030-01-01T02:00:00Z" });
});
