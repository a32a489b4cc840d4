/** The source door as a Lambda function: its alias says whose event it is, and its answer what comes again. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Metric } from "../../../lib/metrics.ts";
import { sourceAlias } from "../../../lib/model/source-alias.ts";
import { answerSource } from "../../../runtime/events/source-function.ts";
import { storeSubscription } from "../../../runtime/events/subscription-store.ts";
import { kafkaEvent, sqsEvent } from "./events.ts";
import { EventsWorld } from "./world.ts";

const FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:Shop-RuntimeEvents";

interface Asked {
  readonly source: string;
  readonly sink?: string;
  readonly event: unknown;
  readonly failsWhole?: boolean;
  readonly alias?: string;
}

async function ask(world: EventsWorld, { source, sink = "Plain/take", event, failsWhole, alias }: Asked) {
  const subscription = world.subscription(source, sink);
  await storeSubscription(world.items, subscription);
  const measured: [Metric, number | undefined][] = [];
  const meter = { measure: (metric: Metric, value?: number) => void measured.push([metric, value]) };
  const answer = await answerSource({ ...world.doorPorts, meter }, event, {
    invokedFunctionArn: `${FUNCTION}:${alias ?? sourceAlias(subscription.name, failsWhole === true)}`,
    getRemainingTimeInMillis: () => 30_000,
  }).catch((error: unknown) => (error as Error).message);
  return { answer, measured };
}

const two = sqsEvent([
  { id: "m1", value: 1 },
  { id: "m2", value: 2 },
]);

test("messages of a queue become invocations, once", async () => {
  const world = await EventsWorld.start();
  const asked = { source: "sqs://work", event: two };
  expect(await ask(world, asked)).toEqual({
    answer: { batchItemFailures: [] },
    measured: [["recordsAccepted", 2]],
  });
  await ask(world, asked);
  await world.run();
  expect(world.values()).toEqual([1, 2]);
});

test("what is not accepted is named in the source's own form", async () => {
  const world = await EventsWorld.start();
  const missing = await ask(world, { source: "sqs://work", sink: "Plain/absent", event: two });
  expect(missing).toEqual({
    answer: { batchItemFailures: [{ itemIdentifier: "m1" }, { itemIdentifier: "m2" }] },
    measured: [["recordsFailed", 2]],
  });
});

test("a source that takes no list is told by an error, and what was accepted is not repeated", async () => {
  const world = await EventsWorld.start();
  const records = [
    { key: "a", value: 1 },
    { key: "b", value: 2 },
  ];
  const event = kafkaEvent({ 0: { offset: 5, records } });
  const asked = { source: "kafka://main/orders", sink: "Account/add", event, failsWhole: true };
  world.refusals = 10;
  const refused = await ask(world, asked);
  expect(refused.answer).toContain("throttled");
  expect(refused.measured).toEqual([["recordsFailed", 2]]);
  world.refusals = 0;
  expect((await ask(world, asked)).measured).toEqual([["recordsAccepted", 2]]);
  expect((await ask(world, asked)).measured).toEqual([["recordsRepeated", 2]]);
  await world.run();
  expect(world.values()).toEqual([1, 2]);
});

test("a record without a key is set aside and counted", async () => {
  const world = await EventsWorld.start();
  const { answer, measured } = await ask(world, { source: "sqs://work", sink: "Account/add", event: two });
  expect([answer, measured]).toEqual([{ batchItemFailures: [] }, [["recordsRejected", 2]]]);
});

test("a tick in a queue, as EventBridge Scheduler puts it there", async () => {
  const world = await EventsWorld.start();
  const tick = readFileSync(join(import.meta.dirname, "fixtures/schedule.json"), "utf8");
  const name = /"([^"]+)"/u.exec(/schedule\/[^"]*\/([^"/]+)"/u.exec(tick)?.[0] ?? "")?.[1];
  const schedule = /schedule\/[^"]*\/([^"/]+)"/u.exec(tick)?.[1] ?? name ?? "";
  const event = sqsEvent([{ id: "m1", value: JSON.parse(tick) }]);
  const { measured } = await ask(world, { source: `schedule://${schedule}`, event });
  expect(measured).toEqual([["recordsAccepted", 1]]);
});

test("an event whose alias names no subscription that is there stays in its source", async () => {
  const world = await EventsWorld.start();
  const source = "sqs://work";
  for (const [alias, reason] of [
    ["", "names no subscription"],
    ["calls-of-x", "names no subscription"],
    [sourceAlias("gone", false), "there is no subscription"],
  ])
    expect(
      (await ask(world, { source, event: two, ...(alias === undefined ? {} : { alias }) })).answer,
    ).toContain(reason);
});
