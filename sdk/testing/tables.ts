/** What a test sees of the tables that `ctx.transact` writes to. */
import type { AttributeMap, AttributeValue } from "../../lib/model/user-write.ts";
import type { LocalUserTables } from "../../runtime/local/user-tables.ts";
import { tableKeys } from "../../runtime/local/tables/user-tables.ts";
import { attributeMap } from "../turn/user-writes.ts";

/** An item with plain values. */
export type TestItem = Record<string, unknown>;

export class TestTable {
  readonly #tables: LocalUserTables;
  readonly #name: string;

  constructor(tables: LocalUserTables, name: string) {
    tableKeys(tables.known, name);
    this.#tables = tables;
    this.#name = name;
  }

  /** The item with this key, or `undefined`. */
  get(key: TestItem): TestItem | undefined {
    const item = this.#tables.get(this.#name, attributeMap(key, `the key of ${this.#name}`));
    return item && plainItem(item);
  }

  /** All items, in the order of their keys. */
  items(): TestItem[] {
    return this.#tables.all(this.#name).map(plainItem);
  }

  /** Puts an item there, as something else than a handler would. */
  async put(item: TestItem): Promise<void> {
    await this.#tables.put(this.#name, attributeMap(item, `the item of ${this.#name}`));
  }
}

const plainItem = (item: AttributeMap): TestItem =>
  Object.fromEntries(Object.entries(item).map(([name, value]) => [name, plain(value)]));

/** As AWS's Document client reads it, but that a number too long for a double is a BigInt. */
function plain(value: AttributeValue): unknown {
  if ("S" in value) return value.S;
  if ("N" in value) return numberOf(value.N);
  if ("BOOL" in value) return value.BOOL;
  if ("B" in value) return value.B;
  if ("L" in value) return value.L.map(plain);
  if ("M" in value) return plainItem(value.M);
  if ("SS" in value) return new Set(value.SS);
  if ("NS" in value) return new Set(value.NS.map(numberOf));
  return "BS" in value ? new Set(value.BS) : null;
}

function numberOf(text: string): number | bigint {
  const number = Number(text);
  return Number.isInteger(number) && !Number.isSafeInteger(number) && /^-?\d+$/.test(text)
    ? BigInt(text)
    : number;
}
