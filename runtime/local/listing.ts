/**
 * Lists over SQLite.
 * - Heads: rows beside the items. The transaction that changes a head changes its row, so a list is never stale. A row costs
 *   next to nothing here, so an invocation is listed from its first write on. DynamoDB lists it when it first rests.
 * - Keys: from the items' own order.
 */
import { statePartition } from "../../lib/model/ids.ts";
import type { Attributes } from "../../lib/model/item.ts";
import { isStub } from "../../lib/model/head.ts";
import { idIn, type ListedPart, listedAtMs, partOf, shardOf, statusIn } from "../../lib/model/listing.ts";
import type { KeyPage, ListedPage, ListedRange, Listing } from "../../lib/ports.ts";
import { HEAD } from "../../lib/model/head-keys.ts";
import { LIST_REPAIR_HEADS, SCAN_ITEMS_MAX } from "../../lib/limits/local.ts";
import type { LocalDatabase } from "./database.ts";
import { nextTurn } from "./event-loop.ts";
import { attributesIn } from "./item-body.ts";
import type { LocalMeta } from "./meta.ts";

/** It is made if it is missing. It can be made again from the heads, so it is not part of the format. */
const TABLE = `CREATE TABLE IF NOT EXISTS listing (
  shard TEXT NOT NULL, place TEXT NOT NULL, PRIMARY KEY (shard, place)
) WITHOUT ROWID`;
/** Digits of a time in milliseconds. Texts of one length sort as their numbers do. */
const TIME_DIGITS = 15;
const TIME_MS_MAX = 10 ** TIME_DIGITS - 1;
const AFTER_ALL_DIGITS = "~";

/** What `meta.listing` holds once every head has been checked. Files without it may lack rows, or have wrong ones. */
const CHECKED = 2;
/** Most keys have state under their first name. */
const STATE_ROWS_READ = 8;
/** Between a shard and a place in a cursor. Neither has one. */
const CURSOR_SEPARATOR = " ";

interface Row {
  readonly shard: string;
  readonly place: string;
}

export class LocalListing implements Listing {
  readonly parts: readonly ListedPart[] = ["open", "ended"];
  readonly #database: LocalDatabase;
  readonly #meta: LocalMeta;
  readonly #statements: ReturnType<typeof prepareAll>;
  #repairing: Promise<void> | undefined;

  constructor(database: LocalDatabase, meta: LocalMeta) {
    this.#database = database;
    this.#meta = meta;
    database.prepare(TABLE).run();
    this.#statements = prepareAll(database);
  }

  /** Runs within the transaction that writes the head. */
  move(partition: string, before: Attributes | undefined, after: Attributes | undefined): void {
    const from = before && !isStub(before) ? rowOf(partition, before) : undefined;
    const to = after && !isStub(after) ? rowOf(partition, after) : undefined;
    if (from?.shard === to?.shard && from?.place === to?.place) return;
    if (from) this.#statements.remove.run(from.shard, from.place);
    if (to) this.#statements.insert.run(to.shard, to.place);
  }

