/**
 * The same writes on every store: a seed runs on the simulated tables; its writes, in the order in which they took effect, are
 * then done on Amazon's DynamoDB Local, on SQLite and in memory. Each must be answered alike, and the items must be equal in the
 * end. What has expired in the simulator is deleted before it is written again: DynamoDB deletes it within days.
 */
import { openDatabase } from "../../runtime/local/database.ts";
import { LocalItemStore } from "../../runtime/local/item-store.ts";
import type { Attributes, Table, WriteResult } from "../../lib/model/item.ts";
import { equalValues, type Value } from "../../lib/model/value.ts";
import type { ItemStore, StoredItem } from "../../lib/ports.ts";
import { startDynamoLocal, whyNoDynamoLocal } from "../support/emulator-dynamo.ts";
import { MemoryItemStore } from "../support/memory-item-store.ts";
import { run } from "./run.ts";
import type { HeldItem, TakenWrite } from "./tables.ts";

interface Store {
  readonly name: string;
  readonly items: ItemStore;
  close(): Promise<void>;
}

async function storesOf(): Promise<Store[]> {
  const stores: Store[] = [];
  const why = whyNoDynamoLocal();
  if (why === undefined) {
    const emulator = await startDynamoLocal();
    const items = emulator.items();
    stores.push({ name: "DynamoDB Local", items, close: () => emulator.close() });
  } else console.log(`DynamoDB Local: skipped, ${why}`);
  const database = openDatabase(":memory:");
  const close = async (): Promise<void> => await Promise.resolve(database.close());
  stores.push({ name: "SQLite", items: new LocalItemStore(database), close });
  stores.push({ name: "memory", items: new MemoryItemStore(), close: async () => {} });
  return stores;
}

export async function differential(from: number, seeds: number): Promise<boolean> {
  let differences = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    const writes: TakenWrite[] = [];
    const { violation, held } = await run({ seed, onWrite: (taken) => writes.push(taken) });
    if (violation) console.log(`seed ${seed} itself has failed: ${violation.message}`);
    for (const store of await storesOf()) {
      const wrong = await compare(store.items, writes, held);
      await store.close();
      differences += wrong.length;
      const result = wrong.length === 0 ? "alike" : `${wrong.length} DIFFERENCES: ${wrong[0]?.slice(0, 600)}`;
      console.log(`seed ${seed} on ${store.name}: ${writes.length} writes, ${held.length} items: ${result}`);
    }
  }
  console.log(`${seeds} seeds, ${differences} differences`);
  return differences === 0;
}

async function compare(
  items: ItemStore,
  writes: readonly TakenWrite[],
  held: readonly HeldItem[],
): Promise<string[]> {
  const wrong: string[] = [];
  for (const { write, result } of writes) {
    const answer = await items.write(write);
    if (!isSame(answer, result))
      wrong.push(`${write.op} of ${write.key.pk} ${write.key.sk}: ${text(answer)}, not ${text(result)}`);
  }
  const partitions = new Map(held.map(({ table, pk }) => [`${table} ${pk}`, { table, pk }]));
  for (const { table, pk } of partitions.values()) {
    const expected = held.filter((one) => one.table === table && one.pk === pk);
    const found = await all(items, table, pk);
    for (const { sk, item } of expected) {
      const stored = found.find((one) => one.sk === sk)?.attributes;
      if (!equalValues(valueOf(stored), valueOf(item)))
        wrong.push(`${pk} ${sk} is ${text(stored)}, not ${text(item)}`);
    }
  }
  return wrong;
}

async function all(items: ItemStore, table: Table, pk: string): Promise<StoredItem[]> {
  const found: StoredItem[] = [];
  let after: string | undefined;
  do {
    const page = await items.query(table, pk, "", after === undefined ? {} : { after });
    found.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return found;
}

const valueOf = (item: Attributes | undefined): Value => item ?? null;

const isSame = (one: WriteResult, other: WriteResult): boolean =>
  one.won === other.won && equalValues(valueOf(one.item), valueOf(other.item));

const text = (value: unknown): string =>
  JSON.stringify(value, (_, held: unknown) => (held instanceof Uint8Array ? [...held].join() : held)) ??
  "nothing";
