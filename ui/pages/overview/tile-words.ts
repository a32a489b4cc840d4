/** Below a count: what it means. */
import type { Attention, Counts } from "../../admin/overview.ts";
import type { Status } from "../../words/status.ts";
import { ticking } from "../../words/time.ts";

interface Tile {
  readonly count: number;
  readonly counts: Counts;
  /** The groups of this status that need attention. */
  readonly groups: readonly Attention[];
  readonly nowMs: number;
}

const WORDS: Readonly<Partial<Record<Status, (tile: Tile) => string>>> = {
  running: ({ counts, groups: [first], nowMs }) =>
    first ? `longest ${ticking(nowMs - first.sinceMs)}` : `${counts.ready ?? 0} about to run`,
  suspended: ({ count }) => (count === 0 ? "nothing waits" : "they cost nothing"),
  pending: ({ groups: [first] }) => (first ? `${first.count} on one key` : "one after the other"),
  "backing-off": retryWords,
  paused: ({ count }) => (count === 0 ? "none needs you" : `${count === 1 ? "needs" : "need"} you`),
  scheduled: ({ count }) => (count === 0 ? "none is due later" : "start by themselves"),
};

export function tileWords(
  status: Status,
  counts: Counts,
  attention: readonly Attention[],
  nowMs: number,
): string {
  const groups = attention.filter((group) => group.status === status);
  return WORDS[status]?.({ count: counts[status] ?? 0, counts, groups, nowMs }) ?? "";
}

function retryWords({ count, groups, nowMs }: Tile): string {
  const next = Math.min(...groups.flatMap(({ nextMs }) => (nextMs === undefined ? [] : [nextMs])));
  if (next === Infinity) return count === 0 ? "nothing fails" : "tried again soon";
  return next <= nowMs ? "next now" : `next in ${ticking(next - nowMs + 999)}`;
}
