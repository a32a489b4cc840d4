/** `explore`: orders and faults are drawn from a seed, what fails is found again, and made small. */
import { type Context, DurablePromise, object, type ObjectContext, service } from "perdure";
import { explore, ExploreError, TestEnvironment } from "perdure/testing";
import { afterEach, expect, test, vi } from "vitest";

// Each runs a test many times.
vi.setConfig({ testTimeout: 60_000 });

afterEach(() => void delete process.env["PERDURE_SEED"]);

async function foundIn(run: Promise<unknown>): Promise<ExploreError> {
  const thrown: unknown = await run.then(
    (report) => `none in ${JSON.stringify(report)}`,
    (error: unknown) => error,
  );
  if (thrown instanceof ExploreError) return thrown;
  throw new Error(`no run failed: ${String(thrown)}`);
}

/** Two calls read, and then write, what both can reach. */
const lostUpdate = async (): Promise<void> => {
  let balance = 0;
  const account = service({
    name: "Account",
    handlers: {
      add: async (ctx: Context, amount: number) => {
        const before = await ctx.run("read", () => balance);
        await ctx.run("write", () => void (balance = before + amount));
      },
    },
  });
  await using environment = await TestEnvironment.start({ services: [account] });
  await Promise.all([environment.call("Account/add", 1), environment.call("Account/add", 2)]);
  expect(balance).toBe(3);
};

test("a lost update is found by the order alone, and its seed finds it again", async () => {
  const { seed, faults, message, cause } = await foundIn(explore(lostUpdate, { faults: false }));
  expect(faults).toEqual([]);
  expect(message).toContain("No fault is needed: the order of the requests is enough.");
  expect(message).toContain(`To run it alone: PERDURE_SEED=${seed}`);
  expect(message).toMatch(/What happened:\n\s+Account\/add {2}completed/u);
  expect(String(cause)).toContain("AssertionError");
  process.env["PERDURE_SEED"] = seed;
  const again = await foundIn(explore(lostUpdate, { faults: false }));
  expect([again.seed, again.runs]).toEqual([seed, 1]);
});

/** The same in an object, whose calls of a key run one after the other. */
test("where the engine orders the calls, no run fails", async () => {
  const { runs, faults } = await explore(
    async () => {
      let balance = 0;
      const account = object({
        name: "Account",
        handlers: {
          add: async (ctx: ObjectContext, amount: number) => {
            const before = (await ctx.get<number>("balance")) ?? 0;
            ctx.set("balance", before + amount);
            balance = before + amount;
          },
        },
      });
      await using environment = await TestEnvironment.start({ services: [account] });
      await Promise.all([1, 2, 3].map((amount) => environment.call("Account/a/add", amount)));
      expect(balance).toBe(6);
    },
    { runs: 60 },
  );
  expect(runs).toBe(60);
  expect(faults).toBeGreaterThan(10);
});

/** It pays twice if the process dies between the payment and its append. */
const paysTwice = async (): Promise<void> => {
  let paid = 0;
  const payment = service({
    name: "Payment",
    handlers: {
      pay: async (ctx: Context) => {
        await ctx.run("first", () => undefined);
        await ctx.run("pay", () => void paid++);
        await ctx.run("last", () => undefined);
      },
    },
  });
  await using environment = await TestEnvironment.start({ services: [payment] });
  await environment.call("Payment/pay");
  expect(paid).toBe(1);
};

test("faults that do not matter are left out", async () => {
  const { seed, faults, message } = await foundIn(explore(paysTwice, { seed: 3 }));
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(/the append of run "pay", in Payment\/pay, at .*explore\.test\.ts:\d+/u);
  expect(message).toContain("It needs this fault:");
  process.env["PERDURE_SEED"] = seed;
  const again = await foundIn(explore(paysTwice));
  expect([again.seed, again.faults]).toEqual([seed, faults]);
});

test("the same seed takes the same way", async () => {
  const [one, other] = [await foundIn(explore(paysTwice)), await foundIn(explore(paysTwice))];
  expect(other.message).toBe(one.message);
});

test("an environment is given, if it is said what of", async () => {
  const ping = service({
    name: "Ping",
    handlers: { ping: async (ctx: Context) => ctx.run("pong", () => "pong") },
  });
  const { runs } = await explore(async (environment) => void (await environment.call("Ping/ping")), {
    services: [ping],
    runs: 5,
  });
  expect(runs).toBe(5);
});

test.each([
  [{ runs: 0 }, "runs: a number from 1"],
  [{ runs: 1.5 }, "runs: a number from 1"],
  [{ seed: Number.NaN }, "seed: a whole number"],
])("%j is refused", async (options, words) => {
  await expect(explore(() => Promise.resolve(), options)).rejects.toThrow(words);
});

test("a PERDURE_SEED that is none is refused", async () => {
  process.env["PERDURE_SEED"] = "seventeen";
  await expect(explore(() => Promise.resolve())).rejects.toThrow('not "seventeen"');
});

test("time passes on when a process has died while steps ran beside each other", async () => {
  const quotes = service({
    name: "Quotes",
    handlers: {
      first: async (ctx: Context) => {
        const answer = await DurablePromise.race([ctx.run("a", () => 1), ctx.run("b", () => 2)]);
        await ctx.sleep({ days: 1 });
        return answer;
      },
    },
  });
  const { faults } = await explore(async (environment) => void (await environment.call("Quotes/first")), {
    services: [quotes],
    runs: 40,
  });
  expect(faults).toBeGreaterThan(10);
});
