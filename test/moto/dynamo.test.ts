import { describe } from "vitest";
import { dynamoRequests } from "../../lib/aws/dynamo-items.ts";
import { DynamoListing } from "../../runtime/aws/dynamo-listing.ts";
import type { ListedPart } from "../../lib/model/listing.ts";
import { itemStoreSuite } from "../contract/item-store-suite.ts";
import { listingSuite } from "../contract/listing-suite.ts";
import { sourceSuite } from "../contract/source-suite.ts";
import { valueSuite } from "../contract/value-suite.ts";
import { TABLES, withTables } from "../support/emulator-dynamo.ts";
import { sharedMoto, whyNoMoto } from "./shared-moto.ts";

describe.skipIf(whyNoMoto !== undefined)("moto", () => {
  const open = sharedMoto();
  const start = async (parts: readonly ListedPart[] = []) => {
    const { endpoint, region } = open();
    return await withTables(endpoint, parts, async () => undefined, region);
  };
  const storeOf = async () => {
    const emulator = await start();
    return { items: emulator.items(), close: () => emulator.close() };
  };
  itemStoreSuite("DynamoDB (moto)", storeOf, {
    ...{ mixesTypes: true, needsChange: true, countsBase64: true, readsAnyKey: true, races: true },
  });
  valueSuite("DynamoDB (moto)", storeOf);
  sourceSuite("DynamoDB (moto)", storeOf);
  listingSuite("DynamoDB (moto)", async () => {
    const emulator = await start(["open", "ended"]);
    const listing = new DynamoListing(dynamoRequests(emulator.calls()), TABLES, ["open", "ended"]);
    return { items: emulator.items(), listing, close: () => emulator.close() };
  });
});
