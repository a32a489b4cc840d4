/** The filter in words: one chip for each field. */
import {
  ENDED_WORDS,
  FIELDS,
  type Filter,
  OPEN_WORDS,
  STATUS_WORDS,
  statusesOf,
  type StatusWord,
} from "./filter.ts";

const STATUS_NAMES: Readonly<Record<StatusWord, string>> = {
  scheduled: "scheduled",
  pending: "waiting for key",
  ready: "ready",
  running: "running",
  suspended: "suspended",
  "backing-off": "retrying",
  paused: "paused",
  succeeded: "succeeded",
  failed: "failed",
};
const BEFORE: Readonly<Record<string, string>> = {
  error: "error contains",
  created_after: "created after",
  created_before: "created before",
  caller: "called by",
  text: "contains",
};

export interface Chip {
  readonly field: string;
  /** "created after" */
  readonly name: string;
  /** "26 Nov" */
  readonly value: string;
}

/** What the filter says, one for each field. */
export const chipsOf = (filter: Filter): readonly Chip[] =>
  FIELDS.flatMap((field) => {
    const value = filter[field];
    return value === undefined ? [] : [{ field, ...chipOf(field, value, filter) }];
  });

function chipOf(field: string, value: string, filter: Filter): { name: string; value: string } {
  if (field === "status") return statusChip(statusesOf(filter) ?? []);
  if (field === "age")
    return {
      name: value.startsWith("<") ? "younger than" : "older than",
      value: value.replace(/^[<>]/u, ""),
    };
  if (field === "key" && value === "") return { name: "key", value: "empty" };
  return { name: BEFORE[field] ?? field, value };
}

function statusChip(statuses: readonly StatusWord[]): { name: string; value: string } {
  const absent = STATUS_WORDS.filter((word) => !statuses.includes(word));
  if (String(statuses) === String(OPEN_WORDS)) return { name: "status", value: "in flight" };
  if (String(statuses) === String(ENDED_WORDS)) return { name: "status", value: "ended" };
  const isShorter = absent.length < statuses.length && absent.length > 0;
  const names = (isShorter ? absent : statuses).map((word) => STATUS_NAMES[word]);
  return { name: isShorter ? "status is not" : "status", value: names.join(isShorter ? " nor " : " or ") };
}
