import assert from "node:assert/strict";
import { type Context, object, type ObjectContext, service } from "perdure";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "keys",
  why: "A key is made of two texts without anything between: order 1 of shop 12 is order 21 of shop 1.",
  foundBy: [],
  unseen: "Each run has the keys that the test gives it. A property test over keys finds it.",
  make: (isPlanted) => {
    const parcel = object({
      name: "Parcel",
      handlers: {
        send: async (ctx: ObjectContext, to: string) => {
          ctx.set("to", to);
          return ctx.key;
        },
      },
    });
    const shop = service({
      name: "Shop",
      handlers: {
        send: async (ctx: Context, { shop: number, order }: { shop: number; order: number }) => {
          const key = isPlanted
            ? `${number}${order}` // planted
            : `${number}/${order}`;
          return await ctx.objectClient(parcel, key).send("Porto");
        },
      },
    });
    return {
      services: [parcel, shop],
      test: async (environment) => {
        const { send } = environment.service(shop);
        const keys = [await send({ shop: 1, order: 3 }), await send({ shop: 2, order: 4 })];
        assert.equal(new Set(keys).size, 2);
      },
    };
  },
};
