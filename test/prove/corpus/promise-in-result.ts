import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "forgotten awaits",
  why: "A promise stands in an object, where no compiler asks for its value.",
  foundBy: ["lint", "test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const quote = service({
      name: "Quote",
      handlers: {
        ask: async (ctx: Context, item: string) => {
          const price = (): number => item.length;
          if (isPlanted) return { item, price: ctx.run("price", price) }; // planted
          return { item, price: await ctx.run("price", price) };
        },
      },
    });
    return {
      services: [quote],
      test: async (environment) =>
        assert.deepEqual(await environment.call("/Quote/ask", "tea"), { item: "tea", price: 3 }),
    };
  },
};
