/** Below a count: what it means. */
import type { Attention, Counts } from "../../admin/overview.ts";
import type { Status } from "../../words/status.ts";
import { counted } from "../../words/text.ts";
import { ticking } from "../../words/time.ts";

export function tileWords(
  status: Status,
  counts: Counts,
  attention: readonly Attention[],
  nowMs: number,
): string {
  const count = counts[status] ?? 0;
  const groups = attention.filter((group) => group.status === status);
  const [first] = groups;
  switch (status) {
    case "running":
      return first ? `longest ${ticking(nowMs - first.sinceMs)}` : `${counts.ready ?? 0} about to run`;
    case "suspended":
      return count === 0 ? "nothing waits" : "they cost nothing";
    case "pending":
      return first ? `${counted(first.count, "invocation")} on one key` : "one after the other";
    case "backing-off":
      return retryWords(count, groups, nowMs);
    case "paused":
      return count === 0 ? "none needs you" : `${count === 1 ? "needs" : "need"} you`;
    case "scheduled":
      return count === 0 ? "none is due later" : "start by themselves";
    case "ready":
    case "completed":
      return "";
  }
}

function retryWords(count: number, groups: readonly Attention[], nowMs: number): string {
  const next = Math.min(...groups.flatMap(({ nextMs }) => (nextMs === undefined ? [] : [nextMs])));
  if (next === Infinity) return count === 0 ? "nothing fails" : "tried again soon";
  return next <= nowMs ? "next now" : `next in ${ticking(next - nowMs + 999)}`;
}
