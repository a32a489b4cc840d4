/** What takes its time, takes it by the stopwatch: the clock of a development server may jump meanwhile (docs/decisions/0040). */
import { handlers, service, type Context } from "perdure";
import { describe, expect, test } from "vitest";
import { KAFKA_CHECK_MS } from "../../../lib/limits/events.ts";
import { LIST_MS_MAX, UNSEEN_GRACE_MS } from "../../../lib/limits/http.ts";
import { QUERY_READ_MS_MAX } from "../../../lib/limits/query.ts";
import { invocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import { success } from "../../../lib/model/outcome.ts";
import type { Clock } from "../../../lib/ports.ts";
import { boundOf } from "../../../runtime/admin/invocation-index.ts";
import { QueryBudget } from "../../../runtime/admin/tables/budget.ts";
import { KafkaSources } from "../../../runtime/events/kafka/sources.ts";
import { SourceDoor } from "../../../runtime/events/source-door.ts";
import { Ingress } from "../../../runtime/ingress/ingress.ts";
import { answerOf, bytes, pendingAnswer, requestOf, settle, World } from "../ingress/world.ts";
import { DispatcherWorld } from "../dispatcher/dispatcher-world.ts";
import { kafkaEvent } from "../events/events.ts";
import { CLUSTER, Topic } from "../events/kafka-topic.ts";
import { EventsWorld } from "../events/world.ts";
import { ManualClock } from "../local/manual-clock.ts";

const HOUR_MS = 60 * 60 * 1000;

/** Beside the clock of a world, whose time it has at first. */
const stopwatchAt = (clock: Pick<Clock, "now">): ManualClock => new ManualClock(clock.now());

describe("a request that waits for a result", () => {
  async function attached(callWaitMs?: number) {
    const world = new World();
    const stopwatch = stopwatchAt(world.clock);
    const options = callWaitMs === undefined ? {} : { callWaitMs };
    const ingress = new Ingress({ ...world.ports, stopwatch }, options);
    await world.request("POST /T/hello/send", '"x"');
    const start = world.takeStart();
    const answer = answerOf(ingress.handle(requestOf(`GET /restate/attach/${start.id}`)));
    const held = pendingAnswer(answer);
    await settle();
    return { world, stopwatch, start, answer, held };
  }

  test("waits on for one that has no head yet", async () => {
    const { world, stopwatch, start, answer, held } = await attached();
    await world.clock.advance(HOUR_MS);
    expect(held.current).toBeUndefined();
    await world.complete(start, success(bytes('"later"')));
    expect(await answer).toMatchObject({ status: 200, body: "later" });
    expect(stopwatch.waits()).toEqual([]);
  });

  test("is told 404 when it has waited for long enough", async () => {
    const { world, stopwatch, held } = await attached();
    await stopwatch.advance(UNSEEN_GRACE_MS);
    await world.clock.advance(HOUR_MS);
    expect(held.current).toMatchObject({ status: 404 });
  });

  test("keeps the time that it may wait", async () => {
    const { world, stopwatch, start, held } = await attached(20_000);
    await world.putHead(start, { s: "running" });
    await world.clock.advance(HOUR_MS);
    expect(held.current).toBeUndefined();
    stopwatch.set(stopwatch.now() + 20_000);
    await world.clock.advance(HOUR_MS);
    expect(held.current).toMatchObject({ status: 504 });
  });
});

test("a batch of records has its time, whatever time it is meanwhile", async () => {
  const world = await EventsWorld.start();
  const stopwatch = stopwatchAt(world.clock);
  const registry = {
    service: async (name: string) => {
      world.clock.set(world.clock.now() + HOUR_MS);
      return await world.registry.service(name);
    },
  };
  const door = new SourceDoor({ ...world.doorPorts, registry, stopwatch });
  const to = world.subscription("kafka://main/orders", "Plain/take");
  const records = [1, 2, 3].map((value) => ({ value }));
  const { counts } = await door.deliver(to, kafkaEvent({ 0: { offset: 0, records } }), 60_000);
  expect(counts).toMatchObject({ accepted: 3, failed: 0 });
});

test("brokers have the time that they may take to answer", async () => {
  const world = await EventsWorld.start();
  const stopwatch = stopwatchAt(world.clock);
  const client = new Topic();
  const sources = new KafkaSources({ ...world.doorPorts, stopwatch }, ":memory:", client);
  const answered = Promise.withResolvers<void>();
  client.check = async () => await answered.promise;
  const checked = sources.check(world.subscription("kafka://main/orders", "Plain/take"), CLUSTER);
  await world.clock.advance(HOUR_MS);
  answered.resolve();
  expect(await checked).toBeUndefined();
  client.check = async () => await new Promise(() => undefined);
  const silent = sources.check(world.subscription("kafka://main/orders", "Plain/take"), CLUSTER);
  await stopwatch.advance(KAFKA_CHECK_MS);
  expect(await silent).toMatchObject({ reason: expect.stringContaining("do not answer") as string });
});

test("interceptors have the time that they may take to clean up", async () => {
  const cleaned = Promise.withResolvers<void>();
  const interceptor = {
    handler: async (next: () => Promise<void>) => {
      try {
        await next();
      } finally {
        await cleaned.promise;
      }
    },
  };
  const waits = handlers.handler(
    { hooks: [() => ({ interceptor })] },
    async (ctx: Context) => await ctx.signal<string>("go"),
  );
  const stopwatch = new ManualClock(Date.UTC(2030, 0, 1));
  const world = new DispatcherWorld([service({ name: "Work", handlers: { waits } })], { stopwatch });
  const id = invocationId("Work", undefined, new Uint8Array(UNIQUE_SIZE).fill(1));
  let isDone = false;
  const delivered = world.deliver({
    ...{ kind: "start", id, incarnation: 0, origin: "o", headers: {}, input: new Uint8Array(0) },
    ...{ target: { service: "Work", handler: "waits" }, acceptedAtMs: world.clock.now() },
  });
  void delivered.then(() => (isDone = true));
  await expect.poll(async () => (await world.head(id))?.status).toBe("suspended");
  await world.clock.advance(HOUR_MS);
  expect(isDone).toBe(false);
  cleaned.resolve();
  expect(await delivered).toBe(true);
});

test("a list and a query look for as long as they may", () => {
  const clock = new ManualClock();
  const stopwatch = stopwatchAt(clock);
  const isEnough = boundOf({ clock, stopwatch });
  const budget = new QueryBudget(stopwatch, 10);
  clock.set(clock.now() + HOUR_MS);
  expect([isEnough(0, 0), budget.end]).toEqual([false, undefined]);
  stopwatch.set(stopwatch.now() + Math.max(LIST_MS_MAX, QUERY_READ_MS_MAX));
  expect([isEnough(0, 0), budget.end]).toEqual([true, "the time for reading is over"]);
});
