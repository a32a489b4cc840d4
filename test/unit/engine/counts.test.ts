/**
 * What the engine costs, exactly: handler invocations, writes, reads, messages. If a change makes a workload dearer, the test
 * fails until you change its expectation on purpose.
 */
import { DurablePromise, object, service, type Context, type ObjectContext } from "perdure";
import { TestEnvironment, type TestCounts } from "perdure/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SHORT_WAIT_MS } from "../../../lib/limits.ts";

const doubler = service({
  name: "Doubler",
  handlers: { double: async (_ctx: Context, n: number) => n * 2 },
});

const steps = service({
  name: "Steps",
  handlers: {
    none: async (_ctx: Context, name: string) => `hello ${name}`,
    sequential: async (ctx: Context, count: number) => {
      let sum = 0;
      for (let step = 0; step < count; step++) sum += await ctx.run(`step ${step}`, () => step);
      return sum;
    },
    parallel: async (ctx: Context, count: number) => {
      const results = await DurablePromise.all(
        Array.from({ length: count }, (_, step) => ctx.run(`step ${step}`, () => step)),
      );
      return results.reduce((sum, next) => sum + next, 0);
    },
    sleep: async (ctx: Context, ms: number) => {
      await ctx.sleep(ms);
      return "rested";
    },
    sleeps: async (ctx: Context, count: number) => {
      for (let done = 0; done < count; done++) await ctx.sleep(1);
      return "rested";
    },
    stepsAndSleeps: async (ctx: Context, count: number) => {
      for (let done = 0; done < count; done++) {
        await ctx.run("step", () => done);
        await ctx.sleep(1);
      }
      return "rested";
    },
    transact: async (ctx: Context, count: number) => {
      await ctx.transact("reserve", () =>
        Array.from({ length: count }, (_, at) => ({
          Put: { TableName: "orders", Item: { id: `o-${count}-${at}` } },
        })),
      );
      return count;
    },
    limited: async (ctx: Context) => await ctx.serviceClient(doubler).double(2).orTimeout(SHORT_WAIT_MS),
    fanOut: async (ctx: Context, count: number) => {
      const calls = Array.from({ length: count }, (_, n) => ctx.serviceClient(doubler).double(n));
      const results = await DurablePromise.all(calls);
      return results.reduce((sum, next) => sum + next, 0);
    },
  },
});

const counter = object({
  name: "Counter",
  handlers: {
    add: async (ctx: ObjectContext, by: number) => {
      const total = ((await ctx.get<number>("total")) ?? 0) + by;
      ctx.set("total", total);
      return total;
    },
    readTen: async (ctx: ObjectContext) => {
      let found = 0;
      for (let n = 0; n < 10; n++) if ((await ctx.get(`key${n}`)) !== null) found++;
      return found;
    },
    sleep: async (ctx: ObjectContext, ms: number) => {
      await ctx.sleep(ms);
      return "rested";
    },
  },
});

let environment: TestEnvironment;
beforeAll(async () => {
  environment = await TestEnvironment.start({
    services: [doubler, steps, counter],
    tables: { orders: { partitionKey: "id" } },
  });
});
afterAll(async () => await environment.stop());

async function costOf(path: string, body?: unknown) {
  const before = environment.counts;
  const result = await environment.call(path, body);
  await settled();
  const after = environment.counts;
  const difference = (of: (counts: TestCounts) => number): number => of(after) - of(before);
  return {
    result,
    invocations: difference((counts) => counts.invocations),
    messages: difference((counts) => counts.messages),
    journalWrites: difference((counts) => counts.journal.writes + counts.journal.refused),
    stateReads: difference((counts) => counts.state.reads),
    stateWrites: difference((counts) => counts.state.writes + counts.state.refused),
  };
}

/** The caller has its answer before the lock is passed on and the message deleted. */
async function settled(): Promise<void> {
  for (let same = 0, last = ""; same < 3;) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    const now = JSON.stringify(environment.counts);
    same = now === last ? same + 1 : 0;
    last = now;
  }
}

test("a service without a step: one invocation, one write, no message", async () => {
  expect(await costOf("/Steps/none", "you")).toEqual({
    result: "hello you",
    invocations: 1,
    messages: 0,
    journalWrites: 1,
    stateReads: 0,
    stateWrites: 0,
  });
});

test("10 sequential steps: one invocation, 10 writes, the result included", async () => {
  expect(await costOf("/Steps/sequential", 10)).toMatchObject({
    result: 45,
    invocations: 1,
    journalWrites: 10,
  });
});

