/** Large values live in items of their own, written before whatever refers to them and never changed (R8). */
import { invariant } from "../lib/errors.ts";
import { valueKey } from "../lib/head.ts";
import type { InvocationId } from "../lib/ids.ts";
import { INLINE_VALUE_BYTES_MAX } from "../lib/limits.ts";
import type { ItemStore } from "../lib/ports.ts";
import type { Value } from "../lib/value.ts";

/** Bytes as they are if small, else their reference after they have been stored under `name`, which no other
 * writer may use for other bytes. */
export async function spill(items: ItemStore, id: InvocationId, name: string, value: Value): Promise<Value> {
  if (!(value instanceof Uint8Array) || value.byteLength <= INLINE_VALUE_BYTES_MAX) return value;
  const ref = `value#${name}`;
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
