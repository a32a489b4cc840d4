import { describe } from "vitest";
import { DynamoItemStore } from "../../aws/dynamo-item-store.ts";
import { itemStoreSuite } from "../contract/item-store-suite.ts";
import { startDynamoLocal, TABLES, whyNoDynamoLocal } from "../support/emulator-dynamo.ts";

const reason = whyNoDynamoLocal();
if (reason !== undefined) console.warn(`DynamoDB Local is not tested: ${reason}`);

describe.skipIf(reason !== undefined)("DynamoDB Local", () => {
  itemStoreSuite("DynamoDB Local", async () => {
    const emulator = await startDynamoLocal();
    return { items: new DynamoItemStore(emulator.client(), TABLES), close: () => emulator.close() };
  });
});
