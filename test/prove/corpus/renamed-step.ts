import assert from "node:assert/strict";
import { object, type ObjectContext } from "perdure";
import type { Made, Mistake } from "../mistake.ts";

/** `name`: of the step that orders have recorded already. */
function shop(name: string): Made {
  const order = object({
    name: "Order",
    handlers: {
      place: async (ctx: ObjectContext, item: string) => {
        const weight = await ctx.run(name, () => item.length);
        await ctx.sleep({ days: 1 });
        return weight;
      },
    },
  });
  return {
    services: [order],
    test: async (environment) => assert.equal(await environment.object(order, "o-1").place("tea"), 3),
  };
}

export const mistake: Mistake = {
  kind: "new code",
  why: "A step's name reads like a comment. It is stored.",
  foundBy: ["replay"],
  before: () => shop("weigh"),
  make: (isPlanted) =>
    shop(
      isPlanted
        ? "weigh it" // planted
        : "weigh",
    ),
};
