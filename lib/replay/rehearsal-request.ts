/**
 * Asks a function whether its code does what recorded journals hold (docs/decisions/0051-the-gate.md). The request holds the journals, so
 * that the function needs nothing else to answer. Each is a text, as it is kept in files.
 */
import { parseRecorded, type RecordedJournal } from "../model/recorded-journal.ts";
import { PROTOCOL_VERSION } from "../protocol.ts";
import type { Replayed } from "./replay.ts";

export interface RehearsalRequest {
  readonly kind: "rehearse";
  readonly version: typeof PROTOCOL_VERSION;
  /** Each is a recorded journal, as a line of JSON. */
  readonly journals: readonly string[];
}

/** The answer: in the order of the journals. */
export interface RehearsalResponse {
  readonly kind: "rehearsed";
  readonly replayed: readonly Replayed[];
}

export const rehearsalRequest = (journals: readonly string[]): RehearsalRequest => ({
  ...{ kind: "rehearse", version: PROTOCOL_VERSION, journals },
});

/** Throws `TypeError` for what is no such request. */
export function journalsAsked({ journals }: { readonly journals?: unknown }): readonly RecordedJournal[] {
  if (!Array.isArray(journals) || !journals.every((text) => typeof text === "string"))
    throw new TypeError("a rehearsal needs journals");
  return journals.map(parseRecorded);
}

/** `count`: how many were asked about. Throws `TypeError` for what is no answer to that. */
export function rehearsedIn(answer: unknown, count: number): readonly Replayed[] {
  const { kind, replayed } = (
    typeof answer === "object" && answer !== null ? answer : {}
  ) as Partial<RehearsalResponse>;
  const isAnswer = kind === "rehearsed" && Array.isArray(replayed) && replayed.length === count;
  if (!isAnswer || !replayed.every(isReplayed)) throw new TypeError("its answer is not that of a rehearsal");
  return replayed;
}

const isReplayed = (value: unknown): boolean =>
  typeof value === "object" &&
  value !== null &&
  ["id", "target", "status"].every((name) => typeof Reflect.get(value, name) === "string") &&
  typeof Reflect.get(value, "fits") === "boolean";
