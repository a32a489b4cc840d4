/** How the user's function ended, and what the invocation ends with. */
import { asError, TerminalError } from "../../lib/errors.ts";
import type { Target } from "../../lib/model/message.ts";
import { failure, type Outcome } from "../../lib/model/outcome.ts";
import type { FailureDetails } from "./turn-failure.ts";

export type Ended =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "error"; readonly error: unknown };

export type HandlerEnd =
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  /** The attempt has failed; there will be another. */
  | { readonly kind: "failed"; readonly error: Error; readonly details: FailureDetails };

/** `serialize` may throw on what the function returned. */
export function endingOf(
  ended: Ended,
  serialize: (value: unknown) => Uint8Array,
  { service, handler }: Target,
): HandlerEnd {
  const terminal = ({ code, message, metadata }: TerminalError): HandlerEnd => ({
    kind: "outcome",
    outcome: failure(code, message, metadata),
  });
  if (ended.kind === "error") {
    const { error } = ended;
    if (TerminalError.is(error)) return terminal(error);
    const retryAfterMs = (error as { retryAfterMs?: unknown } | null | undefined)?.retryAfterMs;
    const details = typeof retryAfterMs === "number" ? { retryAfterMs } : {};
    return { kind: "failed", error: asError(error), details };
  }
  try {
    return { kind: "outcome", outcome: { ok: true, value: serialize(ended.value) } };
  } catch (thrown) {
    if (TerminalError.is(thrown)) return terminal(thrown);
    const message = `the result of ${service}/${handler} cannot be stored: ${asError(thrown).message}`;
    return { kind: "failed", error: new Error(message, { cause: thrown }), details: {} };
  }
}
