import { MemoryItemStore } from "../support/memory-item-store.ts";
import { itemStoreSuite } from "./item-store-suite.ts";

itemStoreSuite("evaluate, in memory", async () => ({
  items: new MemoryItemStore(),
  close: async () => undefined,
}));
