/** Calls that a turn invokes itself, and waits for in memory (R28, docs/decisions/0021-waits-in-memory.md). */
import { DurablePromise, type Context, handlers, object, rpc, service } from "perdure";
import type { ObjectContext, ObjectSharedContext } from "perdure";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { DIRECT_CALLS_MAX, DIRECT_GUARD_MS, DIRECT_WAIT_MS } from "../../../lib/limits.ts";
import { pause, World } from "./world.ts";

const runs: string[] = [];
const ran = (name: string): number => runs.filter((run) => run === name).length;
let fails = 0;

const leaf = service({
  name: "Leaf",
  handlers: {
    echo: async (_ctx: Context, text: string) => text,
    step: async (ctx: Context, text: string) => await ctx.run("step", () => text),
    long: async (_ctx: Context, length: number) => "x".repeat(length),
    fails: async (_ctx: Context) => {
      runs.push("fails");
      if (fails++ === 0) throw new Error("at first");
      return "then";
    },
    refuses: async () => {
      throw new Error("never");
    },
    sleeps: async (ctx: Context) => {
      runs.push("sleeps");
      await ctx.sleep(800);
      return "slept";
    },
    slow: async (ctx: Context, ms: number) => {
      runs.push("slow");
      await ctx.run("take time", () => pause(ms));
      return "slow";
    },
    /** No other test has made it known as slow. */
    slower: async (ctx: Context, ms: number) => {
      runs.push("slower");
      await ctx.run("take time", () => pause(ms));
      return "slower";
    },
    /** Nobody may ask for its result once it is there. */
    forgotten: handlers.handler({ journalRetention: 0 }, async (ctx: Context, ms: number) => {
      runs.push("forgotten");
      await ctx.run("take time", () => pause(ms));
      return "forgotten";
    }),
  },
});
/** Called by another one, it names a guard of its own after half a second: so it appends while it waits. */
const middle = service({
  name: "Middle",
  handlers: {
    slower: async (ctx: Context, ms: number): Promise<string> => await ctx.serviceClient(leaf).slower(ms),
    forgotten: async (ctx: Context, ms: number): Promise<string> =>
      await ctx.serviceClient(leaf).forgotten(ms),
  },
});
const shelf = object({
  name: "Shelf",
  handlers: {
    put: async (ctx: ObjectContext, text: string) => {
      ctx.set("text", text);
    },
    look: handlers.object.shared(async (ctx: ObjectSharedContext) => await ctx.get("text")),
  },
});
const root = service({
  name: "Root",
  handlers: {
    loop: async (ctx: Context, count: number) => {
      runs.push("loop");
      const heard: string[] = [];
      for (let n = 0; n < count; n++) heard.push(await ctx.serviceClient(leaf).echo(`e${n}`));
      return heard;
    },
    one: async (ctx: Context, name: "step" | "fails" | "sleeps") => {
      runs.push("one");
      return await ctx
        .genericCall({ service: "Leaf", method: name, parameter: new TextEncoder().encode('"s"') })
        .map((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as unknown);
    },
    slow: async (ctx: Context, ms: number) => {
      runs.push("root of slow");
      return await ctx.serviceClient(leaf).slow(ms);
    },
    middle: async (ctx: Context, name: "slower" | "forgotten") =>
      await ctx.serviceClient(middle)[name](DIRECT_WAIT_MS + 600),
    long: async (ctx: Context) => (await ctx.serviceClient(leaf).long(200_000)).length,
    shared: async (ctx: Context) => {
      runs.push("shared");
      await ctx.objectClient(shelf, "s").put("put");
      return await ctx.objectClient(shelf, "s").look();
    },
    together: async (ctx: Context, count: number) => {
      runs.push("together");
      return await DurablePromise.all(
        Array.from({ length: count }, (_, n) => ctx.serviceClient(leaf).echo(`t${n}`)),
      );
    },
    first: async (ctx: Context) => {
      runs.push("first");
      const slow = ctx.serviceClient(leaf).slow(300);
      const fast = await DurablePromise.race([slow, ctx.serviceClient(leaf).echo("fast")]);
      const step = await ctx.run("between", () => "between");
      return [fast, step, await slow];
    },
    named: async (ctx: Context) => {
      runs.push("named");
      return await ctx.serviceClient(leaf).echo("named", rpc.opts({ idempotencyKey: "k" }));
    },
    leaves: async (ctx: Context) => {
      void ctx.serviceClient(leaf).slow(200);
      await ctx.serviceClient(leaf).echo("e");
      return "left";
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.waiting(leaf, middle, shelf, root);
});
afterAll(async () => await world.stop());
beforeEach(() => {
  runs.length = 0;
});

async function costOf<T>(
  path: string,
  body?: unknown,
): Promise<{ result: T; turns: number; messages: number }> {
  const before = world.environment.counts;
  const result = await world.call<T>(path, body);
  await pause(20);
  const after = world.environment.counts;
  return {
    result,
    turns: after.invocations - before.invocations,
    messages: after.messages - before.messages,
  };
}

test("calls one after the other: a turn each, and no message", async () => {
  expect(await costOf("/Root/loop", 3)).toEqual({ result: ["e0", "e1", "e2"], turns: 4, messages: 0 });
  expect(ran("loop")).toBe(1);
});

test("calls together, as far as they are few", async () => {
  const few = await costOf<string[]>("/Root/together", DIRECT_CALLS_MAX);
  expect(few).toMatchObject({ turns: 1 + DIRECT_CALLS_MAX, messages: 0 });
  expect(few.result).toHaveLength(DIRECT_CALLS_MAX);
  const many = await costOf<string[]>("/Root/together", DIRECT_CALLS_MAX + 1);
  expect(many.result).toHaveLength(DIRECT_CALLS_MAX + 1);
  expect(many.messages).toBeGreaterThan(DIRECT_CALLS_MAX);
});

test("a callee with a step has its guard, and needs no message", async () => {
  expect(await costOf("/Root/one", "step")).toEqual({ result: "s", turns: 2, messages: 0 });
});

test("a shared handler is called so, an exclusive one is not", async () => {
  const { result, messages } = await costOf("/Root/shared");
  expect(result).toBe("put");
  expect(messages).toBe(2);
  expect(ran("shared")).toBe(2);
});

test("a call with a name of its own goes by the queue", async () => {
  expect((await costOf("/Root/named")).messages).toBe(2);
});

test("a callee that fails is tried again by its policy, and its caller hears of it", async () => {
  expect(await world.call("/Root/one", "fails")).toBe("then");
  expect(ran("fails")).toBe(2);
});

test("a callee that suspends answers by a message", async () => {
  expect(await world.call("/Root/one", "sleeps")).toBe("slept");
  expect(ran("sleeps")).toBe(2);
});

test("a long result comes by a message", async () => {
  expect(await world.call("/Root/long")).toBe(200_000);
});

test("a callee that takes long runs once, and answers when it has ended", async () => {
  expect(await world.call("/Root/slow", DIRECT_WAIT_MS + 400)).toBe("slow");
  expect(ran("slow")).toBe(1);
  expect(ran("root of slow")).toBe(2);
});

test.each(["slower", "forgotten"])(
  "a callee whose caller has appended while it waited answers when it has ended: %s",
  async (name) => {
    const beganMs = performance.now();
    expect(await world.call("/Root/middle", name)).toBe(name);
    expect(performance.now() - beganMs).toBeLessThan(DIRECT_GUARD_MS);
    expect(ran(name)).toBe(1);
  },
);

test("the code goes on beside a call that is open", async () => {
  expect(await world.call("/Root/first")).toEqual(["fast", "between", "slow"]);
  expect(ran("slow")).toBe(1);
});

test("what is not awaited runs all the same", async () => {
  expect(await world.call("/Root/leaves")).toBe("left");
  await pause(300);
  expect(ran("slow")).toBe(1);
});
