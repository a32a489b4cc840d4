import assert from "node:assert/strict";
import { object, type ObjectContext } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "effects",
  why: "What belongs to a step is put into it, its state too.",
  foundBy: ["lint", "test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const account = object({
      name: "Account",
      handlers: {
        open: async (ctx: ObjectContext, owner: string) => {
          if (isPlanted)
            await ctx.run("open", () => {
              ctx.set("owner", owner); // planted
            });
          else ctx.set("owner", await ctx.run("open", () => owner));
          return await ctx.get<string>("owner");
        },
      },
    });
    return {
      services: [account],
      test: async (environment) => assert.equal(await environment.object(account, "a").open("ada"), "ada"),
    };
  },
};
