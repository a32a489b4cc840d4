/** Combinators: every shape, live and on replay. */
import { DurablePromise, service, TerminalError, TimeoutError, type Context } from "perdure";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until, within, World } from "./world.ts";

type Shape = (ctx: Context) => Promise<unknown>;

const asText = (error: unknown): string =>
  error instanceof AggregateError
    ? `${error.name}: ${error.errors.map(asText).join(", ")}`
    : error instanceof TerminalError
      ? `${error.name} ${error.code} ${error.message}`
      : String(error);
const settle = async (promise: Promise<unknown>): Promise<unknown> =>
  await promise.then((value) => value, asText);
const fail = (message: string, errorCode = 500): never => {
  throw new TerminalError(message, { errorCode });
};
const after = (ctx: Context, ms: number, value: string) => ctx.serviceClient(echo).after({ ms, value });
const failAfter = (ctx: Context, ms: number, value: string) =>
  ctx.serviceClient(echo).failAfter({ ms, value });

/** A mapper with a step and a wait of its own. */
const stepped = (ctx: Context, name: string) =>
  ctx.sleep(1).map(async () => {
    const ran = await ctx.run(name, async () => await Promise.resolve(`${name}, ran`));
    return await after(ctx, 1, ran);
  });

const echo = service({
  name: "Echo",
  handlers: {
    after: async (ctx: Context, { ms, value }: { ms: number; value: string }) => {
      if (ms > 0) await ctx.sleep(ms);
      return value;
    },
    failAfter: async (ctx: Context, { ms, value }: { ms: number; value: string }) => {
      if (ms > 0) await ctx.sleep(ms);
      throw new TerminalError(value, { errorCode: 418 });
    },
  },
});

let mapped = 0;

