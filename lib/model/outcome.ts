/**
 * What an operation or an invocation ended with. An item holds it as bytes (success), as `[code, message, metadata?]`
 * (terminal failure), or as a string: the sort key of the value item with the bytes.
 */
import { ERROR_MESSAGE_CHARS_MAX } from "../limits.ts";
import type { Value } from "./value.ts";

export interface Failure {
  /** The terminal error's code, an HTTP status. */
  readonly code: number;
  readonly message: string;
  readonly metadata?: Record<string, string>;
}

export type Outcome =
  | { readonly ok: true; readonly value: Uint8Array }
  | { readonly ok: true; readonly ref: string }
  | { readonly ok: false; readonly failure: Failure };

export const EMPTY = new Uint8Array(0);
export const success = (value: Uint8Array = EMPTY): Outcome => ({ ok: true, value });
/** `metadata` comes from a user's error. Only its texts are kept. */
export function failure(code: number, message: string, metadata?: unknown): Outcome {
  const texts =
    typeof metadata === "object" && metadata !== null
      ? Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === "string")
      : [];
  const held = texts.length === 0 ? {} : { metadata: Object.fromEntries(texts) };
  return { ok: false, failure: { code, message, ...held } };
}

export function encodeOutcome(outcome: Outcome): Value {
  if (outcome.ok) return "ref" in outcome ? outcome.ref : outcome.value;
  const { code, message, metadata } = outcome.failure;
  const cut = message.slice(0, ERROR_MESSAGE_CHARS_MAX);
  return metadata === undefined ? [code, cut] : [code, cut, { ...metadata }];
}

export function decodeOutcome(value: Value | undefined): Outcome {
  if (value instanceof Uint8Array) return { ok: true, value };
  if (typeof value === "string") return { ok: true, ref: value };
  if (Array.isArray(value) && typeof value[0] === "number" && typeof value[1] === "string") {
    const metadata = value[2];
    return failure(value[0], value[1], metadata);
  }
  if (value === null || value === undefined) return success();
  throw new TypeError(`not an outcome: ${JSON.stringify(value)}`);
}
