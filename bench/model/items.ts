/** Item stores whose requests are counted in the units that DynamoDB bills. */
import { DynamoItems, dynamoRequests } from "../../lib/aws/dynamo-items.ts";
import { withIndex, withoutIndex } from "../../lib/aws/head-index.ts";
import type { Operations } from "../../lib/aws/json-service.ts";
import {
  type Attributes,
  evaluate,
  type ItemKey,
  sizeOf,
  type Table,
  type Write,
  type WriteResult,
} from "../../lib/model/item.ts";
import {
  idIn,
  INDEX_PARTITION_KEY,
  INDEX_SORT_KEY,
  isHead,
  type ListedPart,
} from "../../lib/model/listing.ts";
import type {
  ItemStore,
  ListedPage,
  ListedRange,
  Listing,
  Page,
  ReadOptions,
  ScannedItem,
} from "../../lib/ports.ts";
import {
  type AttributeMap,
  sizeOfWrite,
  type TransactedAppend,
  type TransactionResult,
  type UserTables,
  type UserWrite,
} from "../../lib/model/user-write.ts";
import { applied } from "../../runtime/local/tables/user-tables.ts";
import type { Meter } from "./bill.ts";
import type { Latency } from "./latency.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** What handlers of benchmarks write to of their own. */
export const BENCH_TABLES: UserTables = { orders: { partitionKey: "id" }, stock: { partitionKey: "id" } };
const WRITE_UNIT_BYTES = 1024;
const READ_UNIT_BYTES = 4096;
const PAGE_BYTES_MAX = 1024 * 1024;

const unitsOf = (bytes: number, unitBytes: number): number => Math.max(1, Math.ceil(bytes / unitBytes));
export const writeUnitsOf = (bytes: number): number => unitsOf(bytes, WRITE_UNIT_BYTES);
export const readUnitsOf = (bytes: number): number => unitsOf(bytes, READ_UNIT_BYTES);
const bytesOf = ({ pk, sk }: { pk: string; sk: string }, item: Attributes | undefined): number =>
  item === undefined ? 0 : sizeOf({ ...item, pk, sk });

/** The index that the stack makes by default: invocations that rest. */
export const LISTED: readonly ListedPart[] = ["open"];

/**
 * Items in memory, by the model's own `evaluate`. Units are counted by AWS's published rule:
 *
 * - A write costs a unit for each KB of the larger of the item before it and after it, also if it is refused.
 * - Each entry that it adds to an index or removes from one costs a unit more.
 * - A strong read costs a unit for each 4 KB, one that may lag half of that. A query counts as one read of all its items.
 */
export class MeteredItems implements ItemStore, Listing {
  readonly parts = LISTED;
  readonly #meter: Meter;
  readonly #tables: Map<string, Map<string, Attributes>>;
  readonly #userItems = new Map<string, AttributeMap>();
  /** Entries of the index by shard, in the order of time. */
  readonly #listed = new Map<string, Map<string, number>>();

  constructor(meter: Meter, shared?: MeteredItems) {
    this.#meter = meter;
    this.#tables = shared ? shared.#tables : new Map();
  }

  /** The same items, whose requests another meter counts. */
  metered(meter: Meter): MeteredItems {
    return new MeteredItems(meter, this);
  }

  async get(key: ItemKey, { mayLag = false }: ReadOptions = {}): Promise<Attributes | undefined> {
    const item = this.#partition(key.table, key.pk)?.get(key.sk);
    this.#meter.add("reads");
    this.#meter.add("readUnits", readUnitsOf(bytesOf(key, item)) / (mayLag ? 2 : 1));
    return shown(key, item);
  }

  async write(write: Write): Promise<WriteResult> {
    const { key } = write;
    const partition = this.#partition(key.table, key.pk) ?? new Map<string, Attributes>();
    const before = partition.get(key.sk);
    const request = structuredClone(write);
    const result = evaluate(before, request.op === "delete" ? request : withIndex(request));
    const after = result.won ? result.item : undefined;
    this.#meter.add("writes");
    const bytes = Math.max(bytesOf(key, before), bytesOf(key, after));
    this.#meter.add("writeUnits", writeUnitsOf(bytes));
    if (result.won) {
      if (isHead(key)) this.#list(key.pk, before, after);
      if (after === undefined) partition.delete(key.sk);
      else partition.set(key.sk, after);
      this.#tables.set(`${key.table} ${key.pk}`, partition);
    }
    return { won: result.won, item: shown(key, result.item) };
  }

