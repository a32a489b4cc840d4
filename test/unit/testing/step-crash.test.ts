/** `environment.step(…).crashes(…)`: the process dies in a step. */
import { object, service, TerminalError, type Context, type ObjectContext } from "perdure/restate";
import { everyCrashPoint, TestEnvironment } from "perdure/testing";
import { beforeEach, expect, test } from "vitest";

let charged: string[] = [];
let shipped: string[] = [];
beforeEach(() => {
  charged = [];
  shipped = [];
});

const shop = service({
  name: "Shop",
  handlers: {
    buy: async (ctx: Context, item: string) => {
      const receipt = await ctx.run("charge", () => {
        charged.push(item);
        return `receipt ${charged.length}`;
      });
      await ctx.run("ship", () => void shipped.push(item));
      return receipt;
    },
    careful: async (ctx: Context) => {
      try {
        await ctx.run("charge", () => void charged.push("a"), { maxRetryAttempts: 1 });
      } catch (error) {
        if (error instanceof TerminalError) return "refused";
        throw error;
      }
      return "charged";
    },
  },
});
/** Two attempts are all that it gets. */
const hasty = service({
  name: "Hasty",
  handlers: {
    buy: async (ctx: Context, item: string) => await ctx.run("charge", () => void charged.push(item)),
  },
  options: { retryPolicy: { maxAttempts: 2, onMaxAttempts: "kill" } },
});
/** It is tried again an hour later. */
const patient = service({
  name: "Patient",
  handlers: {
    both: async (ctx: Context) => {
      const later = async (): Promise<void> => {
        await ctx.sleep(100);
        shipped.push("later");
      };
      await Promise.all([later(), ctx.run("charge", () => void charged.push("a"))]);
    },
  },
  options: { retryPolicy: { initialInterval: 3_600_000 } },
});
const account = object({
  name: "Account",
  handlers: {
    add: async (ctx: ObjectContext, by: number) => {
      const sum = ((await ctx.get<number>("sum")) ?? 0) + by;
      ctx.set("sum", sum);
      await ctx.run("tell", () => void shipped.push(String(sum)));
      return sum;
    },
  },
});

test.each([
  ["before", ["tea"], "receipt 1"],
  ["after", ["tea", "tea"], "receipt 2"],
] as const)("%s its closure: what has not been recorded runs again", async (when, expected, receipt) => {
  await using environment = await TestEnvironment.start({ services: [shop], time: "auto" });
  const charge = environment.step("charge").crashes(when);
  expect(await environment.service(shop).buy("tea")).toBe(receipt);
  expect(charged).toEqual(expected);
  // What comes after it ran once.
  expect(shipped).toEqual(["tea"]);
  expect(charge.count).toBe(2);
  expect(charge.attempts.map(({ died }) => died)).toEqual([true, undefined]);
});

test("what was recorded before it does not run again", async () => {
  await using environment = await TestEnvironment.start({ services: [shop], time: "auto" });
  environment.step("ship").crashes("after", { times: 2 });
  expect(await environment.service(shop).buy("tea")).toBe("receipt 1");
  expect([charged, shipped]).toEqual([["tea"], ["tea", "tea", "tea"]]);
});

test("it counts as an attempt, and the timeline says so", async () => {
  await using environment = await TestEnvironment.start({ services: [hasty], time: "auto" });
  environment.step("charge").crashes("before", { times: 9 });
  await expect(environment.service(hasty).buy("tea")).rejects.toThrow("the process has died in a step");
  expect(await environment.timeline()).toContain(
    "the process has died in a step, as the test has told it to",
  );
  expect([environment.step("charge").count, charged]).toEqual([2, []]);
});

test("what else the dead process had under way does not go on", async () => {
  await using environment = await TestEnvironment.start({ services: [patient] });
  environment.step("charge").crashes("after");
  const answer = environment.service(patient).both();
  await environment.skip("1m");
  expect([charged, shipped]).toEqual([["a"], []]);
  await environment.skip("2h");
  await answer;
  expect(charged).toEqual(["a", "a"]);
  expect(shipped).toContain("later");
});

test("an object's state is that of one run", async () => {
  await using environment = await TestEnvironment.start({ services: [account], time: "auto" });
  environment.step("tell").crashes("after");
  expect(await environment.object(account, "a").add(3)).toBe(3);
  expect(await environment.object(account, "a").add(3)).toBe(6);
  expect(shipped).toEqual(["3", "3", "6"]);
});

test("a step's own policy is about its closure, and not about the process", async () => {
  await using environment = await TestEnvironment.start({ services: [shop], time: "auto" });
  environment.step("charge").crashes("before");
  expect(await environment.service(shop).careful()).toBe("charged");
});

test("beside what was said before: `returns` holds when it is over, `runs` ends it", async () => {
  await using environment = await TestEnvironment.start({ services: [shop], time: "auto" });
  const charge = environment.step("charge").returns("mine").crashes("after");
  expect(await environment.service(shop).buy("tea")).toBe("mine");
  expect([charge.count, charged]).toEqual([2, []]);
  charge.crashes("after").runs();
  expect(await environment.service(shop).buy("tea")).toBe("receipt 1");
});

test("also where each request is crashed", async () => {
  const adds = async (environment: TestEnvironment): Promise<void> => {
    environment.step("tell").crashes("before");
    await environment.object(account, "a").add(3);
    expect(await environment.state(account, "a").get("sum")).toBe(3);
  };
  const { runs } = await everyCrashPoint(adds, { services: [account] });
  expect(runs).toBeGreaterThan(3);
});
