import { dynamoRequests } from "../../lib/aws/dynamo-items.ts";
import { DynamoListing } from "../../runtime/aws/dynamo-listing.ts";
import { startDynalite, TABLES } from "../support/emulator-dynamo.ts";
import { itemStoreSuite } from "./item-store-suite.ts";
import { listingSuite } from "./listing-suite.ts";
import { sourceSuite } from "./source-suite.ts";
import { valueSuite } from "./value-suite.ts";

itemStoreSuite(
  "DynamoDB (dynalite)",
  async () => {
    const emulator = await startDynalite();
    // dynalite ignores ReturnValuesOnConditionCheckFailure.
    const items = emulator.items({ rereadRefused: true });
    return { items, close: () => emulator.close() };
  },
  { comparesUtf16: true, readsAnyKey: true },
);

valueSuite("DynamoDB (dynalite)", async () => {
  const emulator = await startDynalite();
  const items = emulator.items({ rereadRefused: true });
  return { items, close: () => emulator.close() };
});

sourceSuite("DynamoDB (dynalite)", async () => {
  const emulator = await startDynalite();
  const items = emulator.items({ rereadRefused: true });
  return { items, close: () => emulator.close() };
});

listingSuite("DynamoDB (dynalite)", async () => {
  const emulator = await startDynalite(["open", "ended"]);
  const items = emulator.items({ rereadRefused: true });
  const listing = new DynamoListing(dynamoRequests(emulator.calls()), TABLES, ["open", "ended"]);
  return { items, listing, close: () => emulator.close() };
});
