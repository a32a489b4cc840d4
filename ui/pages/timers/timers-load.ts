/** What waits for a time: `perdure_timers`, the next first. */
import type { AnswerFields } from "../../../lib/answer-fields.ts";
import { timeOf } from "../../admin/fields.ts";
import { counted } from "../../words/text.ts";
import { clockTime, ticking } from "../../words/time.ts";

export type TimerKind = "start" | "retry" | "sleep";

export interface Timer {
  readonly id: string;
  readonly target: string;
  readonly kind: TimerKind;
  readonly dueMs: number;
}

/** So many are shown. */
export const TIMERS_MAX = 200;
/** Bounds of the counts below. */
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export const TIMERS_QUERY = `SELECT id, target, kind, due_at FROM perdure_timers
  WHERE due_at IS NOT NULL ORDER BY due_at LIMIT ${TIMERS_MAX + 1}`;

export const timerOf = (row: AnswerFields): Timer => ({
  id: row.text("id"),
  target: row.text("target"),
  kind: row.text("kind") as TimerKind,
  dueMs: timeOf(row, "due_at") ?? 0,
});

export interface TimerCount {
  readonly kind: TimerKind;
  readonly count: number;
}
export const COUNTS_QUERY = "SELECT kind, count(*) AS n FROM perdure_timers GROUP BY kind";
export const timerCountOf = (row: AnswerFields): TimerCount => ({
  kind: row.text("kind") as TimerKind,
  count: row.number("n"),
});

export const KINDS: Readonly<Record<TimerKind, { readonly word: string; readonly does: string }>> = {
  sleep: { word: "Sleep", does: "goes on" },
  retry: { word: "Retry", does: "is tried again" },
  start: { word: "Start", does: "starts" },
};

/** Overdue by more than this is late: timers fire some hundred milliseconds after their time. */
const LATE_MS = 5000;

export function sentenceOf(
  timers: readonly Timer[],
  counts: readonly TimerCount[],
  nowMs: number,
): { readonly strong: string; readonly rest: string } {
  const sum = counts.reduce((all, { count }) => all + count, 0);
  const [next] = timers;
  if (next === undefined) return { strong: "Nothing waits for a time.", rest: "" };
  const late = timers.filter(({ dueMs }) => dueMs < nowMs - LATE_MS).length;
  const within = (ms: number): number => timers.filter(({ dueMs }) => dueMs < nowMs + ms).length;
  const parts = [
    `The next one ${KINDS[next.kind].does} ${dueWords(next.dueMs, nowMs)}.`,
    ...(late === 0 ? [] : [`${counted(late, "timer")} ${late === 1 ? "is" : "are"} late.`]),
    ...(timers.length > TIMERS_MAX
      ? []
      : [`${within(HOUR_MS)} within the hour, ${within(DAY_MS)} within a day.`]),
  ];
  return { strong: `${counted(sum, "timer")} ${sum === 1 ? "is" : "are"} set.`, rest: parts.join(" ") };
}

/** `in 12 s`, `now`, `late by 3 min`. */
export function dueWords(dueMs: number, nowMs: number): string {
  const left = dueMs - nowMs;
  if (left > 0) return `in ${ticking(left + 999)}`;
  return left < -LATE_MS ? `late by ${ticking(-left)}` : "now";
}

/** The day of a timer, where it is another than that of the one before. */
export function dayBefore(timer: Timer, before: Timer | undefined, nowMs: number): string | undefined {
  const day = new Date(timer.dueMs).toDateString();
  const known = before === undefined ? new Date(nowMs).toDateString() : new Date(before.dueMs).toDateString();
  return day === known ? undefined : DAY.format(timer.dueMs);
}
const DAY = new Intl.DateTimeFormat("en-GB", {
  weekday: "long",
  day: "numeric",
  month: "long",
  year: "numeric",
});

export const timeWords = (timer: Timer, nowMs: number): string =>
  clockTime(timer.dueMs, nowMs).replace(/^.*, /u, "");
