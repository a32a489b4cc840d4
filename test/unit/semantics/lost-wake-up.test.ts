/** L1: a note that has arrived is not lost, however the turn that it woke ends. */
import { DurablePromise, object, RetryableError, service, type Context, type ObjectContext } from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pause, until, within, World } from "./world.ts";

const failures = new Map<string, number>();
/** Throws on the first `times` attempts. The pause is longer than a dispatcher waits, so it becomes a timer. */
function failAtFirst(name: string, times = 1): void {
  const failed = failures.get(name) ?? 0;
  failures.set(name, failed + 1);
  if (failed < times) throw new RetryableError(`${name} fails`, { retryAfter: 550 });
}
const awakeables = new Map<string, string>();

const callee = service({
  name: "Callee",
  handlers: {
    echo: async (ctx: Context, text: string) => {
      await ctx.sleep(10);
      return `echo ${text}`;
    },
  },
});

const parent = service({
  name: "Parent",
  handlers: {
    failAfterSleep: async (ctx: Context) => {
      await ctx.sleep(10);
      failAtFirst("sleep");
      return "slept";
    },
    failAfterCall: async (ctx: Context) => {
      const answer = await ctx.serviceClient(callee).echo("x");
      failAtFirst("call");
      return answer;
    },
    failAfterAwakeable: async (ctx: Context) => {
      const { id, promise } = ctx.awakeable<string>();
      await ctx.run("publish", () => void awakeables.set("failing", id));
      const value = await promise;
      failAtFirst("awakeable");
      return value;
    },
    flakyStepAfterSleep: async (ctx: Context) => {
      await ctx.sleep(10);
      return await ctx.run("flaky", () => {
        failAtFirst("step");
        return "done";
      });
    },
    nativeWaitFirst: async (ctx: Context) => {
      await pause(5);
      await ctx.sleep(20);
      return "slept";
    },
    nativeWaitBeforeCall: async (ctx: Context) => {
      await pause(5);
      return await ctx.serviceClient(callee).echo("late");
    },
    sleepAfterAwakeable: async (ctx: Context) => {
      const { id, promise } = ctx.awakeable<string>();
      await ctx.run("publish", () => void awakeables.set("numbers", id));
      await promise;
      // Commands 0 and 1 are above: the sleep is command 17, as the awakeable is number 17.
      for (let step = 2; step < 17; step++) await ctx.run(`step ${step}`, () => step);
      await ctx.sleep(10);
      return "both";
    },
    twoBranches: async (ctx: Context) => {
      const { id, promise } = ctx.awakeable<string>();
      const first = promise.then((value) => value);
      const second = (async () => {
        const sent = await ctx.serviceSendClient(callee).echo("y").invocationId;
        await ctx.run("publish", () => void awakeables.set("branches", id));
        return sent.slice(0, 4);
      })();
      return await Promise.all([first, second]);
    },
    allAfterRace: async (ctx: Context) => {
      const slow = ctx.sleep(120).map(() => "slow");
      const fast = ctx.sleep(20).map(() => "fast");
      const first = DurablePromise.race([slow, fast]);
      await DurablePromise.all([slow, fast]);
      return await first;
    },
  },
});

const holder = object({
  name: "Holder",
  handlers: {
    failAfterSleep: async (ctx: ObjectContext) => {
      await ctx.sleep(10);
      ctx.set("seen", true);
      failAtFirst("object");
      return "slept";
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(callee, parent, holder);
});
afterAll(async () => await world.stop());

const ends = (path: string): Promise<unknown> => within(2000, `${path} to end`, world.call(path));

test.concurrent("a sleep that is over stays over when the turn that it woke fails and backs off", async () => {
  expect(await ends("/Parent/failAfterSleep")).toBe("slept");
});

test.concurrent("the same in an object", async () => {
  expect(await ends("/Holder/k/failAfterSleep")).toBe("slept");
});

test.concurrent("a reply is kept when the turn that it woke fails and backs off", async () => {
  expect(await ends("/Parent/failAfterCall")).toBe("echo x");
});

test.concurrent("an awakeable's value is kept when the turn that it woke fails and backs off", async () => {
  const result = ends("/Parent/failAfterAwakeable");
  const id = await until(() => awakeables.get("failing"), "the awakeable");
  expect((await world.ask(`/restate/awakeables/${id}/resolve`, "v")).status).toBe(202);
  expect(await result).toBe("v");
});

test.concurrent("a step that fails after a sleep is tried again", async () => {
  expect(await ends("/Parent/flakyStepAfterSleep")).toBe("done");
});

test.concurrent("a timer that fires while the code awaits something of its own is not lost", async () => {
  expect(await ends("/Parent/nativeWaitFirst")).toBe("slept");
});

test.concurrent("a reply that arrives while the code awaits something of its own is not lost", async () => {
  expect(await ends("/Parent/nativeWaitBeforeCall")).toBe("echo late");
});

test.concurrent("a sleep is scheduled although an awakeable that was awaited before has the same number", async () => {
  const result = ends("/Parent/sleepAfterAwakeable");
  const id = await until(() => awakeables.get("numbers"), "the awakeable");
  await world.ask(`/restate/awakeables/${id}/resolve`, "v");
  expect(await result).toBe("both");
});

test.concurrent("a branch that has learnt an invocation's id goes on while another one waits", async () => {
  const result = ends("/Parent/twoBranches");
  const id = await until(
    () => awakeables.get("branches"),
    "the awakeable, which the second branch publishes",
    1500,
  );
  await world.ask(`/restate/awakeables/${id}/resolve`, "v");
  expect(await result).toEqual(["v", "inv_"]);
});

test.concurrent("what arrived first wins a race that is awaited later", async () => {
  expect(await ends("/Parent/allAfterRace")).toBe("fast");
});
