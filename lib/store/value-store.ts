/**
 * Large values, in items of their own (R8).
 *
 * A value is written before what refers to it. With an invocation it is named by its content. So two turns that store the
 * same value agree, and neither can overwrite the other's.
 *
 * A value that one item does not hold is several chunks (P1). Chunks never change, so a reader cannot see a mixture.
 *
 * Crash points: the first chunk is written last, after all others are durable, and the reference after that. Before the
 * reference, what is there is garbage. If the first chunk is there, all of them are.
 *
 * One partition takes about a thousand write units a second; four megabytes are four thousand. A chunk that is throttled is
 * tried again by itself, with pauses, before the whole value is given up.
 */
import { atOnce } from "../at-once.ts";
import { invariant, OperationalError } from "../errors.ts";
import { type InvocationId, journalPartition } from "../model/ids.ts";
import { type Attributes, type ItemKey, keptFor } from "../model/item.ts";
import {
  CHUNK_ATTEMPTS_MAX,
  CHUNK_READS_AT_ONCE,
  CHUNK_RETRY_MS,
  CHUNK_WRITES_AT_ONCE,
  INLINE_VALUE_BYTES_MAX,
  KEEP_MS,
} from "../limits.ts";
import { type Clock, type ItemStore, elapse } from "../ports.ts";
import type { Value } from "../model/value.ts";
import { chunkName, chunksOf, itemNamesOf, rangeOf, refOf } from "../model/value-ref.ts";

export interface ValuePorts {
  readonly items: ItemStore;
  readonly clock: Clock;
}

/** The partition that values lie in. */
export type Place = Pick<ItemKey, "table" | "pk">;

export const placeOf = (id: InvocationId): Place => ({ table: "journal", pk: journalPartition(id) });

/** The keys of all items that hold the value. */
export const itemKeysOf = (place: Place, ref: string): ItemKey[] =>
  itemNamesOf(ref).map((sk) => ({ ...place, sk }));

/** Stores bytes under the name `ref`, each item with `more`. Harmless to repeat with the same bytes. */
export async function writeValue(
  ports: ValuePorts,
  place: Place,
  ref: string,
  bytes: Uint8Array,
  more: Attributes = {},
): Promise<void> {
  const chunks = chunksOf(ref);
  await writeItems(ports, place, ref, async (_, index) => ({
    ...more,
    value: chunks ? bytes.subarray(...rangeOf(chunks, index)) : bytes,
  }));
}

/** The items that hold a value, the first one last. One that stands alone is the caller's to try again. */
async function writeItems(
  ports: ValuePorts,
  place: Place,
  ref: string,
  attributesOf: (name: string, index: number) => Promise<Attributes>,
): Promise<void> {
  const names = itemNamesOf(ref);
  const put = async (index: number): Promise<void> => {
    const sk = names[index] ?? ref;
    // Nobody deletes it: it is kept for longer than most invocations live, and renewed for the others.
    const attributes = { ...keptFor(KEEP_MS, ports.clock.now()), ...(await attributesOf(sk, index)) };
    const write = () => ports.items.write({ op: "put", key: { ...place, sk }, attributes });
    await (names.length === 1 ? write() : whileThrottled(ports, write));
  };
  await atOnce(names.length - 1, CHUNK_WRITES_AT_ONCE, (index) => put(index + 1));
  await put(0);
}

/** Tries again what the store has no capacity for, a bounded number of times. */
export async function whileThrottled<T>({ clock }: ValuePorts, attempt: () => Promise<T>): Promise<T> {
  for (let count = 1; ; count++) {
    try {
      return await attempt();
    } catch (error) {
      const isThrottled = error instanceof OperationalError && error.code === "throttled";
      if (!isThrottled || count >= CHUNK_ATTEMPTS_MAX) throw error;
      await elapse(clock, CHUNK_RETRY_MS * 2 ** count);
    }
  }
}

/** `undefined`: it is not there (any more). */
export async function readValue(
  { items }: Pick<ValuePorts, "items">,
  place: Place,
  ref: string,
): Promise<Uint8Array | undefined> {
  const chunks = chunksOf(ref);
  if (!chunks) {
    const held = (await items.get({ ...place, sk: ref }))?.["value"];
    return held instanceof Uint8Array ? held : undefined;
  }
  const bytes = new Uint8Array(chunks.bytes);
  let isWhole = true;
  await atOnce(chunks.count, CHUNK_READS_AT_ONCE, async (index) => {
    const held = (await items.get({ ...place, sk: chunkName(ref, index) }))?.["value"];
    const [from, to] = rangeOf(chunks, index);
    if (held instanceof Uint8Array && held.byteLength === to - from) bytes.set(held, from);
    else isWhole = false;
  });
  return isWhole ? bytes : undefined;
}

/** Makes a value of `from` one of `to`, under the same name, unless it is there already. Throws `InvariantError` (R8) if
 * `from` has it not. */
export async function copyValue(ports: ValuePorts, from: Place, to: Place, ref: string): Promise<void> {
  const [first = ref] = itemNamesOf(ref);
  const found = await ports.items.get({ ...to, sk: first });
  if (found !== undefined && isKept(found, ports.clock.now())) return;
  await writeItems(ports, to, ref, async (sk) => {
    const held = (await ports.items.get({ ...from, sk }))?.["value"];
    invariant(held instanceof Uint8Array, "R8", `value ${sk} of ${from.pk} is missing`);
    return { value: held };
  });
}

/** One that expires soon belongs to an earlier life of the id, or has been purged. */
const isKept = ({ ttl }: Attributes, nowMs: number): boolean =>
  ttl === undefined || Number(ttl) * 1000 > nowMs + KEEP_MS / 2;

/** Bytes as they are if small, else the reference under which they are now stored with the invocation. */
export async function spill(
  ports: ValuePorts,
  id: InvocationId,
  value: Value,
  inlineMax = INLINE_VALUE_BYTES_MAX,
): Promise<Value> {
  if (!(value instanceof Uint8Array) || value.byteLength <= inlineMax) return value;
  const ref = refOf(value);
  await writeValue(ports, placeOf(id), ref, value);
  return ref;
}

/** A value of the invocation, by its name. */
export async function loadValue(items: ItemStore, id: InvocationId, ref: string): Promise<Uint8Array> {
  const bytes = await readValue({ items }, placeOf(id), ref);
  invariant(bytes, "R8", `value ${ref} of ${id} is missing`);
  return bytes;
}

/** The inverse of {@link spill}. */
export async function load(items: ItemStore, id: InvocationId, value: Value): Promise<Value> {
  return typeof value === "string" ? await loadValue(items, id, value) : value;
}
