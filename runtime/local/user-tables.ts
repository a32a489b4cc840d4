/**
 * The user's tables in the local database (X1). Their items are rows beside the engine's, under the table's name with a mark that none of the
 * engine's tables has. So they need no table of SQLite of their own, and one transaction writes both.
 */
import { asValue, type AttributeMap, type UserTables, type UserWrite } from "../../lib/model/user-write.ts";
import type { LocalDatabase } from "./database.ts";
import { attributesIn, bodyIn, packedBody } from "./item-body.ts";
import {
  applied,
  itemKey,
  tableKeys,
  type TablesResult,
  type UserChange,
  type UserItemKey,
} from "./tables/user-tables.ts";

/** What stands before a user's table's name. */
const MARK = "user:";

export class LocalUserTables {
  /** Those that somebody has named. */
  known: UserTables = {};
  readonly #database: LocalDatabase;
  readonly #statements;

  constructor(database: LocalDatabase) {
    this.#database = database;
    this.#statements = {
      get: database.prepare("SELECT body FROM items WHERE tbl = ? AND pk = ? AND sk = ?"),
      put: database.prepare(
        "INSERT OR REPLACE INTO items (tbl, pk, sk, body, ttl) VALUES (?, ?, ?, ?, NULL)",
      ),
      remove: database.prepare("DELETE FROM items WHERE tbl = ? AND pk = ? AND sk = ?"),
      all: database.prepare("SELECT body FROM items WHERE tbl = ? ORDER BY pk, sk"),
    };
  }

  /** What the writes come to, with the items as they are. */
  decide(writes: readonly UserWrite[]): TablesResult {
    return applied(this.known, writes, (key) => this.#read(key));
  }

  /** Runs within a transaction. */
  change(changes: readonly UserChange[]): void {
    for (const { table, pk, sk, item } of changes) {
      if (item === undefined) this.#statements.remove.run(MARK + table, pk, sk);
      else this.#statements.put.run(MARK + table, pk, sk, packedBody(asValue(item)));
    }
  }

  /** The item with this key. */
  get(table: string, key: AttributeMap): AttributeMap | undefined {
    const place = itemKey(table, tableKeys(this.known, table), key, true);
    return this.#database.read(() => this.#read(place));
  }

  /** All items of a table, in the order of their keys. */
  all(table: string): AttributeMap[] {
    tableKeys(this.known, table);
    return this.#database.read(() => this.#statements.all.all(MARK + table).map((row) => itemIn(row)));
  }

  /** Writes an item without a step: what is there before a test, or before a handler runs. */
  async put(table: string, item: AttributeMap): Promise<void> {
    const keys = tableKeys(this.known, table);
    const place = itemKey(table, keys, item, false);
    await this.#database.write(() => this.change([{ ...place, item }]));
  }

  #read({ table, pk, sk }: UserItemKey): AttributeMap | undefined {
    const row = this.#statements.get.get(MARK + table, pk, sk);
    return row && itemIn(row);
  }
}

const itemIn = (row: Record<string, unknown>): AttributeMap =>
  attributesIn(bodyIn(row)) as unknown as AttributeMap;
