/** What `npm run prove` has found, as tables. */
import type { Cell, Table } from "../../bench/report/table.ts";
import type { CorpusRow } from "./corpus-rows.ts";
import type { ExampleRow } from "./example-rows.ts";
import { type Tool, TOOLS } from "./mistake.ts";

const HEADS: Readonly<Record<Tool, string>> = {
  test: "test",
  types: "types",
  lint: "lint",
  check: "check",
  strict: "strict",
  crash: "crash points",
  explore: "explore",
  replay: "replay",
};

export function corpusTable(rows: readonly CorpusRow[]): Table {
  return {
    id: "corpus",
    title: "Which tool finds which mistake",
    columns: ["mistake", ...TOOLS.map((tool) => HEADS[tool])],
    rows: [
      ...rows.map((row): Cell[] => [
        row.mistake.name.replaceAll("-", " "),
        ...TOOLS.map((tool) => cellOf(row, tool)),
      ]),
      ["found", ...TOOLS.map((tool) => rows.filter(({ found }) => found.get(tool)?.isFound).length)],
    ],
  };
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

function cellOf({ found }: CorpusRow, tool: Tool): Cell {
  const finding = found.get(tool);
  if (finding?.isFound !== true) return "";
  if (tool === "types" || tool === "lint") return "yes";
  return finding.runs > 1 ? `run ${finding.runs}, ${seconds(finding.cpuMs)}` : seconds(finding.cpuMs);
}

export const whyTable = (rows: readonly CorpusRow[]): Table => ({
  id: "why",
  title: "The mistakes",
  columns: ["mistake", "how it happens"],
  rows: rows.map(({ mistake }) => [mistake.name.replaceAll("-", " "), mistake.why]),
});

export const unseenTable = (rows: readonly CorpusRow[]): Table => ({
  id: "unseen",
  title: "What no tool finds",
  columns: ["mistake", "why no tool finds it"],
  rows: rows.filter(isUnseen).map(({ mistake }) => [mistake.name.replaceAll("-", " "), mistake.unseen ?? ""]),
});

export const isUnseen = ({ found }: CorpusRow): boolean =>
  TOOLS.every((tool) => found.get(tool)?.isFound !== true);

export const exampleTable = (rows: readonly ExampleRow[]): Table => ({
  id: "examples",
  title: "The examples",
  columns: ["example", "crash points", "runs", "seeds", "faults in them", "journals replayed", "CPU s"],
  rows: rows.map(({ name, points, runs, seeds, faults, replays, cpuMs }) => [
    ...[name, points, runs, seeds, faults, replays],
    Math.round(cpuMs / 100) / 10,
  ]),
});
