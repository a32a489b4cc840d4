import assert from "node:assert/strict";
import { object, type ObjectContext } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "new code",
  why: "The shape of a state value changes. Keys that nobody has called since have the old one.",
  foundBy: [],
  unseen:
    "State is in no journal, and a test begins with none. Write a test that sets old state with environment.state.",
  make: (isPlanted) => {
    const cart = object({
      name: "Cart",
      handlers: {
        add: async (ctx: ObjectContext, item: string) => {
          const stored = (await ctx.get<{ items: string[] } | string[]>("cart")) ?? { items: [] };
          // planted: the old code stored the list alone.
          const items = !isPlanted && Array.isArray(stored) ? stored : (stored as { items: string[] }).items;
          ctx.set("cart", { items: [...items, item] });
          return items.length + 1;
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
