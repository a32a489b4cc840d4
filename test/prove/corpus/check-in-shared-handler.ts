import assert from "node:assert/strict";
import {
  type Context,
  handlers,
  object,
  type ObjectContext,
  type ObjectSharedContext,
  service,
  TerminalError,
} from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "order",
  why: "A shared handler says that there is one left, and then two callers take it.",
  foundBy: ["explore"],
  isConcurrent: true,
  make: (isPlanted) => {
    const stock = object({
      name: "Stock",
      handlers: {
        left: handlers.object.shared(
          async (ctx: ObjectSharedContext) => (await ctx.get<number>("left")) ?? 1,
        ),
        take: async (ctx: ObjectContext) => {
          const left = (await ctx.get<number>("left")) ?? 1;
          if (!isPlanted && left === 0) return false; // planted
          ctx.set("left", left - 1);
          return true;
        },
      },
    });
    const shop = service({
      name: "Shop",
      handlers: {
        buy: async (ctx: Context, item: string) => {
          const client = ctx.objectClient(stock, item);
          if ((await client.left()) === 0 || !(await client.take())) throw new TerminalError("sold out");
          return item;
        },
      },
    });
    return {
      services: [stock, shop],
      test: async (environment) => {
        const { buy } = environment.service(shop);
        const bought = await Promise.allSettled([buy("teapot"), buy("teapot")]);
        assert.equal(bought.filter(({ status }) => status === "fulfilled").length, 1);
      },
    };
  },
};
