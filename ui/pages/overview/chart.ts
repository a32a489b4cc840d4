/** Ended per minute, as bars: where they stand, and what they say in words. */
import type { Attention, Minute } from "../../admin/overview.ts";
import { minuteTime } from "../../words/time.ts";

export const WIDTH = 960;
export const HEIGHT = 100;
/** So small a bar is still seen. */
const SEEN_MIN = 2;
const GAP = 2;

export interface Bar {
  readonly x: number;
  readonly width: number;
  readonly succeeded: number;
  readonly failed: number;
  /** "12:03: 60 succeeded, 3 failed" */
  readonly title: string;
}

export interface Chart {
  readonly bars: readonly Bar[];
  /** The most in one minute. */
  readonly most: number;
  readonly words: string;
  /** Times below the bars. */
  readonly ticks: readonly string[];
  readonly mark?: Mark;
}
/** Where an error was first seen. */
export interface Mark {
  readonly x: number;
  readonly at: string;
  readonly error: string;
}

const MINUTE_MS = 60_000;
const TICKS = 5;

export function chartOf(minutes: readonly Minute[], attention: readonly Attention[], nowMs: number): Chart {
  const most = minutes.reduce((max, { succeeded, failed }) => Math.max(max, succeeded + failed), 0);
  const step = WIDTH / Math.max(1, minutes.length);
  const scaled = (count: number): number =>
    count === 0 ? 0 : Math.max(SEEN_MIN, (count / Math.max(1, most)) * (HEIGHT - SEEN_MIN));
  const bars = minutes.map(({ atMs, succeeded, failed }, index) => ({
    x: index * step + GAP / 2,
    width: step - GAP,
    succeeded: scaled(succeeded),
    failed: scaled(failed),
    title: `${minuteTime(atMs, nowMs)}: ${succeeded} succeeded, ${failed} failed`,
  }));
  const mark = markOf(minutes, attention, nowMs);
  return { bars, most, words: wordsOf(minutes, most), ticks: ticksOf(minutes, nowMs), ...(mark && { mark }) };
}

function wordsOf(minutes: readonly Minute[], most: number): string {
  const [succeeded, failed] = [sum(minutes, "succeeded"), sum(minutes, "failed")];
  if (most === 0) return "Nothing has ended in the last hour.";
  const first = minutes.find((one) => one.failed > 0);
  const since = first === undefined ? "" : `, the first of them at ${minuteTime(first.atMs, first.atMs)}`;
  return `In the last hour ${succeeded} succeeded and ${failed} failed${since}; at most ${most} ended in one minute.`;
}

export const sum = (minutes: readonly Minute[], what: "succeeded" | "failed"): number =>
  minutes.reduce((all, one) => all + one[what], 0);

function ticksOf(minutes: readonly Minute[], nowMs: number): readonly string[] {
  const [first] = minutes;
  if (first === undefined) return [];
  const spanMs = minutes.length * MINUTE_MS;
  return Array.from({ length: TICKS }, (_, index) =>
    minuteTime(first.atMs + (index * spanMs) / (TICKS - 1), nowMs),
  );
}

/** Of the group that has most, if its error began within the hour. */
function markOf(
  minutes: readonly Minute[],
  attention: readonly Attention[],
  nowMs: number,
): Mark | undefined {
  const [first] = minutes;
  if (first === undefined) return undefined;
  const spanMs = minutes.length * MINUTE_MS;
  const [worst] = attention
    .filter(({ error, sinceMs }) => error !== undefined && sinceMs >= first.atMs)
    .toSorted((a, b) => b.count - a.count);
  if (worst === undefined) return undefined;
  const [line = ""] = (worst.error ?? "").trimStart().split("\n");
  return {
    x: Math.min(WIDTH, ((worst.sinceMs - first.atMs) / spanMs) * WIDTH),
    at: minuteTime(worst.sinceMs, nowMs),
    error: line,
  };
}
