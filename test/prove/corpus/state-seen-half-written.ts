import assert from "node:assert/strict";
import { handlers, object, type ObjectContext, type ObjectSharedContext } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "order",
  why: "Two values that belong together are two values of the state. A shared handler can see one new and one old.",
  isConcurrent: true,
  foundBy: ["explore"],
  make: (isPlanted) => {
    const account = object({
      name: "Account",
      handlers: {
        move: async (ctx: ObjectContext, cents: number) => {
          if (isPlanted) {
            ctx.set("current", -cents); // planted
            ctx.set("savings", cents);
          } else ctx.set("both", [-cents, cents]);
        },
        both: handlers.object.shared(async (ctx: ObjectSharedContext) => {
          if (!isPlanted) return (await ctx.get<number[]>("both")) ?? [];
          return [(await ctx.get<number>("current")) ?? 0, (await ctx.get<number>("savings")) ?? 0];
        }),
      },
    });
    return {
      services: [account],
      test: async (environment) => {
        const client = environment.object(account, "ada");
        const [, ...seen] = await Promise.all([client.move(5), client.both(), client.both(), client.both()]);
        for (const [current = 0, savings = 0] of seen) assert.equal(current + savings, 0);
      },
    };
  },
};
