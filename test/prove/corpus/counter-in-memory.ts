import assert from "node:assert/strict";
import { object, type ObjectContext } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "values",
  why: "A Map beside the handlers is quicker than state, and is gone with the process. Each attempt counts again.",
  foundBy: ["check", "crash", "explore"],
  make: (isPlanted) => {
    const visits = new Map<string, number>();
    const page = object({
      name: "Page",
      handlers: {
        visit: async (ctx: ObjectContext) => {
          const before = isPlanted ? visits.get(ctx.key) : await ctx.get<number>("visits");
          const count = (before ?? 0) + 1;
          if (isPlanted) visits.set(ctx.key, count); // planted
          else ctx.set("visits", count);
          await ctx.run("log", () => count);
          return count;
        },
      },
    });
    return {
      services: [page],
      test: async (environment) => {
        await environment.object(page, "home").visit();
        assert.equal(await environment.object(page, "home").visit(), 2);
      },
    };
  },
};
