import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";

const SUPPLIERS = 1_000_000_000;

export const mistake: Mistake = {
  kind: "time and random numbers",
  why: "Load is spread by chance, and chance is drawn again in each attempt.",
  foundBy: ["lint", "check", "replay"],
  make: (isPlanted) => {
    const purchase = service({
      name: "Purchase",
      handlers: {
        order: async (ctx: Context, item: string) => {
          const supplier = isPlanted
            ? randomInt(SUPPLIERS) // planted
            : Math.floor(ctx.rand.random() * SUPPLIERS);
          const receipt = await ctx.run(`ask supplier ${supplier}`, () => `${item} comes`);
          await ctx.sleep({ days: 2 }, "the delivery");
          return receipt;
        },
      },
    });
    return {
      services: [purchase],
      test: async (environment) => {
        const answer = await environment.service(purchase).order("tea");
        assert.equal(answer, "tea comes");
      },
    };
  },
};
