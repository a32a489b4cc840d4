import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "values",
  why: "A step's result looks like a return value. It is JSON, and a Map becomes {}.",
  foundBy: ["types", "test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const load = (): Map<string, number> => new Map([["tea", 12]]);
    const prices = service({
      name: "Prices",
      handlers: {
        of: async (ctx: Context, item: string) => {
          if (isPlanted) {
            const all = await ctx.run("load", () => load());
            // @ts-expect-error planted: the step's result has the type Record<string, never>
            return all.get(item) as number;
          }
          const all = await ctx.run("load", () => Object.fromEntries(load()));
          return all[item];
        },
      },
    });
    return {
      services: [prices],
      test: async (environment) => assert.equal(await environment.call("/Prices/of", "tea"), 12),
    };
  },
};
