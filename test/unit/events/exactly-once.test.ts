/** E1 to E5: each record runs once, in the order of its key, and none is lost; the door may die at every request. */
import { describe, expect, test } from "vitest";
import { kafkaEvent, kinesisEvent, type Sent, sqsEvent } from "./events.ts";
import { DAY_MS, EventsWorld } from "./world.ts";

const KEYS = ["a", "b"];
/** `a0`, `b1`, `a2`, … */
const sent = (count: number, from = 0): Sent[] =>
  Array.from({ length: count }, (_, at) => ({ key: KEYS[at % 2] ?? "a", value: from + at }));
const ofKey = (records: readonly Sent[], key: string): unknown[] =>
  records.filter((record) => record.key === key).map(({ value }) => value);

function expectOnce(world: EventsWorld, records: readonly Sent[]): void {
  for (const key of KEYS) expect(world.values(key)).toEqual(ofKey(records, key));
  expect(world.ran.length).toBe(records.length);
}

const kafka = (records: readonly Sent[], offset = 0) => kafkaEvent({ 0: { offset, records } });

const SOURCES = {
  kafka: {
    subscribe: (world: EventsWorld) => world.subscription("kafka://main/orders", "Account/add"),
    event: kafka,
  },
  "kinesis, a shard at a time": {
    subscribe: (world: EventsWorld) =>
      world.subscription("kinesis://clicks", "Account/add", { "perdure.lanes": "shard" }),
    event: (records: readonly Sent[], from = 0) => kinesisEvent(1000 + from, records),
  },
  "kinesis without marks": {
    subscribe: (world: EventsWorld) => world.subscription("kinesis://clicks", "Account/add"),
    event: (records: readonly Sent[], from = 0) => kinesisEvent(1000 + from, records),
  },
  "sqs, fifo": {
    subscribe: (world: EventsWorld) => world.subscription("sqs://work.fifo", "Account/add"),
    event: (records: readonly Sent[], from = 0) =>
      sqsEvent(
        records.map(({ key = "", value }, at) => ({
          ...{ id: `m${from + at}`, group: key, sequence: from + at, value },
        })),
        "work.fifo",
      ),
  },
} as const;

describe.each(Object.entries(SOURCES))("%s", (_, { subscribe, event }) => {
  test("a batch that is delivered again, whole, in part, shifted and split, runs once", async () => {
    const world = await EventsWorld.start();
    const to = subscribe(world);
    const all = sent(12);
    for (const [from, until] of [
      [0, 8],
      [0, 8],
      [2, 5],
      [4, 10],
      [0, 3],
      [3, 10],
      [6, 12],
      [0, 12],
    ] as const) {
      const outcome = await world.deliver(to, event(all.slice(from, until), from));
      expect(outcome.batchItemFailures).toEqual([]);
      // Some of it has run when the next one comes, and some has not.
      if (from % 3 === 0) await world.run();
    }
    await world.run();
    expectOnce(world, all);
  });

  test("two doors with the same batch at the same time", async () => {
    const world = await EventsWorld.start();
    const to = subscribe(world);
    const all = sent(30);
    await Promise.all([world.deliver(to, event(all)), world.deliver(to, event(all.slice(0, 20)))]);
    await world.run();
    expectOnce(world, all);
  });

  test.each(["before", "after"] as const)(
    "the door dies at every request, %s it takes effect",
    async (effect) => {
      const all = sent(6);
      const longest = await requestsOf(subscribe, event(all));
      for (let at = 0; at < longest; at++) {
        const world = await EventsWorld.start();
        const to = subscribe(world);
        const dead = await world.deliver(to, event(all), { at, effect });
        expect(dead.batchItemFailures.length).toBeGreaterThan(0);
        // What it had sent runs, or waits still.
        if (at % 2 === 0) await world.run();
        const again = await world.deliver(to, event(all));
        expect(again.batchItemFailures).toEqual([]);
        await world.deliver(to, event(sent(4, 6), 6));
        await world.run();
        expectOnce(world, [...all, ...sent(4, 6)]);
      }
    },
  );

  test("a subscription that is made again under its name goes on where it was", async () => {
    const world = await EventsWorld.start();
    const all = sent(9);
    await world.deliver(subscribe(world), event(all.slice(0, 6)));
    await world.run();
    await world.deliver(subscribe(world), event(all));
    await world.run();
    expectOnce(world, all);
  });
});

