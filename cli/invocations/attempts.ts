/** The attempts of an invocation, as `perdure show` prints them: a line each. */
import { ATTEMPT_SHOWN_CHARS } from "../../lib/limits/cli-invocations.ts";
import { escaped } from "../../lib/log/line.ts";
import type { AnswerFields } from "../fields.ts";
import type { Output } from "../output.ts";
import { shortDuration, timeOf } from "../time.ts";

export interface ShownAttempt {
  readonly number: number;
  readonly outcome: string;
  readonly startedAt: string;
  readonly tookMs: number | undefined;
  readonly error: string | undefined;
}

/** None of an earlier version's server. */
export function attemptsIn(fields: AnswerFields): ShownAttempt[] {
  return fields.objects("attempts").map((attempt) => {
    const startedAt = attempt.text("started_at");
    const [fromMs, untilMs] = [timeOf(startedAt), timeOf(attempt.optionalText("ended_at"))];
    const [code, message] = [attempt.optionalText("error_code"), attempt.optionalText("error_message")];
    const error = [code, message].filter((text) => text !== undefined).join(" ");
    return {
      ...{ number: attempt.number("number"), outcome: attempt.text("outcome"), startedAt },
      tookMs: fromMs === undefined || untilMs === undefined ? undefined : untilMs - fromMs,
      error: error === "" ? undefined : error,
    };
  });
}

export function attemptLines(attempts: readonly ShownAttempt[], leftOut: number, out: Output): string[] {
  const widths = [
    attempts.map(({ number }) => `#${number}`),
    attempts.map(({ outcome }) => outcome),
    attempts.map(tookText),
  ].map((texts) => Math.max(0, ...texts.map((text) => text.length)));
  return attempts.flatMap((attempt, at) => {
    const isBehindGap = at > 0 && attempt.number - (attempts[at - 1]?.number ?? 0) > 1;
    const line = lineOf(attempt, widths, out);
    return isBehindGap ? [`(${leftOut} more, which are not kept)`, line] : [line];
  });
}

function lineOf(
  attempt: ShownAttempt,
  [number = 0, outcome = 0, took = 0]: readonly number[],
  out: Output,
): string {
  const columns = [
    `#${attempt.number}`.padStart(number),
    attempt.outcome.padEnd(outcome),
    tookText(attempt).padStart(took),
    out.time(attempt.startedAt),
  ];
  const error = attempt.error === undefined ? "" : `  ${out.styled("red", cut(escaped(attempt.error)))}`;
  return `${columns.join("  ")}${error}`;
}

const tookText = ({ tookMs }: ShownAttempt): string => (tookMs === undefined ? "" : shortDuration(tookMs));
const cut = (text: string): string =>
  text.length <= ATTEMPT_SHOWN_CHARS ? text : `${text.slice(0, ATTEMPT_SHOWN_CHARS)}…`;