/** By name: the code and its expected result. */
const SHAPES: Record<string, readonly [Shape, unknown]> = {
  "race of sleeps": [
    async (ctx) => await DurablePromise.race([ctx.sleep(300).map(() => "a"), ctx.sleep(10).map(() => "b")]),
    "b",
  ],
  "race of calls": [
    async (ctx) => await DurablePromise.race([after(ctx, 300, "a"), after(ctx, 5, "b")]),
    "b",
  ],
  "race of a failure": [
    async (ctx) => await settle(DurablePromise.race([after(ctx, 300, "a"), failAfter(ctx, 5, "b")])),
    "TerminalError 418 b",
  ],
  "all in order": [
    async (ctx) => await DurablePromise.all([after(ctx, 20, "a"), ctx.sleep(5), ctx.run("c", () => "c")]),
    ["a", null, "c"],
  ],
  "all fails with the first failure": [
    async (ctx) =>
      await settle(
        DurablePromise.all([after(ctx, 5, "a"), failAfter(ctx, 300, "late"), failAfter(ctx, 5, "early")]),
      ),
    "TerminalError 418 early",
  ],
  "any takes the first success": [
    async (ctx) =>
      await DurablePromise.any([failAfter(ctx, 2, "x"), after(ctx, 300, "late"), after(ctx, 10, "early")]),
    "early",
  ],
  "any without success": [
    async (ctx) => await settle(DurablePromise.any([failAfter(ctx, 150, "x"), failAfter(ctx, 2, "y")])),
    "AggregateError: TerminalError 418 x, TerminalError 418 y",
  ],
  allSettled: [
    async (ctx) => {
      const results = await DurablePromise.allSettled([
        after(ctx, 5, "a"),
        failAfter(ctx, 2, "b"),
        ctx.run("c", () => "c"),
      ]);
      return results.map((result) => (result.status === "fulfilled" ? result.value : asText(result.reason)));
    },
    ["a", "TerminalError 418 b", "c"],
  ],
  nested: [
    async (ctx) =>
      await DurablePromise.all([
        DurablePromise.race([after(ctx, 300, "a"), after(ctx, 5, "b")]),
        DurablePromise.any([
          failAfter(ctx, 2, "x"),
          DurablePromise.all([ctx.run("c", () => "c"), after(ctx, 10, "d")]),
        ]),
      ]),
    ["b", ["c", "d"]],
  ],
  "one promise in two combinators and by itself": [
    async (ctx) => {
      const shared = after(ctx, 10, "shared");
      const race = DurablePromise.race([shared, ctx.sleep({ minutes: 1 })]);
      const all = DurablePromise.all([shared, shared, after(ctx, 2, "other")]);
      return [await race, await all, await shared];
    },
    ["shared", ["shared", "shared", "other"], "shared"],
  ],
  "all of nothing": [async () => await DurablePromise.all([]), []],
  "allSettled of nothing": [async () => await DurablePromise.allSettled([]), []],
  "any of nothing": [async () => await settle(DurablePromise.any([])), "AggregateError: "],
  "race of nothing with a time limit": [
    async () => await settle(DurablePromise.race([]).orTimeout({ minutes: 1 })),
    "TimeoutError 408 Timeout occurred",
  ],
  "race of nothing beside a sleep": [
    async (ctx) => await DurablePromise.race([DurablePromise.race([]), ctx.sleep(10).map(() => "slept")]),
    "slept",
  ],
  constants: [
    async (ctx) => [
      await DurablePromise.race([DurablePromise.resolve("now"), ctx.sleep(500)]),
      await settle(
        DurablePromise.all([
          DurablePromise.reject(new TerminalError("no", { errorCode: 400 })),
          ctx.sleep(500),
        ]),
      ),
      await DurablePromise.all([DurablePromise.resolve(1), ctx.run("two", () => 2)]),
      await DurablePromise.resolve(2).map((value) => (value ?? 0) * 2),
    ],
    ["now", "TerminalError 400 no", [1, 2], 4],
  ],
  "orTimeout in time": [async (ctx) => await after(ctx, 5, "a").orTimeout({ minutes: 1 }), "a"],
  "orTimeout too late": [
    async (ctx) => {
      const slow = after(ctx, 300, "late, and still there");
      return [await settle(slow.orTimeout(50)), await slow];
    },
    ["TimeoutError 408 Timeout occurred", "late, and still there"],
  ],
  "orTimeout of a step": [
    async (ctx) => {
      const step = ctx.run("slow", async () => {
        await new Promise((resolve) => setTimeout(resolve, 40));
        return "slow";
      });
      return [await settle(step.orTimeout(5)), await step];
    },
    ["TimeoutError 408 Timeout occurred", "slow"],
  ],
  "map, of results and of failures": [
    async (ctx) => [
      await after(ctx, 5, "a").map((value) => `${value}!`),
      await failAfter(ctx, 5, "b").map((value, failure) => failure?.message ?? value),
      await settle(after(ctx, 2, "c").map(() => fail("mapped", 422))),
    ],
    ["a!", "b", "TerminalError 422 mapped"],
  ],
  "map runs once, when it is awaited": [
    async (ctx) => {
      mapped = 0;
      const promise = ctx.run("one", () => 1).map(() => ++mapped);
      await ctx.run("other", () => 2);
      const before = mapped;
      return [before, await promise, await promise, mapped];
    },
    [0, 1, 1, 1],
  ],
  "map of a map": [
    async (ctx) =>
      await after(ctx, 5, "a")
        .map((value) => `${value}b`)
        .map((value) => `${value}c`),
    "abc",
  ],
  "an asynchronous map, by itself, chained and of constants": [
    async (ctx) => [
      await after(ctx, 5, "a").map(async (value) => await Promise.resolve(`${value}!`)),
      await failAfter(ctx, 5, "b").map(async (_, failure) => await Promise.resolve(failure?.message)),
      await settle(after(ctx, 2, "c").map(async () => await Promise.reject(new TerminalError("mapped")))),
      await DurablePromise.resolve("x")
        .map(async (value) => await Promise.resolve(`${value}-a`))
        .map(async (value) => await Promise.resolve(`${value}-b`))
        .map((value) => `${value}-c`),
      await DurablePromise.reject<string>(new TerminalError("no")).map(
        async (_, failure) => await Promise.resolve(failure?.message),
      ),
      await DurablePromise.resolve("x")
        .map(async (value) => await Promise.resolve(`${value}!`))
        .orTimeout(1),
      await settle(
        DurablePromise.race<DurablePromise<string>[]>([])
          .map(() => "never")
          .orTimeout(1),
      ),
    ],
    ["a!", "b", "TerminalError 500 mapped", "x-a-b-c", "no", "x!", "TimeoutError 408 Timeout occurred"],
  ],
  "an asynchronous map that awaits operations: all, race and any": [
    async (ctx) => [
      await DurablePromise.all([stepped(ctx, "a"), stepped(ctx, "b"), ctx.sleep(1)]),
      await DurablePromise.race([stepped(ctx, "c"), ctx.sleep({ hours: 1 })]),
      await DurablePromise.any([failAfter(ctx, 0, "x"), stepped(ctx, "d")]),
    ],
    [["a, ran", "b, ran", null], "c, ran", "d, ran"],
  ],
  "an asynchronous map that awaits operations: allSettled, orTimeout and another map": [
    async (ctx) => [
      await DurablePromise.allSettled([stepped(ctx, "e")]),
      await stepped(ctx, "f").orTimeout({ hours: 1 }),
      await settle(
        ctx
          .sleep({ hours: 1 })
          .map(async () => await ctx.run("g", () => "g"))
          .orTimeout(1),
      ),
      await stepped(ctx, "h").map((value) => `${value}, mapped`),
    ],
    [
      [{ status: "fulfilled", value: "e, ran" }],
      "f, ran",
      "TimeoutError 408 Timeout occurred",
      "h, ran, mapped",
    ],
  ],
  "constants that are mapped by operations": [
    async (ctx) => {
      const mappedByStep = (name: string, ms: number) =>
        DurablePromise.resolve(name).map(async (value) => {
          const ran = await ctx.run(`step ${name}`, async () => {
            await new Promise((resolve) => setTimeout(resolve, ms));
            return `ran ${name}`;
          });
          return `${value}: ${ran}`;
        });
      const timedOut = DurablePromise.race<DurablePromise<string>[]>([]).orTimeout(1);
      return [
        await mappedByStep("a", 1),
        await DurablePromise.all([mappedByStep("b", 10), mappedByStep("c", 1), mappedByStep("d", 5)]),
        await timedOut.map((_, failure) => failure instanceof TimeoutError),
      ];
    },
    ["a: ran a", ["b: ran b", "c: ran c", "d: ran d"], true],
  ],
  "a mapper that answers a promise of the context": [
    async (ctx) => await after(ctx, 5, "a").map((value) => ctx.run("b", () => `${value}b`)),
    "ab",
  ],
  "an asynchronous map runs once, however often and wherever it is awaited": [
    async (ctx) => {
      let runs = 0;
      const promise = after(ctx, 2, "a").map(async (value) => {
        await ctx.sleep(1);
        return `${value}${++runs}`;
      });
      const before = runs;
      const [both, one] = await Promise.all([DurablePromise.all([promise, promise]), promise]);
      return [before, both, one, await promise, runs];
    },
    [0, ["a1", "a1"], "a1", "a1", 1],
  ],
  "a mapper that takes its time over something of its own": [
    async (ctx) => {
      const slow = ctx
        .run("a", () => "a")
        .map(async (value) => {
          await new Promise((resolve) => setTimeout(resolve, 20));
          return `${value}!`;
        });
      return await DurablePromise.all([slow, ctx.sleep(1)]);
    },
    ["a!", null],
  ],
  "an AggregateError passes a map by": [
    async (ctx) => await settle(DurablePromise.any([failAfter(ctx, 2, "x")]).map(() => "mapped")),
    "AggregateError: TerminalError 418 x",
  ],
  "then, catch and finally": [
    async (ctx) => {
      const lines: string[] = [];
      await after(ctx, 2, "a").then((value) => lines.push(value));
      await failAfter(ctx, 2, "b").catch((error: unknown) => lines.push(asText(error)));
      await after(ctx, 2, "c").finally(() => lines.push("finally"));
      return lines;
    },
    ["a", "TerminalError 418 b", "finally"],
  ],
  "native combinators, which settle in the log's order too": [
    async (ctx) => [
      await Promise.all([after(ctx, 10, "a"), after(ctx, 2, "b"), ctx.run("c", () => "c")]),
      await Promise.race([ctx.sleep(300).then(() => "a"), ctx.sleep(10).then(() => "b")]),
    ],
    [["a", "b", "c"], "b"],
  ],
  "sleeps end in their order": [
    async (ctx) => {
      const order: number[] = [];
      await Promise.all([300, 100, 200, 0].map(async (ms) => await ctx.sleep(ms).then(() => order.push(ms))));
      return order;
    },
    [0, 100, 200, 300],
  ],
  "a race that is awaited when it is long over": [
    async (ctx) => {
      const race = DurablePromise.race([after(ctx, 300, "slow"), after(ctx, 5, "fast")]);
      await ctx.sleep(450);
      return await race;
    },
    "fast",
  ],
  "a race over other promises that were awaited together": [
    async (ctx) => {
      const [slow, fast] = [after(ctx, 300, "slow"), after(ctx, 5, "fast")];
      await DurablePromise.all([slow, fast]);
      return await DurablePromise.race([slow, fast]);
    },
    "fast",
  ],
  "a race over mapped promises that is awaited when it is long over": [
    async (ctx) => {
      const race = DurablePromise.race([
        after(ctx, 300, "slow").map((value) => value),
        after(ctx, 5, "fast").map((value) => value),
      ]);
      await ctx.sleep(450);
      return await race;
    },
    "fast",
  ],
  "a race of a plain and a mapped promise that is awaited when it is long over": [
    async (ctx) => {
      const race = DurablePromise.race([
        after(ctx, 300, "slow"),
        after(ctx, 5, "fast").map((value) => value),
      ]);
      await ctx.sleep(450);
      return await race;
    },
    "fast",
  ],
  "a race of sleeps that is awaited when it is long over": [
    async (ctx) => {
      const race = DurablePromise.race([ctx.sleep(300).map(() => "slow"), ctx.sleep(5).map(() => "fast")]);
      await ctx.sleep(450);
      return await race;
    },
    "fast",
  ],
  "an orTimeout that is awaited when it is long over": [
    async (ctx) => {
      const limited = after(ctx, 300, "slow").orTimeout(5);
      await ctx.sleep(450);
      return await settle(limited);
    },
    "TimeoutError 408 Timeout occurred",
  ],
  "what is raced for again has the same winner": [
    async (ctx) => {
      const [a, b] = [after(ctx, 5, "a"), ctx.run("b", () => "b")];
      const first = await DurablePromise.race([a, b]);
      const both = await DurablePromise.all([a, b]);
      return [first, both, await DurablePromise.race([a, b])];
    },
    ["b", ["a", "b"], "b"],
  ],
};

