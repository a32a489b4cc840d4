/** X1: what DynamoDB answers a transaction that it refuses, which no emulator does at will. */
import { describe, expect, test } from "vitest";
import { DynamoItems, dynamoRequests } from "../../lib/aws/dynamo-items.ts";
import { toOperational } from "../../lib/aws/fault.ts";
import type { Put } from "../../lib/model/item.ts";
import type { UserWrite } from "../../lib/model/user-write.ts";
import { TABLES } from "../support/emulator-dynamo.ts";

const append: Put = {
  ...{ op: "put", key: { table: "journal", pk: "p", sk: "item" }, when: { is: "absent" } },
  attributes: { n: 1 },
};
const put = (TableName = "orders"): UserWrite => ({ Put: { TableName, Item: { id: { S: "a" } } } });
const held = { pk: { S: "p" }, sk: { S: "item" }, n: { N: "7" } };

/** A store that refuses with these reasons. */
function refusing(...codes: readonly (string | object)[]): DynamoItems {
  const CancellationReasons = codes.map((code) => (typeof code === "string" ? { Code: code } : code));
  const error = Object.assign(new Error("cancelled"), {
    name: "TransactionCanceledException",
    CancellationReasons,
  });
  return new DynamoItems(dynamoRequests({ call: () => Promise.reject(error) }), TABLES);
}
const refused = { Code: "ConditionalCheckFailed", Item: held };

describe("the reasons of a cancelled transaction", () => {
  test("the append's condition comes first, whatever else is said", async () => {
    const items = refusing(refused, "ConditionalCheckFailed", "TransactionConflict");
    expect(await items.transact(append, [put(), put()])).toEqual({ won: false, item: { n: 7 } });
  });

  test("the user's conditions, by write", async () => {
    const items = refusing("None", "None", "ConditionalCheckFailed");
    const result = await items.transact(append, [put(), put()]);
    expect(result).toEqual({ won: false, refusals: [undefined, "ConditionalCheckFailed"] });
  });

  test("a condition that fails beside a conflict", async () => {
    const items = refusing("None", "TransactionConflict", "ConditionalCheckFailed");
    const result = await items.transact(append, [put(), put()]);
    expect(result).toEqual({ won: false, refusals: [undefined, "ConditionalCheckFailed"] });
  });

  test.each(["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])(
    "%s passes, and is tried again",
    async (code) => {
      for (const items of [refusing("None", code), refusing(code, "None")])
        await expect(items.transact(append, [put()])).rejects.toMatchObject({
          ...{ name: "OperationalError", code: "throttled" },
        });
    },
  );

  test("what is not valid is said as DynamoDB says it", async () => {
    const items = refusing("None", {
      Code: "ValidationError",
      Message: "Type mismatch for attribute to update",
    });
    await expect(items.transact(append, [put()])).rejects.toThrow("Type mismatch for attribute to update");
  });

  test("an item that is too large", async () => {
    const Message = "Item size to update has exceeded the maximum allowed size";
    const items = refusing("None", { Code: "ValidationError", Message });
    await expect(items.transact(append, [put()])).rejects.toMatchObject({ code: "too-large" });
  });
});

test.each(Object.values(TABLES))("%s is Perdure's own, and not written to", async (name) => {
  await expect(refusing().transact(append, [put(name)])).rejects.toThrow(
    `the table ${name} is Perdure's own`,
  );
});

test.each(["TransactionConflictException", "TransactionInProgressException"])(
  "another writer that meets a transaction is told to try again: %s",
  (name) => {
    const error = Object.assign(new Error("conflict"), { name });
    expect(toOperational(error, "a write")).toMatchObject({ name: "OperationalError", code: "throttled" });
  },
);
