import { describe } from "vitest";
import { DynamoItemStore } from "../../runtime/aws/dynamo-item-store.ts";
import { DynamoListing } from "../../runtime/aws/dynamo-listing.ts";
import type { ListedPart } from "../../lib/model/listing.ts";
import { itemStoreSuite } from "../contract/item-store-suite.ts";
import { listingSuite } from "../contract/listing-suite.ts";
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
    return { items: new DynamoItemStore(emulator.client(), TABLES), close: () => emulator.close() };
  };
  itemStoreSuite("DynamoDB (moto)", storeOf, {
    ...{ mixesTypes: true, needsChange: true, countsBase64: true, readsAnyKey: true, races: true },
  });
  valueSuite("DynamoDB (moto)", storeOf);
  listingSuite("DynamoDB (moto)", async () => {
    const emulator = await start(["open", "ended"]);
    const client = emulator.client();
    const listing = new DynamoListing(client, TABLES, ["open", "ended"]);
    return { items: new DynamoItemStore(client, TABLES), listing, close: () => emulator.close() };
  });
});
