/** What spans say of results and failures. */
import { cutText } from "../errors.ts";
import { SPAN_TEXT_CHARS_MAX } from "../limits/tracing.ts";
import { decodeOutcome, type Failure } from "../model/outcome.ts";
import type { Value } from "../model/value.ts";
import { chunksOf } from "../model/value-ref.ts";
import type { TurnFailure } from "../protocol.ts";
import type { Span, SpanAttributes, SpanEvent } from "./span.ts";

/** Of what an operator or the code has stopped. It is no error of the code's. */
const STOPPED_CODE = 409;
const STOPPED = /^(cancelled|killed)$/i;

const isStopped = ({ code, message }: Failure): boolean => code === STOPPED_CODE && STOPPED.test(message);

export const cut = (text: string): string => cutText(text, SPAN_TEXT_CHARS_MAX);

/** The failure that a result is, if it is one. */
export function failureIn(result: Value): Failure | undefined {
  if (!Array.isArray(result)) return undefined;
  const outcome = decodeOutcome(result);
  return outcome.ok ? undefined : outcome.failure;
}

/** `undefined`: not known, since it is kept apart under a name that does not say it. */
export function sizeIn(result: Value): number | undefined {
  if (result instanceof Uint8Array) return result.byteLength;
  if (typeof result === "string") return chunksOf(result)?.bytes;
  return result === null ? 0 : undefined;
}

/** `undefined`: good, or stopped. */
export const spanStatusOf = (failure: Failure | undefined): Span["status"] | undefined =>
  failure && !isStopped(failure) ? { ok: false, message: cut(failure.message) } : undefined;

export const endAttributes = (failure: Failure | undefined): SpanAttributes =>
  failure ? { "error.type": isStopped(failure) ? failure.message.toLowerCase() : String(failure.code) } : {};

/** As OpenTelemetry names an exception. */
export const exceptionOf = ({ code, message, stack }: TurnFailure, atMs: number): SpanEvent => ({
  name: "exception",
  atMs,
  attributes: {
    "exception.type": String(code),
    "exception.message": cut(message),
    ...(stack === undefined ? {} : { "exception.stacktrace": stack }),
  },
});
