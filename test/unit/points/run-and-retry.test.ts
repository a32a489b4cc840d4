/** Steps and retries. Stronger than Restate on Lambda: a step costs no suspension, so N steps are one handler invocation. */
import { object, service, TerminalError, type Context, type ObjectContext } from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until, within, World } from "../semantics/world.ts";

const counts = new Map<string, number>();
const count = (name: string): number => {
  const next = (counts.get(name) ?? 0) + 1;
  counts.set(name, next);
  return next;
};
const log: string[] = [];

const stepper = service({
  name: "Stepper",
  options: { retryPolicy: { initialInterval: 1, maxInterval: 5, maxAttempts: 20, onMaxAttempts: "kill" } },
  handlers: {
    recorded: async (ctx: Context) => {
      const attempt = count("recorded");
      const value = await ctx.run("step", () => `made by ${count("step")}`);
      await ctx.sleep(5);
      if (attempt < 4) throw new Error("once more");
      return value;
    },
    ten: async (ctx: Context) => {
      for (let step = 0; step < 10; step++) await ctx.run("step", () => step);
    },
    ackBeforeSend: async (ctx: Context) => {
      const charged = await ctx.run("charge", () => `charge ${count("charge")}`);
      ctx.serviceSendClient(observer).saw(charged);
      if (count("ackBeforeSend") < 3) throw new Error("after the send");
      return charged;
    },
    bounded: async (ctx: Context) => {
      const options = { maxRetryAttempts: 3, initialRetryInterval: 1 };
      await ctx.run("bounded", () => Promise.reject(new Error(`attempt ${count("bounded")}`)), options);
    },
    terminalStep: async (ctx: Context) => {
      await ctx.run("terminal", () => {
        count("terminalStep");
        throw new TerminalError("no more", { errorCode: 455 });
      });
    },
    boundedByTime: async (ctx: Context) => {
      const options = { maxRetryDuration: 60, initialRetryInterval: 5, maxRetryInterval: 10 };
      await ctx.run("timed", () => Promise.reject(new Error(`attempt ${count("timed")}`)), options);
    },
    whole: async (ctx: Context) => {
      log.push(`attempt ${count("whole")}`);
      await ctx.run("first", () => void log.push("first"));
      if ((counts.get("whole") ?? 0) < 3) throw new Error("not terminal");
      await ctx.run("second", () => void log.push("second"));
    },
  },
});
const observer = service({
  name: "Observer",
  handlers: { saw: async (_ctx: Context, what: string) => void log.push(`saw ${what}`) },
});
const policies = object({
  name: "Policies",
  options: { retryPolicy: { initialInterval: 1, maxAttempts: 2, onMaxAttempts: "pause" } },
  handlers: {
    fail: async (ctx: ObjectContext) => {
      const attempt = count(ctx.key);
      if (attempt < 4) throw new Error(`attempt ${attempt}`);
      return attempt;
    },
  },
});
const killed = service({
  name: "Killed",
  options: { retryPolicy: { initialInterval: 1, maxAttempts: 2, onMaxAttempts: "kill" } },
  handlers: {
    fail: async () => {
      throw new Error(`attempt ${count("killed")}`);
    },
    caller: async (ctx: Context) => {
      try {
        await ctx.serviceClient(target).fail();
      } catch (error) {
        return error instanceof TerminalError ? `terminal: ${error.message}` : "not terminal";
      }
      return "no failure";
    },
  },
});
const target = service({
  name: "Killed",
  handlers: { fail: async (_ctx: Context): Promise<void> => undefined },
});

let world: World;
beforeAll(async () => {
  world = await World.of(stepper, observer, policies, killed);
});
afterAll(async () => await world.stop());

describe("a recorded result is never made again", () => {
  test("a recorded result is never made again, however often the handler is tried again", async () => {
    expect(await within(5000, "the end", world.call("/Stepper/recorded"))).toBe("made by 1");
    expect(counts.get("recorded")).toBeGreaterThanOrEqual(4);
  });

  test("stronger than Restate on Lambda: ten steps are one handler invocation", async () => {
    const before = world.environment.counts.invocations;
    await world.call("/Stepper/ten");
    expect(world.environment.counts.invocations - before).toBe(1);
  });
});

describe("no progress past a step before it is durable", () => {
  test("nothing happens on account of a step whose result is not durable", async () => {
    expect(await within(5000, "the end", world.call("/Stepper/ackBeforeSend"))).toBe("charge 1");
    await until(() => log.includes("saw charge 1"), "the send");
    expect(log.filter((line) => line.startsWith("saw"))).toEqual(["saw charge 1"]);
  });
});

describe("bounds of a step; TerminalError ends it", () => {
  test("a step's attempts are bounded by its options; the last error is the failure", async () => {
    expect(await within(5000, "the end", world.ask("/Stepper/bounded"))).toMatchObject({
      status: 500,
      body: { message: "attempt 3" },
    });
    expect(counts.get("bounded")).toBe(3);
    expect(await within(5000, "the end", world.ask("/Stepper/boundedByTime"))).toMatchObject({ status: 500 });
    expect(counts.get("timed")).toBeGreaterThan(1);
  });

  test("a TerminalError ends a step at once", async () => {
    expect(await world.ask("/Stepper/terminalStep")).toMatchObject({
      status: 455,
      body: { message: "no more" },
    });
    expect(counts.get("terminalStep")).toBe(1);
  });
});

describe("other errors retry the handler, with replay; 70 attempts without progress, then a pause", () => {
  test("an error that is not terminal retries the whole handler, with replay", async () => {
    await within(5000, "the end", world.call("/Stepper/whole"));
    const own = log.filter((line) => !line.startsWith("saw"));
    expect(own).toEqual(["attempt 1", "first", "attempt 2", "attempt 3", "second"]);
  });
});

describe("`kill` at the last attempt fails the caller without running code; `pause` waits", () => {
  test("at the last attempt the policy pauses; resumed, it is tried again", async () => {
    const id = await world.send("/Policies/paused/fail");
    const view = await world.untilStatus(id, "paused");
    expect(view.last_failure).toContain("attempt 2");
    expect(await world.resume(id)).toBeLessThan(300);
    await until(() => (counts.get("paused") ?? 0) >= 3, "another attempt");
    await until(async () => {
      if ((await world.view(id))?.status === "paused") await world.resume(id);
      return (await world.view(id))?.status === "completed";
    }, "the end");
    expect(await world.output(id)).toMatchObject({ status: 200 });
  });

  test("or kills it: the caller fails terminally, and no code runs", async () => {
    expect(await world.ask("/Killed/fail")).toMatchObject({ status: 500, body: { message: "attempt 2" } });
    expect(counts.get("killed")).toBe(2);
    expect(await world.call("/Killed/caller")).toMatch(/^terminal: /);
  });
});
