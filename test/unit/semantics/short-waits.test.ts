/** What is soon over is waited for in memory (docs/decisions/0021-waits-in-memory.md). */
import { DurablePromise, type Context, handlers, object, service, workflow } from "perdure";
import type { ObjectContext, ObjectSharedContext, WorkflowContext, WorkflowSharedContext } from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LOCAL_LOOK_MS, SHORT_WAIT_MS, UNRECORDED_WAITS_MS } from "../../../lib/limits.ts";
import { pause, until, World } from "./world.ts";

const runs: string[] = [];
const slow = service({
  name: "Slow",
  handlers: {
    echo: async (ctx: Context, [ms, answer]: [number, string]) => {
      await ctx.run("take time", () => pause(ms));
      return answer;
    },
  },
});
const settle = async (promise: PromiseLike<unknown>): Promise<unknown> => {
  try {
    return await promise;
  } catch (error) {
    return (error as Error).message;
  }
};

const waits = service({
  name: "Waits",
  handlers: {
    many: async (ctx: Context, [count, ms]: [number, number]) => {
      runs.push("many");
      for (let done = 0; done < count; done++) await ctx.sleep(ms);
      return count;
    },
    stepThenSleep: async (ctx: Context) => {
      const first = await ctx.run("first", () => 1);
      await ctx.sleep(SHORT_WAIT_MS - 50);
      return first;
    },
    called: async (ctx: Context, [takesMs, limitMs]: [number, number]) => {
      runs.push("called");
      return await settle(ctx.serviceClient(slow).echo([takesMs, "echo"]).orTimeout(limitMs));
    },
    both: async (ctx: Context) => {
      runs.push("both");
      const call = ctx.serviceClient(slow).echo([20, "echo"]);
      return await DurablePromise.all([ctx.sleep(SHORT_WAIT_MS - 50).map(() => "slept"), call]);
    },
    awaited: async (ctx: Context, limitMs: number) => {
      runs.push("awaited");
      const { id, promise } = ctx.awakeable<string>();
      await ctx.run("tell", () => void told.push(id));
      return await settle(promise.orTimeout(limitMs));
    },
    beside: async (ctx: Context) => {
      runs.push("beside");
      const { id, promise } = ctx.awakeable<string>();
      const nap = ctx.sleep(SHORT_WAIT_MS);
      await ctx.run("tell", () => void told.push(id));
      return [await promise, await nap.map(() => "slept")];
    },
    nothing: async (ctx: Context) => {
      runs.push("nothing");
      try {
        await Promise.all([ctx.sleep(20), ctx.sleep(10)]);
        throw new Error("once");
      } catch (error) {
        if (runs.filter((run) => run === "nothing").length < 2) throw error;
        return await ctx.run("after", () => runs.length);
      }
    },
  },
});
const told: string[] = [];

const board = object({
  name: "Board",
  handlers: {
    work: async (ctx: ObjectContext) => {
      ctx.set("status", "working");
      await ctx.sleep(SHORT_WAIT_MS - 50);
      ctx.set("status", "done");
      return await ctx.get("status");
    },
    status: handlers.object.shared(async (ctx: ObjectSharedContext) => await ctx.get("status")),
  },
});
const flow = workflow({
  name: "Flow",
  handlers: {
    run: async (ctx: WorkflowContext, limitMs: number) => {
      runs.push("flow");
      return await settle(ctx.promise<string>("word").get().orTimeout(limitMs));
    },
    say: handlers.workflow.shared(async (ctx: WorkflowSharedContext, word: string) => {
      await ctx.promise<string>("word").resolve(word);
    }),
  },
});

let world: World;
beforeAll(async () => {
  world = await World.waiting(slow, waits, board, flow);
});
afterAll(async () => await world.stop());
const runsOf = (name: string): number => runs.filter((run) => run === name).length;

test("sleeps, each of which is short: one turn, and about as long as they take", async () => {
  runs.length = 0;
  const startMs = performance.now();
  expect(await world.call("/Waits/many", [50, 10])).toBe(50);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(500);
  expect(runsOf("many")).toBe(1);
});