test("100 sequential steps: one invocation, at most 115 writes", async () => {
  const cost = await costOf("/Steps/sequential", 100);
  expect(cost).toMatchObject({ result: 4950, invocations: 1 });
  expect(cost.journalWrites).toBe(102);
});

test("10 parallel steps that end together: one invocation, one write", async () => {
  expect(await costOf("/Steps/parallel", 10)).toMatchObject({ result: 45, invocations: 1, journalWrites: 1 });
});

test.each([1, 10])(
  "a transaction of %i writes: one invocation, one write with them and one of the end",
  async (count) => {
    expect(await costOf("/Steps/transact", count)).toEqual({
      result: count,
      invocations: 1,
      messages: 0,
      journalWrites: 2,
      stateReads: 0,
      stateWrites: 0,
    });
  },
);

test("object get and set: one read for the value and one for the lock, one write each of journal and state", async () => {
  expect(await costOf("/Counter/a/add/send", 5)).toMatchObject({
    invocations: 1,
    messages: 1,
    journalWrites: 1,
    stateReads: 2,
    stateWrites: 1,
  });
});

test("called over HTTP, it is read until the caller can see what was written", async () => {
  const cost = await costOf("/Counter/a/add", 5);
  expect(cost).toMatchObject({ result: 10, invocations: 1, messages: 1, journalWrites: 1, stateWrites: 1 });
  // Once, or twice if the first look came before the write.
  expect([3, 4]).toContain(cost.stateReads);
});

test("10 lazy reads: one invocation, no write but the result's", async () => {
  expect(await costOf("/Counter/b/readTen")).toEqual({
    result: 0,
    invocations: 1,
    messages: 1,
    journalWrites: 1,
    stateReads: 11,
    stateWrites: 0,
  });
});

test("a short sleep in a service: one invocation, one write", async () => {
  expect(await costOf("/Steps/sleep", 20)).toMatchObject({
    result: "rested",
    invocations: 1,
    messages: 0,
    journalWrites: 1,
    stateWrites: 0,
  });
});

test("a short sleep in an object: one invocation, one write, no lock", async () => {
  expect(await costOf("/Counter/c/sleep", 20)).toMatchObject({
    result: "rested",
    invocations: 1,
    messages: 1,
    journalWrites: 1,
    stateWrites: 0,
  });
});

test("100 short sleeps: one invocation, one write; one more for each second", async () => {
  const cost = await costOf("/Steps/sleeps", 100);
  expect(cost).toMatchObject({ result: "rested", invocations: 1, messages: 0 });
  expect(cost.journalWrites).toBeLessThanOrEqual(3);
});

test("10 steps with a short sleep after each: one invocation, two writes each, as with suspensions", async () => {
  expect(await costOf("/Steps/stepsAndSleeps", 10)).toMatchObject({
    result: "rested",
    invocations: 1,
    messages: 0,
    journalWrites: 20,
  });
});

test("a call with a short time limit: the caller runs once; the call, the reply's note and the end are written", async () => {
  expect(await costOf("/Steps/limited")).toMatchObject({
    result: 4,
    invocations: 2,
    messages: 2,
    journalWrites: 4,
  });
});

test("a sleep in a service: two invocations, two writes", async () => {
  expect(await costOf("/Steps/sleep", SHORT_WAIT_MS + 100)).toMatchObject({
    result: "rested",
    invocations: 2,
    journalWrites: 2,
    stateWrites: 0,
  });
});

test("a sleep in an object: two invocations, two writes, two more for the lock", async () => {
  expect(await costOf("/Counter/d/sleep", SHORT_WAIT_MS + 100)).toMatchObject({
    result: "rested",
    invocations: 2,
    journalWrites: 2,
    stateWrites: 2,
  });
});

test("100 calls awaited together: two invocations of the parent, or one if it hears of them all while it runs", async () => {
  const cost = await costOf("/Steps/fanOut", 100);
  expect(cost.result).toBe(9900);
  expect(cost.invocations).toBeLessThanOrEqual(102);
});

test("2,000 calls awaited together: what comes in is taken in by the hundreds, and no item outgrows its limit", async () => {
  const cost = await costOf("/Steps/fanOut", 2000);
  expect(cost.result).toBe(3_998_000);
  // One more for each NOTES_MAX that have come, which is less than what one append can take off the list.
  expect(cost.invocations).toBeLessThanOrEqual(2000 + 10);
}, 60_000);
