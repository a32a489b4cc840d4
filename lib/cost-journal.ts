/** What an estimate rests on ({@link Journaled}), from an invocation and its journal as the admin API answers them. */
import type { Journaled, JournaledEntry } from "./cost-estimate.ts";

/** As `GET /invocations/{id}` has it. */
export interface AnsweredInvocation {
  readonly created_at?: string | undefined;
  readonly invoked_by?: string | undefined;
  readonly scheduled_start_at?: string | undefined;
  readonly target_service_key?: string | undefined;
}
/** As `GET /invocations/{id}/journal` has it. */
export type AnsweredEntry = Readonly<Record<string, unknown>>;

/** Milliseconds of a text that is a time. */
type TimeOf = (text: string | undefined) => number | undefined;

export function journaledIn(
  invocation: AnsweredInvocation,
  entries: readonly AnsweredEntry[],
  timeOf: TimeOf,
): Journaled {
  const startMs = timeOf(invocation.created_at);
  const isDelayed = invocation.scheduled_start_at !== undefined;
  return {
    ...{ isHttpCall: invocation.invoked_by === "ingress", isDelayed },
    isByMessage: isDelayed || invocation.target_service_key !== undefined,
    entries: entries.map((entry) => entryOf(entry, startMs, timeOf)),
  };
}

/** Times are some bytes of an entry, and many in an answer. */
const OF_TIMES: ReadonlySet<string> = new Set(["at", "started_at", "ended_at", "attempts", "append"]);

/** An earlier version's journal does not say when a sleep began: then it is counted from the start of its invocation on. */
function entryOf(entry: AnsweredEntry, startMs: number | undefined, timeOf: TimeOf): JournaledEntry {
  const dueMs = timeOf(textIn(entry["due_at"]));
  const sinceMs = timeOf(textIn(entry["at"])) ?? startMs;
  const stored = Object.entries(entry).filter(([name]) => !OF_TIMES.has(name));
  const bytes = JSON.stringify(Object.fromEntries(stored)).length;
  const sleepMs = dueMs === undefined || sinceMs === undefined ? undefined : Math.max(0, dueMs - sinceMs);
  const { writes } = entry;
  return {
    ...{ type: textIn(entry["type"]) ?? "", bytes },
    ...(sleepMs === undefined ? {} : { sleepMs }),
    ...(typeof writes === "number" ? { writes } : {}),
  };
}

const textIn = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
