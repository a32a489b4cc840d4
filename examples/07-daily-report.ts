/**
 * A cron job: a report each night. A schedule makes the ticks, and each tick is one invocation, once, also if it is delivered twice.
 * If the report fails, it is retried, and the next night does not wait for it.
 *
 * Events come in beside it: sales, from a queue or a topic. The README shows both subscriptions.
 */
import { object, service, TerminalError, type Context, type ObjectContext } from "perdure";
import type { ScheduleTick } from "perdure/events";

export interface Sale {
  /** ISO 8601, in UTC. */
  at: string;
  cents: number;
}

interface DayState {
  count: number;
  cents: number;
}

/** What was sold on a day, keyed by it: `2026-11-29`. Sales of one day come in one after the other. */
export const day = object({
  name: "Day",
  handlers: {
    add: async (ctx: ObjectContext<DayState>, { cents }: Sale) => {
      ctx.set("count", ((await ctx.get("count")) ?? 0) + 1);
      ctx.set("cents", ((await ctx.get("cents")) ?? 0) + cents);
    },
    total: async (ctx: ObjectContext<DayState>) => ({
      count: (await ctx.get("count")) ?? 0,
      cents: (await ctx.get("cents")) ?? 0,
    }),
  },
});

/** Takes a sale from a queue, and gives it to its day. */
export const sales = service({
  name: "Sales",
  handlers: {
    sold: async (ctx: Context, sale: Sale) => {
      if (Number.isNaN(Date.parse(sale?.at)) || !Number.isInteger(sale.cents))
        throw new TerminalError("A sale has a time and cents", { errorCode: 400 });
      ctx.objectSendClient(day, dayOf(sale.at)).add(sale);
    },
  },
});

/** Runs at each tick, after midnight: it reports the day before. */
export const report = service({
  name: "Report",
  handlers: {
    nightly: async (ctx: Context, tick: ScheduleTick) => {
      // The tick's time, not the clock's: a late or repeated attempt reports the same day.
      const yesterday = dayOf(new Date(Date.parse(tick.time) - DAY_MS).toISOString());
      const { count, cents } = await ctx.objectClient(day, yesterday).total();
      const text = `${yesterday}: ${count} sales, ${(cents / 100).toFixed(2)}`;
      await ctx.run("send the report", () => console.log(text), { maxRetryAttempts: 10 });
      return text;
    },
  },
});

const DAY_MS = 24 * 60 * 60 * 1000;
const dayOf = (time: string): string => time.slice(0, "2026-11-29".length);

export default [day, sales, report];
