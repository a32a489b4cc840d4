/** `ctx.attach` gives another invocation's result, however that invocation ended. */
import { object, rpc, service, TerminalError, workflow, type Context, type WorkflowContext } from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { childUnique, invocationId } from "../../../lib/model/ids.ts";
import { until, within, World } from "../semantics/world.ts";

let runs = 0;
const gates = new Map<string, string>();
const settle = async (promise: PromiseLike<unknown>): Promise<unknown> =>
  await promise.then(
    (value) => value ?? String(value),
    (error: TerminalError) =>
      `${error.name} ${error.code} ${error.message} ${JSON.stringify(error.metadata)}`,
  );
const gate = async (ctx: Context, name: string): Promise<string> => {
  const { id, promise } = ctx.awakeable<string>();
  await ctx.run("publish", () => void gates.set(name, id));
  return await promise;
};

const work = service({
  name: "Work",
  handlers: {
    now: async (_: Context, value: string) => {
      runs++;
      return value;
    },
    fail: async () => {
      throw new TerminalError("failed", { errorCode: 418, metadata: { a: "b" } });
    },
    gated: gate,
    big: async () => "x".repeat(200_000),
  },
});
const brief = service({
  name: "Brief",
  handlers: { now: async () => "gone" },
  options: { journalRetention: 0 },
});
const keyed = object({
  name: "Keyed",
  handlers: { gated: gate, now: async () => "keyed" },
});
const flow = workflow({
  name: "Flow",
  handlers: { run: async (ctx: WorkflowContext, name: string) => await gate(ctx, name) },
});
const attacher = service({
  name: "Attacher",
  handlers: {
    to: async (ctx: Context, id: string) => await settle(ctx.attach(id)),
    length: async (ctx: Context, id: string) => (await ctx.invocation(id).attach<string>()).length,
    late: async (ctx: Context, id: string) => {
      const attached = ctx.attach(id);
      await ctx.sleep(20);
      return await settle(attached);
    },
    limited: async (ctx: Context, id: string) => await settle(ctx.attach(id).orTimeout(20)),
    twice: async (ctx: Context, id: string) => [await ctx.attach(id), await ctx.attach(id)],
    own: async (ctx: Context) => {
      const { invocationId: id } = ctx.serviceSendClient(work).now("sent");
      return await ctx.attach(await id);
    },
    delayed: async (ctx: Context) => {
      const { invocationId: id } = ctx.objectSendClient(keyed, "d").now(rpc.sendOpts({ delay: 40 }));
      return await ctx.attach(await id);
    },
    retried: async (ctx: Context, id: string) => {
      const attached = ctx.attach<string>(id);
      await ctx.run("flaky", () => {
        if (gates.has(`flaky ${id}`)) return;
        gates.set(`flaky ${id}`, "");
        throw new Error("try again");
      });
      return await attached;
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(work, brief, keyed, flow, attacher);
});
afterAll(async () => await world.stop());
const open = async (name: string) =>
  await world.ask(`/restate/awakeables/${await opened(name)}/resolve`, name);
const opened = (name: string) => until(() => gates.get(name), `gate ${name}`);
const ended = async (id: string) => (await within(3000, `${id} to end`, world.attach(id))).body;
const call = (handler: string, id?: string) => within(3000, handler, world.call(`/Attacher/${handler}`, id));

test("a completed one answers at once, with its result or its failure, and does not run again", async () => {
  const { id } = await world.ask("/Work/now", "done");
  const before = runs;
  expect(await call("to", id)).toBe("done");
  expect(await call("twice", id)).toEqual(["done", "done"]);
  expect(runs).toBe(before);
  const failed = await world.ask("/Work/fail");
  expect(await call("to", failed.id)).toBe('TerminalError 418 failed {"a":"b"}');
});

test("a large result comes whole", async () => {
  const { id } = await world.ask("/Work/big");
  expect(await call("length", id)).toBe(200_000);
});

test.each([
  ["a service's", "/Work/gated", "s"],
  ["an exclusive", "/Keyed/k/gated", "o"],
  ["a workflow's", "/Flow/w/run", "w"],
])("%s suspended one answers everyone who attached when it ends", async (_, path, name) => {
  const id = await world.send(path, name);
  await world.untilStatus(id, "suspended");
  const waiting = await Promise.all(["to", "late", "to"].map((by) => world.send(`/Attacher/${by}`, id)));
  await Promise.all(waiting.map((each) => world.untilStatus(each, "suspended")));
  expect((await world.view(waiting[0] ?? ""))?.waiting_on).toBe(`result of ${id}`);
  await open(name);
  expect(await Promise.all(waiting.map(ended))).toEqual([name, name, name]);
});

test("one that is parked behind its key", async () => {
  const first = await world.send("/Keyed/p/gated", "first");
  const second = await world.send("/Keyed/p/gated", "second");
  await world.untilStatus(second, "pending");
  const waiting = await world.send("/Attacher/to", second);
  await world.untilStatus(waiting, "suspended");
  await open("first");
  await open("second");
  expect(await ended(waiting)).toBe("second");
  expect(await ended(first)).toBe("first");
});

test("one that is killed or cancelled", async () => {
  const id = await world.send("/Work/gated", "killed");
  await opened("killed");
  const waiting = await world.send("/Attacher/to", id);
  await world.untilStatus(waiting, "suspended");
  await world.kill(id);
  expect(await ended(waiting)).toMatch(/^TerminalError 409 killed/);
});

test("cancelling the one that attached leaves the other alone", async () => {
  const id = await world.send("/Work/gated", "spared");
  await opened("spared");
  const waiting = await world.send("/Attacher/to", id);
  await world.untilStatus(waiting, "suspended");
  await world.cancel(waiting);
  expect(await ended(waiting)).toMatch(/^CancelledError 409/);
  await open("spared");
  expect(await ended(id)).toBe("spared");
});

test("its own send, and a delayed one to a key, which it must not overtake", async () => {
  expect(await call("own")).toBe("sent");
  expect(await call("delayed")).toBe("keyed");
});

test("it can be limited", async () => {
  const id = await world.send("/Work/gated", "slow");
  await opened("slow");
  expect(await call("limited", id)).toMatch(/^TimeoutError 408/);
});

test("an attempt that is retried keeps its attachment (R2)", async () => {
  const id = await world.send("/Work/gated", "kept");
  await opened("kept");
  const waiting = await world.send("/Attacher/retried", id);
  await world.untilStatus(waiting, "suspended");
  await open("kept");
  expect(await ended(waiting)).toBe("kept");
});

test("404 for one that is not there, or no longer; 400 for what is no id", async () => {
  const unique = childUnique("inv_nobody", 0, 1);
  for (const id of [invocationId("Work", undefined, unique), invocationId("Keyed", "k", unique)]) {
    expect(await call("to", id)).toMatch(/^TerminalError 404 invocation not found/);
  }
  const { id } = await world.ask("/Brief/now");
  expect(await call("to", id)).toMatch(/^TerminalError 404 invocation not found/);
  expect(await world.ask("/Attacher/to", "inv_nonsense")).toMatchObject({ status: 400 });
});
