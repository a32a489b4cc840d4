/** D1: a replay compares what the code does with what the journal says. A difference fails with 570 and is never silent. */
import { handlers, object, RetryableError, rpc, type ObjectContext } from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { within, World } from "../semantics/world.ts";

type Code = (ctx: ObjectContext, changed: boolean) => unknown;

/** Each differs in one thing when it is replayed. */
const DIFFERENT: Record<string, Code> = {
  "the type of an operation": (ctx, changed) => (changed ? ctx.sleep(1) : ctx.run("step", () => 1)),
  "their order": async (ctx, changed) => {
    for (const name of changed ? ["b", "a"] : ["a", "b"]) await ctx.run(name, () => 1);
  },
  "a step's name": (ctx, changed) => ctx.run(changed ? "new" : "old", () => 1),
  "a state key": (ctx, changed) => ctx.set(changed ? "new" : "old", 1),
  "a state value": (ctx, changed) => ctx.set("key", changed ? 2 : 1),
  "the target of a call": (ctx, changed) => ctx.objectClient(other, changed ? "new" : "old").echo("x"),
  "its parameter": (ctx, changed) => ctx.objectClient(other, "k").echo(changed ? "new" : "old"),
  "its headers": (ctx, changed) =>
    ctx.objectClient(other, "k").echo("x", rpc.opts({ headers: { version: changed ? "new" : "old" } })),
  "its idempotency key": (ctx, changed) =>
    ctx.objectClient(other, "k").echo("x", rpc.opts({ idempotencyKey: changed ? "new" : "old" })),
  "the awakeable that it completes": (ctx, changed) => {
    ctx.resolveAwakeable(awakeables[changed ? 1 : 0] ?? "", "x");
  },
  "an operation left out": async (ctx, changed) => {
    if (!changed) await ctx.run("left out", () => 1);
  },
};
/** Of an invocation that is over: completing them does nothing. */
let awakeables: readonly string[] = [];
const SAME: Record<string, Code> = {
  "the duration of a sleep": (ctx, changed) => ctx.sleep(changed ? 60_000 : 1),
  "what a step would do": (ctx, changed) => ctx.run("step", () => (changed ? "new" : "old")),
};

const attempts = new Map<string, number>();
const other = object({
  name: "Other",
  handlers: {
    echo: async (_ctx: ObjectContext, what: string) => what,
    awakeables: async (ctx: ObjectContext) => [ctx.awakeable().id, ctx.awakeable().id],
  },
});
const code = object({
  name: "Code",
  options: { retryPolicy: { initialInterval: 1, maxAttempts: 3, onMaxAttempts: "kill" } },
  handlers: {
    run: handlers.object.exclusive(async (ctx: ObjectContext, name: string) => {
      const attempt = (attempts.get(name) ?? 0) + 1;
      attempts.set(name, attempt);
      await (DIFFERENT[name] ?? SAME[name])?.(ctx, attempt > 1);
      await ctx.run("after", () => 1);
      if (attempt === 1) throw new RetryableError("to be replayed", { retryAfter: 1 });
      return attempt;
    }),
  },
});

let world: World;
beforeAll(async () => {
  world = await World.of(code, other);
  awakeables = await world.call<string[]>("/Other/k/awakeables");
});
afterAll(async () => await world.stop());

describe("what a replay compares", () => {
  test.each(Object.keys(DIFFERENT))("a difference is found: %s", async (name) => {
    const key = encodeURIComponent(name);
    const answer = await within(8000, "the end", world.ask(`/Code/${key}/run`, name));
    expect(answer).toMatchObject({ status: 570 });
  });

  test.each(Object.keys(SAME))("not compared: %s", async (name) => {
    expect(await within(8000, "the end", world.call(`/Code/${encodeURIComponent(name)}/run`, name))).toBe(2);
  });
});
