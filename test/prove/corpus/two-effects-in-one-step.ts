import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";

/** Neither knows keys. Seats are taken by number, so taking one twice is taking it once. */
class Theatre {
  readonly seats = new Set<number>();
  readonly points: number[] = [];
}

export const mistake: Mistake = {
  kind: "effects",
  why: "Two calls belong together, so they are put into one step. If the second one fails, both are done again.",
  foundBy: ["test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const theatre = new Theatre();
    let printed = 0;
    const print = (seat: number): void => {
      // The printer is jammed at first.
      if (printed++ === 0) throw new Error("a paper jam");
      theatre.seats.add(seat);
    };
    const give = (points: number, key: string): void => {
      if (!isPlanted && given.has(key)) return;
      given.add(key);
      theatre.points.push(points);
    };
    const given = new Set<string>();
    const ticket = service({
      name: "Ticket",
      handlers: {
        sell: async (ctx: Context, seat: number) => {
          const key = ctx.rand.uuidv4();
          const retries = { initialRetryInterval: 10 };
          if (isPlanted) {
            // planted
            const both = (): void => {
              give(10, key);
              print(seat);
            };
            await ctx.run("give points and print", both, retries);
          } else {
            await ctx.run("give points", () => give(10, key), retries);
            await ctx.run("print", () => print(seat), retries);
          }
        },
      },
    });
    return {
      services: [ticket],
      test: async (environment) => {
        await environment.service(ticket).sell(17);
        assert.deepEqual([theatre.points, [...theatre.seats]], [[10], [17]]);
      },
    };
  },
};