async function requestsOf(
  subscribe: (world: EventsWorld) => ReturnType<EventsWorld["subscription"]>,
  event: unknown,
): Promise<number> {
  const world = await EventsWorld.start();
  await world.deliver(subscribe(world), event);
  return world.requests.count;
}

test("two lanes: what dies in one is told of that one alone", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("kafka://main/orders", "Account/add");
  await world.deliver(to, kafkaEvent({ 0: { offset: 0, records: sent(2) } }));
  const batch = kafkaEvent({
    0: { offset: 0, records: sent(2) },
    1: { offset: 7, records: [{ key: "c", value: "x" }] },
  });
  world.refusals = 1;
  const { batchItemFailures, counts } = await world.deliver(to, batch);
  expect(batchItemFailures).toEqual([{ itemIdentifier: { partition: "orders-1", offset: 7 } }]);
  expect(counts).toMatchObject({ skipped: 2, failed: 1 });
});

test("below a mark nothing runs, however long ago it was accepted", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("kafka://main/orders", "Account/add");
  await world.deliver(to, kafka(sent(4)));
  await world.run();
  await world.clock.advance(400 * DAY_MS);
  const { counts } = await world.deliver(to, kafka(sent(4)));
  expect(counts).toMatchObject({ skipped: 4, accepted: 0 });
});

test("another cluster under the same name of a subscription has records of its own", async () => {
  const world = await EventsWorld.start();
  for (const source of ["kafka://main/orders", "kafka://other/orders", "kafka://main/orders"])
    await world.deliver(world.subscription(source, "Account/add"), kafka(sent(2)));
  await world.run();
  expect(world.values("a")).toEqual([0, 0]);
});

test("another name, or a new generation, runs all of it once more", async () => {
  const world = await EventsWorld.start();
  const other = world.subscription("kafka://main/orders", "Account/add", {}, "other");
  const again = world.subscription("kafka://main/orders", "Account/add", { "perdure.generation": "1" });
  for (const to of [world.subscription("kafka://main/orders", "Account/add"), other, again, again])
    await world.deliver(to, kafka(sent(2)));
  await world.run();
  expect(world.values("a")).toEqual([0, 0, 0]);
});

test("an input too long for a message, among others of its key, keeps its place", async () => {
  const all = [1, "y".repeat(300 * 1024), 3].map((value) => ({ key: "a", value }));
  const probe = await EventsWorld.start();
  await probe.deliver(probe.subscription("kafka://main/orders", "Account/add"), kafka(all));
  const longest = probe.requests.count;
  for (let at = 0; at < longest; at++) {
    for (const effect of ["before", "after"] as const) {
      const world = await EventsWorld.start();
      const to = world.subscription("kafka://main/orders", "Account/add");
      await world.deliver(to, kafka(all), { at, effect });
      // The reconciler could start what has a head. So what comes before it is in the mailbox.
      const heads = (await world.items.scan("journal", "head")).items.length;
      expect(world.mailbox.depth).toBeGreaterThanOrEqual(heads);
      await world.run();
      await world.deliver(to, kafka(all));
      await world.run();
      expect(world.values("a")).toEqual(all.map(({ value }) => value));
    }
  }
});

