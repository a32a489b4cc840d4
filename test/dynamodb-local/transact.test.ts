/** X1 on DynamoDB itself, with real tables of a user's. */
import { GetItemCommand, type AttributeValue as SdkValue } from "@aws-sdk/client-dynamodb";
import { describe } from "vitest";
import type { AttributeMap } from "../../lib/model/user-write.ts";
import { transactSuite, USER_TABLES } from "../contract/transact-suite.ts";
import { makeUserTable, startDynamoLocal, whyNoDynamoLocal } from "../support/emulator-dynamo.ts";

const reason = whyNoDynamoLocal();
if (reason !== undefined) console.warn(`DynamoDB Local is not tested: ${reason}`);

describe.skipIf(reason !== undefined)("DynamoDB Local", () => {
  transactSuite("DynamoDB Local", async () => {
    const emulator = await startDynamoLocal();
    const client = emulator.client();
    for (const [name, keys] of Object.entries(USER_TABLES)) await makeUserTable(client, name, keys);
    return {
      items: emulator.items(),
      read: async (TableName, key) => {
        const Key = key as Record<string, SdkValue>;
        const { Item } = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
        return Item as AttributeMap | undefined;
      },
      close: () => emulator.close(),
    };
  });
});