  /** Two units for each KB of each item of a transaction, the user's and the append's, also if it is refused. One request. */
  async transact(append: TransactedAppend, writes: readonly UserWrite[]): Promise<TransactionResult> {
    const { key } = append;
    const before = this.#partition(key.table, key.pk)?.get(key.sk);
    const result = evaluate(before, withIndex(structuredClone(append)));
    const users = applied(BENCH_TABLES, writes, (place) => this.#userItems.get(JSON.stringify(place)));
    this.#meter.add("writes");
    const own = Math.max(bytesOf(key, before), bytesOf(key, result.won ? result.item : undefined));
    const bytes = [own, ...writes.map(sizeOfWrite)];
    this.#meter.add(
      "writeUnits",
      bytes.reduce((sum, each) => sum + 2 * writeUnitsOf(each), 0),
    );
    if (!result.won) return { won: false, item: shown(key, result.item) };
    if ("refusals" in users) return { won: false, refusals: users.refusals };
    for (const { item, ...place } of users.changes)
      if (item) this.#userItems.set(JSON.stringify(place), item);
      else this.#userItems.delete(JSON.stringify(place));
    const partition = this.#partition(key.table, key.pk) ?? new Map<string, Attributes>();
    if (result.item) partition.set(key.sk, result.item);
    this.#tables.set(`${key.table} ${key.pk}`, partition);
    return { won: true };
  }

  #list(pk: string, before: Attributes | undefined, after: Attributes | undefined): void {
    for (const part of this.parts) {
      const [from, to] = [before?.[INDEX_PARTITION_KEY[part]], after?.[INDEX_PARTITION_KEY[part]]];
      if (from === to) continue;
      if (typeof from === "string") this.#listed.get(from)?.delete(pk);
      if (typeof to === "string") {
        const entries = this.#listed.get(to) ?? new Map<string, number>();
        this.#listed.set(to, entries.set(pk, Number(after?.[INDEX_SORT_KEY])));
      }
      const units = (from === undefined ? 0 : 1) + (to === undefined ? 0 : 1);
      this.#meter.add("writeUnits", units);
      this.#meter.add("indexUnits", units);
    }
  }

  async heads(
    part: ListedPart,
    shard: string,
    { fromMs, untilMs, after, limit }: ListedRange,
  ): Promise<ListedPage> {
    const all = [...(this.#listed.get(shard) ?? [])].toSorted(([, a], [, b]) => a - b);
    const left = all.filter(([, atMs]) => atMs >= fromMs && atMs <= untilMs).slice(Number(after ?? 0));
    const page = left.slice(0, limit);
    const bytes = page.reduce(
      (sum, [pk, atMs]) =>
        sum + bytesOf({ pk, sk: "head" }, { [INDEX_PARTITION_KEY[part]]: shard, [INDEX_SORT_KEY]: atMs }),
      0,
    );
    this.#read(bytes, 2 * READ_UNIT_BYTES);
    return {
      entries: page.flatMap(([pk, atMs]) => {
        const id = idIn(pk);
        return id === undefined ? [] : [{ id, atMs }];
      }),
      ...(left.length > page.length ? { next: String(Number(after ?? 0) + page.length) } : {}),
    };
  }

  keys(): Promise<never> {
    return Promise.reject(new TypeError("the model lists no keys"));
  }

  async query(
    table: Table,
    pk: string,
    prefix: string,
    { after = "", limit = Number.POSITIVE_INFINITY }: { after?: string; limit?: number } = {},
  ): Promise<Page> {
    const names = [...(this.#partition(table, pk)?.keys() ?? [])].filter(
      (sk) => sk.startsWith(prefix) && sk > after,
    );
    const items: { sk: string; attributes: Attributes }[] = [];
    let bytes = 0;
    for (const sk of names.toSorted()) {
      const attributes = this.#partition(table, pk)?.get(sk) ?? {};
      const size = bytesOf({ pk, sk }, attributes);
      if (items.length >= limit || bytes + size > PAGE_BYTES_MAX) break;
      bytes += size;
      items.push({ sk, attributes: shown({ table, sk }, attributes) ?? {} });
    }
    this.#read(bytes);
    const last = items.at(-1);
    return { items, ...(last && items.length < names.length ? { next: last.sk } : {}) };
  }

  /** Eventually consistent: half a unit for each 4 KB of everything that the scan passes. */
  async scan(
    table: Table,
    sk: string,
    { after = "0", limit = Number.POSITIVE_INFINITY }: { after?: string; limit?: number } = {},
  ): Promise<{ readonly items: readonly ScannedItem[]; readonly next?: string }> {
    const items: ScannedItem[] = [];
    let [at, bytes] = [0, 0];
    for (const { pk, name, attributes } of this.#all(table)) {
      if (at++ < Number(after)) continue;
      bytes += bytesOf({ pk, sk: name }, attributes);
      if (name === sk) items.push({ pk, sk, attributes: shown({ table, sk }, attributes) ?? {} });
      if (at - Number(after) < limit && bytes < PAGE_BYTES_MAX) continue;
      this.#read(bytes, 2 * READ_UNIT_BYTES);
      return { items, next: String(at) };
    }
    this.#read(bytes, 2 * READ_UNIT_BYTES);
    return { items };
  }

  *#all(table: Table): Generator<{ pk: string; name: string; attributes: Attributes }> {
    for (const [address, partition] of this.#tables) {
      if (!address.startsWith(`${table} `)) continue;
      const pk = address.slice(table.length + 1);
      for (const [name, attributes] of partition) yield { pk, name, attributes };
    }
  }

  #partition(table: Table, pk: string): Map<string, Attributes> | undefined {
    return this.#tables.get(`${table} ${pk}`);
  }

  #read(bytes: number, unitBytes = READ_UNIT_BYTES): void {
    this.#meter.add("reads");
    this.#meter.add("readUnits", unitsOf(bytes, unitBytes));
  }
}

