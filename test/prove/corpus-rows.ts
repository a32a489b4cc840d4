/** Each mistake, planted and mended, before each tool. */
import { mistakes, type NamedMistake } from "./corpus-files.ts";
import { type Tool, TOOLS } from "./mistake.ts";
import { type SourceFindings, sourceFindings } from "./source-findings.ts";
import { ask, type Finding } from "./tools.ts";

/** Runs of `explore`: a mistake is found in the first one that fails, and a mend is run to the end. */
export interface Runs {
  readonly planted: number;
  readonly mended: number;
}

export interface CorpusRow {
  readonly mistake: NamedMistake;
  /** Of what is planted. */
  readonly found: ReadonlyMap<Tool, Finding>;
  /** Of what is mended: words of the tools that complain all the same. */
  readonly falseAlarms: readonly string[];
  /** Tools that must find it, and have not. */
  readonly missed: readonly Tool[];
}

export async function corpusRows(runs: Runs, told: (row: CorpusRow) => void): Promise<readonly CorpusRow[]> {
  const source = sourceFindings();
  const rows: CorpusRow[] = [];
  for (const mistake of await mistakes()) {
    const row = await rowOf(mistake, source, runs);
    rows.push(row);
    told(row);
  }
  return rows;
}

async function rowOf(mistake: NamedMistake, source: SourceFindings, runs: Runs): Promise<CorpusRow> {
  const found = new Map<Tool, Finding>();
  const alarms = source.falseAlarms.filter((line) => line.startsWith(`${mistake.name}:`));
  for (const tool of TOOLS) {
    if (tool === "types" || tool === "lint") {
      const says = source[tool].get(mistake.name) ?? [];
      found.set(tool, { isFound: says.length > 0, runs: 0, cpuMs: 0, says: says.join("\n") });
      continue;
    }
    found.set(tool, await ask(tool, mistake, true, runs.planted));
    const mended = await ask(tool, mistake, false, runs.mended);
    if (mended.isFound) alarms.push(`${tool}: ${mended.says}`);
  }
  const missed = mistake.foundBy.filter((tool) => found.get(tool)?.isFound !== true);
  return { mistake, found, falseAlarms: alarms, missed };
}