test("a workflow runs once for each key, and later records say so", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("kafka://main/orders", "Order/run");
  const records = [
    { key: "w", value: 1 },
    { key: "w", value: 2 },
  ];
  const first = await world.deliver(to, kafka(records));
  expect(first.counts).toMatchObject({ accepted: 1, alreadyStarted: 1 });
  await world.run();
  // Its retention is over, and the record is delivered once more where no mark knows of it.
  await world.clock.advance(2 * DAY_MS);
  await world.deliver(to, kafka(records));
  await world.run();
  expect(world.values("w")).toEqual([1]);
});

test("a workflow's records, again when later ones of their key have run: each starts one run, long ones as well", async () => {
  for (const text of ["", "z".repeat(300 * 1024)]) {
    const world = await EventsWorld.start();
    const to = world.subscription("kinesis://clicks", "Order/run");
    const event = (at: number) => kinesisEvent(1000 + at, [{ key: "w", value: { at, text } }]);
    for (const at of [0, 1, 2, 0, 1, 2]) {
      expect((await world.deliver(to, event(at))).batchItemFailures).toEqual([]);
      await world.run();
      // The retention of the run that is there is over.
      await world.clock.advance(1.2 * DAY_MS);
    }
    expect(world.values("w")).toMatchObject([{ at: 0 }, { at: 1 }, { at: 2 }]);
  }
});

test.each(["Plain/take", "Order/run"])(
  "what needs a head (%s), once more when its retention is over: it begins no new life",
  async (sink) => {
    const world = await EventsWorld.start();
    const to = world.subscription("sqs://work", sink, { "perdure.key": "constant:w" });
    const event = sqsEvent([{ id: "m1", value: { text: "z".repeat(300 * 1024) }, receives: 2 }]);
    for (let days = 0; days < 8; days += 2) {
      await world.deliver(to, event);
      await world.run();
      await world.clock.advance(2 * DAY_MS);
    }
    expect(world.ran.length).toBe(1);
  },
);

test("a long record whose door has read that there is no head, and stands still until another door's has run and expired", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("sqs://work", "Plain/take");
  const event = sqsEvent([{ id: "m1", value: { text: "z".repeat(300 * 1024) } }]);
  await world.deliver(to, event);
  await world.run();
  await world.clock.advance(2 * DAY_MS);
  const get = world.items.get.bind(world.items);
  let isFirst = true;
  world.items.get = async (key) => {
    const read = isFirst && key.sk === "head" ? undefined : await get(key);
    if (key.sk === "head") isFirst = false;
    return read;
  };
  expect((await world.deliver(to, event)).batchItemFailures).toEqual([]);
  await world.run();
  expect(isFirst).toBe(false);
  expect(world.ran.length).toBe(1);
});

describe("SQS, standard", () => {
  const message = { id: "m1", value: { n: 1 } };

  test("a message that comes again runs once", async () => {
    const world = await EventsWorld.start();
    const to = world.subscription("sqs://work", "Plain/take");
    for (const receives of [1, 2, 3]) {
      await world.deliver(to, sqsEvent([{ ...message, receives }]));
      await world.run();
      await world.clock.advance(2 * DAY_MS);
    }
    expect(world.values()).toEqual([{ n: 1 }]);
  });

  test("one that was received before, so long ago that its head may be gone, is set aside", async () => {
    const world = await EventsWorld.start();
    const to = world.subscription("sqs://work", "Plain/take");
    await world.clock.advance(10 * DAY_MS);
    const { counts, batchItemFailures } = await world.deliver(to, sqsEvent([{ ...message, receives: 2 }]));
    expect(counts).toMatchObject({ rejected: 1, accepted: 0 });
    expect(batchItemFailures).toEqual([]);
    expect(await world.rejected(to)).toMatchObject([{ reason: "in-doubt", status: "waiting" }]);
  });

  test("one that waited as long and was never received runs", async () => {
    const world = await EventsWorld.start();
    const to = world.subscription("sqs://work", "Plain/take");
    await world.clock.advance(10 * DAY_MS);
    await world.deliver(to, sqsEvent([message]));
    await world.run();
    expect(world.values()).toEqual([{ n: 1 }]);
  });
});
