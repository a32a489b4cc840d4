import assert from "node:assert/strict";
import { type Context, service } from "perdure";
import type { TestTable } from "perdure/testing";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "effects",
  why: "A table is written in a step, as anything else is. The process dies between the write and the record of the step.",
  foundBy: ["crash", "explore"],
  make: (isPlanted) => {
    let stock: TestTable | undefined;
    const add = async (more: number): Promise<void> => {
      const left = Number(stock?.get({ sku: "tea" })?.["left"] ?? 0);
      await stock?.put({ sku: "tea", left: left + more });
    };
    const shop = service({
      name: "Shop",
      handlers: {
        restock: async (ctx: Context, more: number) => {
          if (isPlanted) return await ctx.run("restock", async () => await add(more)); // planted
          return await ctx.transact("restock", () => [
            {
              Update: {
                ...{ TableName: "stock", Key: { sku: "tea" }, UpdateExpression: "ADD #left :more" },
                ExpressionAttributeNames: { "#left": "left" },
                ExpressionAttributeValues: { ":more": more },
              },
            },
          ]);
        },
      },
    });
    return {
      services: [shop],
      tables: { stock: { partitionKey: "sku" } },
      test: async (environment) => {
        stock = environment.table("stock");
        await environment.service(shop).restock(3);
        assert.deepEqual(stock.items(), [{ sku: "tea", left: 3 }]);
      },
    };
  },
};
