/** Checks values on their way into and out of the journal: their types and their limits. */
import { type Duration, toDelayMs, toMs } from "../../lib/duration.ts";
import { coded } from "../../lib/error-codes.ts";
import { asError, cutText, OperationalError, TerminalError, textOf, textsOf } from "../../lib/errors.ts";
import {
  ERROR_MESSAGE_CHARS_MAX,
  HEADERS_BYTES_MAX,
  METADATA_BYTES_MAX,
  NAME_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  WAIT_BYTES_MAX,
} from "../../lib/limits.ts";
import { isReservedHeader } from "../../lib/model/header-names.ts";
import { decodeOutcome, type Failure, failure, type Outcome } from "../../lib/model/outcome.ts";
import { sizeOfValue } from "../../lib/model/item.ts";
import type { Value } from "../../lib/model/value.ts";
import { leavesOf, type Wait } from "../../lib/model/wait.ts";
import { assertNotHeld, findHeld, heldError, whileStoring } from "../held.ts";
import { tellStored } from "../development.ts";
import { isJson, type Serde } from "../serde.ts";
import { userFrame } from "./user-frame.ts";

/** The failure that a result in the journal stands for; `undefined` for a success. */
export function decodeHeld(value: Value): Outcome | undefined {
  return Array.isArray(value) ? decodeOutcome(value) : undefined;
}

export function bytesOf(value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value === null) return new Uint8Array(0);
  throw new TypeError(`expected bytes in the journal, got ${typeof value}`);
}

/** What the code rejects something with. Throws a TerminalError if its metadata is too large (P1). */
export function failureOf(reason: string | TerminalError): Outcome {
  assertNotHeld(reason, "the reason of a rejection");
  if (typeof reason !== "object" || reason === null) return failure(500, reason);
  const { code, message, metadata } = reason;
  const bytes = bytesOfTexts(metadata);
  if (bytes > METADATA_BYTES_MAX) throw beyond("the metadata of the error", bytes, METADATA_BYTES_MAX);
  return failure(code, message, metadata);
}

/** What a recorded failure is thrown as. */
export const terminalErrorOf = ({ code, message, metadata }: Failure): TerminalError =>
  new TerminalError(message, { errorCode: code, ...(metadata === undefined ? {} : { metadata }) });

/** What a step or a handler has ended with. The error must not be lost for its metadata: if that is too large (P1), it is
 * left out, and the message says so. */
export function failedWith({ code, message, metadata }: TerminalError): Outcome {
  const bytes = bytesOfTexts(metadata);
  if (bytes <= METADATA_BYTES_MAX) return failure(code, message, metadata);
  const why = coded(
    "RT0003",
    `its metadata of ${bytes} bytes was left out; at most ${METADATA_BYTES_MAX} are allowed`,
  );
  return failure(code, `${cutText(textOf(message), ERROR_MESSAGE_CHARS_MAX - why.length - 3)} [${why}]`);
}

/** The headers of a call, as texts. Throws a TerminalError if they are too large (P1). */
export function limitedHeaders(
  headers: Readonly<Record<string, string>>,
  what: string,
): Record<string, string> {
  const found = findHeld(headers);
  if (found) throw heldError(`the headers of ${what}`, found.held, found.at);
  const texts = textsOf(headers) ?? {};
  const reserved = Object.keys(texts).find(isReservedHeader);
  if (reserved !== undefined)
    throw new TerminalError(
      `the headers of ${what} hold ${JSON.stringify(reserved)}, which is no header's name`,
      {
        errorCode: 400,
      },
    );
  const bytes = bytesOfTexts(texts);
  if (bytes > HEADERS_BYTES_MAX) throw beyond(`the headers of ${what}`, bytes, HEADERS_BYTES_MAX);
  return texts;
}

/** Names and texts in UTF-8; what is no text is not kept. */
function bytesOfTexts(texts: unknown): number {
  if (typeof texts !== "object" || texts === null) return 0;
  return Object.entries(texts).reduce(
    (sum, [name, text]) =>
      typeof text === "string" ? sum + Buffer.byteLength(name) + Buffer.byteLength(text) : sum,
    0,
  );
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

/**
 * The bytes of a value. Throws a TerminalError that names `what`, because no other attempt would do better:
 * - a promise, a context or a client is in it, with the place;
 * - JSON cannot hold it: a BigInt, a circle, too many levels;
 * - it is too large (413, P1).
 * A serde of the user's may fail as it likes: what it throws is thrown.
 */
export function serialized<T>(by: Serde<T>, value: T, what: string): Uint8Array {
  assertNotHeld(value, what);
  const bytes = bytesBy(by, value, what);
  if (isJson(by)) tellStored(value, what, callersLine);
  if (!((bytes as unknown) instanceof Uint8Array))
    throw new TerminalError(`${what} is ${typeof bytes}, not bytes`);
  if (bytes.byteLength <= PAYLOAD_BYTES_MAX) return bytes;
  throw beyond(what, bytes.byteLength, PAYLOAD_BYTES_MAX);
}

/** Where the user's code has come to `serialized`. */
function callersLine(): string | undefined {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, serialized);
  return userFrame(holder.stack);
}

function beyond(what: string, bytes: number, bytesMax: number): TerminalError {
  const message = `${what} has ${bytes} bytes; at most ${bytesMax} are allowed`;
  return new TerminalError(coded("RT0003", message), { errorCode: 413 });
}

function bytesBy<T>(by: Serde<T>, value: T, what: string): Uint8Array {
  try {
    return whileStoring(() => by.serialize(value));
  } catch (thrown) {
    const found = findHeld(value);
    if (found) throw heldError(what, found.held, found.at);
    if (TerminalError.is(thrown) || !isJson(by)) throw thrown;
    throw new TerminalError(`${what} cannot be stored: ${asError(thrown).message}`, { cause: thrown });
  }
}

/** Throws a TerminalError if `name` is not a string of `bytesMin` to `NAME_BYTES_MAX` bytes. */
export function assertName(name: unknown, what: string, bytesMin = 0): asserts name is string {
  const bytes = typeof name === "string" ? Buffer.byteLength(name) : -1;
  if (bytes >= bytesMin && bytes <= NAME_BYTES_MAX) return;
  const got = JSON.stringify(name)?.slice(0, 80);
  throw new TerminalError(`a ${what} must be a string of ${bytesMin} to ${NAME_BYTES_MAX} bytes; got ${got}`);
}

/** P1: a wait, as it is stored. Throws `too-large`, in words. */
export function assertStorable(stored: Value, wait: Wait): void {
  const bytes = sizeOfValue(stored);
  if (bytes <= WAIT_BYTES_MAX) return;
  const message = `it awaits ${leavesOf(wait).length} operations at once, which takes ${bytes} bytes; at most ${WAIT_BYTES_MAX} are allowed`;
  throw new OperationalError("too-large", message);
}
