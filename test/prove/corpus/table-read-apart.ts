import assert from "node:assert/strict";
import { type Context, service, type TransactWrite } from "perdure";
import type { TestTable } from "perdure/testing";
import type { Mistake } from "../mistake.ts";

export const mistake: Mistake = {
  kind: "order",
  why: "A transaction writes what was read before it, without a condition. Another call has written meanwhile.",
  foundBy: ["explore"],
  isConcurrent: true,
  make: (isPlanted) => {
    let stock: TestTable | undefined;
    const put = (left: number): TransactWrite => ({
      Put: { TableName: "stock", Item: { sku: "tea", left } },
    });
    const less: TransactWrite = {
      Update: {
        ...{ TableName: "stock", Key: { sku: "tea" }, UpdateExpression: "ADD #left :more" },
        ExpressionAttributeNames: { "#left": "left" },
        ExpressionAttributeValues: { ":more": -1 },
      },
    };
    const shop = service({
      name: "Shop",
      handlers: {
        sell: async (ctx: Context) => {
          const left = await ctx.run("left", () => Number(stock?.get({ sku: "tea" })?.["left"]));
          await ctx.transact("sell", () => [
            isPlanted
              ? put(left - 1) // planted
              : less,
          ]);
        },
      },
    });
    return {
      services: [shop],
      tables: { stock: { partitionKey: "sku" } },
      test: async (environment) => {
        stock = environment.table("stock");
        await stock.put({ sku: "tea", left: 10 });
        await Promise.all([environment.service(shop).sell(), environment.service(shop).sell()]);
        assert.equal(stock.get({ sku: "tea" })?.["left"], 8);
      },
    };
  },
};
