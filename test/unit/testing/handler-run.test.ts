/** One handler, run once, with the state and the steps that a test says. */
import {
  object,
  service,
  TerminalError,
  workflow,
  type Context,
  type ObjectContext,
  type WorkflowContext,
} from "perdure";
import { runHandler } from "perdure/testing";
import { expect, expectTypeOf, test } from "vitest";

const counter = object({
  name: "Counter",
  handlers: {
    add: async (ctx: ObjectContext<{ sum: number }>, n: number) => {
      const sum = ((await ctx.get("sum")) ?? 0) + (await ctx.run("double", () => 2 * n));
      ctx.set("sum", sum);
      ctx.console.log(`${ctx.key}: ${sum}`);
      await ctx.sleep({ days: 1 });
      return sum;
    },
  },
});
const shop = service({
  name: "Shop",
  handlers: {
    buy: async (ctx: Context) => await ctx.objectClient(counter, "tea").add(1),
    ask: async (ctx: Context) => await ctx.awakeable<string>("approval").promise,
    refuse: async (ctx: Context) => await ctx.run("charge", () => 1, { maxRetryAttempts: 3 }),
  },
});
const signup = workflow({
  name: "Signup",
  handlers: { run: async (ctx: WorkflowContext, name: string) => `${ctx.key}: ${name}` },
});

test("what it returns, sets, runs and says", async () => {
  const run = await runHandler(counter, "add", [2], { key: "tea", state: { sum: 40 } });
  expectTypeOf(run.result).toEqualTypeOf<number>();
  expect(run).toMatchObject({
    ...{ result: 44, state: { sum: 44 }, steps: [{ name: "double", result: 4, attempts: 1 }] },
    logs: [{ level: "info", text: "tea: 44" }],
  });
  expect((await runHandler(counter, "add", [2], { steps: { double: 1 } })).result).toBe(1);
  expect((await runHandler(signup, "run", ["Ada"], { key: "ada" })).result).toBe("ada: Ada");
  // @ts-expect-error -- its input is a number
  void (async () => await runHandler(counter, "add", ["2"]));
});

test("failures, stubs, and what does not come by itself", async () => {
  await expect(
    runHandler(shop, "refuse", [], { steps: { charge: new TerminalError("declined") } }),
  ).rejects.toMatchObject({ name: "TerminalError", message: "declined" });
  let tries = 0;
  const flaky = (): number => {
    if (++tries < 3) throw new Error("not now");
    return tries;
  };
  expect((await runHandler(shop, "refuse", [], { steps: { charge: flaky } })).result).toBe(3);
  const run = await runHandler(shop, "buy", [], {
    prepare: (environment) => void environment.stub(counter, { add: (n) => n + 1 }),
  });
  expect(run.result).toBe(2);
  await expect(runHandler(shop, "ask", [])).rejects.toThrow(
    "the handler waits for awakeable approval: use a TestEnvironment, and complete it there",
  );
});
