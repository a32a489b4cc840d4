/**
 * State values that are too long for one item (P1).
 *
 * Job: stores a long value as chunks in a partition of its own. There are two sets of chunks, a and b. The state item
 * names the set that holds the value. A writer fills the other set, and then names it in the one conditional write
 * that each state change makes anyway. The version after that overwrites the first set. So a key that changes often
 * neither grows nor pays for deletions.
 *
 *   c         in the state item: [set, chunks, bytes, mark, the most chunks that either set may have]
 *   w         in the state item: the `c` that a short value or a tombstone has replaced; its chunks are to be deleted
 *   f, value  in a chunk: the fence of the write that it is part of, and its bytes
 *
 * Why nobody reads half of two versions (W3, R3, R4)
 * 1. Each chunk carries the fence of its version, and is written only over an older fence.
 * 2. A reader accepts a version only if all its chunks carry the state item's fence. If not, it reads again.
 * 3. Say the version with fence F, in set a, holds. Only a write with a fence beyond F that takes a for the free set
 *    could overwrite one of its chunks. Its author would have read the state item before F was named in it.
 * 4. No such write exists. Before a later write, its author makes sure that the outputs of all earlier appends are
 *    done (R2, R6). It reads the state item after that.
 * 5. A zombie's fence is older. It overwrites nothing and names nothing.
 *
 * Crash points
 * - Between two chunks, or before the state item names them: nothing refers to the chunks. The repetition of
 *   the append's outputs writes them again, into the same set.
 * - After the state item names them: done.
 * - A short value replaces a long one: that same write records the old chunks in `w`. A repetition of it
 *   deletes them again.
 */
import { atOnce } from "../at-once.ts";
import { OperationalError } from "../errors.ts";
import { ifOlder } from "../model/fence.ts";
import { stateValuePartition } from "../model/ids.ts";
import type { Attributes, ItemKey } from "../model/item.ts";
import {
  CHUNKED_READS_MAX,
  CHUNK_READS_AT_ONCE,
  CHUNK_WRITES_AT_ONCE,
  VALUE_ITEM_BYTES_MAX,
} from "../limits.ts";
import type { Target } from "../model/message.ts";
import type { ItemStore } from "../ports.ts";
import type { Value } from "../model/value.ts";
import { type Chunks, rangeOf } from "../model/value-ref.ts";
import { type ValuePorts, whileThrottled } from "./value-store.ts";

type SetName = "a" | "b";

/** A long value, as its state item describes it. */
export interface StateChunks extends Chunks {
  readonly set: SetName;
  /** Tells its content from any other. */
  readonly mark: string;
  /** Either set has at most so many chunks. */
  readonly high: number;
}

export interface StateName {
  readonly target: Target;
  readonly name: string;
}

/** `undefined`: the item has no long value. */
export const chunksIn = (item: Attributes | undefined): StateChunks | undefined => parse(item?.["c"]);
/** Those that the item's value has replaced. */
export const replacedIn = (item: Attributes | undefined): StateChunks | undefined => parse(item?.["w"]);

function parse(value: Value | undefined): StateChunks | undefined {
  if (!Array.isArray(value)) return undefined;
  const [set, count, bytes, mark, high] = value as [SetName, number, number, string, number];
  return { set, count, bytes, mark, high };
}

const encode = ({ set, count, bytes, mark, high }: StateChunks): Value => [set, count, bytes, mark, high];

function chunkKey({ target, name }: StateName, set: SetName, index: number): ItemKey {
  const pk = stateValuePartition(target.service, target.key ?? "");
  return { table: "state", pk, sk: `${name}/${set}/${index}` };
}

export interface StateVersion {
  readonly mark: string;
  /** The state item as it stands. */
  readonly before: Attributes | undefined;
  /** What chunks and state item have in common: the fence, and when they may be deleted. */
  readonly attributes: Attributes & { readonly f: string };
}

/** Writes the chunks of a value into the set that does not hold. Returns the attributes that name them. */
export async function writeStateChunks(
  ports: ValuePorts,
  of: StateName,
  value: Uint8Array,
  version: StateVersion,
): Promise<Attributes> {
  const { mark, before, attributes: own } = version;
  const { f: fence } = own;
  const held = chunksIn(before);
  const bytes = value.byteLength;
  const count = Math.ceil(bytes / VALUE_ITEM_BYTES_MAX);
  const chunks: StateChunks = {
    ...{ set: held?.set === "a" ? "b" : "a", count, bytes, mark },
    high: Math.max(count, held?.high ?? 0, replacedIn(before)?.high ?? 0),
  };
  await atOnce(count, CHUNK_WRITES_AT_ONCE, async (index) => {
    const attributes = { ...own, value: value.subarray(...rangeOf(chunks, index)) };
    const key = chunkKey(of, chunks.set, index);
    await whileThrottled(ports, () =>
      ports.items.write({ op: "put", key, attributes, when: ifOlder(fence) }),
    );
  });
  return { ...own, c: encode(chunks) };
}

/** The attributes of a short value, or a tombstone, in the place of a long one. */
export const replacing = (attributes: Attributes, chunks: StateChunks): Attributes => ({
  ...attributes,
  w: encode(chunks),
});

/** Deletes all chunks that are older than `fence`. */
export async function deleteStateChunks(
  ports: ValuePorts,
  of: StateName,
  { high }: StateChunks,
  fence: string,
): Promise<void> {
  const when = { is: "lt", attribute: "f", value: fence } as const;
  await atOnce(2 * high, CHUNK_WRITES_AT_ONCE, async (index) => {
    const key = chunkKey(of, index < high ? "a" : "b", index % high);
    await whileThrottled(ports, () => ports.items.write({ op: "delete", key, when }));
  });
}

/** The long value that the state item names; `undefined` if it has been overwritten since the item was read. */
export async function readStateChunks(
  items: ItemStore,
  of: StateName,
  item: Attributes,
  chunks: StateChunks,
): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(chunks.bytes);
  let isWhole = true;
  await atOnce(chunks.count, CHUNK_READS_AT_ONCE, async (index) => {
    const chunk = await items.get(chunkKey(of, chunks.set, index));
    const value = chunk?.["value"];
    if (chunk?.["f"] === item["f"] && value instanceof Uint8Array)
      bytes.set(value, rangeOf(chunks, index)[0]);
    else isWhole = false;
  });
  return isWhole ? bytes : undefined;
}

/** The value of a state item: in it, or in chunks. `read` reads the item. Throws {@link OperationalError} when it changes
 * faster than it can be read. */
export async function readStateValue(
  items: ItemStore,
  of: StateName,
  read: () => Promise<Attributes | undefined>,
): Promise<Uint8Array | null> {
  for (let attempt = 0; attempt < CHUNKED_READS_MAX; attempt++) {
    const item = await read();
    const chunks = chunksIn(item);
    const value = item && chunks ? await readStateChunks(items, of, item, chunks) : item?.["val"];
    if (value instanceof Uint8Array) return value;
    if (!chunks) return null;
  }
  throw new OperationalError(
    "unavailable",
    `state "${of.name}" of ${of.target.service} changes faster than it is read`,
  );
}
