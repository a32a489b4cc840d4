import { expect, test } from "vitest";
import { CountedReads } from "../../../runtime/aws/counted-reads.ts";

test("read units are those that DynamoDB says; a write is passed on as it is", async () => {
  const asked: [string, object][] = [];
  const counted = new CountedReads({
    call: async (operation, input) => {
      asked.push([operation, input]);
      return operation === "Query" ? { ConsumedCapacity: { CapacityUnits: 1.5 } } : {};
    },
  });
  await counted.call("Query", { TableName: "J" });
  await counted.call("Query", { TableName: "J" });
  await counted.call("GetItem", { TableName: "J" });
  await counted.call("PutItem", { TableName: "J" });
  expect(counted.units).toBe(3);
  expect(asked.at(0)).toEqual(["Query", { TableName: "J", ReturnConsumedCapacity: "TOTAL" }]);
  expect(asked.at(-1)).toEqual(["PutItem", { TableName: "J" }]);
});
