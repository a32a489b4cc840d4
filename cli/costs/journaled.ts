/** What an estimate rests on, from an invocation and its journal as the admin API answers them. */
import type { AnswerFields } from "../fields.ts";
import type { InvocationRow } from "../invocations/invocation.ts";
import { timeOf } from "../time.ts";
import type { Journaled, JournaledEntry } from "../../lib/cost-estimate.ts";

export function journaledOf({ fields, key }: InvocationRow, journal: AnswerFields): Journaled {
  const startMs = timeOf(fields.optionalText("created_at"));
  const isHttpCall = fields.optionalText("invoked_by") === "ingress";
  const isDelayed = fields.optionalText("scheduled_start_at") !== undefined;
  return {
    ...{ isHttpCall, isDelayed },
    isByMessage: isDelayed || key !== undefined,
    entries: journal.objects("entries").map((entry) => entryOf(entry, startMs)),
  };
}

/** Times are some bytes of an entry, and many in an answer. */
const OF_TIMES: ReadonlySet<string> = new Set(["at", "started_at", "ended_at", "attempts", "append"]);

/** An earlier version's journal does not say when a sleep began: then it is counted from the start of its invocation on. */
function entryOf(entry: AnswerFields, startMs: number | undefined): JournaledEntry {
  const dueMs = timeOf(entry.optionalText("due_at"));
  const sinceMs = timeOf(entry.optionalText("at")) ?? startMs;
  const stored = Object.entries(entry.raw).filter(([name]) => !OF_TIMES.has(name));
  const bytes = JSON.stringify(Object.fromEntries(stored)).length;
  const sleepMs = dueMs === undefined || sinceMs === undefined ? undefined : Math.max(0, dueMs - sinceMs);
  return { type: entry.text("type"), bytes, ...(sleepMs === undefined ? {} : { sleepMs }) };
}
