/** Items in SQLite. `evaluate` decides each write inside the transaction that stores it, so conditions hold (J1). */
import { randomUUID } from "node:crypto";

import {
  type Attributes,
  checkKey,
  checkRange,
  evaluate,
  type ItemKey,
  type Put,
  type Table,
  type Write,
  type WriteResult,
} from "../../lib/model/item.ts";
import { HEAD } from "../../lib/model/head-keys.ts";
import { isHead } from "../../lib/model/listing.ts";
import { copyOf } from "../../lib/model/copy.ts";
import type { Clock, ItemStore, Page, ScannedItem, StoredItem, Watch } from "../../lib/ports.ts";
import { systemClock } from "../../lib/clock.ts";
import type {
  WriteRefusal,
  TransactedAppend,
  TransactionResult,
  UserWrite,
} from "../../lib/model/user-write.ts";
import type { LocalDatabase } from "./database.ts";
import { nextTurn } from "./event-loop.ts";
import { attributesIn, bodyIn, packedBody } from "./item-body.ts";
import { LocalListing } from "./listing.ts";
import { LocalMeta } from "./meta.ts";
import { itemName, type RecentItem, RecentItems } from "./recent-items.ts";
import { LocalUserTables } from "./user-tables.ts";
import type { VersionedResult, VersionedWrites } from "./versioned-writes.ts";
import { DYNAMO_PAGE_BYTES_MAX } from "../../lib/limits/aws.ts";
import { PAGE_ITEMS_MAX, SCAN_ITEMS_MAX } from "../../lib/limits/local.ts";

/** Calls, by their result. A page of a query or a scan counts as a read. */
export interface OperationCounts {
  reads: number;
  /** Writes that took effect. */
  writes: number;
  /** Writes whose condition did not hold. */
  refused: number;
}

/** Its items are the store's: nobody may change them. */
interface Applied {
  readonly result: WriteResult;
  readonly before: Attributes | undefined;
  /** Of the item as it was, if it is known, and as it is. */
  readonly was?: string | undefined;
  readonly version?: string | undefined;
}

/** Told of a write that took effect: the item as it was and as it is, which are not the listener's to change. */
export type WrittenListener = (
  key: ItemKey,
  before: Attributes | undefined,
  after: Attributes | undefined,
) => void;

interface PageRequest {
  readonly after?: string;
  readonly limit?: number;
}
type Row = Record<string, unknown>;

export class LocalItemStore implements ItemStore, Watch, VersionedWrites {
  readonly #database: LocalDatabase;
  readonly #clock: Clock;
  /** Lists heads by service and time, and keys that have state. */
  readonly listing: LocalListing;
  readonly meta: LocalMeta;
  /** The user's own tables (X1). */
  readonly userTables: LocalUserTables;
  readonly #statements: ReturnType<typeof prepareAll>;
  readonly #recent = new RecentItems();
  /** Another store's versions begin otherwise: one that is known from before a restart is none of this store's. */
  readonly #versions = randomUUID().slice(0, 8);
  #versionCount = 0;
  readonly #watchers = new Map<string, Set<() => void>>();
  readonly #counts = { journal: zero(), state: zero(), registry: zero(), guards: zero() };
  #written: WrittenListener | undefined;

