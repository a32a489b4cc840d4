/**
 * An item store in memory, made of the model's `evaluate`. The contract suite tests it like the other stores. It refuses what
 * DynamoDB refuses, and counts what DynamoDB would bill.
 */
import { InvariantError } from "../../lib/errors.ts";
import {
  type Attributes,
  checkKey,
  checkRange,
  evaluate,
  holds,
  type ItemKey,
  type Table,
  type Write,
  type WriteResult,
} from "../../lib/model/item.ts";
import type {
  AttributeMap,
  TransactedAppend,
  TransactionResult,
  UserWrite,
} from "../../lib/model/user-write.ts";
import { applied } from "../../runtime/local/tables/user-tables.ts";
import type { UserTables } from "../../lib/model/user-write.ts";
import { statePartition } from "../../lib/model/ids.ts";
import { idIn, isHead, type ListedPart, listedAtMs, partOfHead, shardOf } from "../../lib/model/listing.ts";
import type {
  ItemStore,
  KeyPage,
  ListedPage,
  ListedRange,
  Listing,
  Page,
  ScannedItem,
} from "../../lib/ports.ts";

/** Requests, per table. A refused write counts, because AWS bills it. */
export interface Counts {
  readonly gets: Record<Table, number>;
  readonly queries: Record<Table, number>;
  readonly scans: Record<Table, number>;
  readonly writes: Record<Table, number>;
  readonly refused: Record<Table, number>;
  /** Pages of listings. */
  listed: number;
}

const perTable = (): Record<Table, number> => ({ journal: 0, state: 0, registry: 0, guards: 0 });
const noCounts = (): Counts => ({
  gets: perTable(),
  queries: perTable(),
  scans: perTable(),
  writes: perTable(),
  refused: perTable(),
  listed: 0,
});

type Partition = Map<string, Attributes>;
type Listed = ListedPage["entries"][number];

