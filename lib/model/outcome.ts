/**
 * What an operation or an invocation ended with. An item holds it as bytes (success), as `[code, message, metadata?]`
 * (terminal failure), or as a string: the sort key of the value item with the bytes.
 */
import { codeOf, cutText, textOf, textsOf } from "../errors.ts";
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
/** All three come from a user's error, so each may be of any type. Of the metadata only texts are kept. */
export function failure(code: unknown, message: unknown, metadata?: unknown): Outcome {
  const texts = textsOf(metadata);
  const held = { code: codeOf(code), message: cutText(textOf(message), ERROR_MESSAGE_CHARS_MAX) };
  return { ok: false, failure: { ...held, ...(texts === undefined ? {} : { metadata: texts }) } };
}

export function encodeOutcome(outcome: Outcome): Value {
  if (outcome.ok) return "ref" in outcome ? outcome.ref : outcome.value;
  const { code, message, metadata } = outcome.failure;
  return metadata === undefined ? [code, message] : [code, message, { ...metadata }];
}

export function decodeOutcome(value: Value | undefined): Outcome {
  if (value instanceof Uint8Array) return { ok: true, value };
  if (typeof value === "string") return { ok: true, ref: value };
  // Older versions have recorded codes that are texts or null: `failure` makes them 500.
  if (Array.isArray(value) && value.length >= 2) return failure(value[0], value[1], value[2]);
  if (value === null || value === undefined) return success();
  throw new TypeError(`not an outcome: ${JSON.stringify(value)}`);
}
