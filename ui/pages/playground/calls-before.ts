/** Calls that were made from this browser: to be made again. Values of headers are not kept: they may be secrets. */
import type { Draft } from "./request.ts";

export interface CallBefore {
  readonly atMs: number;
  /** Absent: nothing answered. */
  readonly status?: number;
  readonly id?: string;
  readonly draft: Draft;
}

const KEY = "perdure.calls";
const CALLS_MAX = 20;
/** A longer input is not kept. */
const INPUT_MAX = 4096;

export function callsBefore(): readonly CallBefore[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter(isCall) : [];
  } catch {
    return [];
  }
}

export function remember(call: CallBefore): readonly CallBefore[] {
  const { draft } = call;
  const headers = draft.headers.map(([name]): [string, string] => [name, ""]);
  const input = draft.input.length > INPUT_MAX ? "" : draft.input;
  const calls = [{ ...call, draft: { ...draft, headers, input } }, ...callsBefore()].slice(0, CALLS_MAX);
  try {
    localStorage.setItem(KEY, JSON.stringify(calls));
  } catch {
    // There is no room, or the browser keeps nothing: they are here until the page is left.
  }
  return calls;
}

export const forgetCalls = (): void => localStorage.removeItem(KEY);

/** What is stored may be of an older version of this page. */
const isCall = (value: unknown): value is CallBefore => {
  if (typeof value !== "object" || value === null) return false;
  const { atMs, draft } = value as { atMs?: unknown; draft?: unknown };
  if (typeof atMs !== "number" || typeof draft !== "object" || draft === null) return false;
  const { service, handler, key, input, headers } = draft as Record<string, unknown>;
  return [service, handler, key, input].every((each) => typeof each === "string") && Array.isArray(headers);
};
