import { expect, test } from "vitest";
import { service, TransactionError, type Context } from "../../../sdk/index.ts";
import { TestEnvironment } from "../../../sdk/testing/index.ts";

const orders = service({
  name: "Orders",
  handlers: {
    place: async (ctx: Context, id: string) => {
      const total = await ctx.transact("reserve", () => ({
        writes: [
          {
            Put: {
              TableName: "orders",
              Item: { id, total: 12, lines: ["a", "b"] },
              ConditionExpression: "attribute_not_exists(id)",
            },
          },
          {
            Update: {
              TableName: "stock",
              Key: { sku: "a" },
              UpdateExpression: "SET #left = if_not_exists(#left, :none) + :one",
              ExpressionAttributeNames: { "#left": "left" },
              ExpressionAttributeValues: { ":none": 0, ":one": 1 },
            },
          },
        ],
        result: { total: 12 },
      }));
      await ctx.sleep(1);
      return total;
    },
  },
});
const tables = { orders: { partitionKey: "id" }, stock: { partitionKey: "sku" } };

test("first", async () => {
  await using environment = await TestEnvironment.start({
    services: [orders],
    tables,
    alwaysReplay: true,
    time: "auto",
  });
  expect(await environment.service(orders).place("o-1")).toEqual({ total: 12 });
  expect(environment.table("orders").get({ id: "o-1" })).toEqual({ id: "o-1", total: 12, lines: ["a", "b"] });
  expect(environment.table("stock").items()).toEqual([{ sku: "a", left: 1 }]);
  await expect(environment.service(orders).place("o-1")).rejects.toThrow("wrote nothing");
  console.log(await environment.timeline());
  void TransactionError;
});
