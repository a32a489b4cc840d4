import { describe } from "vitest";
import { DynamoItemStore } from "../../runtime/aws/dynamo-item-store.ts";
import { DynamoListing } from "../../runtime/aws/dynamo-listing.ts";
import { itemStoreSuite } from "../contract/item-store-suite.ts";
import { listingSuite } from "../contract/listing-suite.ts";
import { valueSuite } from "../contract/value-suite.ts";
import { startDynamoLocal, TABLES, whyNoDynamoLocal } from "../support/emulator-dynamo.ts";

const reason = whyNoDynamoLocal();
if (reason !== undefined) console.warn(`DynamoDB Local is not tested: ${reason}`);

describe.skipIf(reason !== undefined)("DynamoDB Local", () => {
  itemStoreSuite("DynamoDB Local", async () => {
    const emulator = await startDynamoLocal();
    return { items: new DynamoItemStore(emulator.client(), TABLES), close: () => emulator.close() };
  });
  valueSuite("DynamoDB Local", async () => {
    const emulator = await startDynamoLocal();
    return { items: new DynamoItemStore(emulator.client(), TABLES), close: () => emulator.close() };
  });
  listingSuite("DynamoDB Local", async () => {
    const emulator = await startDynamoLocal(["open", "ended"]);
    const client = emulator.client();
    const listing = new DynamoListing(client, TABLES, ["open", "ended"]);
    return { items: new DynamoItemStore(client, TABLES), listing, close: () => emulator.close() };
  });
});
