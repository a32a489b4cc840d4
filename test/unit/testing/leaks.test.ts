/** What a test leaves behind, what it counts of each invocation, and what that costs. */
import { object, service, type Context, type ObjectContext } from "perdure";
import { LeakError, TestEnvironment } from "perdure/testing";
import { expect, test, vi } from "vitest";

const shop = service({
  name: "Shop",
  handlers: {
    buy: async (ctx: Context) => await ctx.run("charge", () => 1),
    ask: async (ctx: Context) => await ctx.awakeable<string>("approval").promise,
    month: async (ctx: Context) => await ctx.sleep({ days: 30 }),
  },
});
const counter = object({
  name: "Counter",
  handlers: {
    add: async (ctx: ObjectContext, n: number) => {
      const sum = ((await ctx.get<number>("sum")) ?? 0) + n;
      ctx.set("sum", sum);
      await ctx.sleep({ days: 1 });
      return sum;
    },
  },
});
const services = [shop, counter];

test("all of it, if it shall be thrown", async () => {
  const environment = await TestEnvironment.start({ services, leaks: "throw" });
  environment.step("chrage").returns(2);
  environment.stub("Mail", { send: () => true });
  await environment.service(shop).buy();
  void environment.client.serviceSendClient(shop).ask().catch(String);
  void environment.client.serviceSendClient(shop).month().catch(String);
  const error: unknown = await environment.stop().catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(LeakError);
  const lines = (error as LeakError).message
    .replaceAll(/inv_1\w+/gu, "inv_…")
    .replaceAll(/sign_1\S+/gu, "sign_…")
    .replaceAll(/until \S+/gu, "until …")
    .split("\n");
  expect(lines.toSorted()).toEqual(
    [
      "The test has left behind:",
      "  Shop/ask has not ended: suspended, waits for awakeable sign_… (inv_…)",
      "  Shop/month has not ended: suspended, waits for sleep until … (command 0) (inv_…)",
      "  nobody has resolved the awakeable 'approval', which inv_… waits for",
      "  the step 'chrage' was told what to do, and was never begun; begun were charge",
      "  the stub of Mail was never called",
    ].toSorted(),
  );
});

test("by default what was said and not used is told, and what has not ended is not", async () => {
  const spy = vi.spyOn(console, "warn").mockImplementation(() => undefined);
  const environment = await TestEnvironment.start({ services });
  void environment.client.serviceSendClient(shop).month().catch(String);
  environment.step("chrage").returns(2);
  await environment.stop();
  await environment.stop();
  expect(spy.mock.calls).toEqual([
    [
      "The test has left behind:\n  the step 'chrage' was told what to do, and was never begun; no step was begun",
    ],
  ]);
  const silent = await TestEnvironment.start({ services, leaks: { steps: "ignore" } });
  silent.step("chrage").returns(2);
  await silent.stop();
  expect(spy).toHaveBeenCalledTimes(1);
});

test("counts of an invocation, and dollars", async () => {
  await using environment = await TestEnvironment.start({ services, time: "auto" });
  await environment.object(counter, "a").add(1);
  await environment.service(shop).buy();
  const [added, bought] = await environment.invocations();
  expect(added?.counts).toMatchObject({ invocations: 2, state: { writes: 2, refused: 0 } });
  expect(bought?.counts).toMatchObject({ invocations: 1, messages: 0, journal: { writes: 1 } });
  expect(added?.counts.messages).toBeGreaterThanOrEqual(1);
  const cost = await added?.cost();
  expect(cost?.parts.map(({ what }) => what)).toEqual(["HTTP request", "start and end", "state", "sleeps"]);
  expect(cost?.dollars).toBeCloseTo((cost?.dollarsPerMillion ?? 0) / 1_000_000);
  const all = await environment.cost();
  expect(all.dollarsPerMillion).toBeCloseTo(
    (cost?.dollarsPerMillion ?? 0) + ((await bought?.cost())?.dollarsPerMillion ?? 0),
  );
  expect(all.dollarsPerMillion).toBeGreaterThan(1);
});

test(
  "a hundred environments side by side, each with its own time and counts",
  { timeout: 60_000 },
  async () => {
    const sums = await Promise.all(
      Array.from({ length: 100 }, async (_, n) => {
        await using environment = await TestEnvironment.start({ services, time: "auto" });
        environment.step("charge").returns(n);
        const bought = await environment.service(shop).buy();
        const sum = await environment.object(counter, "a").add(n);
        return [bought, sum, environment.counts.invocations];
      }),
    );
    expect(sums).toEqual(Array.from({ length: 100 }, (_, n) => [n, n, 3]));
  },
);