  constructor(database: LocalDatabase, clock: Clock = systemClock) {
    this.#database = database;
    this.#clock = clock;
    this.#statements = prepareAll(database);
    this.meta = new LocalMeta(database);
    this.listing = new LocalListing(database, this.meta);
    this.userTables = new LocalUserTables(database);
    database.onClose(() => this.#wakeAll());
    database.onRollBack(() => this.#recent.clear());
  }

  /** How often each table was used since this store was made. */
  get counts(): Readonly<Record<Table, Readonly<OperationCounts>>> {
    return this.#counts;
  }

  /** Calls `listener` after each write that took effect. It must be quick, and must not throw. */
  onWritten(listener: WrittenListener): void {
    this.#written = listener;
  }

  async get(key: ItemKey): Promise<Attributes | undefined> {
    checkKey(key);
    while (this.#database.slice.isFull) await nextTurn();
    const body = this.#database.read(() => this.#read(key));
    this.#counts[key.table].reads++;
    return body;
  }

  async write(write: Write): Promise<WriteResult> {
    // Copies: the write runs later, and the caller may change what it passed until then, and what it is answered.
    const own = copyOf(write);
    const { won, item } = (await this.#commit(own.key, () => this.#apply(own))).result;
    return { won, item: copyOf(item) };
  }

  async writeVersioned(
    write: Write,
    known: string,
    followers: readonly Put[] = [],
  ): Promise<VersionedResult> {
    let isWon = false;
    const first = this.#commit(write.key, () => {
      const applied = this.#apply(write);
      isWon = applied.result.won;
      return applied;
    });
    // Queued behind it, so they find it decided.
    const rest = followers.map((follower) =>
      this.#commit(follower.key, () => (isWon ? this.#apply(follower) : NOT_DUE)),
    );
    const [{ result, was, version }, ...after] = await Promise.all([first, ...rest]);
    const areAllWon = after.every((follower) => follower.result.won);
    const followed = followers.length > 0 && areAllWon ? { followed: true as const } : {};
    if (!result.won || version === undefined) return { ...result, ...followed };
    const isKnown = write.op === "put" || was === known;
    return { ...(isKnown ? { won: true } : result), version, ...followed };
  }

  /** Applies a write of the item in the next transaction, and tells of it after the commit. */
  #commit<A extends Applied>(key: ItemKey, apply: () => A): Promise<A> {
    return this.#database.write(apply, (applied) => {
      if (applied === NOT_DUE) return;
      const { before, result } = applied;
      this.#counts[key.table][result.won ? "writes" : "refused"]++;
      if (!result.won) return;
      this.#written?.(key, before, result.item);
      if (this.#watchers.size > 0) this.#wake(itemName(key));
    });
  }

