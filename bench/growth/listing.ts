/** Listing invocations, by how many are kept: read units on DynamoDB, milliseconds on the local server. */
import { openDatabase } from "../../runtime/local/database.ts";
import { LocalItemStore } from "../../runtime/local/item-store.ts";
import { Meter, PRICES } from "../model/bill.ts";
import { MeteredItems } from "../model/items.ts";
import type { BenchContext, Result } from "../report/bench.ts";
import { drawChart } from "../report/plot.ts";
import { medianOf } from "../report/statistics.ts";
import { fill, list, SUSPENDED_OF } from "./kept.ts";

const KEPT = [1000, 10_000, 100_000];
const ROUNDS = 3;
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
