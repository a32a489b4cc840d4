import assert from "node:assert/strict";
import { type Context, object, type ObjectContext, service } from "perdure";
import type { Made, Mistake } from "../mistake.ts";

interface Order {
  readonly item: string;
  /** Of the old code. */
  readonly who?: string;
  readonly customer?: string;
}

function shop(sent: Order, readsBoth: boolean): Made {
  const account = object({
    name: "Account",
    handlers: { note: async (ctx: ObjectContext, item: string) => ctx.set("item", item) },
  });
  const orders = service({
    name: "Orders",
    handlers: {
      place: async (ctx: Context, { item, who, customer }: Order) => {
        const name = (readsBoth ? (customer ?? who) : customer) ?? "nobody"; // planted
        await ctx.objectClient(account, name).note(item);
        await ctx.sleep({ days: 1 });
      },
    },
  });
  return {
    services: [account, orders],
    test: async (environment) => {
      await environment.service(orders).place(sent);
      assert.equal(await environment.state(account, "ada").get("item"), sent.item);
    },
  };
}

export const mistake: Mistake = {
  kind: "new code",
  why: "A field of the input is renamed. What is under way, or in a queue, has the old name.",
  foundBy: ["replay"],
  before: () => shop({ item: "tea", who: "ada" }, true),
  make: (isPlanted) => shop({ item: "tea", customer: "ada" }, !isPlanted),
};
