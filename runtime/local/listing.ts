/**
 * Lists over SQLite.
 * - Heads: rows beside the items. The transaction that changes a head changes its row, so a list is never stale. A row costs
 *   next to nothing here, so an invocation is listed from its first write on. DynamoDB lists it when it first rests.
 * - Keys: from the items' own order.
 */
import { deserialize } from "node:v8";
import { statePartition } from "../../lib/model/ids.ts";
import type { Attributes } from "../../lib/model/item.ts";
import { isStub } from "../../lib/model/head.ts";
import { idIn, type ListedPart, listedAtMs, partOf, shardOf, statusIn } from "../../lib/model/listing.ts";
import type { KeyPage, ListedPage, ListedRange, Listing } from "../../lib/ports.ts";
import type { LocalDatabase } from "./database.ts";

/** It is made if it is missing. It can be made again from the heads, so it is not part of the format. */
const TABLE = `CREATE TABLE IF NOT EXISTS listing (
  shard TEXT NOT NULL, place TEXT NOT NULL, PRIMARY KEY (shard, place)
) WITHOUT ROWID`;
/** Digits of a time in milliseconds. Texts of one length sort as their numbers do. */
const TIME_DIGITS = 15;
const TIME_MS_MAX = 10 ** TIME_DIGITS - 1;
const AFTER_ALL_DIGITS = "~";

interface Row {
  readonly shard: string;
  readonly place: string;
}

export class LocalListing implements Listing {
  readonly parts: readonly ListedPart[] = ["open", "ended"];
  readonly #database: LocalDatabase;
  readonly #statements: ReturnType<typeof prepareAll>;

  constructor(database: LocalDatabase) {
    this.#database = database;
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

  async heads(
    part: ListedPart,
    shard: string,
    { fromMs, untilMs, after, limit }: ListedRange,
  ): Promise<ListedPage> {
    const start = after ?? digits(fromMs);
    const rows = this.#database.read(() =>
      this.#statements.heads.all(`${part}.${shard}`, start, digits(untilMs) + AFTER_ALL_DIGITS, limit + 1),
    );
    const found = rows.slice(0, limit).map((row) => String(row["place"]));
    const last = rows.length > limit ? found.at(-1) : undefined;
    return {
      entries: found.flatMap((place) => {
        const id = idIn(place);
        return id === undefined ? [] : [{ id, atMs: Number(place.slice(0, TIME_DIGITS)) }];
      }),
      ...(last === undefined ? {} : { next: last }),
    };
  }

  /** Goes from key to key. How many names a key has does not matter. */
  async keys(service: string, { after, limit }: { after?: string; limit: number }): Promise<KeyPage> {
    const prefix = statePartition(service, "");
    const keys: string[] = [];
    // Every partition of the service comes after its prefix without the dot, even that of the empty key.
    let last = after === undefined ? prefix.slice(0, -1) : prefix + after;
    return this.#database.read(() => {
      for (;;) {
        const pk = this.#statements.nextPartition.get("state", last)?.["pk"];
        if (typeof pk !== "string" || !pk.startsWith(prefix)) return { keys };
        if (keys.length >= limit) return { keys, next: keys.at(-1) ?? "" };
        last = pk;
        if (this.#hasState(pk)) keys.push(pk.slice(prefix.length));
      }
    });
  }

  /** A cleared name has left a tombstone (`gone`). */
  #hasState(pk: string): boolean {
    for (const { body } of this.#statements.items.iterate("state", pk)) {
      if (body instanceof Uint8Array && (deserialize(body) as Attributes)["gone"] !== true) return true;
    }
    return false;
  }
}

/** As in DynamoDB, except that a running or accepted invocation counts as open before it has rested. */
function rowOf(partition: string, head: Attributes): Row {
  const part = partOf(statusIn(head)) === "ended" ? "ended" : "open";
  return { shard: `${part}.${shardOf(partition)}`, place: digits(listedAtMs(head)) + partition };
}

const digits = (ms: number): string =>
  String(Math.min(Math.max(ms, 0), TIME_MS_MAX)).padStart(TIME_DIGITS, "0");

function prepareAll(database: LocalDatabase) {
  return {
    insert: database.prepare("INSERT OR IGNORE INTO listing (shard, place) VALUES (?, ?)"),
    remove: database.prepare("DELETE FROM listing WHERE shard = ? AND place = ?"),
    heads: database.prepare(
      "SELECT place FROM listing WHERE shard = ? AND place > ? AND place < ? ORDER BY place LIMIT ?",
    ),
    nextPartition: database.prepare("SELECT pk FROM items WHERE tbl = ? AND pk > ? ORDER BY pk LIMIT 1"),
    items: database.prepare("SELECT body FROM items WHERE tbl = ? AND pk = ?"),
  };
}
