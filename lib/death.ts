/** Turns that did not end with an outcome of their own: the function died, or an older one says only that it has lost. */
import { coded, type ErrorCode } from "./error-codes.ts";
import { asError, FunctionError, type FunctionErrorCode } from "./errors.ts";
import { begunIn } from "./model/begun.ts";
import { decodeJson, encodeJson, type Value } from "./model/value.ts";
import type { Logger } from "./ports.ts";
import { storableFailure, type TurnFailure, type TurnOutcome } from "./protocol.ts";

/** The function died: how far its turn came, only the head can tell. */
export interface Died {
  readonly kind: "died";
  readonly failure: TurnFailure;
  /** It was not run, and will be once there is room: no attempt has been made. */
  readonly throttled: boolean;
}

/** An answer, or a death. */
export type FailedTurn = Extract<TurnOutcome, { kind: "failed" }> | Died;

/** The failure that counts as an attempt. */
export const attemptIn = (outcome: TurnOutcome | Died): FailedTurn | undefined =>
  outcome.kind === "failed" || (outcome.kind === "died" && !outcome.throttled) ? outcome : undefined;

/** How a turn has ended that counts as an attempt, as a message carries it. */
export function encodeEnded(ended: FailedTurn): string {
  const begun = ended.kind === "failed" ? begunIn(ended.begun) : undefined;
  const failure = storableFailure(ended.failure);
  return encodeJson({ ...ended, failure, ...(begun ? { begun } : {}) } as unknown as Value);
}
/** `undefined`: a later version says more than this one can read. */
export function decodeEnded(text: string): FailedTurn | undefined {
  const ended = decodeJson(text) as unknown as FailedTurn;
  return ended.kind === "failed" || ended.kind === "died" ? ended : undefined;
}

/** Why a turn was lost, if waiting mends it: the store or the mailbox did not answer. */
const MAY_PASS = /^(throttled|unavailable): |^the store did not say/;
export const mayPass = (reason: string): boolean => MAY_PASS.test(reason);

/** Handlers with an older SDK say of what is too large that they lost it. No attempt does better: it is paused, with words.
 * How far the turn came, only the head can tell. */
export function tooLargeAsDeath(outcome: TurnOutcome | Died): TurnOutcome | Died {
  if (outcome.kind !== "lost" || !outcome.reason.startsWith("too-large: ")) return outcome;
  const message = coded("RT0003", `the invocation cannot be recorded: ${outcome.reason}`);
  return { kind: "died", failure: { code: 413, message, verdict: "pause" }, throttled: false };
}

/** How the death of a function is told: its status, its code, and what becomes of the invocation whatever its policy says. */
const DEATHS: Readonly<
  Record<FunctionErrorCode, readonly [status: number, code: ErrorCode, verdict?: TurnFailure["verdict"]]>
> = {
  crashed: [500, "RT0010"],
  timeout: [500, "RT0001"],
  "out-of-memory": [500, "RT0010"],
  init: [500, "RT0010"],
  "bad-answer": [500, "RT0010"],
  "too-large": [413, "RT0019"],
  throttled: [429, "RT0023"],
  refused: [503, "RT0010"],
  unreachable: [503, "RT0010"],
  elsewhere: [500, "RT1002", "pause"],
};

/** What the invoker has thrown. The log has all that a port's own error says: the failure may come to a caller. */
export function deathBy(error: unknown, logger: Logger, invocation: string): Died {
  if (asError(error).cause !== undefined && !(error instanceof FunctionError && error.code === "throttled"))
    logger.log("warn", "a function did not do its turn", { invocation, error: asError(error) });
  const why = error instanceof FunctionError ? error.code : "crashed";
  const [status, code, verdict] = DEATHS[why];
  const message = coded(code, asError(error).message);
  const failure: TurnFailure = { code: status, message, ...(verdict ? { verdict } : {}) };
  return { kind: "died", failure, throttled: why === "throttled" };
}