test("one that is longer suspends", async () => {
  runs.length = 0;
  await world.call("/Waits/many", [1, SHORT_WAIT_MS + 50]);
  expect(runsOf("many")).toBe(2);
});

test("what has been done before the wait is durable, and seen, while it waits", async () => {
  const id = await world.send("/Waits/stepThenSleep");
  const view = await until(async () => await world.view(id), "a head");
  expect(view).toMatchObject({ status: "running", journal_size: 2 });
  expect(await world.attach(id)).toMatchObject({ body: 1 });
  const work = world.call("/Board/a/work");
  const status = async () => (await world.call<string | null>("/Board/a/status")) ?? undefined;
  expect(await until(status, "a status")).toBe("working");
  expect(await work).toBe("done");
});

test("a reply that comes in time is heard in the turn that waits for it; one that is late is not", async () => {
  runs.length = 0;
  expect(await world.call("/Waits/called", [30, SHORT_WAIT_MS])).toBe("echo");
  expect(await world.call("/Waits/called", [150, 60])).toBe("Timeout occurred");
  expect(runsOf("called")).toBe(2);
});

test("what has come from outside before the sleep was over comes first", async () => {
  for (let time = 0; time < 5; time++)
    expect(await world.call("/Waits/called", [10, SHORT_WAIT_MS]), `the ${time}. time`).toBe("echo");
});

test("a part that is short is waited for; the rest suspends, or has come by then", async () => {
  runs.length = 0;
  expect(await world.call("/Waits/both")).toEqual(["slept", "echo"]);
  expect(runsOf("both")).toBe(1);
});

test("an awakeable, completed in time or not", async () => {
  runs.length = 0;
  told.length = 0;
  const answer = world.call("/Waits/awaited", SHORT_WAIT_MS);
  const id = await until(() => told[0], "an awakeable");
  await world.ask(`/restate/awakeables/${id}/resolve`, "woken");
  expect(await answer).toBe("woken");
  expect(await world.call("/Waits/awaited", 30)).toBe("Timeout occurred");
  expect(runsOf("awaited")).toBe(2);
});

test("a sleep that the code does not await yet does not keep the turn", async () => {
  runs.length = 0;
  told.length = 0;
  const invocation = await world.send("/Waits/beside");
  const id = await until(() => told[0], "an awakeable");
  await world.untilStatus(invocation, "suspended");
  await world.ask(`/restate/awakeables/${id}/resolve`, "woken");
  expect(await world.attach(invocation)).toMatchObject({ body: ["woken", "slept"] });
});

test("a workflow's promise is looked at as well", async () => {
  runs.length = 0;
  const answer = world.call("/Flow/one/run", SHORT_WAIT_MS);
  await pause(20);
  await world.call("/Flow/one/say", "hello");
  expect(await answer).toBe("hello");
  expect(await world.call("/Flow/two/run", 30)).toBe("Timeout occurred");
  expect(runsOf("flow")).toBe(2);
});

test("a cancellation is heard in a loop of short sleeps", async () => {
  const id = await world.send("/Waits/many", [100, 100]);
  await pause(150);
  const startMs = performance.now();
  await world.cancel(id);
  expect(await world.attach(id)).toMatchObject({ status: 409 });
  expect(performance.now() - startMs).toBeLessThan(UNRECORDED_WAITS_MS + 5 * LOCAL_LOOK_MS);
});

test("an attempt that fails after its waits has recorded them", async () => {
  runs.length = 0;
  expect(await world.call("/Waits/nothing")).toBe(2);
});

test("skipping time does not wait for those who wait", async () => {
  const startMs = performance.now();
  const answer = world.call("/Waits/many", [20, SHORT_WAIT_MS - 100]);
  await world.environment.skip({ minutes: 2 });
  expect(await answer).toBe(20);
  expect(performance.now() - startMs).toBeLessThan(5000);
});
