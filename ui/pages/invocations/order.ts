/** The order of the rows, and how it stays while somebody looks at one of them. */
import type { Invocation } from "../../admin/invocation.ts";
import type { Status } from "../../words/status.ts";

export const ORDERS = {
  need: "Needs you first",
  newest: "Newest first",
  oldest: "Oldest first",
  longest: "Longest first",
} as const;
export type Order = keyof typeof ORDERS;
export const orderOf = (text: string | null): Order =>
  text !== null && text in ORDERS ? (text as Order) : "need";

/** Those that need a person, then those that are about to go on, then those that rest, then what has ended. */
const NEED: Readonly<Record<Status, number>> = {
  paused: 0,
  "backing-off": 1,
  pending: 2,
  running: 3,
  ready: 4,
  suspended: 5,
  scheduled: 6,
  completed: 7,
};

/** How long it takes, or took. */
export const tookMs = ({ createdMs, completedMs }: Invocation, nowMs: number): number =>
  (completedMs ?? nowMs) - createdMs;

type Compare = (a: Invocation, b: Invocation) => number;
const byNewest: Compare = (a, b) => b.createdMs - a.createdMs || (a.id < b.id ? -1 : 1);
const byOldest: Compare = (a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1);
/** What is paused or retried longest comes first, else the newest. */
const byNeed: Compare = (a, b) =>
  NEED[a.status] - NEED[b.status] || (NEED[a.status] < 2 ? byOldest(a, b) : byNewest(a, b));

export function sorted(rows: readonly Invocation[], order: Order, nowMs: number): readonly Invocation[] {
  const compare: Readonly<Record<Order, Compare>> = {
    need: byNeed,
    newest: byNewest,
    oldest: byOldest,
    longest: (a, b) => tookMs(b, nowMs) - tookMs(a, nowMs) || byOldest(a, b),
  };
  return rows.toSorted(compare[order]);
}

export interface Shown {
  readonly rows: readonly Invocation[];
  /** Of rows that are still shown, and do not match any more. */
  readonly gone: ReadonlySet<string>;
  /** That are not shown yet. */
  readonly fresh: readonly string[];
}

/**
 * What is shown once another answer has come. `held`: rows stay where they are, each as it is now, and new ones wait. `hasMore`:
 * the answer has not all that match, so that what is missing in it may match all the same.
 */
export function arranged(
  before: readonly Invocation[],
  now: readonly Invocation[],
  { held, hasMore }: { readonly held: boolean; readonly hasMore: boolean },
): Shown {
  if (!held || before.length === 0) return { rows: now, gone: new Set(), fresh: [] };
  const byId = new Map(now.map((row) => [row.id, row]));
  const shown = new Set(before.map(({ id }) => id));
  const missing = before.filter(({ id }) => !byId.has(id));
  return {
    rows: before.map((row) => byId.get(row.id) ?? row),
    gone: new Set(hasMore ? [] : missing.map(({ id }) => id)),
    fresh: now.filter(({ id }) => !shown.has(id)).map(({ id }) => id),
  };
}

/** From one id to another, in either direction; empty if one is not shown. */
export function rangeOf(
  shown: readonly Invocation[],
  from: string | undefined,
  to: string,
): readonly Invocation[] {
  const places = [shown.findIndex(({ id }) => id === from), shown.findIndex(({ id }) => id === to)];
  const [first = -1, end = -1] = places.toSorted((a, b) => a - b);
  return first < 0 ? [] : shown.slice(first, end + 1);
}