/** A copy without the attributes that only the store uses. */
function shown(key: Pick<ItemKey, "table" | "sk">, item: Attributes | undefined): Attributes | undefined {
  return structuredClone(item !== undefined && isHead(key) ? withoutIndex(item) : item);
}

interface Consumed {
  readonly CapacityUnits: number;
  readonly GlobalSecondaryIndexes?: Readonly<Record<string, { readonly CapacityUnits: number }>>;
}

/** One for each table that the request is about. */
const consumedIn = (answer: unknown): readonly Consumed[] =>
  [(answer as { ConsumedCapacity?: Consumed | readonly Consumed[] }).ConsumedCapacity ?? UNSAID].flat();
const UNSAID: Consumed = { CapacityUnits: Number.NaN };

/** What DynamoDB says that each request has consumed. The answer to a refused write does not say it. That one is counted by
 * the size of the item that refused it. */
export function meteredDynamo(
  calls: Operations,
  tables: Readonly<Record<Table, string>>,
  meter: Meter,
  time: VirtualTime,
): ItemStore {
  const call = async (operation: string, input: object): Promise<unknown> => {
    const isWrite = /^(Put|Update|Delete|TransactWrite)/.test(operation);
    meter.add(isWrite ? "writes" : "reads");
    try {
      const answer = await calls.call(operation, { ...input, ReturnConsumedCapacity: "INDEXES" });
      for (const { CapacityUnits: units, GlobalSecondaryIndexes: indexes = {} } of consumedIn(answer)) {
        meter.add(isWrite ? "writeUnits" : "readUnits", units);
        for (const index of Object.values(indexes))
          meter.add("indexUnits", isWrite ? index.CapacityUnits : 0);
      }
      return answer;
    } catch (error) {
      if (isWrite) meter.add("writeUnits", 1);
      throw error;
    }
  };
  const store = new DynamoItems(dynamoRequests({ call }), tables);
  return {
    get: (key, options) => time.outside(() => store.get(key, options)),
    write: (write) => time.outside(() => store.write(write)),
    transact: (...transaction) => time.outside(() => store.transact(...transaction)),
    query: (...query) => time.outside(() => store.query(...query)),
    scan: (...scan) => time.outside(() => store.scan(...scan)),
  };
}

/** The store, as far away as DynamoDB is. */
export function distant(store: ItemStore, time: VirtualTime, latency: Latency): ItemStore {
  const there = async <T>(hop: "dynamodb.read" | "dynamodb.write", request: () => Promise<T>): Promise<T> => {
    const ms = latency(hop);
    await time.pause(ms / 2);
    const answer = await request();
    await time.pause(ms / 2);
    return answer;
  };
  return {
    get: (key, options) => there("dynamodb.read", () => store.get(key, options)),
    write: (write) => there("dynamodb.write", () => store.write(write)),
    // Two rounds within DynamoDB: assumed to take as long as two writes.
    transact: (append, writes) =>
      there("dynamodb.write", () =>
        there("dynamodb.write", async () => {
          if (!store.transact) throw new TypeError("the store has no transactions");
          return await store.transact(append, writes);
        }),
      ),
    query: (...query) => there("dynamodb.read", () => store.query(...query)),
    scan: (...scan) => there("dynamodb.read", () => store.scan(...scan)),
  };
}
