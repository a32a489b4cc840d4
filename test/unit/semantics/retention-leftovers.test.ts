/** Nothing is left behind. After the end, the retention and the sweep the tables are empty, in each of these cases. */
import {
  type Context,
  DurablePromise,
  handlers,
  object,
  type ObjectContext,
  rpc,
  service,
  workflow,
  type WorkflowContext,
  type WorkflowSharedContext,
} from "perdure";
import { afterEach, beforeEach, expect, test } from "vitest";
import { workflowIdOf } from "../../../lib/store/workflow-life.ts";
import { HEAD_OUTLIVES_MS, INBOX_INLINE_MAX, KEEP_MS } from "../../../lib/limits.ts";
import { DAY_MS, RetentionWorld } from "./retention-world.ts";

const LARGE = "x".repeat(20_000);
const HUGE = "y".repeat(900_000);
let gate: string | undefined;

const echoes = service({
  name: "Echoes",
  handlers: { echo: async (_: Context, text: string) => await Promise.resolve(text) },
});
const work = service({
  name: "Work",
  handlers: {
    large: async (ctx: Context, text: string) => {
      const step = await ctx.run("large", () => LARGE);
      const huge = await ctx.run("huge", () => HUGE);
      const echoed = await ctx.serviceClient(echoes).echo(text);
      return `${step}${huge.length}${echoed}`;
    },
    pages: async (ctx: Context) => {
      for (let step = 0; step < 60; step++) await ctx.run(`a step with a name ${step}`, () => "and a result");
      await ctx.sleep(5);
      return "done";
    },
    children: async (ctx: Context) => {
      const calls = ["1", "2", "3"].map((text) => ctx.serviceClient(echoes).echo(text));
      ctx.serviceSendClient(echoes).echo("later", rpc.sendOpts({ delay: { hours: 2 } }));
      ctx.objectSendClient(store, "delayed").sleep(rpc.sendOpts({ delay: { hours: 1 } }));
      return await DurablePromise.all(calls);
    },
    gated: async (ctx: Context) => {
      const { id, promise } = ctx.awakeable<string>();
      await ctx.run("tell", () => void (gate = id));
      return await promise;
    },
    signalled: async (ctx: Context) => await ctx.signal<string>("go"),
    signals: (ctx: Context, id: string) => ctx.invocation(id).signal<string>("go").resolve(HUGE),
    fails: async (ctx: Context) => {
      await ctx.run("large", () => LARGE);
      throw new Error("always");
    },
  },
});
const store = object({
  name: "Store",
  handlers: {
    sleep: async (ctx: ObjectContext) => await ctx.sleep(20),
    forever: async (ctx: ObjectContext) => await ctx.sleep({ days: 300 }),
    setAndClear: async (ctx: ObjectContext) => {
      for (const name of ["a", "b"]) ctx.set(name, LARGE);
      ctx.set("huge", HUGE);
      await ctx.run("between", () => 1);
      ctx.clearAll();
    },
  },
});
const flow = workflow({
  name: "Flow",
  handlers: {
    run: async (ctx: WorkflowContext) => {
      ctx.set("small", 1);
      ctx.set("huge", HUGE);
      ctx.set("gone", 1);
      ctx.clear("gone");
      await ctx.promise<string>("own").resolve(LARGE);
      return (await ctx.promise<string>("other")).length;
    },
    resolve: handlers.workflow.shared(async (ctx: WorkflowSharedContext, name: string) => {
      await ctx.promise<string>(name).resolve(HUGE);
    }),
    wait: handlers.workflow.shared(
      async (ctx: WorkflowSharedContext, name: string) => (await ctx.promise<string>(name)).length,
    ),
  },
});

let world: RetentionWorld;
beforeEach(() => {
  gate = undefined;
  world = new RetentionWorld([echoes, work, store, flow]);
});
afterEach(async () => await world.stop());

const ended = async (id: string) => (await world.ask(`GET /restate/attach/${id}`)).status;
const operate = async (id: string, what: string) =>
  (await world.admin(`PATCH /invocations/${id}/${what}`)).status;

