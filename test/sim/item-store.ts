/** DynamoDB as the simulator has it: `evaluate` on single items, strong reads, a scan that may be stale. */
import {
  type Attributes,
  evaluate,
  type ItemKey,
  type Table,
  type Write,
  type WriteResult,
} from "../../lib/model/item.ts";
import type { ItemStore, Page, ScannedItem } from "../../lib/ports.ts";
import type { Actor, Effects } from "./actor.ts";
import type { Observer } from "./observer.ts";

/** A scan may show an item as it was up to so long ago. */
const STALE_MS = 20_000;
const PAGE_MAX = 20;
/** An item is deleted up to four times this after its time to live. */
const LAG_MS = 6 * 60 * 60 * 1000;

interface Held {
  item: Attributes | undefined;
  before: Attributes | undefined;
  changedMs: number;
}
type Partition = Map<string, Held>;

/** The tables, shared by all actors. Held items are frozen, so code that changes what it has read or written fails. */
export class Tables {
  readonly #tables: Record<Table, Map<string, Partition>> = {
    journal: new Map(),
    state: new Map(),
    registry: new Map(),
  };
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get({ table, pk, sk }: ItemKey): Attributes | undefined {
    return this.#itemOf(this.#tables[table].get(pk)?.get(sk), pk + sk);
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

  write(write: Write): WriteResult {
    const before = this.get(write.key);
    const result = evaluate(before, write);
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

/** An actor's access to the tables. */
export class SimItemStore implements ItemStore {
  readonly #tables: Tables;
  readonly #effects: Effects;
  readonly #actor: Actor;
  readonly #observer: Observer;

  constructor(parts: { tables: Tables; effects: Effects; actor: Actor; observer: Observer }) {
    this.#tables = parts.tables;
    this.#effects = parts.effects;
    this.#actor = parts.actor;
    this.#observer = parts.observer;
  }

  get(key: ItemKey): Promise<Attributes | undefined> {
    return this.#effects.perform(this.#actor, `get ${key.table}`, subjectOf(key), () => {
      const item = this.#tables.get(key);
      this.#observer.read(this.#actor, key, item);
      return item;
    });
  }

  write(write: Write): Promise<WriteResult> {
    // A request is serialised when it is sent, so later changes by the caller do not matter.
    const request = frozenCopy(write);
    return this.#effects.perform(this.#actor, `write ${write.key.table}`, subjectOf(write.key), () => {
      const before = this.#tables.get(request.key);
      const result = this.#tables.write(request);
      this.#observer.written(this.#actor, request, before, result);
      return result;
    });
  }

  query(
    table: Table,
    pk: string,
    prefix: string,
    page: { after?: string; limit?: number } = {},
  ): Promise<Page> {
    return this.#effects.perform(this.#actor, `query ${table}`, `${pk} ${prefix}`, () => {
      const found = this.#tables.query(table, pk, prefix, page);
      for (const { sk, attributes } of found.items)
        this.#observer.read(this.#actor, { table, pk, sk }, attributes);
      return found;
    });
  }

  scan(table: Table, sk: string, { after = "0", limit = PAGE_MAX }: { after?: string; limit?: number } = {}) {
    return this.#effects.perform(this.#actor, `scan ${table}`, sk, () => {
      const found = this.#tables.scan(table, sk, () => this.#effects.faults.strike("stale-scan"));
      const end = Number(after) + limit;
      return { items: found.slice(Number(after), end), ...(found.length > end ? { next: String(end) } : {}) };
    });
  }
}

const subjectOf = ({ pk, sk }: ItemKey): string => `${pk.slice(pk.indexOf(".") + 1)} ${sk}`;

function frozenCopy<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return new Uint8Array(value) as T;
  if (Object.isFrozen(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy)) as T;
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value)) copy[name] = frozenCopy((value as Record<string, unknown>)[name]);
  return Object.freeze(copy) as T;
}
