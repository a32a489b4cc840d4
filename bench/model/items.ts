/** Item stores whose requests are counted in the units that DynamoDB bills. */
import { type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoItemStore } from "../../aws/dynamo-item-store.ts";
import {
  type Attributes,
  evaluate,
  type ItemKey,
  sizeOf,
  type Table,
  type Write,
  type WriteResult,
} from "../../lib/item.ts";
import type { ItemStore, Page, ScannedItem } from "../../lib/ports.ts";
import type { Meter } from "./bill.ts";
import type { Latency } from "./latency.ts";
import type { VirtualTime } from "./virtual-time.ts";

const WRITE_UNIT_BYTES = 1024;
const READ_UNIT_BYTES = 4096;
const PAGE_BYTES_MAX = 1024 * 1024;

const unitsOf = (bytes: number, unitBytes: number): number => Math.max(1, Math.ceil(bytes / unitBytes));
const bytesOf = ({ pk, sk }: { pk: string; sk: string }, item: Attributes | undefined): number =>
  item === undefined ? 0 : sizeOf({ ...item, pk, sk });

/**
 * Items in memory, by the kernel's own `evaluate`, counted by the published rule: a write costs a unit for each KB of
 * the larger of the item before and after it, refused or not; a strong read one for each 4 KB, of a query as a whole.
 */
export class MeteredItems implements ItemStore {
  readonly #meter: Meter;
  readonly #tables = new Map<string, Map<string, Attributes>>();

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  async get(key: ItemKey): Promise<Attributes | undefined> {
    const item = this.#partition(key.table, key.pk)?.get(key.sk);
    this.#read(bytesOf(key, item));
    return structuredClone(item);
  }

  async write(write: Write): Promise<WriteResult> {
    const { table, pk, sk } = write.key;
    const partition = this.#partition(table, pk) ?? new Map<string, Attributes>();
    const before = partition.get(sk);
    const result = evaluate(before, structuredClone(write));
    const after = result.won ? result.item : undefined;
    this.#meter.add("writes");
    this.#meter.add(
      "writeUnits",
      unitsOf(Math.max(bytesOf(write.key, before), bytesOf(write.key, after)), WRITE_UNIT_BYTES),
    );
    if (result.won) {
      if (after === undefined) partition.delete(sk);
      else partition.set(sk, after);
      this.#tables.set(`${table} ${pk}`, partition);
    }
    return structuredClone(result);
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
      items.push({ sk, attributes: structuredClone(attributes) });
    }
    this.#read(bytes);
    const last = items.at(-1);
    return { items, ...(last && items.length < names.length ? { next: last.sk } : {}) };
  }

  /** Eventually consistent, half a unit for each 4 KB of all that is looked at, whatever it is. */
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
      if (name === sk) items.push({ pk, sk, attributes: structuredClone(attributes) });
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

/** What DynamoDB itself says that each request has consumed. A refused write's answer does not say it: it is counted by the
 * size of the item that refused it. */
export function meteredDynamo(
  client: DynamoDBClient,
  tables: Readonly<Record<Table, string>>,
  meter: Meter,
  time: VirtualTime,
): ItemStore {
  client.middlewareStack.add(
    (next, { commandName = "" }) =>
      async (args) => {
        const isWrite = /^(Put|Update|Delete)/.test(commandName);
        Object.assign(args.input, { ReturnConsumedCapacity: "TOTAL" });
        meter.add(isWrite ? "writes" : "reads");
        try {
          const result = await next(args);
          const { ConsumedCapacity } = result.output as { ConsumedCapacity?: { CapacityUnits?: number } };
          meter.add(isWrite ? "writeUnits" : "readUnits", ConsumedCapacity?.CapacityUnits ?? Number.NaN);
          return result;
        } catch (error) {
          if (isWrite) meter.add("writeUnits", 1);
          throw error;
        }
      },
    { step: "initialize", name: "perdureConsumedCapacity" },
  );
  const store = new DynamoItemStore(client, tables);
  return {
    get: (key) => time.outside(() => store.get(key)),
    write: (write) => time.outside(() => store.write(write)),
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
    get: (key) => there("dynamodb.read", () => store.get(key)),
    write: (write) => there("dynamodb.write", () => store.write(write)),
    query: (...query) => there("dynamodb.read", () => store.query(...query)),
    scan: (...scan) => there("dynamodb.read", () => store.scan(...scan)),
  };
}
