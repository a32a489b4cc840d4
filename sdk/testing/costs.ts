/** What invocations of a test would cost in AWS: the estimate that `perdure costs` makes, from the same journal. */
import { costOf, type Part, sumOf } from "../../lib/cost-estimate.ts";
import { type AnsweredEntry, type AnsweredInvocation, journaledIn } from "../../lib/cost-journal.ts";
import { timeIn } from "../../runtime/events/event-fields.ts";
import type { Json } from "./timeline.ts";

const MILLION = 1_000_000;

/** List prices of us-east-1. Not in it: logs, storage, retries, turns that take long, and what those that it has called cost. */
export interface InvocationCost {
  /** Of this one invocation. */
  readonly dollars: number;
  readonly dollarsPerMillion: number;
  /** What it is made of, per million: HTTP request, start and end, steps, writes to your tables, state, sleeps, waits for others, calls, sends. */
  readonly parts: readonly Part[];
}

export async function costOfInvocation(json: Json, id: string): Promise<InvocationCost> {
  const [invocation, { entries = [] }] = await Promise.all([
    json<AnsweredInvocation>(`/invocations/${id}`),
    json<{ readonly entries?: readonly AnsweredEntry[] }>(`/invocations/${id}/journal`),
  ]);
  const parts = costOf(journaledIn(invocation, entries, timeIn));
  const dollarsPerMillion = sumOf(parts);
  return { dollars: dollarsPerMillion / MILLION, dollarsPerMillion, parts };
}

/** Of all these, each part by its name. `dollarsPerMillion`: of as many runs of the test. */
export async function costOfAll(json: Json, ids: readonly string[]): Promise<InvocationCost> {
  const parts = new Map<string, number>();
  for (const id of ids)
    for (const { what, dollars } of (await costOfInvocation(json, id)).parts)
      parts.set(what, (parts.get(what) ?? 0) + dollars);
  const all = [...parts].map(([what, dollars]) => ({ what, dollars }));
  return { dollars: sumOf(all) / MILLION, dollarsPerMillion: sumOf(all), parts: all };
}
