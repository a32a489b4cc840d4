// What `perdure costs` estimates, held to what the bench has counted (docs/benchmarks.md), and its prices to those of the bench.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { costOf, type Journaled, type JournaledEntry, PRICES, sumOf } from "../../../lib/cost-estimate.ts";

const ROOT = join(import.meta.dirname, "../../..");
const benchmarks = readFileSync(join(ROOT, "docs/benchmarks.md"), "utf8");
const bill = benchmarks.slice(benchmarks.indexOf("<!-- table: bill -->"));

/** The column "all, alone". */
function counted(workload: string): number {
  const row = bill.split("\n").find((line) => line.startsWith(`| ${workload} |`));
  return Number(row?.split("|")[7]);
}

const entry = (type: string, more: Partial<JournaledEntry> = {}): JournaledEntry => ({
  type,
  bytes: 100,
  ...more,
});
const call: Journaled = { isHttpCall: true, isByMessage: false, isDelayed: false, entries: [] };
const MINUTE_MS = 60_000;

describe("an estimate is within a twentieth of what the bench has counted", () => {
  test.each<[string, Journaled]>([
    ["no-op service call", call],
    ["10 sequential steps", { ...call, entries: Array.from({ length: 10 }, () => entry("run")) }],
    ["transaction of 1 write", { ...call, entries: [entry("run", { writes: 1 })] }],
    ["transaction of 2 writes", { ...call, entries: [entry("run", { writes: 2 })] }],
    ["object add", { ...call, isByMessage: true, entries: [entry("get"), entry("set")] }],
    ["1-minute sleep", { ...call, entries: [entry("sleep", { sleepMs: MINUTE_MS })] }],
    ["1-hour sleep", { ...call, entries: [entry("sleep", { sleepMs: 60 * MINUTE_MS })] }],
    ["awakeable", { ...call, entries: [entry("signal")] }],
    ["delayed send", { ...call, isByMessage: true, isDelayed: true }],
  ])("%s", (workload, journaled) => {
    const expected = counted(workload);
    expect(expected).toBeGreaterThan(1);
    expect(Math.abs(sumOf(costOf(journaled)) / expected - 1)).toBeLessThan(0.05);
  });
});

test("long values are paid for by the kilobyte, and a wait in memory is not", () => {
  const one = sumOf(costOf({ ...call, entries: [entry("run")] }));
  const long = sumOf(costOf({ ...call, entries: [entry("run", { bytes: 10_000 })] }));
  expect(long - one).toBeCloseTo(9 * PRICES.writeUnit);
  expect(costOf({ ...call, entries: [entry("sleep", { sleepMs: 10 })] })).toEqual(costOf(call));
});

test("prices are those of the bench", () => {
  const { sqs, dynamodb, scheduler, apiGateway } = JSON.parse(
    readFileSync(join(ROOT, "bench/prices.json"), "utf8"),
  ) as Record<string, Record<string, number>>;
  const million = (price: number | undefined): number => Number(((price ?? 0) * 1e6).toFixed(6));
  expect(PRICES).toEqual({
    httpRequest: million(apiGateway?.["httpApiRequest"]),
    fifoRequest: million(sqs?.["fifoRequest"]),
    standardRequest: million(sqs?.["standardRequest"]),
    schedule: million(scheduler?.["invocation"]),
    writeUnit: million(dynamodb?.["writeRequestUnit"]),
    readUnit: million(dynamodb?.["readRequestUnit"]),
  });
});
