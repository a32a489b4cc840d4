import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "time and random numbers",
  why: "An id is made where it is needed, as in any other function.",
  foundBy: ["lint", "test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const reserved: string[] = [];
    const confirmed: string[] = [];
    const booking = service({
      name: "Booking",
      handlers: {
        book: async (ctx: Context) => {
          const id = isPlanted
            ? randomUUID() // planted
            : ctx.rand.uuidv4();
          await ctx.run("reserve", () => void reserved.push(id));
          await ctx.sleep({ minutes: 5 });
          await ctx.run("confirm", () => void confirmed.push(id));
        },
      },
    });
    return {
      services: [booking],
      test: async (environment) => {
        await environment.service(booking).book();
        // Each may be asked for again, with the same id.
        assert.deepEqual([...new Set(confirmed)], [...new Set(reserved)]);
      },
    };
  },
};
