/** A record whose value its handler does not take: set aside, with the reason, and tried again when other code takes it (0046). */
import { describe, expect, test } from "vitest";
import { readEvent } from "../../../runtime/events/shapes/event.ts";
import { readHead } from "../../../lib/store/head-store.ts";
import { kafkaEvent, recorded } from "./events.ts";
import { EventsWorld } from "./world.ts";

const GOOD = { amount: 1 };
const BAD = { amount: "one" };
const isAmount = (value: unknown): boolean => typeof (value as { amount?: unknown }).amount === "number";

async function strict(sink: string) {
  const world = await EventsWorld.start();
  world.isTaken = isAmount;
  return { world, to: world.subscription("kafka://main/orders", sink) };
}
const event = kafkaEvent({
  0: {
    offset: 0,
    records: [
      { key: "a", value: BAD },
      { key: "a", value: GOOD },
    ],
  },
});
const REFUSED = `Failed to deserialize input: ${JSON.stringify(BAD)} is not taken`;

describe.each(["Plain/strict", "Account/strict"])("of %s", (sink) => {
  test("it is set aside, fails, and holds up nothing", async () => {
    const { world, to } = await strict(sink);
    for (let again = 0; again < 2; again++) {
      const { counts } = await world.deliver(to, event);
      expect(counts).toMatchObject(again === 0 ? { accepted: 2 } : { skipped: 2 });
      await world.run();
    }
    expect(world.values()).toEqual([GOOD]);
    const [rejected, ...others] = await world.rejected(to);
    expect(others).toEqual([]);
    expect(rejected).toMatchObject({ reason: "refused", message: REFUSED, status: "waiting" });
    expect(rejected?.record).toMatchObject({
      coordinates: "orders, partition 0, offset 0",
      headers: { "kafka.offset": "0" },
      input: new TextEncoder().encode(JSON.stringify(BAD)),
    });
    const head = (await readHead(world.items, rejected?.record.identity[1] ?? ""))?.head;
    expect(head).toMatchObject({
      status: "completed",
      outcome: { ok: false, failure: { code: 400, message: REFUSED } },
    });
  });

  test("it is tried again: refused once more, then taken, once", async () => {
    const { world, to } = await strict(sink);
    await world.deliver(to, event);
    await world.run();
    const [rejected] = await world.rejected(to);
    if (!rejected) throw new Error("nothing was set aside");
    expect(await world.retry(to, rejected)).toBeUndefined();
    await world.run();
    const second = (await world.rejected(to)).find(({ id }) => id !== rejected.id);
    if (!second) throw new Error("nothing was set aside again");
    world.isTaken = () => true;
    for (let again = 0; again < 2; again++) {
      expect(await world.retry(to, second)).toBe(undefined);
      await world.run();
    }
    expect(world.values()).toEqual([GOOD, BAD]);
    expect(world.ran.at(-1)?.headers).toMatchObject({ "kafka.offset": "0", "perdure.subscription": "main" });
    // The first one's second invocation has failed, so it is the same once more.
    expect(await world.retry(to, rejected)).toBeUndefined();
    await world.run();
    expect(world.values().length).toBe(2);
  });

  test("the dispatcher dies at each of its requests: it is set aside once, and nothing else runs", async () => {
    const probe = await strict(sink);
    await probe.world.deliver(probe.to, event);
    probe.world.dispatches.reset();
    await probe.world.run();
    const requests = probe.world.dispatches.count;
    expect(requests).toBeGreaterThan(3);
    for (let at = 0; at < requests; at++)
      for (const effect of ["before", "after"] as const) {
        const { world, to } = await strict(sink);
        await world.deliver(to, event);
        world.dispatches.reset({ at, effect });
        await world.run(() => world.dispatches.reset());
        expect([at, effect, world.values()]).toEqual([at, effect, [GOOD]]);
        expect(await world.rejected(to)).toMatchObject([{ reason: "refused", status: "waiting" }]);
      }
  });

  test("other code has taken it between its being set aside and its end: it is not tried again", async () => {
    let found = 0;
    for (let at = 0; at < 12; at++) {
      const { world, to } = await strict(sink);
      await world.deliver(to, event);
      world.dispatches.reset({ at, effect: "after" });
      await world.run(async () => {
        if ((await world.rejected(to)).length > 0) world.isTaken = () => true;
        world.dispatches.reset();
      });
      const [rejected] = await world.rejected(to);
      if (!rejected || world.values().length < 2) continue;
      found++;
      expect(await world.retry(to, rejected)).toMatch(/^its handler has taken it since, as inv_1/u);
      await world.run();
      expect(world.values().length).toBe(2);
    }
    expect(found).toBeGreaterThan(0);
  });
});

const SOURCES: readonly (readonly [fixture: string, source: string])[] = [
  ["dynamodb", "dynamodb://Parcels"],
  ["eventbridge", "events://default"],
  ["eventbridge-in-sqs", "events://default"],
  ["kafka-msk", "kafka://main/parcels"],
  ["kinesis", "kinesis://scans"],
  ["s3-in-eventbridge", "s3://depot-labels"],
  ["s3-in-sns-in-sqs", "s3://depot-labels"],
  ["s3-notification", "s3://depot-labels"],
  ["schedule", "schedule://nightly"],
  ["sns-in-sqs", "sns://arrivals"],
  ["sns-push", "sns://arrivals"],
  ["sns-raw-in-sqs", "sns://arrivals"],
  ["sqs-fifo", "sqs://depot.fifo"],
  ["sqs-standard", "sqs://depot"],
];

test.each(SOURCES)("%s: it is where the door says that it is", async (name, source) => {
  const sent = recorded(name);
  const world = await EventsWorld.start();
  world.isTaken = () => false;
  const to = world.subscription(source, "Plain/strict");
  await world.deliver(to, sent);
  await world.run();
  const rejected = (await world.rejected(to)).map(({ record }) => record.coordinates);
  const { records } = readEvent(sent, to.source, to);
  expect(rejected.toSorted()).toEqual(records.map(({ coordinates }) => coordinates).toSorted());
  expect(rejected.length).toBeGreaterThan(0);
});
