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
