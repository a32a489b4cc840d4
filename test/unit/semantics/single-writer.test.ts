/** W1, W2: one exclusive invocation of a key at a time, in the order of arrival, while it is suspended, backing off or paused. */
import {
  object,
  RetryableError,
  service,
  type Context,
  type ObjectContext,
  type ObjectSharedContext,
  handlers,
} from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pause, until, within, World } from "./world.ts";

interface Trace {
  readonly order: string[];
  running: number;
  most: number;
}
const traces = new Map<string, Trace>();
const traceOf = (key: string): Trace => {
  const trace = traces.get(key) ?? { order: [], running: 0, most: 0 };
  traces.set(key, trace);
  return trace;
};
const attempts = new Map<string, number>();

const queue = object({
  name: "Queue",
  handlers: {
    plain: async (ctx: ObjectContext, name: string) => {
      traceOf(ctx.key).order.push(name);
      ctx.set("last", name);
    },
    /** Marks begin and end durably, with a suspension between. */
    slow: async (ctx: ObjectContext, name: string) => {
      const trace = traceOf(ctx.key);
      await ctx.run("begin", () => {
        trace.running++;
        trace.most = Math.max(trace.most, trace.running);
        trace.order.push(name);
      });
      await ctx.sleep(3);
      await ctx.run("end", () => void trace.running--);
      const count = ((await ctx.get<number>("count")) ?? 0) + 1;
      ctx.set("count", count);
      return count;
    },
    hold: async (ctx: ObjectContext, ms: number) => {
      await ctx.sleep(ms);
      traceOf(ctx.key).order.push("held");
    },
    backOff: async (ctx: ObjectContext) => {
      const tries = (attempts.get(ctx.key) ?? 0) + 1;
      attempts.set(ctx.key, tries);
      if (tries === 1) throw new RetryableError("later", { retryAfter: 600 });
      traceOf(ctx.key).order.push("backed off");
    },
    callSelf: async (ctx: ObjectContext) => {
      const self = ctx.objectClient<{ plain: (ctx: ObjectContext, name: string) => Promise<void> }>(
        { name: "Queue" },
        ctx.key,
      );
      await self.plain("nested").orTimeout(40);
    },
    count: handlers.object.shared(async (ctx: ObjectSharedContext) => (await ctx.get<number>("count")) ?? 0),
  },
});

const caller = service({
  name: "Caller",
  handlers: {
    sendMany: async (ctx: Context, { key, count }: { key: string; count: number }) => {
      const client = ctx.objectSendClient(queue, key);
      for (let n = 0; n < count; n++) client.plain(`sent ${n}`);
    },
    callMany: async (ctx: Context, { key, count }: { key: string; count: number }) => {
      const client = ctx.objectClient(queue, key);
      const calls = Array.from({ length: count }, (_, n) => client.slow(`called ${n}`));
      const counts: number[] = [];
      for (const call of calls) counts.push(await call);
      return counts;
    },
    sendThenCall: async (ctx: Context, key: string) => {
      ctx.objectSendClient(queue, key).plain("first");
      await ctx.objectClient(queue, key).plain("second");
      ctx.objectSendClient(queue, key).plain("third");
      await ctx.run("between", () => undefined);
      await ctx.objectClient(queue, key).plain("fourth");
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(queue, caller);
});
afterAll(async () => await world.stop());

const numbered = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${what} ${n}`);

test("they run in the order of their arrival behind one that is suspended, more than the lock holds inline", async () => {
  await world.send("/Queue/many/hold", 150);
  for (const name of numbered("parked", 100)) await world.send("/Queue/many/plain", name);
  await until(() => traceOf("many").order.length === 101, "all of them", 8000);
  expect(traceOf("many").order).toEqual(["held", ...numbered("parked", 100)]);
});

test("and so they do when each of them suspends", async () => {
  const names = numbered("slow", 30);
  const ids: string[] = [];
  for (const name of names) ids.push(await world.send("/Queue/suspending/slow", name));
  const results = await within(8000, "all", Promise.all(ids.map(async (id) => await world.attach(id))));
  expect(results.map(({ body }) => body)).toEqual(names.map((_, index) => index + 1));
  const { order, most } = traceOf("suspending");
  expect({ order, most }).toEqual({ order: names, most: 1 });
  expect(await world.call("/Queue/suspending/count")).toBe(30);
});

test("one that backs off holds its key", async () => {
  const first = await world.send("/Queue/backing/backOff");
  await world.untilStatus(first, "backing-off");
  for (const name of numbered("behind", 3)) await world.send("/Queue/backing/plain", name);
  await until(() => traceOf("backing").order.length === 4, "all of them");
  expect(traceOf("backing").order).toEqual(["backed off", ...numbered("behind", 3)]);
});

test("sends of one handler keep their order", async () => {
  await world.call("/Caller/sendMany", { key: "sent", count: 40 });
  await until(() => traceOf("sent").order.length === 40, "all of them");
  expect(traceOf("sent").order).toEqual(numbered("sent", 40));
});

test("so do calls", async () => {
  expect(await world.call("/Caller/callMany", { key: "called", count: 15 })).toEqual(
    Array.from({ length: 15 }, (_, n) => n + 1),
  );
  expect(traceOf("called")).toMatchObject({ order: numbered("called", 15), most: 1 });
});

test("and sends and calls mixed", async () => {
  await world.call("/Caller/sendThenCall", "mixed");
  expect(traceOf("mixed").order).toEqual(["first", "second", "third", "fourth"]);
});

test("keys do not wait for each other; a shared handler waits for nobody", async () => {
  const id = await world.send("/Queue/one/hold", 60_000);
  await world.untilStatus(id, "suspended");
  await within(1000, "another key", world.call("/Queue/two/plain", "other"));
  expect(await within(1000, "a shared handler", world.call("/Queue/one/count"))).toBe(0);
  await world.kill(id);
});

test("a call to oneself waits for ever: a time limit ends it, and the call runs afterwards", async () => {
  expect(await world.ask("/Queue/self/callSelf")).toMatchObject({ status: 408 });
  await until(() => traceOf("self").order.includes("nested"), "the nested one");
});

test("many clients at once lose no update", async () => {
  const calls = Array.from(
    { length: 40 },
    async (_, n) => await world.call<number>("/Queue/crowd/slow", `client ${n}`),
  );
  const counts = await within(9000, "all", Promise.all(calls));
  expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
  expect(traceOf("crowd").most).toBe(1);
  await pause(0);
});
