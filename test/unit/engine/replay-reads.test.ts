/** What a resume reads: the pages in as few queries as DynamoDB needs, and each result with an item of its own once. */
import { DurablePromise, service, type Context } from "perdure";
import { expect, test } from "vitest";
import { INLINE_VALUE_BYTES_MAX, VALUE_ITEM_BYTES_MAX } from "../../../lib/limits.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { OneInvocation } from "../../support/one-invocation.ts";

interface Plan {
  readonly count: number;
  readonly chars: number;
  readonly together?: boolean;
}

const source = service({
  name: "Source",
  handlers: {
    /** `count` results, then a sleep. After it all of them are replayed. All differ, because equal values are one item. */
    steps: async (ctx: Context, { count, chars, together = false }: Plan) => {
      const step = (n: number) => ctx.run("step", () => String(n).padEnd(chars, "x"));
      const steps = Array.from({ length: together ? count : 0 }, (_, n) => step(n));
      let sum = (await DurablePromise.all(steps)).join("").length;
      for (let n = steps.length; n < count; n++) sum += (await step(n)).length;
      await ctx.sleep(1_000_000);
      return sum;
    },
  },
});

/** Of the resume alone. */
async function cost(plan: Plan): Promise<{ gets: number; queries: number; writes: number }> {
  const items = new MemoryItemStore();
  const one = new OneInvocation(items, source, "Source/steps", plan);
  expect(await one.begin()).toMatchObject({ kind: "suspended" });
  items.resetCounts();
  expect(await one.wake()).toMatchObject({ kind: "completed" });
  const { gets, queries, writes } = items.counts;
  // The head, which the dispatcher reads.
  return { gets: gets.journal - 1, queries: queries.journal, writes: writes.journal };
}

const SHORT = 100;
const APART = INLINE_VALUE_BYTES_MAX + 1;

test("results in the head: nothing is read", async () => {
  expect(await cost({ count: 3, chars: SHORT })).toEqual({ gets: 0, queries: 0, writes: 1 });
});

test.each([20, 1000])("%i results in pages: one query", async (count) => {
  expect(await cost({ count, chars: SHORT })).toEqual({ gets: 0, queries: 1, writes: 1 });
});

test.each([false, true])(
  "results that are kept apart: each is read once; awaited together: %s",
  async (together) => {
    expect(await cost({ count: 100, chars: APART, together })).toEqual({ gets: 100, queries: 1, writes: 1 });
  },
);

test("a result in chunks: each chunk is read once", async () => {
  const cost3 = await cost({ count: 3, chars: 2 * VALUE_ITEM_BYTES_MAX });
  expect(cost3).toMatchObject({ gets: 3 * 3, writes: 1 });
});
