/** `ctx.run`: what is recorded, what is retried and how often, and what must not happen inside. */
import { DurablePromise, PauseError, RetryableError, service, TerminalError, type Context } from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pause, until, within, World } from "./world.ts";

const calls = new Map<string, number>();
const count = (name: string): number => {
  const next = (calls.get(name) ?? 0) + 1;
  calls.set(name, next);
  return next;
};
const settle = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then(
    (value) => value,
    (error: TerminalError) => `${error.name} ${error.code} ${error.message}`,
  );
const fast = { initialRetryInterval: 1, maxRetryInterval: 2 };
let mayPass = false;

const pausing = service({
  name: "PausingSteps",
  options: { retryPolicy: { initialInterval: 1, maxAttempts: 2, onMaxAttempts: "kill" } },
  handlers: {
    inside: async (ctx: Context) => {
      await ctx.run("before", () => count("before the pause"));
      return await ctx.run(
        "asks for a pause",
        () => {
          if (count("asks for a pause") === 1) throw PauseError.from(new TypeError("an operator is needed"));
          return "resumed";
        },
        { ...fast, maxRetryAttempts: 1 },
      );
    },
    outside: async (_ctx: Context) => {
      count("pause outside");
      return await Promise.reject(new PauseError("ignored"));
    },
  },
});

const steps = service({
  name: "Steps",
  options: { retryPolicy: { initialInterval: 1, maxInterval: 5, maxAttempts: 4, onMaxAttempts: "kill" } },
  handlers: {
    exhausted: async (ctx: Context) =>
      await settle(
        ctx.run(
          "exhausted",
          () => {
            throw new Error(`attempt ${count("exhausted")}`);
          },
          { ...fast, maxRetryAttempts: 3 },
        ),
      ),
    once: async (ctx: Context) =>
      await settle(
        ctx.run(
          "once",
          () => {
            count("once");
            throw new Error("the only one");
          },
          { maxRetryAttempts: 1 },
        ),
      ),
    byDuration: async (ctx: Context) =>
      await settle(
        ctx.run(
          "byDuration",
          () => {
            count("byDuration");
            throw new Error("again");
          },
          { initialRetryInterval: 10, retryIntervalFactor: 1, maxRetryDuration: 45 },
        ),
      ),
    recovers: async (ctx: Context) =>
      await ctx.run(
        "recovers",
        () => {
          if (count("recovers") < 4) throw new Error("not yet");
          return "at last";
        },
        fast,
      ),
    terminal: async (ctx: Context) => {
      const first = await settle(
        ctx.run("terminal", () => {
          count("terminal");
          throw new TerminalError("no", { errorCode: 422, metadata: { a: "b" } });
        }),
      );
      await ctx.sleep(1);
      return first;
    },
    terminalWithPolicy: async (ctx: Context) =>
      await settle(
        ctx.run(
          "terminalWithPolicy",
          () => {
            count("terminalWithPolicy");
            throw new TerminalError("at once");
          },
          { maxRetryAttempts: 10 },
        ),
      ),
    metadata: async (ctx: Context) => {
      await ctx.run("metadata", () => {
        throw new TerminalError("with", { errorCode: 409, metadata: { why: "so" } });
      });
    },
    byInvocation: async (ctx: Context) => {
      await ctx.run("byInvocation", () => {
        throw new Error(`attempt ${count("byInvocation")}`);
      });
    },
    longBackOff: async (ctx: Context) =>
      await settle(
        ctx.run(
          "longBackOff",
          () => {
            throw new RetryableError(`attempt ${count("longBackOff")}`, { retryAfter: 2100 });
          },
          { maxRetryAttempts: 2 },
        ),
      ),
    nonError: async (ctx: Context, kind: string) =>
      await settle(
        ctx.run(
          "nonError",
          () => {
            throw { text: "a text", number: 42, nothing: undefined, object: { a: 1 } }[kind];
          },
          { maxRetryAttempts: 1 },
        ),
      ),
    lazy: async (ctx: Context) => {
      const lines: string[] = [];
      const step = ctx.run("lazy", () => void lines.push("ran"));
      await pause(5);
      await ctx.run("other", () => void lines.push("other"));
      lines.push("awaits");
      await step;
      return lines;
    },
    never: async (ctx: Context) => {
      void ctx.run("never", () => count("never"));
      await ctx.run("ran", () => undefined);
      return "done";
    },
    together: async (ctx: Context) => {
      const running = { now: 0, most: 0 };
      const action = async () => {
        running.most = Math.max(running.most, ++running.now);
        await pause(10);
        running.now--;
      };
      await DurablePromise.all([ctx.run("a", action), ctx.run("b", action), ctx.run("c", action)]);
      return running.most;
    },
    unnamed: async (ctx: Context) => {
      await ctx.run(async function charge() {
        await pause(1);
      });
      await ctx.run(() => undefined);
    },
    values: async (ctx: Context) => {
      const values = [
        await ctx.run("undefined", () => undefined),
        await ctx.run("null", () => null),
        await ctx.run("object", () => ({ a: [1, "ü"] })),
        (await ctx.run("long", () => "x".repeat(5000))).length,
      ];
      await ctx.sleep(1);
      return values.map((value) => (value === undefined ? "undefined" : value));
    },
    recordedOnce: async (ctx: Context) => {
      const first = await ctx.run("recordedOnce", () => count("recordedOnce"));
      await ctx.sleep(1);
      const second = await ctx.run("recordedTwice", () => count("recordedTwice"));
      if (count("attempts") < 4) throw new Error("again");
      return [first, second];
    },
  },
});

