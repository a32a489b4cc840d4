/** An attempt that has failed: what is kept of it for the next one, and whether its head is still as it left it. */
import { type AttemptState, storableAttempt, storableFailure, type TurnOutcome } from "../../lib/protocol.ts";
import type { Died, FailedTurn } from "../../lib/death.ts";
import { whoVouches } from "../../lib/model/voucher.ts";
import type { readHeadOrStub, StoredHead } from "../../lib/store/head-store.ts";
import type { Delivery } from "./delivery.ts";
import type { Invocation } from "./invocation.ts";

/** A bounded step counts its own attempts; a turn that recorded something starts counting anew. `hasGrown`: the log has. */
export function countAttempt(state: AttemptState, failed: FailedTurn, hasGrown: boolean): AttemptState {
  const { run, tried = state.tried } = failed.failure;
  const progress = hasGrown || (failed.kind === "failed" && failed.progress);
  const count = progress ? 1 : run ? state.count - 1 : state.count;
  // One that has died cannot say what it had begun. What is known of the one before still holds (0019).
  const begun = failed.kind === "failed" ? failed.begun : undefined;
  return storableAttempt({ count, run, begun: begun ?? state.begun, tried });
}

/** Its failure, if it has one, as a head can hold it. */
export const storableOutcome = (outcome: TurnOutcome | Died): TurnOutcome | Died =>
  outcome.kind === "failed" || outcome.kind === "died"
    ? { ...outcome, failure: storableFailure(outcome.failure) }
    : outcome;

/** The head is as the turn has found or left it: nothing else has written it but notes (R18). What rests or is parked was written
 * by another dispatcher, which has counted an attempt of its own, or has yet to run one. What an operator has paused runs no more. */
export function isAsLeft(now: StoredHead | undefined, before: Invocation, { voucher }: Delivery): boolean {
  if (!now || !before.hasMoved(now)) return true;
  const { head } = now;
  if (head.incarnation !== before.incarnation) return false;
  const isNews = head.length > before.length || before.head === undefined;
  const isTurns = head.status === "running" || head.status === "suspended";
  return isNews && isTurns && whoVouches(head, voucher) !== "other";
}

/** It has ended. Or something has come before it, where an earlier version of the handler cannot begin: that is adopted first, and
 * the attempt was none. */
export const isOver = (
  { stored, stub }: Awaited<ReturnType<typeof readHeadOrStub>>,
  { kind }: FailedTurn,
): boolean => stored?.head.status === "completed" || (stub !== undefined && kind === "failed");
