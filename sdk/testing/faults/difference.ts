/** Whether a run of a test has come to something else than another one, and to what, as text. */
import { inspect, isDeepStrictEqual } from "node:util";
import { DIFFERENCES_SHOWN_MAX } from "../../../lib/limits/testing.ts";
import type { RunResult } from "./one-run.ts";
import type { EnvironmentOutcome } from "./outcome.ts";
import { lineText, type OutcomeLine } from "./outcome-line.ts";

/** Which parts of what a run comes to are compared. `returned`: what the test returns. `all`: the results of all invocations, all
 * state, and the items of all tables, too. */
export type Compared = "all" | "returned";

export const ENDED_OTHERWISE = "it ended otherwise";

/** `undefined`: it has come to the same. */
export function differenceOf<T>(
  run: RunResult<T>,
  from: RunResult<T>,
  compared: Compared,
): string | undefined {
  if (run.error) return errorText(run.error.thrown);
  if (!isDeepStrictEqual(run.value, from.value))
    return `the test returned ${shown(run.value)}, and ${shown(from.value)} without the fault`;
  return compared === "all" ? differentLines(run.outcome, from.outcome) : undefined;
}

/** Of a test that failed, and whose environment then did not stop as it should: the test's own. */
const ownError = (thrown: unknown): unknown =>
  thrown instanceof SuppressedError ? ownError(thrown.suppressed) : thrown;

export function errorText(given: unknown): string {
  const thrown = ownError(given);
  if (!(thrown instanceof Error)) return `the test threw ${shown(thrown)}`;
  return `the test threw ${thrown.name}: ${thrown.message}`;
}

const shown = (value: unknown): string => inspect(value, { depth: 6, breakLength: 120 });

/** Both sides of one thing stand together: where not all are shown, no side is missing. */
function differentLines(now: EnvironmentOutcome, before: EnvironmentOutcome): string | undefined {
  const lines = [
    ...without(before, now).map((line) => ({ ...line, sign: "-" })),
    ...without(now, before).map((line) => ({ ...line, sign: "+" })),
  ]
    .toSorted((one, other) => Number(one.of > other.of) - Number(one.of < other.of))
    .map((line) => `${line.sign} ${lineText(line)}`);
  if (lines.length === 0) return undefined;
  const more = lines.length - DIFFERENCES_SHOWN_MAX;
  const cut = more > 0 ? [...lines.slice(0, DIFFERENCES_SHOWN_MAX), `… ${more} more`] : lines;
  return `${ENDED_OTHERWISE} (-: without the fault, +: with it)\n${cut.join("\n")}`;
}

/** Those of `lines` that `others` has not, each as often as it is there more often. */
function without(lines: EnvironmentOutcome, others: EnvironmentOutcome): OutcomeLine[] {
  const left = new Map<string, number>();
  for (const line of others) left.set(lineText(line), (left.get(lineText(line)) ?? 0) + 1);
  return lines.filter((each) => {
    const line = lineText(each);
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  });
}

/** Steps that have run more often than without the fault. */
export function repeatedSteps<T>(run: RunResult<T>, from: RunResult<T>): readonly string[] {
  return [...run.steps].filter(([name, count]) => count > (from.steps.get(name) ?? 0)).map(([name]) => name);
}
