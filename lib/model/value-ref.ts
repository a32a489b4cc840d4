/**
 * Names of values that have items of their own. A value of up to `VALUE_ITEM_BYTES_MAX` is one item. A longer one is cut
 * into chunks. Its name says how many chunks it has, and how many bytes in all:
 *
 *   value#<hash>                    one item
 *   value#<hash>/<chunks>/<bytes>   the items value#<hash>/<chunks>/<bytes>/0, …/1, …, of equal size but the last
 *
 * These two numbers fix where the value is cut. So a version with another bound can read it, and two ways to cut one value
 * never share a name.
 */
import { digest } from "../hash.ts";
import { VALUE_ITEM_BYTES_MAX } from "../limits.ts";

export interface Chunks {
  readonly count: number;
  /** Of all chunks together. */
  readonly bytes: number;
}

/** The name of a value that is stored with an invocation. It names the content, so two turns write the same item. */
export const refOf = (bytes: Uint8Array): string =>
  chunkedName(`value#${Buffer.from(digest(18, bytes)).toString("base64url")}`, bytes.byteLength);

/** `base`, and the chunks if a value of so many bytes needs them. */
export function chunkedName(base: string, bytes: number): string {
  if (bytes <= VALUE_ITEM_BYTES_MAX) return base;
  return `${base}/${Math.ceil(bytes / VALUE_ITEM_BYTES_MAX)}/${bytes}`;
}

const CHUNKED = /\/(\d+)\/(\d+)$/;

/** `undefined`: the value is one item. */
export function chunksOf(ref: string): Chunks | undefined {
  const found = CHUNKED.exec(ref);
  return found ? { count: Number(found[1]), bytes: Number(found[2]) } : undefined;
}

/** The sort keys of all items that hold the value. */
export function itemNamesOf(ref: string): string[] {
  const chunks = chunksOf(ref);
  return chunks ? Array.from({ length: chunks.count }, (_, index) => chunkName(ref, index)) : [ref];
}

/** Whether the item is a chunk of a value that is named by its content. */
export const isChunkOfValue = (itemName: string): boolean => /^value#[^/]*\/\d+\/\d+\/\d+$/.test(itemName);

export const chunkName = (ref: string, index: number): string => `${ref}/${index}`;

/** Where the chunk at `index` lies in the value. */
export function rangeOf({ count, bytes }: Chunks, index: number): readonly [from: number, to: number] {
  const size = Math.ceil(bytes / count);
  return [Math.min(bytes, index * size), Math.min(bytes, (index + 1) * size)];
}

/** Whether `ref` names these bytes, wherever it cuts them. */
export const namesContent = (ref: string, bytes: Uint8Array): boolean =>
  ref.replace(CHUNKED, "") === refOf(bytes).replace(CHUNKED, "");
