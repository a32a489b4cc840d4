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

/** How long a sleep was to take is not in the journal: it is counted from the start of its invocation on. */
function entryOf(entry: AnswerFields, startMs: number | undefined): JournaledEntry {
  const dueMs = timeOf(entry.optionalText("due_at"));
  const bytes = JSON.stringify(entry.raw).length;
  const sleepMs = dueMs === undefined || startMs === undefined ? undefined : Math.max(0, dueMs - startMs);
  return { type: entry.text("type"), bytes, ...(sleepMs === undefined ? {} : { sleepMs }) };
}
