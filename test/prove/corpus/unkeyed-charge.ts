import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";
import { Bank } from "../world.ts";

export const mistake: Mistake = {
  kind: "effects",
  why: "A step looks as if it ran once, because its result is recorded once.",
  foundBy: ["crash", "explore"],
  make: (isPlanted) => {
    const bank = new Bank();
    const shop = service({
      name: "Shop",
      handlers: {
        buy: async (ctx: Context, cents: number) => {
          const key = isPlanted
            ? undefined // planted
            : ctx.rand.uuidv4();
          return await ctx.run("charge", () => bank.charge(cents, key));
        },
      },
    });
    return {
      services: [shop],
      test: async (environment) => {
        await environment.service(shop).buy(500);
        assert.deepEqual(bank.booked, [500]);
      },
    };
  },
};
