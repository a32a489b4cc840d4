/** The simulator's tables: what DynamoDB stores. They stand below the observer, which reads them, and the item store. */
import {
  type Attributes,
  evaluate,
  type ItemKey,
  type Table,
  type Write,
  type WriteResult,
} from "../../lib/model/item.ts";
import type { Page, ScannedItem } from "../../lib/ports.ts";

/** A scan may show an item as it was up to so long ago. */
const STALE_MS = 20_000;
/** A read that may lag, as it was up to so long ago. */
const LAGGING_MS = 2000;
export const PAGE_MAX = 20;
/** An item is deleted up to four times this after its time to live. */
const LAG_MS = 6 * 60 * 60 * 1000;

interface Held {
  item: Attributes | undefined;
  before: Attributes | undefined;
  changedMs: number;
}
type Partition = Map<string, Held>;

export interface HeldItem {
  readonly table: Table;
  readonly pk: string;
  readonly sk: string;
  readonly item: Attributes;
}

/** A write that took effect or was refused, and what was answered. */
export interface TakenWrite {
  readonly write: Write;
  readonly result: WriteResult;
}

/** The tables, shared by all actors. Held items are frozen, so code that changes what it has read or written fails. */
export class Tables {
  readonly #tables: Record<Table, Map<string, Partition>> = {
    journal: new Map(),
    state: new Map(),
    registry: new Map(),
    guards: new Map(),
  };
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get({ table, pk, sk }: ItemKey): Attributes | undefined {
    return this.#itemOf(this.#tables[table].get(pk)?.get(sk), pk + sk);
  }

  look({ table, pk, sk }: ItemKey, stale: () => boolean): Attributes | undefined {
    const held = this.#tables[table].get(pk)?.get(sk);
    const isOld = held !== undefined && this.#now() - held.changedMs < LAGGING_MS && stale();
    return isOld ? held.before : this.#itemOf(held, pk + sk);
  }

  /** DynamoDB deletes within days after the time to live. */
  #itemOf(held: Held | undefined, name: string): Attributes | undefined {
    const ttl = held?.item?.["ttl"];
    if (typeof ttl !== "number" || ttl * 1000 > this.#now()) return held?.item;
    const lagMs = (name.charCodeAt(name.length - 1) % 5) * LAG_MS;
    return ttl * 1000 + lagMs > this.#now() ? held?.item : undefined;
  }

  /** All items, for checkers. */
  *all(table: Table): Generator<{ pk: string; sk: string; item: Attributes }> {
    for (const [pk, partition] of this.#tables[table]) {
      for (const [sk, held] of partition) {
        const item = this.#itemOf(held, pk + sk);
        if (item) yield { pk, sk, item };
      }
    }
  }

  /** Items of one partition, and when each was written, for checkers. */
  *partition(table: Table, pk: string): Generator<{ sk: string; item: Attributes; changedMs: number }> {
    for (const [sk, held] of this.#tables[table].get(pk) ?? []) {
      const item = this.#itemOf(held, pk + sk);
      if (item) yield { sk, item, changedMs: held.changedMs };
    }
  }

  /** Sees every write. */
  onWrite: ((taken: TakenWrite) => void) | undefined;

  write(write: Write): WriteResult {
    const before = this.get(write.key);
    const result = evaluate(before, write);
    if (this.onWrite) {
      const { table, pk, sk } = write.key;
      // What has expired is deleted.
      if (!before && this.#tables[table].get(pk)?.get(sk)?.item)
        this.onWrite({ write: { op: "delete", key: write.key }, result: { won: true, item: undefined } });
      this.onWrite({ write: frozenCopy(write), result: frozenCopy(result) });
    }
    if (!result.won) return result;
    const item = result.item === undefined ? undefined : frozenCopy(result.item);
    this.#put(write.key, item, before);
    return { won: true, item };
  }

  #put({ table, pk, sk }: ItemKey, item: Attributes | undefined, before: Attributes | undefined): void {
    const tables = this.#tables[table];
    let partition = tables.get(pk);
    if (!partition) tables.set(pk, (partition = new Map<string, Held>()));
    partition.set(sk, { item, before, changedMs: this.#now() });
  }

  query(
    table: Table,
    pk: string,
    prefix: string,
    { after, limit = PAGE_MAX }: { after?: string; limit?: number },
  ): Page {
    const found = [...(this.#tables[table].get(pk) ?? [])]
      .flatMap(([sk, held]) => {
        const item = this.#itemOf(held, pk + sk);
        return item && sk.startsWith(prefix) && (after === undefined || sk > after)
          ? [{ sk, attributes: item }]
          : [];
      })
      .toSorted((a, b) => (a.sk < b.sk ? -1 : 1));
    const items = found.slice(0, limit);
    const last = items.at(-1);
    return { items, ...(last && found.length > items.length ? { next: last.sk } : {}) };
  }

  scan(table: Table, sk: string, stale: () => boolean): ScannedItem[] {
    const found: ScannedItem[] = [];
    for (const [pk, partition] of this.#tables[table]) {
      const held = partition.get(sk);
      if (!held) continue;
      const isOld = this.#now() - held.changedMs < STALE_MS && stale();
      const attributes = isOld ? held.before : this.#itemOf(held, pk + sk);
      if (attributes) found.push({ pk, sk, attributes });
    }
    return found;
  }
}

export function frozenCopy<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return new Uint8Array(value) as T;
  if (Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as T;
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) copy[name] = frozenCopy((value as Record<string, unknown>)[name]);
  return Object.freeze(copy) as T;
}
