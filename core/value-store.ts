/**
 * Large values live in items of their own, written before whatever refers to them (R8). An item is named by its
 * content, so that two turns which store the same value agree, and one can never overwrite the other's.
 */
import type { Entry, Note } from "../lib/entry.ts";
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

/** The place of a result in an entry; what a command sent is compared by its reference and need not be loaded. */
const RESULT_AT: Partial<Record<Entry[0], number>> = { r: 3, g: 3, q: 3, i: 3, n: 2 };
const LOADS_AT_ONCE = 32;

/** The entries, with the results that are kept apart loaded. */
export async function loadResults<E extends Entry | Note>(
  items: ItemStore,
  id: InvocationId,
  entries: readonly E[],
): Promise<E[]> {
  const loaded = [...entries];
  const apart = entries.flatMap((entry, index) => (typeof refIn(entry) === "string" ? [index] : []));
  for (let from = 0; from < apart.length; from += LOADS_AT_ONCE) {
    await Promise.all(
      apart.slice(from, from + LOADS_AT_ONCE).map(async (index) => {
        const copy = [...(entries[index] as E)] as unknown as Value[];
        const at = RESULT_AT[copy[0] as Entry[0]] ?? 0;
        copy[at] = await load(items, id, copy[at] ?? null);
        loaded[index] = copy as unknown as E;
      }),
    );
  }
  return loaded;
}

function refIn(entry: Entry | Note): Value | undefined {
  const at = RESULT_AT[entry[0]];
  return at === undefined ? undefined : (entry as unknown as Value[])[at];
}