const shapes = service({
  name: "Shapes",
  handlers: {
    live: async (ctx: Context, name: string) => await SHAPES[name]?.[0](ctx),
    /** Suspends afterwards, so that everything is replayed twice. */
    replayed: async (ctx: Context, name: string) => {
      const answers: unknown[] = [await SHAPES[name]?.[0](ctx)];
      await ctx.sleep(1);
      answers.push(await ctx.run("compare", () => JSON.stringify(answers[0])));
      await ctx.sleep(1);
      return answers;
    },
    mixed: async (ctx: Context) => {
      await DurablePromise.all([Promise.resolve(1) as unknown as DurablePromise<number>, ctx.sleep(1)]);
    },
    never: async () => {
      await DurablePromise.race([]);
    },
    badMap: async (ctx: Context) =>
      await ctx.sleep(1).map(() => {
        throw new Error("not terminal");
      }),
    badAsyncMap: async (ctx: Context) =>
      await DurablePromise.all([
        ctx.sleep(1).map(async () => await Promise.reject(new Error("not terminal"))),
        ctx.sleep(1),
      ]).catch(() => "caught"),
    badConstantMap: async () =>
      await DurablePromise.resolve(1).map(() => {
        throw new Error("not terminal");
      }),
    uncaughtTimeout: async (ctx: Context) => {
      await ctx.sleep(500).orTimeout(1);
    },
    timeoutIs: async (ctx: Context) => {
      const error: unknown = await ctx
        .sleep(500)
        .orTimeout(1)
        .catch((thrown: unknown) => thrown);
      return [error instanceof TimeoutError, error instanceof TerminalError];
    },
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(echo, shapes);
});
afterAll(async () => await world.stop());

test.concurrent.each(Object.keys(SHAPES))("%s", async (name) => {
  const expected = SHAPES[name]?.[1];
  expect(await within(20_000, name, world.call("/Shapes/live", name))).toEqual(expected);
});

test.concurrent.each(Object.keys(SHAPES).filter((name) => name !== "map runs once, when it is awaited"))(
  "replayed: %s",
  async (name) => {
    const expected = SHAPES[name]?.[1];
    expect(await within(20_000, name, world.call("/Shapes/replayed", name))).toEqual([
      expected,
      JSON.stringify(expected),
    ]);
  },
);

test.concurrent("a native promise in a combinator is refused, with the reason", async () => {
  const id = await world.send("/Shapes/mixed");
  const view = await until(async () => {
    const seen = await world.view(id);
    return seen?.last_failure === undefined ? undefined : seen;
  }, "the failure");
  expect(view.last_failure).toContain("DurablePromise.all got a native Promise at position");
});

test.concurrent("a race of nothing never settles; a cancellation ends it", async () => {
  const id = await world.send("/Shapes/never");
  await world.untilStatus(id, "suspended");
  await world.cancel(id);
  expect((await within(2000, "the end", world.attach(id))).status).toBe(409);
});

test.concurrent.each(["badMap", "badAsyncMap", "badConstantMap"])(
  "a mapper that throws what is not terminal fails the attempt: %s",
  async (handler) => {
    const id = await world.send(`/Shapes/${handler}`);
    const view = await until(async () => {
      const seen = await world.view(id);
      return seen?.last_failure === undefined ? undefined : seen;
    }, "the failure");
    expect(view.last_failure).toBe("not terminal");
  },
);

test.concurrent("a timeout that nobody catches is a terminal failure", async () => {
  expect(await world.ask("/Shapes/uncaughtTimeout")).toMatchObject({ status: 408, body: { code: 408 } });
  expect(await world.call("/Shapes/timeoutIs")).toEqual([true, true]);
});