  /** Open invocations of all services, in no order of time. `next`: pass it as `after`. */
  async open(
    after: string | undefined,
    limit: number,
  ): Promise<{
    readonly found: readonly { readonly partition: string; readonly atMs: number }[];
    readonly next?: string;
  }> {
    if (after !== undefined) await nextTurn();
    while (this.#database.slice.isFull) await nextTurn();
    const [shard = "", place = ""] = (after ?? OPEN_FIRST).split(CURSOR_SEPARATOR);
    const rows = this.#database.read(() => this.#statements.open.all(shard, place, OPEN_END, limit));
    this.#database.slice.count(rows.length, 0);
    const last = rows.length < limit ? undefined : rows.at(-1);
    return {
      found: rows.map((row) => {
        const at = String(row["place"]);
        return { partition: at.slice(TIME_DIGITS), atMs: Number(at.slice(0, TIME_DIGITS)) };
      }),
      ...(last === undefined ? {} : { next: [last["shard"], last["place"]].join(CURSOR_SEPARATOR) }),
    };
  }

  /** How many have ended and are kept; at most `most`. */
  endedCount(most: number): number {
    return Number(this.#database.read(() => this.#statements.endedCount.get(most)?.["count"]) ?? 0);
  }

  /** The partitions of those that were accepted since then and have ended, the newest of each shard first. */
  endedSince(fromMs: number, limit: number): readonly string[] {
    const found: string[] = [];
    for (let shard = ENDED_FIRST; found.length < limit;) {
      const next = this.#database.read(() => this.#statements.nextShard.get(shard)?.["shard"]);
      if (typeof next !== "string" || next >= ENDED_END) break;
      shard = next;
      const rows = this.#database.read(() =>
        this.#statements.newestHeads.all(shard, digits(fromMs), AFTER_ALL_DIGITS, limit - found.length),
      );
      found.push(...rows.map((row) => String(row["place"]).slice(TIME_DIGITS)));
    }
    this.#database.slice.count(found.length, 0);
    return found;
  }

  /** Makes the lists right, once for each data file: those of older versions lack heads, or have them in the wrong part. Until
   * `stopped` says so. */
  repair(stopped: () => boolean): Promise<void> {
    this.#repairing ??= this.#repair(stopped).finally(() => (this.#repairing = undefined));
    return this.#repairing;
  }

  async #repair(stopped: () => boolean): Promise<void> {
    if (this.#meta.get("listing") === CHECKED) return;
    let after: string | undefined = "";
    while (after !== undefined && !stopped()) {
      const from: string = after;
      // One transaction for each page: no write of a head comes between its reading and its row.
      after = await this.#database.write(() => this.#repairPage(from));
      await nextTurn();
    }
    if (after === undefined) await this.#meta.set("listing", CHECKED);
  }

  #repairPage(after: string): string | undefined {
    const rows = this.#statements.allHeads.all("journal", HEAD, after, LIST_REPAIR_HEADS);
    for (const { pk, body } of rows) {
      if (typeof pk !== "string" || !(body instanceof Uint8Array)) continue;
      const head = attributesIn(body);
      if (isStub(head)) continue;
      const { shard, place } = rowOf(pk, head);
      for (const part of this.parts) {
        const other = `${part}.${shardOf(pk)}`;
        if (other !== shard) this.#statements.remove.run(other, place);
      }
      this.#statements.insert.run(shard, place);
    }
    const last = rows.at(-1)?.["pk"];
    return rows.length < LIST_REPAIR_HEADS || typeof last !== "string" ? undefined : last;
  }

  async heads(
    part: ListedPart,
    shard: string,
    { fromMs, untilMs, after, limit: wanted, newestFirst }: ListedRange,
  ): Promise<ListedPage> {
    const limit = Math.min(wanted, SCAN_ITEMS_MAX);
    if (after !== undefined) await nextTurn();
    while (this.#database.slice.isFull) await nextTurn();
    const [first, last] = [digits(fromMs), digits(untilMs) + AFTER_ALL_DIGITS];
    const name = `${part}.${shard}`;
    const rows = this.#database.read(() =>
      newestFirst
        ? this.#statements.newestHeads.all(name, first, after ?? last, limit + 1)
        : this.#statements.heads.all(name, after ?? first, last, limit + 1),
    );
    this.#database.slice.count(rows.length, 0);
    const found = rows.slice(0, limit).map((row) => String(row["place"]));
    const next = rows.length > limit ? found.at(-1) : undefined;
    return {
      entries: found.flatMap((place) => {
        const id = idIn(place);
        return id === undefined ? [] : [{ id, atMs: Number(place.slice(0, TIME_DIGITS)) }];
      }),
      ...(next === undefined ? {} : { next }),
    };
  }

