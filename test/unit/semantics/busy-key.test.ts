/** R23: what a busy key sends is bounded by what it was asked for. A newcomer wakes nobody, and a surplus wake causes nothing. */
import { object, type ObjectContext } from "perdure";
import { expect, test } from "vitest";
import { RetentionWorld } from "./retention-world.ts";
import { pause, until } from "./world.ts";

const account = object({
  name: "Account",
  handlers: {
    holds: async (ctx: ObjectContext) => await ctx.sleep(600),
    add: async (ctx: ObjectContext) => {
      ctx.set("count", ((await ctx.get<number>("count")) ?? 0) + 1);
    },
    count: async (ctx: ObjectContext) => (await ctx.get<number>("count")) ?? 0,
  },
});

const PARKED = 10;
const CANCELLED = 5;
const NEWCOMERS = 300;

/**
 * One that sleeps holds the key, others are parked behind it, and some of those are cancelled. Newcomers arrive over the moment
 * at which it ends. Each cancelled one stops the chain in which an owner runs the next one under its message.
 */
test("a key that is asked much while it passes on sends no more than it was asked for", async () => {
  const world = new RetentionWorld([account]);
  try {
    const holder = await world.send("POST /Account/k/holds");
    await until(async () => {
      const { body: seen } = await world.admin(`GET /invocations/${holder}`);
      return (seen as { status?: string }).status === "suspended";
    }, "the sleep");
    const parked: string[] = [];
    for (let n = 0; n < PARKED; n++) parked.push(await world.send("POST /Account/k/add"));
    for (const id of parked.slice(0, CANCELLED)) await world.admin(`PATCH /invocations/${id}/cancel`);
    for (let n = 0; n < NEWCOMERS; n++) {
      await world.send("POST /Account/k/add");
      if (n % 2 === 0) await pause(5);
    }
    const { body } = await world.ask("POST /Account/k/count");
    expect(body).toBe(PARKED - CANCELLED + NEWCOMERS);
    await world.rest();
    const accepted = 1 + PARKED + NEWCOMERS + 1;
    const wakes = world.sent.filter(({ body: text }) => text.includes('"wake"')).length;
    expect(world.sent).toHaveLength(accepted + CANCELLED + wakes);
    // One when a chain stops, at 64, or at one that was cancelled; and one for each cancellation.
    expect(wakes).toBeLessThanOrEqual(2 * CANCELLED + NEWCOMERS / 10);
  } finally {
    await world.stop();
  }
}, 30_000);
