/** How long results, journals, state and promises live, under a clock that jumps. */
import { shownId, storedId } from "../../../lib/model/shown-id.ts";
import {
  type Context,
  handlers,
  object,
  type ObjectContext,
  service,
  workflow,
  type WorkflowContext,
  type WorkflowSharedContext,
} from "perdure";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { workflowIdOf } from "../../../lib/store/workflow-life.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { EARLY_PROMISE_MS } from "../../../lib/limits.ts";
import { DAY_MS, HOUR_MS, RetentionWorld } from "./retention-world.ts";

let runs = 0;
const counter = object({
  name: "Counter",
  handlers: {
    add: async (ctx: ObjectContext, by: number) => {
      runs++;
      const total = ((await ctx.get<number>("total")) ?? 0) + by;
      ctx.set("total", total);
      return total;
    },
  },
  options: { idempotencyRetention: { hours: 2 } },
});
const plain = service({
  name: "Plain",
  handlers: {
    work: async (ctx: Context, value: string) => await ctx.run("work", () => value),
    hidden: handlers.handler({ journalRetention: 0 }, async (ctx: Context, value: string) => {
      await ctx.run("work", () => value);
      return value;
    }),
    sendsLater: (ctx: Context, key: string) => {
      ctx.genericSend({
        ...{ service: "Counter", method: "add", key: "called", parameter: 1, idempotencyKey: key },
        ...{ inputSerde: json, delay: { hours: 1 } },
      });
    },
    calls: async (ctx: Context, key: string) =>
      await ctx.genericCall({
        ...{ service: "Counter", method: "add", key: "called", parameter: 1, idempotencyKey: key },
        ...{ inputSerde: json, outputSerde: json },
      }),
  },
});
const json = {
  serialize: (value: unknown) => new TextEncoder().encode(JSON.stringify(value)),
  deserialize: (bytes: Uint8Array): number => JSON.parse(new TextDecoder().decode(bytes)) as number,
};
const flow = workflow({
  name: "Flow",
  handlers: {
    run: async (ctx: WorkflowContext, name: string) => {
      runs++;
      const before = await ctx.get<string>("name");
      const keys = await ctx.stateKeys();
      ctx.set("name", name);
      const early = (await ctx.promise<string>("early").peek()) ?? null;
      if (name === "waits") return { before, keys, early, gate: await ctx.promise<string>("gate") };
      await ctx.promise<string>("done").resolve(name);
      return { before, keys, early };
    },
    state: handlers.workflow.shared(async (ctx: WorkflowSharedContext) => [
      await ctx.get<string>("name"),
      await ctx.stateKeys(),
    ]),
    peek: handlers.workflow.shared(
      async (ctx: WorkflowSharedContext, name: string) => (await ctx.promise<string>(name).peek()) ?? null,
    ),
    resolve: handlers.workflow.shared(async (ctx: WorkflowSharedContext, [name, value]: [string, string]) => {
      await ctx.promise<string>(name).resolve(value);
      return "resolved";
    }),
    get: handlers.workflow.shared(
      async (ctx: WorkflowSharedContext, name: string) => await ctx.promise<string>(name),
    ),
  },
  options: { workflowRetention: { hours: 3 } },
});

let world: RetentionWorld;
beforeEach(() => {
  runs = 0;
  world = new RetentionWorld([counter, plain, flow]);
});
afterEach(async () => await world.stop());

const add = async (key = "a") => await world.ask("POST /Counter/k/add", 1, { "idempotency-key": key });

test("a repeat gets the first result until the retention has passed, then it is executed", async () => {
  const first = await add();
  expect(first.body).toBe(1);
  world.jump(2 * HOUR_MS - 60_000);
  expect((await add()).body).toBe(1);
  world.jump(61_000);
  const again = await add();
  expect(again).toMatchObject({ body: 2, id: first.id });
  expect((await add()).body).toBe(2);
  expect(runs).toBe(2);
});

test("so it is for calls of handlers", async () => {
  expect((await world.ask("POST /Plain/calls", "x")).body).toBe(1);
  expect((await world.ask("POST /Plain/calls", "x")).body).toBe(1);
  world.jump(2 * HOUR_MS + 1000);
  expect((await world.ask("POST /Plain/calls", "x")).body).toBe(2);
});

