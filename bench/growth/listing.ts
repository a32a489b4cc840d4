/** Listing invocations, by how many are kept: read units on DynamoDB, milliseconds on the local server. */
import { atOnce } from "../../lib/at-once.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { newHead } from "../../lib/model/head.ts";
import { headKey } from "../../lib/model/head-keys.ts";
import { invocationId } from "../../lib/model/ids.ts";
import type { Start } from "../../lib/model/message.ts";
import { type ItemStore, type Listing, silentLogger } from "../../lib/ports.ts";
import { service } from "perdure";
import type { Deployment } from "../../lib/model/manifest.ts";
import { createEndpoint } from "../../sdk/endpoint.ts";
import { Admin } from "../../runtime/admin/admin.ts";
import { systemClock } from "../../lib/clock.ts";
import { systemEntropy } from "../../lib/entropy.ts";
import { openDatabase } from "../../runtime/local/database.ts";
import { LocalItemStore } from "../../runtime/local/item-store.ts";
import { Meter, PRICES } from "../model/bill.ts";
import { MeteredItems } from "../model/items.ts";
import type { BenchContext, Result } from "../report/bench.ts";
import { drawChart } from "../report/plot.ts";
import { medianOf } from "../report/statistics.ts";

const KEPT = [1000, 10_000, 100_000];
/** One of so many is suspended. That is the one an operator looks for. */
const SUSPENDED_OF = 1000;
const ROUNDS = 3;
const WRITES_AT_ONCE = 1000;
const DEPLOYMENT: Deployment = {
  id: "dp_1",
  address: "nowhere",
  createdAtMs: 0,
  services: createEndpoint([
    service({ name: "Orders", handlers: { place: async () => undefined } }),
  ]).discover().services,
};

async function fill(items: ItemStore, count: number): Promise<void> {
  await atOnce(count, WRITES_AT_ONCE, (n) => put(items, n));
}

async function put(items: ItemStore, n: number): Promise<void> {
  const unique = Buffer.alloc(14);
  unique.writeUInt32BE(n, 10);
  const id = invocationId("Orders", undefined, unique);
  const start: Start = {
    kind: "start",
    ...{ id, incarnation: 0, origin: `o${n}`, acceptedAtMs: 1_700_000_000_000 + n },
    ...{ target: { service: "Orders", handler: "place" }, input: new Uint8Array(200), headers: {} },
  };
  const suspended = n % SUSPENDED_OF === 0;
  const ended = suspended ? { s: "suspended", w: ["i", 0] } : { s: "completed", x: new Uint8Array(100) };
  const attributes = {
    ...newHead(start, { deployment: "dp_1" }),
    ...ended,
    in: start.input,
    u: start.acceptedAtMs,
  };
  await items.write({ op: "put", key: headKey(id), attributes });
}

/** Follows `next` until `wanted` were found, or to the end. */
async function list(items: ItemStore, listing: Listing, query: string, wanted: number): Promise<number> {
  const clock = systemClock;
  const mailbox = { sendBatch: async () => [] };
  const registry = new ItemRegistry(items, clock);
  await registry.register(DEPLOYMENT);
  const ports = { items, listing, mailbox, registry, clock, entropy: systemEntropy, logger: silentLogger };
  const admin = new Admin(ports, { version: "0", ingressEndpoint: "http://127.0.0.1" });
  let [found, after] = [0, ""];
  do {
    const search = new URLSearchParams(
      `${query}${after === "" ? "" : `&after=${encodeURIComponent(after)}`}`,
    );
    const path = "/invocations";
    const request = { method: "GET", path, query: search, headers: {}, body: new Uint8Array(0) };
    const { status, body } = await admin.handle(request);
    if (status !== 200) throw new Error(`listing answered ${status}`);
    const page = JSON.parse(new TextDecoder().decode(body)) as { invocations: unknown[]; next?: string };
    found += page.invocations.length;
    after = page.next ?? "";
  } while (after !== "" && found < wanted);
  return found;
}

interface Listed {
  readonly kept: number;
  readonly pageUnits: number;
  readonly suspendedUnits: number;
  readonly pageMs: number;
  readonly suspendedMs: number;
}

async function measure(kept: number): Promise<Listed> {
  const meter = new Meter();
  const metered = new MeteredItems(meter);
  await fill(metered, kept);
  const unitsOf = async (query: string, wanted: number): Promise<number> => {
    const before = meter.usage.readUnits;
    await list(metered, metered, query, wanted);
    return meter.usage.readUnits - before;
  };
  const database = openDatabase(":memory:");
  const local = new LocalItemStore(database);
  await fill(local, kept);
  const msOf = async (query: string, wanted: number): Promise<number> => {
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const startMs = performance.now();
      await list(local, local.listing, query, wanted);
      rounds.push(performance.now() - startMs);
    }
    return medianOf(rounds);
  };
  const [page, suspended] = ["limit=100", "limit=100&status=suspended"];
  const listed = {
    kept,
    pageUnits: await unitsOf(page, 100),
    suspendedUnits: await unitsOf(suspended, Number.POSITIVE_INFINITY),
    pageMs: await msOf(page, 100),
    suspendedMs: await msOf(suspended, Number.POSITIVE_INFINITY),
  };
  database.close();
  return listed;
}

export async function listingGrowth({ progress }: BenchContext): Promise<Result> {
  const rows: Listed[] = [];
  for (const kept of KEPT) {
    progress(`listing: ${kept.toLocaleString("en-US")} invocations`);
    rows.push(await measure(kept));
  }
  return {
    tables: [
      {
        id: "listing",
        title: "Listing invocations against how many are kept",
        columns: [
          "kept",
          "first 100: read units",
          "local ms",
          "all suspended: read units",
          "local ms",
          "$ per listing of the suspended",
        ],
        rows: rows.map((row) => [
          row.kept.toLocaleString("en-US"),
          row.pageUnits,
          row.pageMs,
          row.suspendedUnits,
          row.suspendedMs,
          (row.suspendedUnits * PRICES.dynamodb.readRequestUnit).toFixed(6),
        ]),
        notes: [`One in ${SUSPENDED_OF} is suspended. Local: SQLite in memory, medians of ${ROUNDS}.`],
      },
    ],
    data: rows,
    plots: [
      {
        name: "listing",
        svg: drawChart({
          title: "Listing against invocations kept",
          x: { label: "invocations kept", scale: "log" },
          y: { label: "read units", scale: "log" },
          series: [
            { name: "the first 100", points: rows.map(({ kept, pageUnits }) => [kept, pageUnits] as const) },
            {
              name: "all that are suspended",
              points: rows.map(({ kept, suspendedUnits }) => [kept, suspendedUnits] as const),
            },
          ],
        }),
      },
    ],
  };
}
