/** The Kafka consumer of a local server, with a topic in memory: order, commits, failures, what is read and what is not. */
import { expect, test } from "vitest";
import { KAFKA_LANE_RECORDS_MAX, KAFKA_RETRY_MS_MAX } from "../../../lib/limits/events.ts";
import { KafkaSources } from "../../../runtime/events/kafka/sources.ts";
import {
  findSubscription,
  forgetSubscription,
  keepCourse,
} from "../../../runtime/events/subscription-store.ts";
import { CLUSTER, startReading, Topic } from "./kafka-topic.ts";
import { EventsWorld } from "./world.ts";

const RETRIES_MS = 4 * KAFKA_RETRY_MS_MAX;

test("records run in the order of their key, and are committed after they were accepted", async () => {
  const { world, to, topic, sources } = await startReading();
  for (let at = 0; at < 6; at++) topic.append(at % 2, `key${at % 2}`, at);
  await world.clock.advance(0);
  await world.run();
  expect([world.values("key0"), world.values("key1")]).toEqual([
    [0, 2, 4],
    [1, 3, 5],
  ]);
  expect([...topic.committed]).toEqual([
    [0, 3n],
    [1, 3n],
  ]);
  expect(await sources.status(to)).toMatchObject({
    ...{ state: "running", records: 6, errors: 0 },
    partitions: [
      { partition: 0, offset: "3", end: "3", lag: 0 },
      { partition: 1, offset: "3", end: "3", lag: 0 },
    ],
  });
  await sources.stop();
  expect(topic.streams.map(({ isClosed }) => isClosed)).toEqual([true]);
});

test("what the door refuses is tried again; nothing of it is committed before", async () => {
  const { world, to, topic, sources } = await startReading();
  let isOpen = false;
  world.beforeSend = () => {
    if (!isOpen) throw new Error("it is throttled");
  };
  topic.append(0, "a", 1);
  topic.append(0, "a", 2);
  await world.clock.advance(0);
  expect(topic.committed.size).toBe(0);
  expect(await sources.status(to)).toMatchObject({
    state: "failing",
    lastError: { message: expect.stringContaining("throttled") },
  });
  await world.clock.advance(RETRIES_MS);
  isOpen = true;
  await world.clock.advance(RETRIES_MS);
  await world.run();
  expect(world.values("a")).toEqual([1, 2]);
  expect(topic.committed.get(0)).toBe(2n);
  expect(await sources.status(to)).toMatchObject({ state: "running" });
  await sources.stop();
});

test("a change is answered when its consumers read, or have failed to", async () => {
  const { world, to, topic, sources } = await startReading();
  await sources.changed();
  expect(await sources.status(to)).toMatchObject({ state: "running" });
  topic.refusals = 1;
  await keepCourse(world.items, to, { isPaused: true });
  await sources.changed();
  await keepCourse(world.items, to, { isPaused: false });
  await sources.changed();
  expect(await sources.status(to)).toMatchObject({ state: "failing", errors: 1 });
  await sources.stop();
});

test("a stream that breaks is opened again, at what is committed", async () => {
  const { world, to, topic, sources } = await startReading();
  topic.append(0, "a", 1);
  await world.clock.advance(0);
  topic.refusals = 2;
  topic.streams[0]?.breaks("the connection is gone");
  await world.clock.advance(0);
  expect(await sources.status(to)).toMatchObject({ state: "failing", errors: 1 });
  topic.append(0, "a", 2);
  await world.clock.advance(RETRIES_MS);
  await world.run();
  expect(world.values("a")).toEqual([1, 2]);
  expect(topic.streams).toHaveLength(2);
  await sources.stop();
});

test("what was accepted and could not be committed comes again, and runs once", async () => {
  const { world, topic, sources } = await startReading();
  topic.commitsFail = true;
  topic.append(0, "a", 1);
  await world.clock.advance(0);
  await sources.stop();
  topic.commitsFail = false;
  const next = new KafkaSources(world.doorPorts, ":memory:", topic);
  next.look();
  await world.clock.advance(0);
  await world.run();
  expect(world.values("a")).toEqual([1]);
  expect(topic.committed.get(0)).toBe(1n);
  await next.stop();
});

