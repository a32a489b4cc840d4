/** T1 within a turn: a sleep beside a running step is armed in memory, and must not end before its time. */
import { type Context, service } from "perdure";
import { expect, test } from "vitest";
import { clockOf, systemClock } from "../../../lib/clock.ts";
import type { Clock } from "../../../lib/ports.ts";
import { readHead } from "../../../lib/store/head-store.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { OneInvocation } from "../../support/one-invocation.ts";

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const sleeper = service({
  name: "Sleeper",
  handlers: {
    beside: async (ctx: Context, days: number) => {
      const sleep = ctx.sleep({ days });
      await ctx.run("slow", () => later(50));
      await sleep;
      return "the sleep is over";
    },
    limited: async (ctx: Context, days: number) =>
      await ctx.run("slow", () => later(50).then(() => "in time")).orTimeout({ days }),
    brief: async (ctx: Context) => {
      const sleep = ctx.sleep(20);
      await ctx.run("slow", () => later(50));
      await sleep;
      return "the sleep is over";
    },
  },
});

/** Calls back after a millisecond when `setTimeout` would: when the wait is longer than it takes. */
const overflowing: Clock = {
  now: () => systemClock.now(),
  after: (ms, callback) => systemClock.after(ms > 2 ** 31 - 1 ? 1 : ms, callback),
};
/** Wrong by some milliseconds, as after the wall clock was set back. */
const hasty: Clock = {
  now: () => systemClock.now(),
  after: (ms, callback) => systemClock.after(ms / 2, callback),
};
const CLOCKS: Record<string, Clock> = { system: systemClock, pieces: clockOf(5), overflowing, hasty };

/** What the invocation ended with. */
async function resultOf(handler: string, input: unknown, clock: Clock): Promise<unknown> {
  const items = new MemoryItemStore();
  const invocation = new OneInvocation(items, sleeper, `Sleeper/${handler}`, input, clock);
  const turn = await invocation.begin();
  const outcome = (await readHead(items, invocation.id))?.head.outcome;
  if (!outcome?.ok || !("value" in outcome)) return turn;
  return JSON.parse(Buffer.from(outcome.value).toString());
}

for (const [name, clock] of Object.entries(CLOCKS)) {
  test.each([20, 25, 30, 365])(`a sleep of %d days beside a step goes on: ${name}`, async (days) => {
    const items = new MemoryItemStore();
    const invocation = new OneInvocation(items, sleeper, "Sleeper/beside", days, clock);
    expect((await invocation.begin()).kind).toBe("suspended");
    const leaf = (await readHead(items, invocation.id))?.head.wait;
    expect(leaf?.kind === "sleep" && leaf.dueAtMs).toBeGreaterThan(Date.now() + (days - 1) * 86_400_000);
  });

  test(`a time limit of 30 days is not over at once: ${name}`, async () => {
    expect(await resultOf("limited", 30, clock)).toBe("in time");
  });

  test(`a brief sleep beside a step ends in the same turn: ${name}`, async () => {
    expect(await resultOf("brief", 0, clock)).toBe("the sleep is over");
  });
}
