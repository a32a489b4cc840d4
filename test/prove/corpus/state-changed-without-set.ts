import assert from "node:assert/strict";
import { object, type ObjectContext } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "values",
  why: "What ctx.get returns is a copy. Changing it changes no state.",
  foundBy: ["test", "check", "crash", "explore"],
  make: (isPlanted) => {
    const cart = object({
      name: "Cart",
      handlers: {
        add: async (ctx: ObjectContext, item: string) => {
          const items = (await ctx.get<string[]>("items")) ?? [];
          items.push(item); // planted
          if (!isPlanted) ctx.set("items", items);
          return items.length;
        },
      },
    });
    return {
      services: [cart],
      test: async (environment) => {
        await environment.object(cart, "ada").add("tea");
        assert.equal(await environment.object(cart, "ada").add("cup"), 2);
      },
    };
  },
};
