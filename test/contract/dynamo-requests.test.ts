/** What DynamoDB is asked for. No emulator answers an eventually consistent read late, so that the requests are held to it. */
import { describe, expect, test } from "vitest";
import { type DynamoRequests, DynamoItems } from "../../lib/aws/dynamo-items.ts";
import { TABLES } from "../support/emulator-dynamo.ts";

type Sent = readonly [operation: keyof DynamoRequests, input: object];

function recording() {
  const sent: Sent[] = [];
  const answer =
    <T>(operation: keyof DynamoRequests, output: T) =>
    async (input: object): Promise<T> => {
      sent.push([operation, input]);
      return await Promise.resolve(output);
    };
  const refusal = Object.assign(new Error("refused"), { name: "ConditionalCheckFailedException" });
  const requests: DynamoRequests = {
    GetItem: answer("GetItem", {}),
    PutItem: () => Promise.reject(refusal),
    UpdateItem: answer("UpdateItem", {}),
    DeleteItem: answer("DeleteItem", {}),
    TransactWriteItems: () => Promise.resolve({}),
    Query: answer("Query", { Items: [] }),
    Scan: answer("Scan", { Items: [] }),
  };
  return { sent, items: new DynamoItems(requests, TABLES, { rereadRefused: true }) };
}

const key = { table: "journal", pk: "p", sk: "head" } as const;

describe("every read on which a decision rests is strongly consistent (R5, W1, W3)", () => {
  test("GetItem", async () => {
    const { items, sent } = recording();
    await items.get(key);
    expect(sent).toEqual([
      [
        "GetItem",
        { TableName: TABLES.journal, Key: { pk: { S: "p" }, sk: { S: "head" } }, ConsistentRead: true },
      ],
    ]);
  });

  test("the read after a refused write", async () => {
    const { items, sent } = recording();
    await items.write({ op: "put", key, attributes: {}, when: { is: "absent" } });
    expect(sent).toEqual([["GetItem", expect.objectContaining({ ConsistentRead: true })]]);
  });

  test.each<[string, readonly [prefix: string, page?: { after?: string; limit?: number }]]>([
    ["of a whole partition", [""]],
    ["by a prefix", ["page#"]],
    ["of a later page", ["page#", { after: "page#1", limit: 2 }]],
  ])("Query, %s", async (_, [prefix, page]) => {
    const { items, sent } = recording();
    await items.query("state", "p", prefix, page);
    expect(sent).toEqual([
      ["Query", expect.objectContaining({ TableName: TABLES.state, ConsistentRead: true })],
    ]);
  });
});