  async query(table: Table, pk: string, prefix: string, page: PageRequest = {}): Promise<Page> {
    checkRange(pk, prefix);
    if (page.after !== undefined) await nextTurn();
    while (this.#database.slice.isFull) await nextTurn();
    const after = page.after ?? "";
    const goesOn = Buffer.compare(Buffer.from(after), Buffer.from(prefix)) >= 0 && after !== "";
    const items = this.#database.read(() => {
      const rows = goesOn
        ? this.#statements.queryAfter.iterate(table, pk, after)
        : this.#statements.queryFrom.iterate(table, pk, prefix);
      return this.#page(rows, page.limit, PAGE_ITEMS_MAX, (row, attributes): StoredItem | undefined => {
        const sk = String(row["sk"]);
        return sk.startsWith(prefix) ? { sk, attributes } : undefined;
      });
    });
    this.#counts[table].reads++;
    const last = items.more ? items.found.at(-1)?.sk : undefined;
    return last === undefined ? { items: items.found } : { items: items.found, next: last };
  }

  async scan(
    table: Table,
    sk: string,
    page: PageRequest = {},
  ): Promise<{ readonly items: readonly ScannedItem[]; readonly next?: string }> {
    if (page.after !== undefined) await nextTurn();
    while (this.#database.slice.isFull) await nextTurn();
    const items = this.#database.read(() =>
      this.#page(
        this.#statements.scan.iterate(table, sk, page.after ?? ""),
        page.limit,
        SCAN_ITEMS_MAX,
        (row, attributes): ScannedItem => ({ pk: String(row["pk"]), sk, attributes }),
      ),
    );
    this.#counts[table].reads++;
    const last = items.more ? items.found.at(-1)?.pk : undefined;
    return last === undefined ? { items: items.found } : { items: items.found, next: last };
  }

  /** The heads of open invocations, from the lists. Cheap however many have ended. */
  openHeads(limit: number): {
    page: (
      after: string | undefined,
    ) => Promise<{ readonly items: readonly ScannedItem[]; readonly next?: string }>;
  } {
    return {
      page: async (after) => {
        const { found, next } = await this.listing.open(after, limit);
        while (this.#database.slice.isFull) await nextTurn();
        const items = this.#database.read(() =>
          found.flatMap(({ partition }): ScannedItem[] => {
            const attributes = this.#read({ table: "journal", pk: partition, sk: HEAD });
            return attributes === undefined ? [] : [{ pk: partition, sk: HEAD, attributes }];
          }),
        );
        return next === undefined ? { items } : { items, next };
      },
    };
  }

  /** Deletes at most `count` items whose time to live has passed, and answers how many. DynamoDB does this by itself. */
  async deleteExpired(count: number): Promise<number> {
    const nowS = Math.floor(this.#clock.now() / 1000);
    const deleted = await this.#database.write(
      () =>
        this.#statements.expired.all(nowS, count).map((row) => {
          const key = { table: row["tbl"] as Table, pk: String(row["pk"]), sk: String(row["sk"]) };
          const before = isHead(key) ? attributesOf(row) : undefined;
          if (before) this.listing.move(key.pk, before, undefined);
          this.#statements.remove.run(key.table, key.pk, key.sk);
          this.#recent.delete(itemName(key));
          return { key, before };
        }),
      (all) => all.forEach(({ key, before }) => this.#written?.(key, before, undefined)),
    );
    return deleted.length;
  }

  /** Resolves at the next committed write of the item, after `maxMs`, or when the database is closed. */
  changed(key: ItemKey, maxMs: number): Promise<void> {
    const name = itemName(key);
    return new Promise((resolve) => {
      const watchers = this.#watchers.get(name) ?? new Set();
      const wake = (): void => {
        cancel();
        watchers.delete(wake);
        if (watchers.size === 0 && this.#watchers.get(name) === watchers) this.#watchers.delete(name);
        resolve();
      };
      const cancel = this.#clock.after(maxMs, wake);
      this.#watchers.set(name, watchers.add(wake));
    });
  }

  #read(key: ItemKey): Attributes | undefined {
    const recent = this.#recent.get(itemName(key));
    if (!recent) return this.#stored(key);
    this.#database.slice.count(1, recent.body.byteLength);
    return attributesIn(recent.body);
  }

  #body({ table, pk, sk }: ItemKey): Uint8Array | undefined {
    const row = this.#statements.get.get(table, pk, sk);
    const body = row && bodyIn(row);
    this.#database.slice.count(1, body?.byteLength ?? 0);
    return body;
  }

  /** Takes rows until the page is full or `item` answers `undefined`. `more`: there is another one for the next page. */
  #page<T>(
    rows: Iterable<Row>,
    limit: number | undefined,
    most: number,
    item: (row: Row, attributes: Attributes) => T | undefined,
  ): { readonly found: readonly T[]; readonly more: boolean } {
    const itemsMax = Math.min(Math.max(limit ?? most, 1), most);
    const found: T[] = [];
    let bytes = 0;
    let more = false;
    for (const row of rows) {
      const next = item(row, attributesOf(row));
      if (next === undefined) break;
      more = found.length >= itemsMax || bytes >= DYNAMO_PAGE_BYTES_MAX;
      if (more) break;
      found.push(next);
      bytes += bodyIn(row).byteLength;
    }
    this.#database.slice.count(found.length, bytes);
    return { found, more };
  }

  /** X1: the append and the user's writes, in one transaction of the database. */
  async transact(append: TransactedAppend, writes: readonly UserWrite[]): Promise<TransactionResult> {
    const [own, users] = [copyOf(append), structuredClone(writes)];
    const { result, refusals } = await this.#commit(own.key, () => this.#applyAll(own, users));
    if (result.won) return { won: true };
    return refusals ? { won: false, refusals } : { won: false, item: copyOf(result.item) };
  }

  /** Runs within a transaction. Whatever throws has written nothing: the user's items are decided first, and written last. */
  #applyAll(
    append: TransactedAppend,
    writes: readonly UserWrite[],
  ): Applied & { readonly refusals?: readonly WriteRefusal[] } {
    const before = this.#recent.get(itemName(append.key))?.attributes ?? this.#stored(append.key);
    const result = evaluate(before, append);
    if (!result.won) return { result, before };
    const users = this.userTables.decide(writes);
    if ("refusals" in users)
      return { result: { won: false, item: before }, before, refusals: users.refusals };
    const done = this.#apply(append);
    this.userTables.change(users.changes);
    return done;
  }

  /** Runs within a transaction. */
  #apply(write: Write): Applied {
    const { table, pk, sk } = write.key;
    const name = itemName(write.key);
    const recent = this.#recent.get(name);
    const before = recent ? recent.attributes : this.#stored(write.key);
    const result = evaluate(before, write);
    if (!result.won) return { result, before };
    // Before anything is written: what cannot be serialized must have changed nothing.
    const next = result.item && this.#next(result.item);
    if (isHead(write.key)) this.listing.move(pk, before, result.item);
    if (next === undefined) {
      this.#statements.remove.run(table, pk, sk);
      this.#recent.delete(name);
      return { result, before };
    }
    const ttl = expiryOf(next.attributes);
    if (before === undefined) this.#statements.insert.run(table, pk, sk, next.body, ttl);
    else this.#statements.update.run(next.body, ttl, table, pk, sk);
    this.#recent.set(name, next);
    return { result, before, was: recent?.version, version: next.version };
  }

  #stored(key: ItemKey): Attributes | undefined {
    const body = this.#body(key);
    return body && attributesIn(body);
  }

  #next(attributes: Attributes): RecentItem {
    return {
      attributes,
      body: packedBody(attributes),
      version: `${this.#versions}.${(this.#versionCount++).toString(36)}`,
    };
  }

  #wake(name: string): void {
    for (const wake of this.#watchers.get(name) ?? []) wake();
  }

  #wakeAll(): void {
    for (const name of this.#watchers.keys()) this.#wake(name);
  }
}