export class MemoryItemStore implements ItemStore, Listing {
  readonly parts: readonly ListedPart[] = ["open", "ended"];
  /** Since the store was made, or since {@link resetCounts}. */
  counts: Counts = noCounts();
  readonly #tables: Record<Table, Map<string, Partition>> = {
    journal: new Map(),
    state: new Map(),
    registry: new Map(),
    guards: new Map(),
  };

  readonly #listed = new Map<string, { readonly part: ListedPart; readonly atMs: number }>();

  resetCounts(): void {
    this.counts = noCounts();
  }

  async get({ table, pk, sk }: ItemKey): Promise<Attributes | undefined> {
    checkKey({ pk, sk });
    this.counts.gets[table]++;
    return copyOf(this.#tables[table].get(pk)?.get(sk));
  }

  async write(write: Write): Promise<WriteResult> {
    const { table, pk, sk } = write.key;
    this.counts.writes[table]++;
    checkWrite(write);
    const result = evaluate(this.#tables[table].get(pk)?.get(sk), write);
    if (!result.won) this.counts.refused[table]++;
    if (result.won && isHead(write.key)) this.#list(write, result.item);
    if (!result.won) return copyOf(result);
    if (result.item === undefined) this.#tables[table].get(pk)?.delete(sk);
    else this.#partition(table, pk).set(sk, copyOf(result.item));
    return copyOf(result);
  }

  /** The user's tables, by name. */
  userTables: UserTables = {};
  readonly userItems = new Map<string, AttributeMap>();

  async transact(append: TransactedAppend, writes: readonly UserWrite[]): Promise<TransactionResult> {
    const { key } = append;
    const before = this.#tables[key.table].get(key.pk)?.get(key.sk);
    const result = evaluate(before, append);
    if (!result.won) return { won: false, item: copyOf(result.item) };
    const users = applied(this.userTables, structuredClone(writes), (place) =>
      this.userItems.get(JSON.stringify(place)),
    );
    if ("refusals" in users) return { won: false, refusals: users.refusals };
    await this.write(append);
    for (const { item, ...place } of users.changes) {
      if (item === undefined) this.userItems.delete(JSON.stringify(place));
      else this.userItems.set(JSON.stringify(place), item);
    }
    return { won: true };
  }

  async query(
    table: Table,
    pk: string,
    prefix: string,
    { after, limit = Number.POSITIVE_INFINITY }: { after?: string; limit?: number } = {},
  ): Promise<Page> {
    checkRange(pk, prefix);
    this.counts.queries[table]++;
    const found = [...(this.#tables[table].get(pk) ?? [])]
      .filter(([sk]) => sk.startsWith(prefix) && (after === undefined || compareBytes(sk, after) > 0))
      .toSorted(([a], [b]) => compareBytes(a, b))
      .map(([sk, attributes]) => ({ sk, attributes: copyOf(attributes) }));
    const items = found.slice(0, limit);
    const last = items.at(-1);
    return { items, ...(last !== undefined && found.length > items.length ? { next: last.sk } : {}) };
  }

  async scan(
    table: Table,
    sk: string,
    { after = "0", limit = Number.POSITIVE_INFINITY }: { after?: string; limit?: number } = {},
  ): Promise<{ readonly items: readonly ScannedItem[]; readonly next?: string }> {
    this.counts.scans[table]++;
    const found: ScannedItem[] = [];
    for (const [pk, partition] of this.#tables[table]) {
      const attributes = partition.get(sk);
      if (attributes !== undefined) found.push({ pk, sk, attributes: copyOf(attributes) });
    }
    const end = Number(after) + limit;
    return { items: found.slice(Number(after), end), ...(found.length > end ? { next: String(end) } : {}) };
  }

  /** As DynamoDB's indexes would: unlike SQLite's listing, without invocations that have never rested. */
  async heads(part: ListedPart, shard: string, range: ListedRange): Promise<ListedPage> {
    this.counts.listed++;
    const found: Listed[] = [];
    for (const [pk, listed] of this.#listed) {
      if (listed.part !== part || shardOf(pk) !== shard) continue;
      const id = idIn(pk);
      if (id === undefined) continue;
      const { atMs } = listed;
      if (atMs >= range.fromMs && atMs <= range.untilMs) found.push({ id, atMs });
    }
    found.sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1));
    if (range.newestFirst) found.reverse();
    const from = Number(range.after ?? 0);
    const entries = found.slice(from, from + range.limit);
    const end = from + entries.length;
    return { entries, ...(end < found.length ? { next: String(end) } : {}) };
  }

  async keys(service: string, { after, limit }: { after?: string; limit: number }): Promise<KeyPage> {
    const prefix = statePartition(service, "");
    const keys = [...this.#tables.state]
      .filter(
        ([pk, items]) => pk.startsWith(prefix) && [...items.values()].some((item) => item["gone"] !== true),
      )
      .map(([pk]) => pk.slice(prefix.length))
      .toSorted(compareBytes);
    const left = keys.filter((key) => after === undefined || compareBytes(key, after) > 0);
    const found = left.slice(0, limit);
    const last = found.at(-1);
    return { keys: found, ...(last !== undefined && left.length > found.length ? { next: last } : {}) };
  }

  #list({ op, key: { pk } }: Write, head: Attributes | undefined): void {
    const part = partOfHead(head);
    if (op !== "update") this.#listed.delete(pk);
    if (head === undefined) return;
    if (part !== "unchanged") this.#listed.set(pk, { part, atMs: listedAtMs(head) });
  }

  #partition(table: Table, pk: string): Partition {
    const held = this.#tables[table].get(pk);
    if (held !== undefined) return held;
    const made: Partition = new Map();
    this.#tables[table].set(pk, made);
    return made;
  }
}

/** Like `structuredClone`, but copies a view's own bytes only, not the whole buffer behind it. */
function copyOf<T>(value: T): T {
  if (value instanceof Uint8Array) return new Uint8Array(value) as T;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, copyOf(held)])) as T;
}

const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Writes that `evaluate` accepts, and that DynamoDB refuses or does differently. */
function checkWrite(write: Write): void {
  if (write.op === "put") rejectUndefined(write.attributes);
  if (write.op !== "update") return;
  const { changes, when } = write;
  const names = changes.map((change) => change.attribute);
  if (new Set(names).size < names.length)
    throw new TypeError(`an attribute is changed twice: ${names.join()}`);
  const onlyRemoves = changes.length > 0 && changes.every((change) => change.do === "remove");
  if (onlyRemoves && (when === undefined || holds(undefined, when))) {
    throw new InvariantError("DynamoDB does not create an item by an update that only removes attributes");
  }
  rejectUndefined(changes);
}

function rejectUndefined(value: unknown): void {
  if (value === undefined) throw new TypeError("undefined cannot be stored");
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
  for (const held of Object.values(value)) rejectUndefined(held);
}
