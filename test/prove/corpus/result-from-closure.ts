import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "effects",
  why: "A step's closure sets a variable around it. A later attempt does not run the closure.",
  foundBy: ["lint", "test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const cart = service({
      name: "Cart",
      handlers: {
        total: async (ctx: Context, item: string) => {
          let total = 0;
          if (isPlanted) await ctx.run("price", () => void (total += item.length)); // planted
          else total += await ctx.run("price", () => item.length);
          await ctx.sleep({ hours: 1 });
          return total;
        },
      },
    });
    return {
      services: [cart],
      test: async (environment) => assert.equal(await environment.service(cart).total("tea"), 3),
    };
  },
};
