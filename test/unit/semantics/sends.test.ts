/** Sends with keys and delays, cancelled and repeated; and many at a time. */
import {
  DurablePromise,
  handlers,
  object,
  rpc,
  service,
  workflow,
  type Context,
  type ObjectContext,
  type ObjectSharedContext,
  type WorkflowContext,
} from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pause, until, within, World } from "./world.ts";

const runs: string[] = [];
const ids = new Map<string, string>();
const ran = (name: string): number => runs.filter((run) => run === name).length;

const target = service({
  name: "Target",
  handlers: {
    mark: async (ctx: Context, name: string) => await ctx.run("mark", () => void runs.push(name)),
    nap: async (ctx: Context, ms: number) => {
      await ctx.sleep(ms);
      return ms;
    },
  },
});
const box = object({
  name: "Box",
  handlers: {
    /** Asks its own shared handler, which waits for nobody. */
    askShared: async (ctx: ObjectContext) => {
      ctx.set("value", 1);
      const own = ctx.objectClient<typeof box>({ name: "Box" }, ctx.key);
      const seen: unknown = await own.peek();
      return seen;
    },
    peek: handlers.object.shared(
      async (ctx: ObjectSharedContext): Promise<unknown> => await ctx.get("value"),
    ),
    mark: async (ctx: ObjectContext, name: string) => {
      runs.push(name);
      ctx.set("last", name);
    },
  },
});
const flow = workflow({
  name: "Flow",
  handlers: {
    run: async (ctx: WorkflowContext) => {
      ids.set("flow", ctx.request().id);
      await ctx.promise("never");
    },
  },
});
const sender = service({
  name: "Sender",
  handlers: {
    keyed: async (ctx: Context) => {
      const client = ctx.serviceSendClient(target);
      const one = client.mark("keyed", rpc.sendOpts({ idempotencyKey: "k" }));
      const two = client.mark("keyed", rpc.sendOpts({ idempotencyKey: "k" }));
      return (await one.invocationId) === (await two.invocationId);
    },
    keyedAndDelayed: async (ctx: Context) => {
      const client = ctx.serviceSendClient(target);
      client.mark("keyed and delayed", rpc.sendOpts({ idempotencyKey: "d", delay: 20 }));
      client.mark("keyed and delayed", rpc.sendOpts({ idempotencyKey: "d", delay: 40 }));
    },
    attachDelayed: async (ctx: Context) => {
      ctx.serviceSendClient(target).nap(5, rpc.sendOpts({ idempotencyKey: "n", delay: 20 }));
      return await ctx.serviceClient(target).nap(5, rpc.opts({ idempotencyKey: "n" }));
    },
    cancelDelayed: async (ctx: Context) => {
      const id = await ctx.serviceSendClient(target).mark("cancelled", rpc.sendOpts({ delay: 60_000 }))
        .invocationId;
      ctx.cancel(id);
      return id;
    },
    cancelBad: async (ctx: Context) => ctx.cancel("inv_made_up"),
    manyNaps: async (ctx: Context, count: number) => {
      const naps = Array.from({ length: count }, (_, n) => ctx.serviceClient(target).nap(n % 7));
      return (await DurablePromise.all(naps)).length;
    },
    longThenReply: async (ctx: Context) => {
      const reply = ctx.serviceClient(target).nap(5);
      const step = ctx.run("long", async () => {
        await pause(60);
        return "step";
      });
      return await DurablePromise.all([reply, step]);
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(target, box, flow, sender);
});
afterAll(async () => await world.stop());
const call = (path: string, body?: unknown) => within(4000, path, world.call(path, body));

test("a send with an idempotency key that repeats is one", async () => {
  expect(await call("/Sender/keyed")).toBe(true);
  await call("/Sender/keyed");
  await until(() => ran("keyed") > 0, "the run");
  await pause(20);
  expect(ran("keyed")).toBe(1);
});

test("also a delayed one: the first one's delay counts", async () => {
  await call("/Sender/keyedAndDelayed");
  await until(() => ran("keyed and delayed") > 0, "the run");
  await pause(60);
  expect(ran("keyed and delayed")).toBe(1);
});

test("a call attaches to a delayed send with its key", async () => {
  expect(await call("/Sender/attachDelayed")).toBe(5);
});

test("a delayed send can be cancelled before it is due", async () => {
  const id = await call("/Sender/cancelDelayed");
  const view = await world.untilStatus(String(id), "completed");
  expect(view).toMatchObject({ completion_failure: "[409] cancelled" });
  expect(ran("cancelled")).toBe(0);
});

test("what is no invocation id cannot be cancelled", async () => {
  expect((await world.ask("/Sender/cancelBad")).status).toBe(400);
});

test("an exclusive handler may call a shared one of its own key, which sees what it has set", async () => {
  expect(await call("/Box/k/askShared")).toBe(1);
});

test("delayed requests join their key's queue when they are due", async () => {
  await world.send("/Box/order/mark", "delayed", "?delay=40ms");
  await world.send("/Box/order/mark", "at once");
  await until(() => ran("delayed") === 1, "the delayed one");
  expect(runs.filter((name) => name === "delayed" || name === "at once")).toEqual(["at once", "delayed"]);
});

test("300 that sleep at once", async () => {
  expect(await call("/Sender/manyNaps", 300)).toBe(300);
});

test("a reply that arrives while a step runs", async () => {
  expect(await call("/Sender/longThenReply")).toEqual([5, "step"]);
});

test("a cancelled workflow has run: it does not run again", async () => {
  const id = await world.send("/Flow/w/run");
  await world.untilStatus(id, "suspended");
  await world.cancel(id);
  expect((await within(2000, "the end", world.attach(id))).status).toBe(409);
  expect((await world.ask("/Flow/w/run")).status).toBe(409);
  expect(await world.ask("/restate/workflow/Flow/w/output", undefined, {}, "GET")).toMatchObject({
    status: 409,
    body: { message: "Cancelled" },
  });
});