test("and for delayed sends: the one after the retention is registered, and starts when it is due", async () => {
  for (const expected of [1, 2]) {
    await world.ask("POST /Plain/sendsLater", "later");
    await world.ask("POST /Plain/sendsLater", "later");
    await world.rest();
    expect(runs).toBe(expected - 1);
    world.jump(HOUR_MS + 1000);
    await world.rest();
    expect(runs).toBe(expected);
    world.jump(2 * HOUR_MS + 1000);
  }
});

test("R10: the Start of a life that is over does not run again after a later life, though that has expired", async () => {
  await add();
  const [start] = world.sent;
  world.jump(2 * HOUR_MS + 1000);
  await add();
  world.jump(2 * HOUR_MS + 1000);
  expect(runs).toBe(2);
  if (!start) throw new Error("nothing was sent");
  await world.mailbox.sendBatch([{ ...start, dedup: "once more" }]);
  await world.rest();
  expect(runs).toBe(2);
});

test("what has expired is 404 at once, deleted or not; so is what was deleted", async () => {
  const { id: shown } = await add();
  const id = storedId(shown) ?? "";
  const asks = ["GET /restate/output/", "GET /restate/attach/"];
  for (const line of asks) expect((await world.ask(line + id)).status).toBe(200);
  world.jump(2 * HOUR_MS + 1000);
  for (const line of asks) expect((await world.ask(line + id)).status).toBe(404);
  expect((await world.admin(`GET /invocations/${id}`)).status).toBe(404);
  expect(await world.items.get(headKey(id))).toBeDefined();
  world.jump(30 * DAY_MS);
  await world.sweep();
  expect(await world.items.get(headKey(id))).toBeUndefined();
  const last = asks.map((line) => world.ask(line + id));
  await world.rest();
  // To attach waits a while for a head that may still come.
  world.jump(10_000);
  expect((await Promise.all(last)).map(({ status }) => status)).toEqual([404, 404]);
});

describe("retention defaults, caps; a journal with retention 0 is hidden", () => {
  test("without a journal retention the entries are hidden, status and result stay", async () => {
    const { id } = await world.ask("POST /Plain/hidden", "value", { "idempotency-key": "h" });
    const shown = (await world.admin(`GET /invocations/${id}/journal`)).body;
    expect(shown).toMatchObject({ length: 0, entries: [], output: { value: '"value"' } });
    expect(shown).not.toHaveProperty("input");
    expect((await world.admin(`GET /invocations/${id}`)).body).toMatchObject({ status: "completed" });
    expect((await world.ask(`GET /restate/output/${id}`)).body).toBe("value");
  });

  test("a journal is kept no longer than the result, whatever its own retention says", async () => {
    const { id } = await add();
    world.jump(2 * HOUR_MS + 1000);
    expect((await world.admin(`GET /invocations/${id}/journal`)).status).toBe(404);
    const plainId = (await world.ask("POST /Plain/work", "value")).id;
    world.jump(DAY_MS - 60_000);
    expect((await world.admin(`GET /invocations/${plainId}/journal`)).body).toMatchObject({ length: 1 });
    world.jump(61_000);
    expect((await world.admin(`GET /invocations/${plainId}/journal`)).status).toBe(404);
  });

  test("a killed one is kept as long as its handler says", async () => {
    const id = await world.send("POST /Flow/w/run", "waits");
    await world.rest();
    expect((await world.admin(`PATCH /invocations/${id}/kill`)).status).toBe(200);
    await world.rest();
    world.jump(3 * HOUR_MS - 60_000);
    expect((await world.admin(`GET /invocations/${id}`)).status).toBe(200);
    world.jump(61_000);
    expect((await world.admin(`GET /invocations/${id}`)).status).toBe(404);
  });
});

test("a workflow runs once until its retention has passed, then anew, under the same id", async () => {
  const id = await world.send("POST /Flow/w/run", "first");
  await world.rest();
  expect((await world.ask("POST /Flow/w/run/send", "second")).body).toEqual({
    invocationId: shownId(id),
    status: "PreviouslyAccepted",
  });
  expect((await world.ask("POST /Flow/w/run", "second")).status).toBe(409);
  expect(runs).toBe(1);
  world.jump(3 * HOUR_MS + 1000);
  expect((await world.ask("POST /Flow/w/run/send", "third")).body).toEqual({
    invocationId: shownId(id),
    status: "Accepted",
  });
  await world.rest();
  expect(runs).toBe(2);
});

const flowAsk = async (handler: string, body?: unknown) =>
  (await world.ask(`POST /Flow/w/${handler}`, body)).body;

