import { MemoryItemStore } from "../support/memory-item-store.ts";
import { itemStoreSuite } from "./item-store-suite.ts";
import { listingSuite } from "./listing-suite.ts";

itemStoreSuite("evaluate, in memory", async () => ({
  items: new MemoryItemStore(),
  close: async () => undefined,
}));

listingSuite("memory", async () => {
  const items = new MemoryItemStore();
  return { items, listing: items, close: async () => undefined };
});