  /** Goes from key to key. How many names a key has does not matter. */
  async keys(service: string, { after, limit }: { after?: string; limit: number }): Promise<KeyPage> {
    const prefix = statePartition(service, "");
    const keys: string[] = [];
    // The prefix itself is the partition of the empty key.
    let last = after === undefined ? undefined : prefix + after;
    for (;;) {
      while (this.#database.slice.isFull) await nextTurn();
      const from = last;
      const { partitionFrom, nextPartition } = this.#statements;
      const pk = this.#database.read(() =>
        from === undefined
          ? partitionFrom.get("state", prefix)?.["pk"]
          : nextPartition.get("state", from)?.["pk"],
      );
      this.#database.slice.count(1, 0);
      if (typeof pk !== "string" || !pk.startsWith(prefix)) return { keys };
      if (keys.length >= limit) return { keys, next: keys.at(-1) ?? "" };
      last = pk;
      if (await this.#hasState(pk)) keys.push(pk.slice(prefix.length));
    }
  }

  /** A cleared name has left a tombstone (`gone`), and there may be many. */
  async #hasState(pk: string): Promise<boolean> {
    for (let after: string | undefined = ""; after !== undefined;) {
      while (this.#database.slice.isFull) await nextTurn();
      const from: string = after;
      const rows = this.#database.read(() => this.#statements.items.all("state", pk, from, STATE_ROWS_READ));
      const bodies = rows.map(({ body }) => body).filter((body) => body instanceof Uint8Array);
      this.#database.slice.count(
        rows.length,
        bodies.reduce((sum, { byteLength }) => sum + byteLength, 0),
      );
      if (bodies.some((body) => attributesIn(body)["gone"] !== true)) return true;
      after = rows.length < STATE_ROWS_READ ? undefined : String(rows.at(-1)?.["sk"]);
    }
    return false;
  }
}

/** As in DynamoDB, except that a running or accepted invocation counts as open before it has rested. */
function rowOf(partition: string, head: Attributes): Row {
  const part = partOf(statusIn(head)) === "ended" ? "ended" : "open";
  return { shard: `${part}.${shardOf(partition)}`, place: digits(listedAtMs(head)) + partition };
}

/** Before the first row of an open invocation, and behind the last one: `/` follows the dot. */
const OPEN_FIRST = "open.";
const OPEN_END = "open/";
const ENDED_FIRST = "ended.";
const ENDED_END = "ended/";

const digits = (ms: number): string =>
  String(Math.min(Math.max(ms, 0), TIME_MS_MAX)).padStart(TIME_DIGITS, "0");

function prepareAll(database: LocalDatabase) {
  return {
    insert: database.prepare("INSERT OR IGNORE INTO listing (shard, place) VALUES (?, ?)"),
    remove: database.prepare("DELETE FROM listing WHERE shard = ? AND place = ?"),
    heads: database.prepare(
      "SELECT place FROM listing WHERE shard = ? AND place > ? AND place < ? ORDER BY place LIMIT ?",
    ),
    newestHeads: database.prepare(
      "SELECT place FROM listing WHERE shard = ? AND place > ? AND place < ? ORDER BY place DESC LIMIT ?",
    ),
    open: database.prepare(
      "SELECT shard, place FROM listing WHERE (shard, place) > (?, ?) AND shard < ? ORDER BY shard, place LIMIT ?",
    ),
    endedCount: database.prepare(
      "SELECT count(*) AS count FROM (SELECT 1 FROM listing WHERE shard > 'ended.' AND shard < 'ended/' LIMIT ?)",
    ),
    nextShard: database.prepare("SELECT shard FROM listing WHERE shard > ? ORDER BY shard LIMIT 1"),
    allHeads: database.prepare(
      "SELECT pk, body FROM items WHERE tbl = ? AND sk = ? AND pk > ? ORDER BY pk LIMIT ?",
    ),
    partitionFrom: database.prepare("SELECT pk FROM items WHERE tbl = ? AND pk >= ? ORDER BY pk LIMIT 1"),
    nextPartition: database.prepare("SELECT pk FROM items WHERE tbl = ? AND pk > ? ORDER BY pk LIMIT 1"),
    items: database.prepare(
      "SELECT sk, body FROM items WHERE tbl = ? AND pk = ? AND sk > ? ORDER BY sk LIMIT ?",
    ),
  };
}
