/** How a turn ends: what the user's function came to, and how a failed attempt is reported to the dispatcher. */
import { askedDelayMs } from "../../lib/duration.ts";
import { coded } from "../../lib/error-codes.ts";
import type { CommandEntry } from "../../lib/model/entry.ts";
import {
  asError,
  cutText,
  fullMessageOf,
  JournalFullError,
  JournalMismatchError,
  MISMATCH_CODE,
  TerminalError,
} from "../../lib/errors.ts";
import { ERROR_STACK_CHARS_MAX } from "../../lib/limits.ts";
import type { Target } from "../../lib/model/message.ts";
import type { Outcome } from "../../lib/model/outcome.ts";
import type { RunAttempts, TurnFailure } from "../../lib/protocol.ts";
import type { HandlerOptions } from "../definition.ts";
import type { Serde } from "../serde.ts";
import { failedWith, serialized } from "./checked-value.ts";
import { isDevelopment } from "../development.ts";
import { userFrame } from "./user-frame.ts";

export type Ended =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "error"; readonly error: unknown };

/** The handler does not understand what a record of an event source holds (0046). No attempt would do better. */
export class RefusedInput extends Error {
  override readonly name = "RefusedInput";
}
const REFUSED: FailureDetails = { code: 400, verdict: "kill", refused: true };

export type HandlerEnd =
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  /** The attempt has failed; there will be another. */
  | { readonly kind: "failed"; readonly error: Error; readonly details: FailureDetails };

/** `output` may throw on what the function returned. */
export function endOf(ended: Ended, output: Serde<unknown>, { service, handler }: Target): HandlerEnd {
  const what = `the result of ${service}/${handler}`;
  const terminal = (error: TerminalError): HandlerEnd => ({ kind: "outcome", outcome: failedWith(error) });
  if (ended.kind === "error") {
    const { error } = ended;
    if (TerminalError.is(error)) return terminal(error);
    if (error instanceof RefusedInput) return { kind: "failed", error, details: REFUSED };
    const retryAfterMs = askedDelayMs((error as { retryAfterMs?: unknown } | null | undefined)?.retryAfterMs);
    const details = retryAfterMs === undefined ? {} : { retryAfterMs };
    return { kind: "failed", error: asError(error), details };
  }
  try {
    return { kind: "outcome", outcome: { ok: true, value: serialized(output, ended.value, what) } };
  } catch (thrown) {
    if (TerminalError.is(thrown)) return terminal(thrown);
    const message = `${what} cannot be stored: ${asError(thrown).message}`;
    return { kind: "failed", error: new Error(message, { cause: thrown }), details: {} };
  }
}

// --- failed attempts -----------------------------------------------------------------------------------------

/** Options of the handler that concern its turns. */
export type TurnOptions = Pick<
  HandlerOptions,
  "explicitCancellation" | "onJournalMismatchErrors" | "retryPolicy"
>;

/** What becomes of an invocation whose code no longer does what its journal recorded. */
const MISMATCH_VERDICTS = { retry: {}, pause: { verdict: "pause" }, fail: { verdict: "kill" } } as const;
const PAUSED = "It is paused: deploy code that matches and resume it with that, or kill it.";
/** A server for development moves it to the code that is saved next, if its journal fits. Another attempt would only say it again. */
const PAUSED_IN_DEVELOPMENT = "It is paused: save code that matches and it goes on, or kill it.";

function mismatchIn({ onJournalMismatchErrors, retryPolicy }: TurnOptions): {
  readonly verdict: keyof typeof MISMATCH_VERDICTS;
  readonly next?: string;
} {
  const last = retryPolicy?.onMaxAttempts === "kill" ? "fail" : "pause";
  const asked = onJournalMismatchErrors ?? (isDevelopment() ? last : "retry");
  if (asked === "retry") return { verdict: asked };
  if (asked === "fail") return { verdict: asked, next: "So it ends." };
  return { verdict: asked, next: isDevelopment() ? PAUSED_IN_DEVELOPMENT : PAUSED };
}

export interface FailureDetails {
  /** 500, unless it is known better. */
  readonly code?: number;
  readonly retryAfterMs?: number;
  readonly verdict?: "pause" | "kill";
  readonly refused?: true;
  /** The step that failed, and its name. */
  readonly step?: { readonly entry: CommandEntry; readonly name: string };
  readonly run?: RunAttempts;
  readonly tried?: RunAttempts;
}

/** How a turn fails that has filled its journal: whatever its policy says, no attempt would do better. */
export const FULL: FailureDetails = { code: 413, verdict: "pause" };

/** How a turn fails whose code has done something else than its journal says. */
export const MISMATCH: FailureDetails = { code: MISMATCH_CODE };

/** How a turn fails whose driver has thrown it. */
export function failureDetailsOf(thrown: unknown): FailureDetails {
  if (thrown instanceof JournalFullError) return FULL;
  return thrown instanceof JournalMismatchError ? MISMATCH : { code: 500 };
}

export function turnFailure(
  thrown: Error,
  { code = 500, retryAfterMs, step, run, tried, verdict, refused }: FailureDetails,
  options: TurnOptions,
): TurnFailure {
  const mismatch = code === MISMATCH_CODE ? mismatchIn(options) : undefined;
  const isSaid = thrown instanceof JournalMismatchError && mismatch?.next !== undefined;
  const error = isSaid ? thrown.ending(mismatch.next) : thrown;
  return {
    code,
    message: fullMessageOf(error),
    ...(typeof error.stack === "string" ? { stack: cutText(error.stack, ERROR_STACK_CHARS_MAX) } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(refused === undefined ? {} : { refused }),
    ...(mismatch ? MISMATCH_VERDICTS[mismatch.verdict] : {}),
    ...(run === undefined ? {} : { run }),
    ...(tried === undefined ? {} : { tried }),
    ...(step === undefined ? {} : { command: { index: step.entry.command, type: "run", name: step.name } }),
  };
}

/** Why a turn that used up its time is given up. `stepRuns`: what it was doing. */
export function outOfTime(target: Target, remainingMs: number, stepRuns: boolean): Error {
  const what = stepRuns
    ? "a step was still running"
    : "it was awaiting something that is not durable (not a ctx operation)";
  const message = `${target.service}/${target.handler} did not end within its ${remainingMs} ms: ${what}`;
  return new Error(coded("RT0001", message));
}

/** P1: it is too large for its journal. */
export const notRecorded = (why: string): Error =>
  new Error(coded("RT0003", `the invocation cannot be recorded: ${why}`));

/** The function of a step has used the context. */
export const usedInStep = (step: string, operation: string): Error =>
  new Error(
    `ctx was used inside ctx.run("${step}") (${operation}). ` +
      "A step is recorded as one result, so nothing inside it can be recorded. Move the ctx call out of the step.",
  );

/** A mismatch that says where in the user's code it was met. */
export function located(error: Error): Error {
  const where = error instanceof JournalMismatchError ? userFrame(error.stack) : undefined;
  return error instanceof JournalMismatchError && where !== undefined ? error.at(where) : error;
}
