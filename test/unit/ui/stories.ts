/** Invocations as the admin API answers them, for tests of the page. Times are in ms from the acceptance on. */
import { AnswerFields } from "../../../lib/answer-fields.ts";
import { journalOf } from "../../../ui/pages/invocation/model/journal.ts";
import { type DevEvent, type Story, storyOf } from "../../../ui/pages/invocation/model/story.ts";

export const T0 = Date.parse("2026-11-29T12:00:00.000Z");
export const at = (ms: number): string => new Date(T0 + ms).toISOString();

export interface Turn {
  readonly from: number;
  readonly to?: number;
  readonly outcome?: string;
  readonly error?: string;
}

export const turns = (...list: readonly Turn[]) =>
  list.map(({ from, to, outcome, error }, index) => ({
    number: index + 1,
    started_at: at(from),
    ...(to === undefined ? {} : { ended_at: at(to), outcome: outcome ?? "suspended" }),
    ...(error === undefined ? {} : { error_message: error, error_code: "RT0007" }),
  }));

interface Answers {
  readonly head?: object;
  readonly entries?: readonly object[];
  readonly journal?: object;
  readonly events?: readonly DevEvent[];
}

export function story({ head = {}, entries = [], journal = {}, events = [] }: Answers): Story {
  const fields = new AnswerFields(
    {
      id: "inv_1storystorystory",
      ...{ target_service_name: "Order", target_service_key: "o1", target_handler_name: "run" },
      ...{ status: "running", created_at: at(0), modified_at: at(0), invoked_by: "ingress" },
      journal_size: entries.length,
      ...head,
    },
    "invocation",
  );
  const answer = {
    ...{ id: "inv_1storystorystory", length: entries.length, pending_notes: [], headers: {} },
    entries: entries.map((entry, index) => ({ index, ...entry })),
    ...journal,
  };
  return storyOf(fields, journalOf(new AnswerFields(answer, "journal")), events);
}

export const step = (command: number, name: string, from: number, to: number, more: object = {}) => ({
  ...{ type: "run", command, name, result: { value: '"done"' }, started_at: at(from), ended_at: at(to) },
  ...more,
});
export const ended = (ms: number, more: object = {}) => ({
  ...{ status: "completed", completed_at: at(ms), modified_at: at(ms), completion_result: "success" },
  ...more,
});
