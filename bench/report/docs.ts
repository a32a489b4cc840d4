/**
 * Puts tables and plots into docs/benchmarks.md, between `<!-- table: id -->` and `<!-- /table -->`. So no published figure
 * is copied by hand. Plots and their data go to docs/benchmarks/.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Result } from "./bench.ts";
import type { Machine } from "./machine.ts";
import { toMarkdown } from "./table.ts";

const DOCUMENT = new URL("../../docs/benchmarks.md", import.meta.url);
const FOLDER = new URL("../../docs/benchmarks/", import.meta.url);

export function renewDocs(name: string, { tables, data, plots = [] }: Result, machine: Machine): void {
  let text = readFileSync(DOCUMENT, "utf8");
  for (const table of tables) text = withTable(text, table.id, toMarkdown(table), "docs/benchmarks.md");
  text = withTable(text, "machine", describe(machine), "docs/benchmarks.md");
  writeFileSync(DOCUMENT, text);
  mkdirSync(FOLDER, { recursive: true });
  for (const plot of plots) writeFileSync(new URL(`${plot.name}.svg`, FOLDER), plot.svg);
  writeFileSync(new URL(`${name}.json`, FOLDER), `${JSON.stringify({ machine, data }, undefined, 1)}\n`);
}

/** Throws `Error` if the document has no place for the table. */
export function withTable(text: string, id: string, content: string, document: string): string {
  const from = text.indexOf(`<!-- table: ${id} -->`);
  const to = text.indexOf("<!-- /table -->", from);
  if (from === -1 || to === -1) throw new Error(`${document} has no place for the table ${id}`);
  return `${text.slice(0, from)}<!-- table: ${id} -->\n\n${content}\n\n${text.slice(to)}`;
}

function describe({ cpu, memoryGb, system, versions }: Machine): string {
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `${cpu}, ${memoryGb} GB, ${system}; ${packages.join(", ")}.`;
}
