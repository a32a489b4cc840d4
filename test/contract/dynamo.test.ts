import { DynamoItemStore } from "../../aws/dynamo-item-store.ts";
import { startDynalite, TABLES } from "../support/emulator-dynamo.ts";
import { itemStoreSuite } from "./item-store-suite.ts";

itemStoreSuite(
  "DynamoDB (dynalite)",
  async () => {
    const emulator = await startDynalite();
    // dynalite ignores ReturnValuesOnConditionCheckFailure.
    const items = new DynamoItemStore(emulator.client(), TABLES, { rereadRefused: true });
    return { items, close: () => emulator.close() };
  },
  { comparesUtf16: true },
);