describe("state, promises and shared handlers live until completion + retention", () => {
  test("state and promises live until the end of the retention, then vanish at once", async () => {
    await world.ask("POST /Flow/w/run", "first");
    expect(await flowAsk("resolve", ["late", "after the end"])).toBe("resolved");
    world.jump(3 * HOUR_MS - 60_000);
    expect(await flowAsk("state")).toEqual(["first", ["name"]]);
    expect(await flowAsk("peek", "done")).toBe("first");
    expect(await flowAsk("peek", "late")).toBe("after the end");
    const shown = async () => ((await world.admin("GET /services/Flow/state/w")).body as { state: [] }).state;
    expect(await shown()).toHaveLength(1);
    world.jump(61_000);
    expect(await flowAsk("state")).toEqual([null, []]);
    expect(await flowAsk("peek", "done")).toBeNull();
    expect(await flowAsk("peek", "late")).toBeNull();
    expect(await shown()).toEqual([]);
  });

  test.each([false, true])("a new run sees nothing of the old one (all deleted: %s)", async (deleted) => {
    await flowAsk("resolve", ["early", "for the first"]);
    expect(await flowAsk("run", "first")).toEqual({ before: null, keys: [], early: "for the first" });
    world.jump(3 * HOUR_MS + 1000);
    if (deleted) {
      world.jump(60 * DAY_MS);
      await world.sweep();
    }
    expect(await flowAsk("run", "second")).toEqual({ before: null, keys: [], early: null });
    expect(await flowAsk("peek", "done")).toBe("second");
    expect(await flowAsk("state")).toEqual(["second", ["name"]]);
  });

  test("a promise of an expired run can be completed in the new one, and whoever still waits is told", async () => {
    await flowAsk("run", "first");
    const waiter = await world.send("POST /Flow/w/get", "gate");
    await world.rest();
    world.jump(3 * HOUR_MS + 1000);
    const id = await world.send("POST /Flow/w/run", "waits");
    await world.rest();
    expect(await flowAsk("resolve", ["gate", "open"])).toBe("resolved");
    expect((await world.ask(`GET /restate/attach/${id}`)).body).toMatchObject({ gate: "open" });
    expect((await world.ask(`GET /restate/attach/${waiter}`)).body).toBe("open");
  });

  test("a promise that is made between two runs is the second one's", async () => {
    await flowAsk("run", "first");
    world.jump(3 * HOUR_MS + 1000);
    await flowAsk("resolve", ["early", "for the second"]);
    world.jump(DAY_MS);
    expect(await flowAsk("run", "second")).toMatchObject({ early: "for the second" });
    world.jump(3 * HOUR_MS + 1000);
    expect(await flowAsk("run", "third")).toMatchObject({ early: null });
  });

  test("a promise that was made long before any run is nobody's", async () => {
    await flowAsk("resolve", ["early", "too early"]);
    expect(await flowAsk("peek", "early")).toBe("too early");
    world.jump(EARLY_PROMISE_MS + 1000);
    expect(await flowAsk("peek", "early")).toBeNull();
    expect(await flowAsk("run", "first")).toMatchObject({ early: null });
  });
});

test("a promise is completed once in each life", async () => {
  await flowAsk("run", "first");
  const second = async () => (await world.ask("POST /Flow/w/resolve", ["done", "again"])).status;
  expect(await second()).toBe(409);
  world.jump(3 * HOUR_MS + 1000);
  expect(await second()).toBe(200);
  expect(await second()).toBe(409);
});

describe("state, promises and shared handlers live until completion + retention", () => {
  test("a purged run takes what belongs to it along, and the next one begins with nothing", async () => {
    await flowAsk("run", "first");
    await flowAsk("resolve", ["early", "old"]);
    await world.admin(`PATCH /invocations/${workflowIdOf("Flow", "w")}/purge`);
    expect(await flowAsk("state")).toEqual([null, []]);
    expect(await flowAsk("run", "second")).toEqual({ before: null, keys: [], early: null });
  });
});

test("an edit of a workflow's state belongs to the run that is retained", async () => {
  await flowAsk("run", "first");
  const edit = { object_key: "w", new_state: { name: [...new TextEncoder().encode('"edited"')] } };
  expect((await world.admin("POST /services/Flow/state", edit)).status).toBe(202);
  await world.rest();
  expect(await flowAsk("state")).toEqual(["edited", ["name"]]);
  world.jump(3 * HOUR_MS + 1000);
  expect(await flowAsk("state")).toEqual([null, []]);
  expect(await flowAsk("run", "second")).toEqual({ before: null, keys: [], early: null });
});
