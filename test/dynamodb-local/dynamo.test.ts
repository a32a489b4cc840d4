import { describe } from "vitest";
import { dynamoRequests } from "../../lib/aws/dynamo-items.ts";
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
    return { items: emulator.items(), close: () => emulator.close() };
  });
  valueSuite("DynamoDB Local", async () => {
    const emulator = await startDynamoLocal();
    return { items: emulator.items(), close: () => emulator.close() };
  });
  listingSuite("DynamoDB Local", async () => {
    const emulator = await startDynamoLocal(["open", "ended"]);
    const listing = new DynamoListing(dynamoRequests(emulator.calls()), TABLES, ["open", "ended"]);
    return { items: emulator.items(), listing, close: () => emulator.close() };
  });
});
