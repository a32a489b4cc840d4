/**
 * Large values live in items of their own, written before whatever refers to them (R8). An item is named by its
 * content, so that two turns which store the same value agree, and one can never overwrite the other's.
 */
import { invariant } from "../lib/errors.ts";
import { valueKey } from "../lib/head.ts";
import type { InvocationId } from "../lib/ids.ts";
import { INLINE_VALUE_BYTES_MAX } from "../lib/limits.ts";
import { refOf } from "../lib/outcome.ts";
import type { ItemStore } from "../lib/ports.ts";
import type { Value } from "../lib/value.ts";

/** Bytes as they are if small, else the reference under which they are now stored with the invocation. */
export async function spill(items: ItemStore, id: InvocationId, value: Value): Promise<Value> {
  if (!(value instanceof Uint8Array) || value.byteLength <= INLINE_VALUE_BYTES_MAX) return value;
  const ref = refOf(value);
  await items.write({ op: "put", key: valueKey(id, ref), attributes: { value } });
  return ref;
}

/** The inverse of {@link spill}. */
export async function load(items: ItemStore, id: InvocationId, value: Value): Promise<Value> {
  if (typeof value !== "string") return value;
  const item = await items.get(valueKey(id, value));
  const bytes = item?.["value"];
  invariant(bytes instanceof Uint8Array, "R8", `value ${value} of ${id} is missing`);
  return bytes;
}
