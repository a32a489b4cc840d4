/** What is kept of an attempt that has failed, for the next one. */
import { type AttemptState, storableAttempt, storableFailure, type TurnFailure } from "../../lib/protocol.ts";
import type { FailedTurn } from "../../lib/death.ts";

/** A bounded step counts its own attempts; a turn that recorded something starts counting anew. `hasGrown`: the log has. */
export function countAttempt(state: AttemptState, failed: FailedTurn, hasGrown: boolean): AttemptState {
  const { run, tried = state.tried } = failed.failure;
  const progress = hasGrown || (failed.kind === "failed" && failed.progress);
  const count = progress ? 1 : run ? state.count - 1 : state.count;
  // One that has died cannot say what it had begun. What is known of the one before still holds (0019).
  const begun = failed.kind === "failed" ? failed.begun : undefined;
  return storableAttempt({ count, run, begun: begun ?? state.begun, tried });
}

export const storable = <T extends { readonly failure: TurnFailure }>(failed: T): T => ({
  ...failed,
  failure: storableFailure(failed.failure),
});
