/** Resuming a long journal: Perdure, and Restate's SDK on a journal of the same length. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { BenchContext, Plot, Result } from "../report/bench.ts";
import { drawChart } from "../report/plot.ts";
import { medianOf } from "../report/statistics.ts";
import type { Table } from "../report/table.ts";
import type { Resumed } from "./resume-child.ts";
import type { RestateResumed } from "./resume-restate-child.ts";

const LENGTHS = [10, 100, 1000, 10_000];
const ROUNDS = 3;

async function child<T>(file: string, args: readonly number[]): Promise<T> {
  const script = fileURLToPath(new URL(file, import.meta.url));
  const options = ["--expose-gc", "--conditions=perdure-source", script, ...args.map(String)];
  const { stdout } = await promisify(execFile)(process.execPath, options, { timeout: 600_000 });
  // The measured SDK may print, too. The result is the last line.
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as T;
}

const medianBy = <T>(results: readonly T[], of: (result: T) => number): number => medianOf(results.map(of));

async function measure({ progress }: BenchContext) {
  const ours: Resumed[][] = LENGTHS.map(() => []);
  const theirs: RestateResumed[][] = LENGTHS.map(() => []);
  for (let round = 1; round <= ROUNDS; round++) {
    progress(`resume: round ${round} of ${ROUNDS}`);
    for (const [index, length] of LENGTHS.entries())
      ours[index]?.push(await child<Resumed>("resume-child.ts", [length]));
    for (const result of await child<RestateResumed[]>("resume-restate-child.ts", LENGTHS))
      theirs[LENGTHS.indexOf(result.entries)]?.push(result);
  }
  return LENGTHS.map((length, index) => {
    const [own = [], other = []] = [ours[index], theirs[index]];
    const ratios = own.map(
      ({ replayCpuMs }, round) => replayCpuMs / (other[round]?.replayCpuMs ?? Number.NaN),
    );
    return {
      length,
      turnMs: medianBy(own, ({ turnMs }) => turnMs),
      replayMs: medianBy(own, ({ replayMs }) => replayMs),
      cpuMs: medianBy(own, ({ replayCpuMs }) => replayCpuMs),
      readUnits: own[0]?.readUnits ?? Number.NaN,
      bytes: own[0]?.bytesToHandler ?? Number.NaN,
      peakMb: medianBy(own, ({ peakBytes }) => peakBytes) / 2 ** 20,
      restateTurnMs: medianBy(other, ({ turnMs }) => turnMs),
      restateReplayMs: medianBy(other, ({ replayMs }) => replayMs),
      restateCpuMs: medianBy(other, ({ replayCpuMs }) => replayCpuMs),
      ratio: medianOf(ratios),
      spread: `${Math.min(...ratios).toFixed(2)} – ${Math.max(...ratios).toFixed(2)}`,
    };
  });
}

type Row = Awaited<ReturnType<typeof measure>>[number];

export async function resumeGrowth(context: BenchContext): Promise<Result> {
  const rows = await measure(context);
  return { tables: [tableOf(rows)], data: rows, plots: plotsOf(rows) };
}

const tableOf = (rows: readonly Row[]): Table => ({
  id: "resume",
  title: "Resuming a journal of sequential steps",
  columns: [
    "entries",
    "turn ms",
    "replay ms",
    "CPU µs per entry",
    "read units",
    "bytes sent",
    "peak heap MB",
    "Restate: turn ms",
    "replay ms",
    "CPU µs per entry",
    "CPU, ours/theirs",
    "least to most",
  ],
  rows: rows.map((row) => [
    String(row.length),
    row.turnMs,
    row.replayMs,
    (1000 * row.cpuMs) / row.length,
    row.readUnits,
    row.bytes,
    row.peakMb,
    row.restateTurnMs,
    row.restateReplayMs,
    (1000 * row.restateCpuMs) / row.length,
    row.ratio,
    row.spread,
  ]),
  notes: [
    `Medians of ${ROUNDS} rounds. Replay and its CPU time: from the handler's first line to the first line after its steps, the same source on both SDKs.`,
    "Turn: ours from the request to its outcome, the store in memory; Restate's from the arrival of the request, which brings the journal over HTTP/2, to the line after the steps.",
  ],
});

function plotsOf(rows: readonly Row[]): readonly Plot[] {
  const chart = drawChart({
    title: "Replay against journal length",
    x: { label: "entries", scale: "log" },
    y: { label: "milliseconds of CPU", scale: "log" },
    series: [
      { name: "Perdure", points: rows.map(({ length, cpuMs }) => [length, cpuMs] as const) },
      {
        name: "Restate's SDK",
        points: rows.map(({ length, restateCpuMs }) => [length, restateCpuMs] as const),
      },
    ],
  });
  const memory = drawChart({
    title: "Peak heap of a resume",
    x: { label: "entries", scale: "log" },
    y: { label: "MB" },
    series: [{ name: "Perdure", points: rows.map(({ length, peakMb }) => [length, peakMb] as const) }],
  });
  return [
    { name: "resume", svg: chart },
    { name: "resume-memory", svg: memory },
  ];
}
