/** How a failed attempt is reported to the dispatcher. */
import { coded } from "../../lib/error-codes.ts";
import type { CommandEntry } from "../../lib/model/entry.ts";
import { JournalMismatchError } from "../../lib/errors.ts";
import type { HandlerOptions } from "../definition.ts";
import { userFrame } from "./user-frame.ts";
import type { RunAttempts, TurnFailure, TurnRequest } from "../../lib/protocol.ts";

/** Options of the handler that concern its turns. */
export type TurnOptions = Pick<HandlerOptions, "explicitCancellation" | "onJournalMismatchErrors">;

const MISMATCH_VERDICTS = { retry: undefined, pause: "pause", fail: "kill" } as const;
export const mismatchVerdict = ({ onJournalMismatchErrors = "retry" }: TurnOptions) =>
  MISMATCH_VERDICTS[onJournalMismatchErrors];

export interface FailureDetails {
  /** 500, unless it is known better. */
  readonly code?: number;
  readonly retryAfterMs?: number;
  readonly verdict?: "pause" | "kill";
  /** The step that failed, and its name. */
  readonly step?: { readonly entry: CommandEntry; readonly name: string };
  readonly run?: RunAttempts;
}

export function turnFailure(
  error: Error,
  { code = 500, retryAfterMs, step, run, verdict }: FailureDetails,
): TurnFailure {
  return {
    code,
    message: error.message,
    ...(error.stack === undefined ? {} : { stack: error.stack }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(run === undefined ? {} : { run }),
    ...(step === undefined ? {} : { command: { index: step.entry.command, type: "run", name: step.name } }),
  };
}

/** Why a turn that used up its time is given up. `stepRuns`: what it was doing. */
export function outOfTime({ target, remainingMs }: TurnRequest, stepRuns: boolean): Error {
  const what = stepRuns
    ? "a step was still running"
    : "it was awaiting something that is not durable (not a ctx operation)";
  const message = `${target.service}/${target.handler} did not end within its ${remainingMs} ms: ${what}`;
  return new Error(coded("RT0001", message));
}

/** A mismatch that says where in the user's code it was met. */
export function located(error: Error): Error {
  const where = error instanceof JournalMismatchError ? userFrame(error.stack) : undefined;
  return error instanceof JournalMismatchError && where !== undefined ? error.at(where) : error;
}
