/**
 * Runs the benchmarks: `npm run bench` all of them, `npm run bench -- <name> …` some. Prints a table for each question, and
 * writes the data to bench/results/. `--docs` renews the tables and plots of docs/benchmarks.md.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { benches } from "./benches.ts";
import { installPeers } from "./peers/install.ts";
import type { Bench, Result } from "./report/bench.ts";
import { renewDocs } from "./report/docs.ts";
import { describeMachine } from "./report/machine.ts";
import { toTerminal } from "./report/table.ts";

const RESULTS = new URL("results/", import.meta.url);

const started = performance.now();
const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(0).padStart(4)} s`;
const progress = (line: string): void => void process.stderr.write(`${seconds()}  ${line}\n`);

function chosen(names: readonly string[]): readonly Bench[] {
  const unknown = names.filter((name) => !benches.some((bench) => bench.name === name));
  if (unknown.length > 0) {
    const known = benches.map(({ name, question }) => `  ${name.padEnd(14)} ${question}`);
    throw new Error(`no benchmark ${unknown.join(", ")}; there are:\n${known.join("\n")}`);
  }
  return names.length === 0 ? benches : benches.filter(({ name }) => names.includes(name));
}

function write(name: string, result: Result, machine: unknown): void {
  mkdirSync(RESULTS, { recursive: true });
  const { tables, data } = result;
  writeFileSync(
    new URL(`${name}.json`, RESULTS),
    `${JSON.stringify({ machine, tables, data }, undefined, 2)}\n`,
  );
  for (const plot of result.plots ?? []) writeFileSync(new URL(`${plot.name}.svg`, RESULTS), plot.svg);
}

async function main(args: readonly string[]): Promise<void> {
  const docs = args.includes("--docs");
  const selected = chosen(args.filter((arg) => arg !== "--docs"));
  if (selected.some(({ needsPeers }) => needsPeers)) installPeers(progress);
  const machine = describeMachine();
  console.log(`${machine.cpu}, ${machine.memoryGb} GB, ${machine.system}`);
  console.log(
    `${Object.entries(machine.versions)
      .map((pair) => pair.join(" "))
      .join(", ")}\n`,
  );
  for (const bench of selected) {
    progress(`${bench.name}: ${bench.question}`);
    const result = await bench.run({ progress: (line) => progress(`  ${line}`) });
    for (const table of result.tables) console.log(toTerminal(table));
    write(bench.name, result, machine);
    if (docs) renewDocs(bench.name, result, machine);
  }
  progress("done");
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof Error && process.env["DEBUG"] !== undefined) console.error(error.stack);
  process.exitCode = 1;
}
