import assert from "node:assert/strict";
import { type Context, object, type ObjectContext, service } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "order",
  why: "An object is asked for its value and told a new one, in two calls. Between them it belongs to nobody.",
  foundBy: ["explore"],
  isConcurrent: true,
  make: (isPlanted) => {
    const balance = object({
      name: "Balance",
      handlers: {
        read: async (ctx: ObjectContext) => (await ctx.get<number>("cents")) ?? 0,
        write: async (ctx: ObjectContext, cents: number) => ctx.set("cents", cents),
        add: async (ctx: ObjectContext, cents: number) =>
          ctx.set("cents", ((await ctx.get<number>("cents")) ?? 0) + cents),
      },
    });
    const gift = service({
      name: "Gift",
      handlers: {
        give: async (ctx: Context, cents: number) => {
          const client = ctx.objectClient(balance, "ada");
          if (isPlanted) await client.write((await client.read()) + cents); // planted
          else await client.add(cents);
        },
      },
    });
    return {
      services: [balance, gift],
      test: async (environment) => {
        const { give } = environment.service(gift);
        await Promise.all([give(1), give(2)]);
        assert.equal(await environment.object(balance, "ada").read(), 3);
      },
    };
  },
};
