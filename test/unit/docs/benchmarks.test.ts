/** `npm run bench -- --docs` renews every table; one without a place would end it after minutes. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const BENCH = new URL("../../../bench/", import.meta.url);
const DOCUMENT = new URL("../../../docs/benchmarks.md", import.meta.url);

function tableIds(): readonly string[] {
  const files = readdirSync(BENCH, { recursive: true, encoding: "utf8" });
  const own = files.filter((name) => name.endsWith(".ts") && !name.includes("node_modules"));
  return own.flatMap((name) =>
    [...readFileSync(new URL(name, BENCH), "utf8").matchAll(/\bid: "([a-z-]+)"/gu)].map(([, id = ""]) => id),
  );
}

test("each table of a benchmark has its place in docs/benchmarks.md, and each place its table", () => {
  const text = readFileSync(DOCUMENT, "utf8");
  const places = [...text.matchAll(/<!-- table: ([a-z-]+) -->/gu)].map(([, id]) => id);
  expect(new Set(places)).toEqual(new Set([...tableIds(), "machine"]));
  expect(places).toHaveLength(new Set(places).size);
});

/** The cells of a row of the table, behind its first one. */
function cellsOf(text: string, table: string, first: string): readonly number[] {
  const lines = text.slice(text.indexOf(table)).split("\n");
  const row = lines.find((line) => line.startsWith(`| ${first} |`));
  if (row === undefined) throw new Error(`${table} has no row ${first}`);
  return row.slice(`| ${first} |`.length).split("|").map(Number);
}

test.each([
  ["transaction of 1 write", "a `ctx.transact` of one write"],
  ["transaction of 2 writes", "a `ctx.transact` of two writes"],
  ["10 parallel steps", "a `ctx.run`, without your own writes"],
])("%s costs in the guide what it does in the tables", (workload, row) => {
  const tables = readFileSync(DOCUMENT, "utf8");
  const guide = readFileSync(new URL("guide/transactions.md", DOCUMENT), "utf8");
  const [, , , , , alone] = cellsOf(tables, "<!-- table: bill -->", workload);
  const [, p50 = Number.NaN, p99 = Number.NaN] = cellsOf(tables, "<!-- table: latency -->", workload);
  const said = cellsOf(guide, "| a call with |", row).slice(0, 3);
  expect(said).toEqual([alone, Math.round(p50), Math.round(p99)]);
});
