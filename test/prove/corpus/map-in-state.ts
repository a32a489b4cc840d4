import assert from "node:assert/strict";
import { object, type ObjectContext } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "values",
  why: "State looks like memory. It is JSON, and a Map becomes {}.",
  foundBy: ["lint", "test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const shelf = object({
      name: "Shelf",
      handlers: {
        put: async (ctx: ObjectContext, item: string) => {
          if (isPlanted) ctx.set("items", new Map([[item, 1]])); // planted
          else ctx.set("items", { [item]: 1 });
        },
        count: async (ctx: ObjectContext) => Object.keys((await ctx.get<object>("items")) ?? {}).length,
      },
    });
    return {
      services: [shelf],
      test: async (environment) => {
        await environment.object(shelf, "a").put("tea");
        assert.equal(await environment.object(shelf, "a").count(), 1);
      },
    };
  },
};