const broken = service({
  name: "Broken",
  options: { retryPolicy: { initialInterval: 1, maxAttempts: 2, onMaxAttempts: "kill" }, abortTimeout: 400 },
  handlers: {
    bigint: async (ctx: Context) => void (await ctx.run("a bigint", () => 1n)),
    fn: async (ctx: Context) => void (await ctx.run("a function", () => () => 1)),
    circular: async (ctx: Context) => {
      await ctx.run("a circle", () => {
        const circle: { self?: unknown } = {};
        circle.self = circle;
        return circle;
      });
    },
    result: async (_ctx: Context) => 1n,
    nonError: async (_ctx: Context) => {
      throw "just text";
    },
    nested: async (ctx: Context) => {
      await ctx.run("outer", async () => await ctx.run("inner", () => 1));
    },
    sleepInside: async (ctx: Context) => await ctx.run("outer", async () => await ctx.sleep(1)),
    caughtInside: async (ctx: Context) => {
      await ctx.run("outer", async () => {
        try {
          await ctx.sleep(1);
        } catch {
          // A handler cannot hide it.
        }
      });
    },
    stateInside: async (ctx: Context) =>
      void (await ctx.run("outer", () => ctx.serviceSendClient(steps).once())),
    outsidePromise: async (ctx: Context) => {
      const sleep = ctx.sleep(1);
      await ctx.run("outer", async () => await sleep);
    },
    neverSettles: async (_ctx: Context) => await new Promise<void>(() => undefined),
    stepNeverSettles: async (ctx: Context) =>
      await ctx.run("stuck", async () => await new Promise<void>(() => undefined)),
    noFunction: async (ctx: Context) => void (await ctx.run("nothing", undefined as never)),
    badSleep: async (ctx: Context) => await ctx.sleep(-1),
    undefinedSleep: async (ctx: Context) => await ctx.sleep(undefined as never),
  },
});

