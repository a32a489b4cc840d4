/**
 * Errors are of three kinds.
 * - The user's. A terminal one ends the invocation. All others are retried.
 * - Operational ones, which a distributed system must expect. The message is given back.
 * - An invariant's, which means a bug. Nothing is acknowledged after it.
 *
 * Each is recognised by its `code` or by a static `is`: `instanceof` fails across bundles, and messages change. docs/errors.md
 * and error-codes.ts explain every code that a user can meet.
 */
import { type Duration, toMs } from "./duration.ts";
import { coded } from "./error-codes.ts";
import { ERROR_CAUSES_MAX, ERROR_CODE_SIZE_MAX, ERROR_MESSAGE_CHARS_MAX } from "./limits.ts";

const TERMINAL = Symbol.for("perdure.terminal");
const RETRYABLE = Symbol.for("perdure.retryable");
const PAUSE = Symbol.for("perdure.pause");

/** Base of what Perdure throws at handlers. Catch the classes below it, not this one. */
export class RestateError extends Error {
  override readonly name: string = "RestateError";
  /** HTTP-like. */
  readonly code: number;
  readonly metadata?: Record<string, string>;

  constructor(
    message: string,
    options: { errorCode?: number; cause?: unknown; metadata?: Record<string, string> } = {},
  ) {
    super(textOf(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = codeOf(options.errorCode);
    const metadata = textsOf(options.metadata);
    if (metadata !== undefined) this.metadata = metadata;
  }
}

/** Ends the invocation with a failure, without a retry. The failure is recorded, and thrown where the result is awaited. */
export class TerminalError extends RestateError {
  override readonly name: string = "TerminalError";
  /** On the prototype, so that nothing that shows the error shows it. */
  get [TERMINAL](): true {
    return true;
  }
  static is(error: unknown): error is TerminalError {
    return typeof error === "object" && error !== null && TERMINAL in error;
  }
}

/** An `orTimeout` ran out. Terminal, code 408. */
export class TimeoutError extends TerminalError {
  override readonly name = "TimeoutError";
  constructor(message = "Timeout occurred") {
    super(message, { errorCode: 408 });
  }
}

/** The invocation was cancelled; thrown where it awaits. Terminal, code 409. */
export class CancelledError extends TerminalError {
  override readonly name = "CancelledError";
  constructor(message = "Cancelled") {
    super(message, { errorCode: 409 });
  }
}

/** Why the write `at` of a transaction has refused it: DynamoDB's code, such as `ConditionalCheckFailed`. */
export interface TransactionReason {
  readonly at: number;
  readonly code: string;
}
interface Recorded {
  readonly message: string;
  readonly metadata?: Readonly<Record<string, string>>;
}
/** In the metadata of a {@link TransactionError}: where and why, as it is recorded. */
const TRANSACTION_METADATA = "perdure.transaction";

/** A condition of a `ctx.transact` did not hold, so none of its writes took effect. Terminal, code 412. */
export class TransactionError extends TerminalError {
  override readonly name = "TransactionError";
  /** Of the writes that have refused, in their order. */
  readonly reasons: readonly TransactionReason[];
  constructor(message: string, reasons: readonly TransactionReason[]) {
    const held = reasons.map(({ at, code }) => `${at}:${code}`).join(" ");
    super(message, { errorCode: 412, metadata: { [TRANSACTION_METADATA]: held } });
    this.reasons = reasons;
  }
  /** The error that a recorded failure stands for. `undefined`: another one. */
  static of({ message, metadata }: Recorded): TransactionError | undefined {
    const held = metadata?.[TRANSACTION_METADATA];
    if (held === undefined) return undefined;
    const reasons = held.split(" ").map((reason) => {
      const [at = "", code = ""] = reason.split(":");
      return { at: Number(at), code };
    });
    return new TransactionError(message, reasons);
  }
}

/** The attempt is tried again, not before `retryAfter` has passed. */
export class RetryableError extends RestateError {
  override readonly name = "RetryableError";
  get [RETRYABLE](): true {
    return true;
  }
  readonly retryAfter?: Duration;
  readonly retryAfterMs?: number;
  constructor(message: string, options: { retryAfter?: Duration; cause?: unknown; errorCode?: number } = {}) {
    super(message, options);
    if (options.retryAfter === undefined) return;
    this.retryAfter = options.retryAfter;
    this.retryAfterMs = toMs(options.retryAfter);
  }
  /** The same error, to be retried after a while. */
  static from(cause: unknown, options: { retryAfter?: Duration } = {}): RetryableError {
    return new RetryableError(asError(cause).message, { ...options, cause });
  }
  static is(error: unknown): error is RetryableError {
    return typeof error === "object" && error !== null && RETRYABLE in error;
  }
}

/** Thrown in a `ctx.run`, it pauses the invocation. When somebody resumes it, the step runs again. Thrown elsewhere, it is
 * an error like any other. */
export class PauseError extends RestateError {
  override readonly name = "PauseError";
  get [PAUSE](): true {
    return true;
  }
  constructor(message: string, options: { cause?: unknown; errorCode?: number } = {}) {
    super(message, options);
  }
  static from(cause: unknown): PauseError {
    return new PauseError(asError(cause).message, { cause });
  }
  static is(error: unknown): error is PauseError {
    return typeof error === "object" && error !== null && PAUSE in error;
  }
}

const RETRIED = "It is retried by its policy; deploy code that matches, or kill it.";

/** The code of {@link JournalMismatchError}, and of the failures that are made of it. */
export const MISMATCH_CODE = 570;

/** The code no longer does what the journal recorded (D1). Code 570. */
export class JournalMismatchError extends RestateError {
  override readonly name = "JournalMismatchError";
  readonly #what: string;
  readonly #advice: string;
  readonly #where: string | undefined;

  /** `where` in the user's code. `next`: what becomes of the invocation. */
  constructor(what: string, advice = "", where?: string, next = RETRIED) {
    const sentence = where === undefined ? `${what}.` : `${what}, at ${where}.`;
    super(coded("RT0016", advice === "" ? sentence : `${sentence} ${advice} ${next}`), {
      errorCode: MISMATCH_CODE,
    });
    this.#what = what;
    this.#advice = advice;
    this.#where = where;
  }

  /** The same, with the place in the user's code. */
  at(where: string): JournalMismatchError {
    return this.#with(new JournalMismatchError(this.#what, this.#advice, where));
  }

  /** The same, with what becomes of the invocation. */
  ending(next: string): JournalMismatchError {
    return this.#with(new JournalMismatchError(this.#what, this.#advice, this.#where, next));
  }

  #with(other: JournalMismatchError): JournalMismatchError {
    if (this.stack !== undefined) other.stack = this.stack.replace(this.message, () => other.message);
    return other;
  }
}

/** The invocation has done as many operations as a journal holds. No attempt would do better: it is paused. */
export class JournalFullError extends RestateError {
  override readonly name = "JournalFullError";
  constructor(what: string, max: number) {
    const advice =
      "Do the rest in another invocation: call or send to a handler, which has a journal of its own.";
    super(coded("RT1001", `the journal is full: an invocation has at most ${max} ${what}. ${advice}`), {
      errorCode: 413,
    });
  }
}

export type OperationalCode = "throttled" | "unavailable" | "too-large";

/** A store, a queue or a function did not answer as it should. Nobody knows whether the request took effect. */
export class OperationalError extends Error {
  override readonly name = "OperationalError";
  readonly code: OperationalCode;
  constructor(code: OperationalCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The store or the mailbox takes nothing so large: no waiting mends that. */
export const isTooLarge = (error: unknown): error is OperationalError & { readonly code: "too-large" } =>
  error instanceof OperationalError && error.code === "too-large";

export type FunctionErrorCode =
  | "crashed"
  | "timeout"
  | "out-of-memory"
  | "init"
  | "bad-answer"
  /** The request or the answer is larger than the function's host takes. */
  | "too-large"
  /** It was not run: too many run already. Waiting helps. */
  | "throttled"
  /** It was not run, and waiting does not help: it is gone, or may not be invoked. */
  | "refused"
  /** It has run on other tables than the runtime's. */
  | "elsewhere"
  /** Nobody answers at the deployment's address. */
  | "unreachable";

/** A handler's function died during a turn, did not answer with an outcome, or was not run at all. */
export class FunctionError extends Error {
  override readonly name = "FunctionError";
  readonly code: FunctionErrorCode;
  constructor(code: FunctionErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** A violated invariant: a bug in Perdure or in a store. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

export function invariant(condition: unknown, rule: string, message: string): asserts condition {
  if (!condition) throw new InvariantError(`${rule}: ${message}`);
}

/** What was thrown, as an Error: code may throw anything. */
export function asError(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  return new Error(`a value that is no Error was thrown: ${describe(thrown)}`, { cause: thrown });
}

/** By its tag as well: an error of another realm (`vm`, Jest) is no instance of this one's class. */
const isError = (thrown: unknown): thrown is Error =>
  safely(() => thrown instanceof Error || Object.prototype.toString.call(thrown) === "[object Error]") ===
  true;

// --- what is kept of an error ------------------------------------------------------------------------------------
//
// A user's error may have any shape. Libraries put texts into `code` and objects into `message`, and both may be assigned
// after the error was made. What a journal holds must have one shape: whoever reads it cannot know its writer.

/** A code that every store can hold. A text, `NaN` or a BigInt is 500, as if none were given. */
export function codeOf(code: unknown): number {
  return typeof code === "number" && Math.abs(code) <= ERROR_CODE_SIZE_MAX ? code : 500;
}

/** A message that is no text, as text. */
export function textOf(message: unknown): string {
  if (typeof message === "string") return message;
  return message === undefined ? "" : describe(message);
}

/** The entries of a user's metadata that are texts; `undefined` if there are none. */
export function textsOf(metadata: unknown): Record<string, string> | undefined {
  if (typeof metadata !== "object" || metadata === null) return undefined;
  const entries = safely(() => Object.entries(metadata)) ?? [];
  const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return texts.length === 0 ? undefined : Object.fromEntries(texts);
}

/** The first characters of a text. A pair of surrogates is not cut in two: half of one is no text that a store takes. */
export function cutText(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const last = text.charCodeAt(charsMax - 1);
  return text.slice(0, last >= 0xd8_00 && last <= 0xdb_ff ? charsMax - 1 : charsMax);
}

/** What a failed attempt says of its error: the message, and those of what caused it and of the parts of an
 * `AggregateError`, unless the message has said them. */
export function fullMessageOf(error: unknown): string {
  const texts: string[] = [];
  const seen = new Set<unknown>();
  const add = (at: unknown, before: string): void => {
    if (seen.size > ERROR_CAUSES_MAX || seen.has(at) || !isError(at)) return;
    seen.add(at);
    const message = cutText(textOf(safely(() => at.message)), ERROR_MESSAGE_CHARS_MAX);
    const said = message === "" ? codeTextOf(at) : message;
    if (said !== "" && !texts.some((text) => text.includes(said))) texts.push(`${before}${said}`);
    for (const part of partsOf(at)) add(part, "; ");
    add(
      safely(() => at.cause),
      "; cause: ",
    );
  };
  add(error, "");
  return cutText(texts.join("").replace(/^; (?:cause: )?/, ""), ERROR_MESSAGE_CHARS_MAX);
}

function partsOf(error: Error): readonly unknown[] {
  const parts = safely(() => (error as Partial<AggregateError>).errors);
  return Array.isArray(parts) ? parts : [];
}

/** Node's `AggregateError` of a refused connection has a code and no message. */
const codeTextOf = (error: Error): string => {
  const code = safely(() => (error as { readonly code?: unknown }).code);
  return typeof code === "string" ? code : "";
};

/** `undefined` if looking throws: a getter or a proxy may. */
function safely<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** What must not become data says so of itself (sdk/held.ts). */
const HELD = Symbol.for("perdure.held");

function describe(thrown: unknown): string {
  try {
    const held = (thrown as { readonly [HELD]?: { readonly is: string; readonly advice: string } })?.[HELD];
    if (held) return `${held.is} (${held.advice})`;
    // JSON has neither NaN nor a BigInt.
    if (/string|number|bigint/.test(typeof thrown)) return String(thrown);
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}
