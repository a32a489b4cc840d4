import assert from "node:assert/strict";
import { object, type ObjectContext } from "perdure";
import type { Made, Mistake } from "../mistake.ts";

/** `where`: a new step. */
function order(where: "first" | "last" | undefined): Made {
  const check = (ctx: ObjectContext) => ctx.run("check the address", () => "it is there");
  const orders = object({
    name: "Order",
    handlers: {
      place: async (ctx: ObjectContext, item: string) => {
        if (where === "first") await check(ctx); // planted
        const price = await ctx.run("price", () => item.length);
        await ctx.sleep({ days: 1 });
        if (where === "last") await check(ctx);
        return price;
      },
    },
  });
  return {
    services: [orders],
    test: async (environment) => assert.equal(await environment.object(orders, "o-1").place("tea"), 3),
  };
}

export const mistake: Mistake = {
  kind: "new code",
  why: "A step is added where it belongs, before steps that are recorded.",
  foundBy: ["replay"],
  before: () => sleeping(order(undefined)),
  make: (isPlanted) => order(isPlanted ? "first" : "last"),
};

/** Its invocations are still open when their journals are taken. */
function sleeping({ services }: Made): Made {
  return {
    services,
    test: async (environment) => {
      await environment.call("/Order/o-1/place/send", "tea");
      await environment.settled();
    },
  };
}