const gate = service({
  name: "Gate",
  options: { retryPolicy: { initialInterval: 1, maxAttempts: 3 } },
  handlers: {
    pass: async (ctx: Context) => {
      const before = await ctx.run("before", () => count("before the gate"));
      await ctx.run("gate", () => {
        if (!mayPass) throw new Error(`closed ${count("gate")}`);
      });
      return before;
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(steps, broken, gate, pausing);
});
afterAll(async () => await world.stop());
const answer = (path: string, body?: unknown) => within(3000, path, world.ask(path, body));

test("exhausted attempts are a terminal failure with the last error's message", async () => {
  expect((await answer("/Steps/exhausted")).body).toBe("TerminalError 500 attempt 3");
  expect((await answer("/Steps/once")).body).toBe("TerminalError 500 the only one");
  expect(calls.get("once")).toBe(1);
});

test("so is an exhausted duration", async () => {
  expect((await answer("/Steps/byDuration")).body).toBe("TerminalError 500 again");
  expect(calls.get("byDuration")).toBeGreaterThanOrEqual(3);
  expect(calls.get("byDuration")).toBeLessThanOrEqual(7);
});

test("intervals alone bound nothing", async () => {
  expect((await answer("/Steps/recovers")).body).toBe("at last");
});

test("a TerminalError is recorded, and not tried again", async () => {
  expect((await answer("/Steps/terminal")).body).toBe("TerminalError 422 no");
  expect(calls.get("terminal")).toBe(1);
  expect((await answer("/Steps/terminalWithPolicy")).body).toBe("TerminalError 500 at once");
  expect(calls.get("terminalWithPolicy")).toBe(1);
});

test("its code and metadata reach the caller", async () => {
  expect(await answer("/Steps/metadata")).toMatchObject({
    status: 409,
    body: { code: 409, message: "with", metadata: { why: "so" } },
  });
});

test("without a bound of its own the invocation's policy governs", async () => {
  expect(await answer("/Steps/byInvocation")).toMatchObject({ status: 500, body: { message: "attempt 4" } });
  expect(calls.get("byInvocation")).toBe(4);
});

test.concurrent(
  "a step's attempts are counted across the invocation's back-off",
  { timeout: 8000 },
  async () => {
    expect((await within(6000, "two attempts", world.ask("/Steps/longBackOff"))).body).toBe(
      "TerminalError 500 attempt 2",
    );
  },
);

test.each([
  ["text", "a text"],
  ["number", "42"],
  ["nothing", "undefined"],
  ["object", '{"a":1}'],
])("a thrown value that is no Error is told: %s", async (kind, told) => {
  expect((await answer("/Steps/nonError", kind)).body).toBe(
    `TerminalError 500 a value that is no Error was thrown: ${told}`,
  );
});

test("a step starts only when it is awaited", async () => {
  expect((await answer("/Steps/lazy")).body).toEqual(["other", "awaits", "ran"]);
  expect((await answer("/Steps/never")).body).toBe("done");
  expect(calls.get("never")).toBeUndefined();
});

test("steps of one combinator run together", async () => {
  expect((await answer("/Steps/together")).body).toBe(3);
});

test("a step without a name has its function's", async () => {
  const id = await world.send("/Steps/unnamed");
  await within(2000, "end", world.attach(id));
  const names = (await world.journal(id)).filter(({ type }) => type === "run").map(({ name }) => name);
  expect(names).toEqual(["charge", ""]);
});

test("values come back from the journal as they went in", async () => {
  expect((await answer("/Steps/values")).body).toEqual(["undefined", null, { a: [1, "ü"] }, 5000]);
});

test("J2: a recorded step does not run again", async () => {
  expect((await answer("/Steps/recordedOnce")).body).toEqual([1, 1]);
  expect([calls.get("recordedOnce"), calls.get("recordedTwice")]).toEqual([1, 1]);
});

test.each([
  ["bigint", /the result of step "a bigint" cannot be stored.*BigInt/],
  ["fn", /the result of step "a function" cannot be stored.*function/],
  ["circular", /the result of step "a circle" cannot be stored.*circular/s],
  ["result", /the result of Broken\/result cannot be stored.*BigInt/],
  ["nonError", /a value that is no Error was thrown: just text/],
  ["nested", /ctx was used inside ctx.run\("outer"\)/],
  ["sleepInside", /ctx was used inside ctx.run\("outer"\)/],
  ["caughtInside", /ctx was used inside ctx.run\("outer"\)/],
  ["stateInside", /ctx was used inside ctx.run\("outer"\)/],
  ["outsidePromise", /ctx was used inside ctx.run\("outer"\)/],
  ["noFunction", /ctx.run\("nothing"\) needs a function/],
])("bad code fails by the policy, with words: %s", async (handler, words) => {
  const { status, body } = await answer(`/Broken/${handler}`);
  expect(status).toBe(500);
  expect((body as { message: string }).message).toMatch(words);
});

test.each([
  ["badSleep", /not negative; got -1/],
  ["undefinedSleep", /[Dd]uration/],
])("a duration that can never be right ends the invocation, with words: %s", async (handler, words) => {
  const { status, body } = await answer(`/Broken/${handler}`);
  expect(status).toBe(400);
  expect((body as { message: string }).message).toMatch(words);
});

test.each([
  [
    "neverSettles",
    /Broken\/neverSettles did not end within its \d+ ms: it was awaiting something that is not durable/,
  ],
  ["stepNeverSettles", /Broken\/stepNeverSettles did not end within its \d+ ms: a step was still running/],
])("a handler that does not end is stopped: %s", async (handler, words) => {
  const { status, body } = await answer(`/Broken/${handler}`);
  expect(status).toBe(500);
  expect((body as { message: string }).message).toMatch(words);
});

test("paused at the last attempt, it goes on when it is resumed, without what was recorded", async () => {
  const id = await world.send("/Gate/pass");
  const view = await world.untilStatus(id, "paused");
  expect(view).toMatchObject({
    last_failure: "closed 3",
    last_failure_related_command_name: "gate",
    retry_count: 3,
  });
  expect((await world.output(id)).status).toBe(470);
  mayPass = true;
  expect(await world.resume(id)).toBe(200);
  expect((await within(2000, "end", world.attach(id))).body).toBe(1);
  await until(() => calls.get("before the gate") === 1, "one");
});

test("a PauseError in a step pauses the invocation, whatever the policies say; the step runs again when it is resumed", async () => {
  const id = await world.send("/PausingSteps/inside");
  const view = await world.untilStatus(id, "paused");
  expect(view).toMatchObject({
    last_failure: "an operator is needed",
    last_failure_related_command_name: "asks for a pause",
  });
  expect(await world.resume(id)).toBe(200);
  expect((await within(2000, "end", world.attach(id))).body).toBe("resumed");
  expect(calls.get("before the pause")).toBe(1);
});

test("elsewhere a PauseError is an error like any other", async () => {
  expect(await world.ask("/PausingSteps/outside")).toMatchObject({
    status: 500,
    body: { message: "ignored" },
  });
  expect(calls.get("pause outside")).toBe(2);
});
