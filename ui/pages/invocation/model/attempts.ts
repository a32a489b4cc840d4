/** The turns of an invocation: each run of its code over the journal, and how it ended. */
import type { AnswerFields } from "../../../../lib/answer-fields.ts";
import { present, timeOf } from "../../../admin/fields.ts";

/** `running`: it has not ended, as far as is known. `yielded`: its time was up between two steps. */
export type Outcome =
  | "running"
  | "suspended"
  | "failed"
  | "paused"
  | "completed"
  | "died"
  | "yielded"
  | "killed";

export interface Attempt {
  readonly number: number;
  readonly startedMs: number;
  readonly endedMs?: number;
  readonly outcome: Outcome;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly deployment?: string;
}

const OUTCOMES = new Set<string>(["suspended", "failed", "paused", "completed", "died", "yielded", "killed"]);

/** In their order. One without a start cannot be drawn, and is left out. */
export function attemptsOf(fields: AnswerFields): readonly Attempt[] {
  return fields.objects("attempts").flatMap((each): Attempt[] => {
    const startedMs = timeOf(each, "started_at");
    if (startedMs === undefined) return [];
    const endedMs = timeOf(each, "ended_at");
    const outcome = each.optionalText("outcome") ?? "running";
    return [
      {
        number: each.optionalNumber("number") ?? 0,
        startedMs,
        // A clock that ran backwards: it took no time.
        ...present("endedMs", endedMs === undefined ? undefined : Math.max(startedMs, endedMs)),
        outcome: OUTCOMES.has(outcome) ? (outcome as Outcome) : "running",
        ...present("errorCode", each.optionalText("error_code")),
        ...present("errorMessage", each.optionalText("error_message")),
        ...present("deployment", each.optionalText("deployment_id")),
      },
    ];
  });
}

export const failedIn = (attempts: readonly Attempt[]): readonly Attempt[] =>
  attempts.filter(({ outcome }) => outcome === "failed");
export const diedIn = (attempts: readonly Attempt[]): readonly Attempt[] =>
  attempts.filter(({ outcome }) => outcome === "died");

/** Errors are the same if they differ in numbers only: ports, times, ids. */
export const errorKind = (message: string): string => message.replaceAll(/\d+/gu, "0");

/** The failed ones by their error, the most frequent last one first: for marks that are round or square. */
export function kindsOfErrors(attempts: readonly Attempt[]): ReadonlyMap<string, readonly Attempt[]> {
  const kinds = new Map<string, Attempt[]>();
  for (const attempt of attempts) {
    if (attempt.errorMessage === undefined) continue;
    const kind = errorKind(attempt.errorMessage);
    const same = kinds.get(kind);
    if (same) same.push(attempt);
    else kinds.set(kind, [attempt]);
  }
  return kinds;
}

/** Which attempts failed otherwise than the last one, and the whole in words. Of old ones the message may not be kept. */
export function waysOf(failed: readonly Attempt[]): { others: readonly Attempt[]; words: string } {
  const last = failed.at(-1);
  const same =
    [...kindsOfErrors(failed).values()].find((list) => last !== undefined && list.includes(last)) ?? [];
  const others = failed.filter((attempt) => attempt.errorMessage !== undefined && !same.includes(attempt));
  const unknown = failed.length - same.length - others.length;
  const most =
    failed.length === 1
      ? "One attempt has failed so."
      : others.length === 0 && unknown === 0
        ? `All ${failed.length} failed in the same way.`
        : `${same.length === 1 ? "The last one" : `${same.length} attempts`} failed in this way` +
          (others.length === 0 ? "." : `, ${others.length} otherwise.`);
  const rest =
    unknown === 0 ? "" : ` The messages of ${unknown === 1 ? "one" : unknown} before are not kept.`;
  return { others, words: `${most}${rest}` };
}
