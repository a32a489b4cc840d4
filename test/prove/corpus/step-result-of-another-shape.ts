import assert from "node:assert/strict";
import { object, type ObjectContext } from "perdure";
import type { Made, Mistake } from "../mistake.ts";

interface Price {
  /** Of the old code. */
  readonly cents?: number;
  readonly amount?: number;
}

function order(price: Price, readsBoth: boolean): Made {
  const orders = object({
    name: "Order",
    handlers: {
      place: async (ctx: ObjectContext) => {
        const { amount, cents } = await ctx.run("price", () => price);
        // planted: the recorded result has the old field alone.
        ctx.set("total", (readsBoth ? (amount ?? cents) : amount) ?? 0);
        await ctx.sleep({ days: 1 });
        return "placed";
      },
    },
  });
  return {
    services: [orders],
    test: async (environment) => assert.equal(await environment.object(orders, "o-1").place(), "placed"),
  };
}

export const mistake: Mistake = {
  kind: "new code",
  why: "A field of a step's result is renamed. Recorded results have the old name.",
  foundBy: ["replay"],
  before: () => order({ cents: 5 }, true),
  make: (isPlanted) => order({ amount: 5 }, !isPlanted),
};
