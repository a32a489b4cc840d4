/** Checks values on their way into and out of the journal: their types and their limits. */
import { type Duration, toDelayMs, toMs } from "../../lib/duration.ts";
import { coded } from "../../lib/error-codes.ts";
import { asError, TerminalError } from "../../lib/errors.ts";
import { NAME_BYTES_MAX, PAYLOAD_BYTES_MAX } from "../../lib/limits.ts";
import { decodeOutcome, failure, type Outcome } from "../../lib/model/outcome.ts";
import type { Value } from "../../lib/model/value.ts";

/** The failure that a result in the journal stands for; `undefined` for a success. */
export function decodeHeld(value: Value): Outcome | undefined {
  return Array.isArray(value) ? decodeOutcome(value) : undefined;
}

export function bytesOf(value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value === null) return new Uint8Array(0);
  throw new TypeError(`expected bytes in the journal, got ${typeof value}`);
}

export function failureOf(reason: string | TerminalError): Outcome {
  if (typeof reason !== "object" || reason === null) return failure(500, reason);
  return failure(reason.code, reason.message, reason.metadata);
}

/** In milliseconds. Throws a TerminalError for what is no duration: the next attempt would give the same. */
export const durationMs = (duration: Duration): number => orTerminal(() => toMs(duration));
/** The same for a delay, which may be over already. */
export const delayMs = (delay: Duration): number => orTerminal(() => toDelayMs(delay));

function orTerminal<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw new TerminalError(asError(thrown).message, { errorCode: 400, cause: thrown });
  }
}

/** P1: the bytes, if they are not too large. Throws a TerminalError (413) that names `what`. */
export function limited(bytes: Uint8Array, what: string): Uint8Array {
  if (bytes.byteLength <= PAYLOAD_BYTES_MAX) return bytes;
  const message = `${what} has ${bytes.byteLength} bytes; at most ${PAYLOAD_BYTES_MAX} are allowed`;
  throw new TerminalError(coded("RT0003", message), { errorCode: 413 });
}

/** Throws a TerminalError if `name` is not a string of `bytesMin` to `NAME_BYTES_MAX` bytes. */
export function assertName(name: unknown, what: string, bytesMin = 0): asserts name is string {
  const bytes = typeof name === "string" ? Buffer.byteLength(name) : -1;
  if (bytes >= bytesMin && bytes <= NAME_BYTES_MAX) return;
  const got = JSON.stringify(name)?.slice(0, 80);
  throw new TerminalError(`a ${what} must be a string of ${bytesMin} to ${NAME_BYTES_MAX} bytes; got ${got}`);
}
