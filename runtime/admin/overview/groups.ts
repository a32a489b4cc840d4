/** What needs attention, in groups: by status, handler and error, whose numbers do not count. */
import { codeIn } from "../../../lib/error-codes.ts";
import { OVERVIEW_GROUPS_MAX, OVERVIEW_PARKED_MIN, OVERVIEW_SLOW_MS_MIN } from "../../../lib/limits/ui.ts";
import type { OpenSummary } from "./open.ts";

export interface AttentionGroup {
  readonly status: "paused" | "backing-off" | "pending" | "running";
  readonly service: string;
  readonly handler: string;
  /** All of them wait behind this one's owner; or there is only one, and it has a key. */
  readonly key?: string;
  readonly count: number;
  readonly oldest: OpenSummary;
  /** The soonest next attempt. */
  readonly dueAtMs?: number;
  readonly error?: string;
  readonly errorCode?: string;
  /** Of what runs for long: how long its like take. */
  readonly usualMs?: number;
}

/** In which order they are shown. */
const ORDER: readonly AttentionGroup["status"][] = ["paused", "backing-off", "pending", "running"];

/** How long nine of ten take; `undefined`: not known. */
export type Usual = (service: string, handler: string) => number | undefined;

/** So much longer than usual is slow. */
const SLOW_FACTOR = 10;

export function attentionOf(
  open: Iterable<OpenSummary>,
  nowMs: number,
  usual: Usual,
): readonly AttentionGroup[] {
  const groups = new Map<string, OpenSummary[]>();
  for (const invocation of open) {
    const name = groupOf(invocation, nowMs, usual);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group) group.push(invocation);
    else groups.set(name, [invocation]);
  }
  return [...groups.values()]
    .filter((group) => group[0]?.status !== "pending" || group.length >= OVERVIEW_PARKED_MIN)
    .flatMap((group) => viewGroup(group, usual))
    .toSorted(
      (a, b) => ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || a.oldest.sinceMs - b.oldest.sinceMs,
    )
    .slice(0, OVERVIEW_GROUPS_MAX);
}

/** `undefined`: it needs none. */
function groupOf(invocation: OpenSummary, nowMs: number, usual: Usual): string | undefined {
  const { status, service, handler, key, error = "" } = invocation;
  switch (status) {
    case "paused":
    case "backing-off":
      return JSON.stringify([status, service, handler, withoutNumbers(error)]);
    case "pending":
      return JSON.stringify([status, service, key]);
    case "running":
      // It is being tried again, and has failed until now.
      if (error !== "") return groupOf({ ...invocation, status: "backing-off" }, nowMs, usual);
      return isSlow(invocation, nowMs, usual) ? JSON.stringify([status, service, handler]) : undefined;
    case "scheduled":
    case "ready":
    case "suspended":
    case "completed":
      return undefined;
  }
}

function isSlow({ service, handler, modifiedAtMs }: OpenSummary, nowMs: number, usual: Usual): boolean {
  const usualMs = usual(service, handler) ?? 0;
  return nowMs - modifiedAtMs > Math.max(OVERVIEW_SLOW_MS_MIN, SLOW_FACTOR * usualMs);
}

const NUMBERS = /\d+(?:[.,]\d+)*/gu;
export const withoutNumbers = (text: string): string => text.replaceAll(NUMBERS, "#");

function viewGroup(group: readonly OpenSummary[], usual: Usual): AttentionGroup[] {
  const [first] = group;
  if (first === undefined) return [];
  const oldest = group.reduce((least, one) => (one.sinceMs < least.sinceMs ? one : least), first);
  const { service, handler, key, error } = oldest;
  const status = oldest.status === "running" && error !== undefined ? "backing-off" : oldest.status;
  if (!isAttention(status)) return [];
  const dues = group.flatMap(({ dueAtMs }) => (dueAtMs === undefined ? [] : [dueAtMs]));
  const usualMs = status === "running" ? usual(service, handler) : undefined;
  const isOneKey = key !== undefined && (status === "pending" || group.length === 1);
  return [
    {
      ...{ status, service, handler, count: group.length, oldest },
      ...(isOneKey ? { key } : {}),
      ...(dues.length === 0 ? {} : { dueAtMs: dues.reduce((least, due) => Math.min(least, due)) }),
      ...(error === undefined ? {} : { error, errorCode: codeIn(error) }),
      ...(usualMs === undefined ? {} : { usualMs }),
    },
  ];
}

const isAttention = (status: string): status is AttentionGroup["status"] =>
  (ORDER as readonly string[]).includes(status);
