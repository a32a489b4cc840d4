/**
 * Names of values that are kept apart from what refers to them. A value of up to `VALUE_ITEM_BYTES_MAX` is one item of that
 * name; a longer one is several, and its name says how many and of how many bytes in all:
 *
 *   value#<hash>                    one item
 *   value#<hash>/<chunks>/<bytes>   the items value#<hash>/<chunks>/<bytes>/0, …/1, …, of equal size but the last
 *
 * Number and length fix where the chunks are cut, so that values written by versions with other bounds are read all
 * the same, and no two cuts of one value share a name.
 */
import { digest } from "../hash.ts";
import { VALUE_ITEM_BYTES_MAX } from "../limits.ts";

export interface Chunks {
  readonly count: number;
  /** Of all of them together. */
  readonly bytes: number;
}

/** The name of a value that is stored with an invocation: it names the content, so that two turns agree. */
export const refOf = (bytes: Uint8Array): string =>
  chunkedName(`value#${Buffer.from(digest(18, bytes)).toString("base64url")}`, bytes.byteLength);

/** `base`, with its chunks if a value of so many bytes has any. */
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

/** The names of all items that hold the value. */
export function itemNamesOf(ref: string): string[] {
  const chunks = chunksOf(ref);
  return chunks ? Array.from({ length: chunks.count }, (_, index) => chunkName(ref, index)) : [ref];
}

/** Whether an item of that name is one of the chunks of a value that is named by its content. */
export const isChunkOfValue = (itemName: string): boolean => /^value#[^/]*\/\d+\/\d+\/\d+$/.test(itemName);

export const chunkName = (ref: string, index: number): string => `${ref}/${index}`;

/** Where the chunk at `index` lies in the value. */
export function rangeOf({ count, bytes }: Chunks, index: number): readonly [from: number, to: number] {
  const size = Math.ceil(bytes / count);
  return [Math.min(bytes, index * size), Math.min(bytes, (index + 1) * size)];
}

/** Whether `ref` names these bytes, however it cuts them. */
export const namesContent = (ref: string, bytes: Uint8Array): boolean =>
  ref.replace(CHUNKED, "") === refOf(bytes).replace(CHUNKED, "");
