/**
 * A call of a handler that is not there. In production it is retried until somebody deploys the handler. In a test nobody does, so the
 * caller ends, and says what there is.
 */
import { codeIn } from "../../lib/error-codes.ts";
import type { TurnOutcome } from "../../lib/protocol.ts";
import type { ServedCode } from "./served-code.ts";

const NOT_FOUND = "RT0018";
/** It is not true here. */
const RETRIED = "; the call is retried";

/** The same outcome, for all other failures. */
export function endedByMissing(
  outcome: TurnOutcome,
  { deployments }: Pick<ServedCode, "deployments">,
): TurnOutcome {
  if (outcome.kind !== "failed" || codeIn(outcome.failure.message) !== NOT_FOUND) return outcome;
  const served = deployments
    .flatMap(({ services }) => services)
    .map(({ name, handlers }) => `${name} (${handlers.map((handler) => handler.name).join(", ")})`);
  const help = `This environment has ${served.join(", ")}. environment.stub(...) stands for a service that is not here.`;
  const [what = ""] = outcome.failure.message.split(RETRIED);
  const message = `${what}. ${help}`;
  return { ...outcome, failure: { ...outcome.failure, message, verdict: "kill" } };
}
