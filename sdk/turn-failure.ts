/** How a failed attempt is reported to the dispatcher. */
import type { CommandEntry } from "../lib/entry.ts";
import type { RunAttempts, TurnFailure } from "../lib/protocol.ts";

export interface FailureDetails {
  /** 500, unless it is known better. */
  readonly code?: number;
  readonly retryAfterMs?: number;
  /** The step that failed, and its name. */
  readonly step?: { readonly entry: CommandEntry; readonly name: string };
  readonly run?: RunAttempts;
}

export function turnFailure(
  error: Error,
  { code = 500, retryAfterMs, step, run }: FailureDetails,
): TurnFailure {
  return {
    code,
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(run === undefined ? {} : { run }),
    ...(step === undefined ? {} : { command: { index: step.entry[1], type: "run", name: step.name } }),
  };
}
