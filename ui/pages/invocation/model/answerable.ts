/** What an open operation waits for that can be answered from outside. */
import type { Operation } from "./operations.ts";

export type Answerable =
  | { readonly awakeableId: string }
  | { readonly signal: string; readonly invocationId: string };

/** `invocationId`: whose operation it is. */
export function answerableOf(
  { kind, awakeableId, signal, isOpen }: Operation,
  invocationId: string,
): Answerable | undefined {
  if (!isOpen) return undefined;
  if (kind === "awakeable" && awakeableId !== undefined) return { awakeableId };
  return kind === "signal" && signal !== undefined ? { signal, invocationId } : undefined;
}
