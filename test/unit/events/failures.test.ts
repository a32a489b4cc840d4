/** E6: a source is told exactly what to deliver again, in its own form. */
import { expect, test } from "vitest";
import { kafkaEvent, kinesisEvent, sqsEvent } from "./events.ts";
import { EventsWorld } from "./world.ts";

const many = (count: number) => Array.from({ length: count }, (_, at) => ({ key: "a", value: at }));

test("SQS, standard: each message that failed", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("sqs://work", "Plain/take");
  world.refusals = 1;
  const { batchItemFailures } = await world.deliver(
    to,
    sqsEvent([1, 2].map((value) => ({ id: `m${value}`, value }))),
  );
  expect(batchItemFailures).toEqual([{ itemIdentifier: "m1" }, { itemIdentifier: "m2" }]);
});

test("SQS, standard: the first one that the mailbox refuses, and those behind it", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("sqs://work", "Account/add", { "perdure.key": "json:$.key" });
  const event = sqsEvent([0, 1, 2, 3].map((at) => ({ id: `m${at}`, value: { key: `k${at}` } })));
  const { mailbox } = world;
  const take = mailbox.sendBatch.bind(mailbox);
  const refused = new Set<string>();
  mailbox.sendBatch = async (messages) => {
    const third = messages.findIndex(({ body }) => body.includes('"k2"'));
    for (const { group } of messages.slice(third, third + 1)) refused.add(group);
    await take(messages.filter((_, index) => index !== third));
    return third < 0 ? [] : [third];
  };
  const { batchItemFailures, counts } = await world.deliver(to, event);
  expect(refused.size).toBe(1);
  expect(batchItemFailures).toEqual([{ itemIdentifier: "m2" }, { itemIdentifier: "m3" }]);
  expect(counts).toMatchObject({ accepted: 2, failed: 2 });
  mailbox.sendBatch = take;
  expect((await world.deliver(to, event)).batchItemFailures).toEqual([]);
  await world.run();
  expect(world.values()).toHaveLength(4);
});

test.each([
  [10, 1],
  [11, 2],
  [100, 10],
])("%i records of as many keys are %i requests to the mailbox", async (records, requests) => {
  const world = await EventsWorld.start();
  const to = world.subscription("kinesis://clicks", "Account/add");
  const each = Array.from({ length: records }, (_, at) => ({ key: `k${at}`, value: at }));
  let sends = 0;
  world.beforeSend = () => void sends++;
  await world.deliver(to, kinesisEvent(700, each));
  expect(sends).toBe(requests);
});

test("SQS, FIFO: all of a group from its first failure on, and no other group", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("sqs://work.fifo", "Account/add");
  const messages = ["a", "b", "b", "a", "b"].map((group, at) => ({
    ...{ id: `m${at}`, group, sequence: at, value: at },
  }));
  world.refusals = 1;
  const { batchItemFailures } = await world.deliver(to, sqsEvent(messages, "work.fifo"));
  expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual(["m0", "m3"]);
  await world.run();
  expect(world.values()).toEqual([1, 2, 4]);
});

test("Kafka: an object with partition and offset, from the first failure on", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("kafka://main/orders", "Account/add");
  const event = kafkaEvent({ 3: { offset: 40, records: many(250) } });
  // They go one by one, since they are of one key. The hundred and fifth send fails, and so does the mark: nothing is below one.
  const { batchItemFailures, counts } = await world.deliver(to, event, { at: 105, effect: "before" });
  expect(batchItemFailures).toEqual([{ itemIdentifier: { partition: "orders-3", offset: 40 } }]);
  expect(counts).toMatchObject({ accepted: 104, failed: 250 });
});

test("Kafka: what is below the mark does not come again", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("kafka://main/orders", "Account/add");
  const event = kafkaEvent({ 3: { offset: 40, records: many(250) } });
  let sends = 0;
  world.beforeSend = () => {
    if (++sends > 104) world.refusals = 1;
  };
  const { batchItemFailures, counts } = await world.deliver(to, event);
  expect(batchItemFailures).toEqual([{ itemIdentifier: { partition: "orders-3", offset: 144 } }]);
  expect(counts).toMatchObject({ accepted: 104, failed: 146 });
  // What was not accepted lies above the mark: it comes again, and none is lost.
  world.beforeSend = () => undefined;
  expect((await world.deliver(to, event)).counts).toMatchObject({ skipped: 104, accepted: 146, failed: 0 });
  await world.run();
  expect(world.values("a")).toEqual(many(250).map(({ value }) => value));
});

test("Kinesis: the lowest sequence number", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("kinesis://clicks", "Account/add");
  world.refusals = 1;
  const { batchItemFailures } = await world.deliver(to, kinesisEvent(700, many(3)));
  expect(batchItemFailures).toEqual([{ itemIdentifier: "700" }]);
});

test("a push: all of it, by an error", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("schedule://nightly", "Plain/take");
  world.refusals = 1;
  const tick = { perdure: "schedule", schedule: "nightly", time: "2030-01-01T00:00:00Z" };
  const outcome = await world.deliver(to, tick);
  expect(outcome).toMatchObject({
    batchItemFailures: [],
    failsWhole: true,
    error: "the mailbox is throttled",
  });
  expect((await world.deliver(to, tick)).failsWhole).toBe(false);
});

test("a handler that is not registered: nothing is taken, and nothing is set aside", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("sqs://work", "Plain/missing");
  const { batchItemFailures, error } = await world.deliver(to, sqsEvent([{ id: "m1", value: 1 }]));
  expect(batchItemFailures).toEqual([{ itemIdentifier: "m1" }]);
  expect(error).toBe("service 'Plain' has no handler 'missing'");
  expect(await world.rejected(to)).toEqual([]);
});

test("a source that is short of time takes nothing", async () => {
  const world = await EventsWorld.start();
  const to = world.subscription("sqs://work", "Plain/take");
  const { counts, error } = await world.deliver(to, sqsEvent([{ id: "m1", value: 1 }]), undefined, 1000);
  expect(counts).toMatchObject({ accepted: 0, failed: 1 });
  expect(error).toBe("there is no time left");
});
