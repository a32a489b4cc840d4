/**
 * D1 across failed attempts: what an attempt had begun when it failed must be begun again by the next one
 * (docs/decisions/0019-what-a-failed-attempt-had-begun.md). Neither of them has recorded anything.
 */
import { DurablePromise, object, RetryableError, type ObjectContext } from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { within, World } from "./world.ts";

/** `isFirst`: in the first, third and every other odd attempt. */
type Code = (ctx: ObjectContext, isFirst: boolean, fails: () => void) => unknown;

/** What the even attempts do differently, and what the error must say. */
const DIFFERENT: Readonly<Record<string, readonly [Code, RegExp]>> = {
  "a step of another name": [
    (ctx, isFirst, fails) => ctx.run(isFirst ? "charge" : "refund", fails),
    /operation 0: a failed attempt had begun run "charge", but the code now does run "refund"/,
  ],
  "another operation": [
    (ctx, isFirst, fails) => (isFirst ? ctx.run("charge", fails) : ctx.sleep(1, "nap")),
    /operation 0: .* had begun run "charge", but the code now does sleep "nap"/,
  ],
  "another one before it": [
    async (ctx, isFirst, fails) => {
      if (!isFirst) ctx.set("seen", 1);
      await ctx.run("charge", fails);
    },
    /operation 0: .* had begun run "charge", but the code now does set "seen"/,
  ],
  "the end without it": [
    // The handler's interceptors are not told: its code has not failed.
    (ctx, isFirst, fails) => (isFirst ? ctx.run("charge", fails) : "done"),
    /^not yet$/,
  ],
  "rest without it": [
    async (ctx, isFirst, fails) => {
      const { promise } = ctx.awakeable();
      await (isFirst ? ctx.run("charge", fails) : promise);
    },
    /operation 1: .* had begun run "charge", but the code came to rest without doing it/,
  ],
  "another one after what is recorded": [
    async (ctx, isFirst, fails) => {
      await ctx.run("reserve", () => 1);
      await ctx.run(isFirst ? "charge" : "refund", fails);
    },
    /operation 1: .* had begun run "charge", but the code now does run "refund"/,
  ],
  "another one of several": [
    (ctx, isFirst, fails) =>
      DurablePromise.all(
        ["a", "b", isFirst ? "c" : "d"].map((name) => ctx.run(name, name === "a" ? fails : () => 1)),
      ),
    /operation 2: .* had begun run "c", but the code now does run "d"/,
  ],
};
const SAME: Readonly<Record<string, Code>> = {
  "what a step does": (ctx, _, fails) => ctx.run("step", fails),
  "how long a sleep is": async (ctx, isFirst, fails) => {
    void ctx.sleep(isFirst ? 50_000 : 70_000);
    await ctx.run("step", fails);
  },
  "what comes after a read that is not recorded": async (ctx, isFirst, fails) => {
    await ctx.get("count");
    await ctx.run(isFirst ? "charge" : "refund", fails);
  },
  "what is issued as the code fails": async (ctx, isFirst, fails) => {
    const step = ctx.run(isFirst ? "charge" : "refund", () => 1);
    fails();
    await step;
  },
};

const attempts = new Map<string, number>();
const failures = new Map<string, string[]>();
const code = object({
  name: "Code",
  handlers: {
    run: async (ctx: ObjectContext, { name, waitMs }: { name: string; waitMs: number }) => {
      const attempt = (attempts.get(ctx.key) ?? 0) + 1;
      attempts.set(ctx.key, attempt);
      const fails = (): void => {
        if (attempt === 1) throw new RetryableError("not yet", { retryAfter: waitMs });
      };
      await (DIFFERENT[name]?.[0] ?? SAME[name])?.(ctx, attempt % 2 === 1, fails);
      return attempt;
    },
  },
  options: {
    retryPolicy: { initialInterval: 1, maxAttempts: 5 },
    hooks: [
      ({ request }) => ({
        interceptor: {
          handler: async (next) => {
            try {
              await next();
            } catch (error) {
              const key = request.target.key ?? "";
              failures.set(key, [...(failures.get(key) ?? []), (error as Error).message]);
              throw error;
            }
          },
        },
      }),
    ],
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(code);
});
afterAll(async () => await world.stop());

/** The message is held for the first of them; the second is a timer. */
const BACKOFFS_MS = [1, 700];

describe.each(BACKOFFS_MS)(
  "what a failed attempt had begun, without a result: the back-off is %i ms",
  (waitMs) => {
    const run = async (name: string): Promise<unknown> => {
      const key = `${name} ${waitMs}`;
      return await within(
        9000,
        "the end",
        world.call(`/Code/${encodeURIComponent(key)}/run`, { name, waitMs }),
      );
    };

    test.each(Object.keys(DIFFERENT))("a difference is found: %s", async (name) => {
      // The third attempt does as the first has begun.
      expect(await run(name)).toBe(3);
      expect(failures.get(`${name} ${waitMs}`)?.at(-1)).toMatch(DIFFERENT[name]?.[1] ?? /^$/);
    });

    test.each(Object.keys(SAME))("not compared: %s", async (name) => {
      expect(await run(name)).toBe(2);
    });
  },
);
