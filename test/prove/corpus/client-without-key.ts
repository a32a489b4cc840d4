import assert from "node:assert/strict";
import { object, type ObjectContext } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "keys",
  why: "A client that got no answer asks again, without an idempotency key: that is a second invocation.",
  foundBy: [],
  unseen: "All faults are those of handlers. No tool loses an answer to the client.",
  make: (isPlanted) => {
    const order = object({
      name: "Orders",
      handlers: {
        add: async (ctx: ObjectContext, item: string) => {
          const items = [...((await ctx.get<string[]>("items")) ?? []), item];
          ctx.set("items", items);
          return items;
        },
      },
    });
    return {
      services: [order],
      test: async (environment) => {
        const headers = isPlanted
          ? {} // planted
          : { "idempotency-key": "click 1" };
        assert.deepEqual(await environment.call("/Orders/ada/add", "tea", headers), ["tea"]);
      },
    };
  },
};
