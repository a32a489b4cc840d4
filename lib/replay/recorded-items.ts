/** Recorded journals as a store that is only read. What is not recorded is not there: state, promises, other invocations. */
import type { Attributes, ItemKey, Table } from "../model/item.ts";
import { headKey } from "../model/head-keys.ts";
import type { RecordedItem, RecordedJournal } from "../model/recorded-journal.ts";
import { InvariantError } from "../errors.ts";
import type { ItemStore, Page, StoredItem } from "../ports.ts";

export class RecordedItems implements ItemStore {
  readonly #partitions = new Map<string, readonly RecordedItem[]>();

  constructor(journals: readonly RecordedJournal[]) {
    for (const { id, items } of journals)
      this.#partitions.set(
        headKey(id).pk,
        items.toSorted((a, b) => Buffer.compare(Buffer.from(a.sk), Buffer.from(b.sk))),
      );
  }

  async get({ table, pk, sk }: ItemKey): Promise<Attributes | undefined> {
    return this.#of(table, pk).find((item) => item.sk === sk)?.attributes;
  }

  async query(table: Table, pk: string, prefix: string, page: { after?: string } = {}): Promise<Page> {
    const { after = "" } = page;
    const items = this.#of(table, pk).filter(({ sk }): boolean => sk.startsWith(prefix) && sk > after);
    return { items: items satisfies readonly StoredItem[] };
  }

  async scan(): Promise<{ readonly items: readonly never[] }> {
    return { items: [] };
  }

  /** A replay ends before its first write. */
  write(): Promise<never> {
    throw new InvariantError("D1: a replay writes nothing");
  }

  #of(table: Table, pk: string): readonly RecordedItem[] {
    return table === "journal" ? (this.#partitions.get(pk) ?? []) : [];
  }
}