const ZOO: Readonly<Record<string, () => Promise<void>>> = {
  "a result": async () => {
    await world.ask("POST /Echoes/echo", "text");
    await world.ask("POST /Echoes/echo", LARGE, { "idempotency-key": "k" });
    await world.ask("POST /Echoes/echo", LARGE, { "idempotency-key": "k" });
  },
  "large values, and larger than one item": async () => {
    expect((await world.ask("POST /Work/large", HUGE)).status).toBe(200);
  },
  pages: async () => expect((await world.ask("POST /Work/pages")).body).toBe("done"),
  "calls, and delayed sends": async () => {
    await world.ask("POST /Work/children");
    world.jump(DAY_MS);
    await world.rest();
  },
  "a delayed send from outside": async () => {
    await world.ask("POST /Echoes/echo/send?delay=30m", LARGE);
    world.jump(DAY_MS);
    await world.rest();
  },
  "an awakeable, completed twice, and after the end": async () => {
    const id = await world.send("POST /Work/gated");
    await world.rest();
    for (const value of [HUGE, "again"]) await world.ask(`POST /restate/awakeables/${gate}/resolve`, value);
    expect(await ended(id)).toBe(200);
    await world.ask(`POST /restate/awakeables/${gate}/resolve`, HUGE);
    await world.rest();
  },
  "signals, awaited or not": async () => {
    const id = await world.send("POST /Work/signalled");
    await world.ask("POST /Work/signals", id);
    expect(await ended(id)).toBe(200);
    await world.ask("POST /Work/signals", id);
    await world.rest();
  },
  "keys that waited in line": async () => {
    const ids: string[] = [];
    for (let n = 0; n < INBOX_INLINE_MAX + 4; n++) ids.push(await world.send("POST /Store/line/sleep"));
    for (const id of ids) expect(await ended(id)).toBe(200);
  },
  "state that was cleared": async () => {
    expect((await world.ask("POST /Store/k/setAndClear")).status).toBe(200);
  },
  "a workflow, its state, its promises and who waits for them": async () => {
    const early = await world.send("POST /Flow/w/wait", "other");
    await world.rest();
    const id = await world.send("POST /Flow/w/run");
    await world.ask("POST /Flow/w/resolve", "other");
    for (const one of [early, id]) expect(await ended(one)).toBe(200);
    await world.ask("POST /Flow/w/resolve", "after the end");
  },
  "a promise of a run that never came": async () => {
    await world.ask("POST /Flow/never/resolve", "other");
  },
  "one that was killed while it slept, and those in line behind it": async () => {
    const id = await world.send("POST /Store/k/forever");
    const behind = await world.send("POST /Store/k/sleep");
    await world.rest();
    expect(await operate(id, "kill")).toBe(200);
    expect(await ended(behind)).toBe(200);
  },
  "one that was cancelled while it waited, and one before it began": async () => {
    const id = await world.send("POST /Work/gated");
    const first = await world.send("POST /Store/k/sleep");
    const second = await world.send("POST /Store/k/forever", LARGE);
    await world.rest();
    for (const one of [id, second]) await operate(one, "cancel");
    for (const one of [id, first, second]) await ended(one);
  },
  "one that was paused, then killed, then purged": async () => {
    const id = await world.send("POST /Work/fails", LARGE);
    await world.rest();
    await operate(id, "pause");
    await operate(id, "kill");
    await world.rest();
    expect(await operate(id, "purge")).toBe(200);
  },
  "a workflow that was purged": async () => {
    await world.send("POST /Flow/p/run");
    await world.ask("POST /Flow/p/resolve", "other");
    await world.rest();
    expect(await operate(workflowIdOf("Flow", "p"), "purge")).toBe(200);
  },
  "a journal that was purged": async () => {
    const { id } = await world.ask("POST /Work/large", HUGE);
    expect(await operate(id, "purge-journal")).toBe(200);
  },
  "one that was restarted from a part of its journal": async () => {
    const id = await world.send("POST /Work/pages", LARGE);
    expect(await ended(id)).toBe(200);
    const { status, body } = await world.admin(`PATCH /invocations/${id}/restart-as-new?from=60`);
    expect(status).toBe(200);
    expect(await ended((body as { new_invocation_id: string }).new_invocation_id)).toBe(200);
  },
  "an edit of state": async () => {
    const bytes = [...new TextEncoder().encode(LARGE)];
    await world.admin("POST /services/Store/state", { object_key: "e", new_state: { a: bytes, b: [1] } });
    await world.rest();
    await world.admin("DELETE /services/Store/state/e");
    await world.rest();
  },
};

test.each(Object.keys(ZOO))("%s", async (name) => {
  await ZOO[name]?.();
  await world.rest();
  expect((await world.left()).length).toBeGreaterThan(0);
  world.jump(KEEP_MS + DAY_MS + HEAD_OUTLIVES_MS);
  expect(await world.reconcile()).toEqual({ poked: 0, renewed: 0 });
  expect(await world.sweep()).toEqual([]);
});

test("what stays: an object's state, what is open, and nothing else", async () => {
  const store2 = object({
    name: "Keeps",
    handlers: {
      set: async (ctx: ObjectContext) => {
        ctx.set("name", 1);
        await Promise.resolve();
      },
    },
  });
  const own = new RetentionWorld([store2]);
  await own.ask("POST /Keeps/k/set");
  own.jump(10 * KEEP_MS);
  expect(await own.sweep()).toEqual(["state name"]);
  await own.stop();
});
