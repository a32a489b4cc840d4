import assert from "node:assert/strict";
import { object, type ObjectContext } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "values",
  why: "A Date goes into the state, and a text comes out.",
  foundBy: ["test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const lease = object({
      name: "Lease",
      handlers: {
        sign: async (ctx: ObjectContext) => {
          const at = await ctx.date.now();
          ctx.set("at", isPlanted ? new Date(at) : at); // planted
        },
        year: async (ctx: ObjectContext) => {
          const at = await ctx.get<Date | number>("at");
          return typeof at === "number" ? new Date(at).getUTCFullYear() : at?.getUTCFullYear();
        },
      },
    });
    return {
      services: [lease],
      test: async (environment) => {
        await environment.object(lease, "a").sign();
        assert.ok(Number(await environment.object(lease, "a").year()) > 2000);
      },
    };
  },
};
