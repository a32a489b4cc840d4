/**
 * `npm run prove`: crashes the examples at each request, runs them from many seeds, replays their journals, and asks each tool of a test
 * which of the planted mistakes it finds. Ends with 1 if a tool misses what it must find, complains of a mend, or if an example differs.
 * `--docs` renews the tables of docs/testing.md. `--verbose` prints what each tool says.
 */
import { fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withTable } from "../../bench/report/docs.ts";
import { type Table, toMarkdown, toTerminal } from "../../bench/report/table.ts";
import { type CorpusRow, corpusRows } from "./corpus-rows.ts";
import type { ExampleRow } from "./example-rows.ts";
import { TOOLS } from "./mistake.ts";
import { corpusTable, exampleTable, isUnseen, unseenTable, whyTable } from "./tables.ts";

const DOCUMENT = join(import.meta.dirname, "../../docs/testing.md");
/** Runs of `explore`. */
const RUNS = { planted: 100, mended: 20 };
const SEEDS = 40;

const isVerbose = process.argv.includes("--verbose");
// What handlers print, and what the SDK says of them, is what the mistakes do.
const print = console.log.bind(console);
for (const name of ["log", "info", "warn", "error"] as const) console[name] = () => undefined;

/** In a process of its own, so that both cores work. */
async function examples(): Promise<readonly ExampleRow[]> {
  const child = fork(join(import.meta.dirname, "examples-process.ts"), [String(SEEDS)]);
  const rows: ExampleRow[] = [];
  child.on("message", (row) => void rows.push(row as ExampleRow));
  const status = await new Promise<number | null>((resolve) => void child.once("exit", resolve));
  if (status !== 0) throw new Error(`the process of the examples has ended with ${status}`);
  return rows;
}

function told({ mistake, found, falseAlarms, missed }: CorpusRow): void {
  for (const tool of missed) print(`MISSED: ${mistake.name} by ${tool}`);
  for (const words of falseAlarms) print(`FALSE ALARM: ${mistake.name}, ${words}`);
  if (!isVerbose) return;
  for (const tool of TOOLS) {
    const finding = found.get(tool);
    if (finding?.isFound === true) print(`\n=== ${mistake.name}, ${tool}: ${finding.says}`);
  }
}

function renew(tables: readonly Table[]): void {
  let text = readFileSync(DOCUMENT, "utf8");
  for (const table of tables) text = withTable(text, table.id, toMarkdown(table), "docs/testing.md");
  writeFileSync(DOCUMENT, text);
}

const sumOf = (rows: readonly ExampleRow[], of: "points" | "runs" | "seeds"): number =>
  rows.reduce((sum, row) => sum + row[of], 0);

async function main(): Promise<boolean> {
  const [shown, rows] = await Promise.all([examples(), corpusRows(RUNS, told)]);
  const tables = [exampleTable(shown), corpusTable(rows), unseenTable(rows), whyTable(rows)];
  for (const table of tables.slice(0, -1)) print(toTerminal(table));
  if (process.argv.includes("--docs")) renew(tables);
  const failures = shown.filter(({ failure }) => failure !== undefined);
  for (const { name, failure } of failures) print(`${name}: ${failure ?? ""}\n`);
  const found = rows.filter((row) => !isUnseen(row)).length;
  const quiet = rows.filter(({ falseAlarms }) => falseAlarms.length === 0).length;
  print(
    `${found} of ${rows.length} mistakes found, ${quiet} of ${rows.length} mended ones without a false alarm; ` +
      `${shown.length} examples: ${sumOf(shown, "points")} crash points, ${sumOf(shown, "runs")} runs, ${sumOf(shown, "seeds")} seeds, ` +
      (failures.length === 0 ? "all the same" : `${failures.length} not the same`),
  );
  return failures.length === 0 && quiet === rows.length && rows.every(({ missed }) => missed.length === 0);
}

// Tests that hang are left behind.
process.exit((await main()) ? 0 : 1);