test("a partition that stands still holds up no other, and loses nothing", async () => {
  const { world, topic, sources } = await startReading();
  const records = 2 * KAFKA_LANE_RECORDS_MAX;
  world.beforeSend = () => {
    if (topic.committed.size === 0 && !isOpen) throw new Error("no");
  };
  let isOpen = false;
  topic.append(0, "a", -1);
  await world.clock.advance(0);
  for (let at = 0; at < records; at++) topic.append(0, "a", at);
  await world.clock.advance(0);
  isOpen = true;
  topic.append(1, "b", "other");
  await world.clock.advance(0);
  expect(topic.committed.get(1)).toBe(1n);
  await world.clock.advance(RETRIES_MS);
  await world.clock.advance(RETRIES_MS);
  expect(topic.committed.get(0)).toBe(BigInt(records + 1));
  await sources.stop();
});

test("a paused one reads nothing, and goes on where it was; one that is deleted is read no more", async () => {
  const { world, to, topic, sources } = await startReading();
  const looked = async (): Promise<void> => {
    sources.look();
    await world.clock.advance(0);
  };
  await keepCourse(world.items, to, { isPaused: true });
  await looked();
  topic.append(0, "a", 1);
  await world.clock.advance(0);
  expect(topic.committed.size).toBe(0);
  const paused = await findSubscription(world.items, to.name);
  expect(paused?.isPaused).toBe(true);
  expect(paused && (await sources.status(paused))?.state).toBe("paused");
  await keepCourse(world.items, to, { isPaused: false });
  await looked();
  expect(topic.committed.get(0)).toBe(1n);
  await forgetSubscription(world.items, to.id);
  await looked();
  expect(topic.streams.every(({ isClosed }) => isClosed)).toBe(true);
  await sources.stop();
});

test("a rate holds up the topic: no more records are accepted in a second, of all partitions together", async () => {
  const { world, to, topic, sources } = await startReading({ "perdure.max.rate": "10" });
  for (let at = 0; at < 40; at++) topic.append(at % 2, `key${at % 2}`, at);
  const accepted = async () => (await sources.status(to))?.records;
  await world.clock.advance(0);
  expect(await accepted()).toBe(10);
  await world.clock.advance(2000);
  expect(await accepted()).toBe(30);
  await world.clock.advance(2000);
  await world.run();
  expect(world.values("key0")).toEqual(Array.from({ length: 20 }, (_, at) => 2 * at));
  await sources.stop();
});

test("a limit of invocations in flight holds up the topic until some have ended", async () => {
  const { world, to, topic, sources } = await startReading({ "perdure.max.in.flight": "4" });
  for (let at = 0; at < 10; at++) topic.append(at % 2, `key${at % 2}`, at);
  const accepted = async () => (await sources.status(to))?.records;
  await world.clock.advance(0);
  expect(await accepted()).toBe(4);
  await world.clock.advance(60_000);
  expect(await accepted()).toBe(4);
  for (const expected of [8, 10]) {
    await world.run();
    await world.clock.advance(1000);
    expect(await accepted()).toBe(expected);
  }
  await world.run();
  expect([world.values("key0"), world.values("key1")]).toEqual([
    [0, 2, 4, 6, 8],
    [1, 3, 5, 7, 9],
  ]);
  await sources.stop();
});

test.each([
  [{ "auto.offset.reset": "latest" }, undefined],
  [{ "perdure.max.in.flight": "1" }, undefined],
  [{ "perdure.max.rate": "5" }, undefined],
  [{ "fetch.banana": "1" }, "options.fetch.banana"],
  [{ "session.timeout.ms": "soon" }, "options.session.timeout.ms"],
  [{ "security.protocol": "ssh" }, "options.security.protocol"],
  [{ "security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN" }, "source"],
  [{ "isolation.level": "none" }, "options.isolation.level"],
  [{ "perdure.consumer": "none" }, undefined],
])("options are checked: %o", async (options, field) => {
  const world = await EventsWorld.start();
  const sources = new KafkaSources(world.doorPorts, ":memory:", new Topic());
  const to = world.subscription("kafka://main/orders", "Plain/take", options);
  expect((await sources.check(to, CLUSTER))?.field).toBe(field);
});

test("brokers that do not answer, or have no such topic, are a reason", async () => {
  const world = await EventsWorld.start();
  const topic = new Topic();
  topic.whyNot = "There is no topic 'orders'";
  const sources = new KafkaSources(world.doorPorts, ":memory:", topic);
  const to = world.subscription("kafka://main/orders", "Plain/take");
  expect(await sources.check(to, CLUSTER)).toEqual({ field: "source", reason: topic.whyNot });
  topic.check = async () => await new Promise<never>(() => undefined);
  const late = sources.check(to, CLUSTER);
  await world.clock.advance(RETRIES_MS);
  expect((await late)?.reason).toContain("do not answer");
});
