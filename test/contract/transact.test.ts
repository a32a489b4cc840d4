import { openDatabase } from "../../runtime/local/database.ts";
import { LocalItemStore } from "../../runtime/local/item-store.ts";
import { itemKey } from "../../runtime/local/tables/user-tables.ts";
import { MemoryItemStore } from "../support/memory-item-store.ts";
import { transactSuite, USER_TABLES } from "./transact-suite.ts";

transactSuite("SQLite in memory", async () => {
  const database = openDatabase(":memory:");
  const items = new LocalItemStore(database);
  items.userTables.known = USER_TABLES;
  return {
    items,
    read: async (table, key) => items.userTables.get(table, key),
    close: async () => database.close(),
  };
});

transactSuite("memory", async () => {
  const items = new MemoryItemStore();
  items.userTables = USER_TABLES;
  return {
    items,
    read: async (table, key) => {
      const keys = USER_TABLES[table as keyof typeof USER_TABLES];
      return items.userItems.get(JSON.stringify(itemKey(table, keys, key, true)));
    },
    close: async () => undefined,
  };
});