/** What it should follow was refused. */
const NOT_DUE: Applied = { result: { won: false, item: undefined }, before: undefined };

function prepareAll(database: LocalDatabase) {
  const page = (bound: string): string =>
    `SELECT sk, body FROM items WHERE tbl = ? AND pk = ? AND ${bound} ORDER BY sk`;
  return {
    get: database.prepare("SELECT body FROM items WHERE tbl = ? AND pk = ? AND sk = ?"),
    insert: database.prepare("INSERT INTO items (tbl, pk, sk, body, ttl) VALUES (?, ?, ?, ?, ?)"),
    update: database.prepare("UPDATE items SET body = ?, ttl = ? WHERE tbl = ? AND pk = ? AND sk = ?"),
    remove: database.prepare("DELETE FROM items WHERE tbl = ? AND pk = ? AND sk = ?"),
    expired: database.prepare(
      "SELECT tbl, pk, sk, body FROM items WHERE ttl IS NOT NULL AND ttl < ? ORDER BY ttl LIMIT ?",
    ),
    queryFrom: database.prepare(page("sk >= ?")),
    queryAfter: database.prepare(page("sk > ?")),
    scan: database.prepare("SELECT pk, body FROM items WHERE tbl = ? AND sk = ? AND pk > ? ORDER BY pk"),
  };
}

const attributesOf = (row: Row): Attributes => attributesIn(bodyIn(row));

/** When the item may be deleted, in epoch seconds. `null` means never. */
const expiryOf = ({ ttl }: Attributes): number | null => (typeof ttl === "number" ? ttl : null);

const zero = (): OperationCounts => ({ reads: 0, writes: 0, refused: 0 });
