/**
 * Strong reads of what the journal holds of one invocation: its head, its input, its whole log.
 *
 * A derived id lives more than once, and what DynamoDB has yet to delete of an earlier life stands in the same
 * partition. So a long input and the pages are kept under their incarnation: a request that loses the race for the
 * head must not have overwritten the winner's input, nor may a late one change that of an invocation that runs (D1).
 */
import { type Entry, parseEntries } from "../lib/entry.ts";
import { invariant } from "../lib/errors.ts";
import { type Head, headKey, inputKey, pagePrefix, parseHead } from "../lib/head.ts";
import { type InvocationId, journalPartition } from "../lib/ids.ts";
import type { Attributes } from "../lib/item.ts";
import { INLINE_INPUT_BYTES_MAX } from "../lib/limits.ts";
import type { Start } from "../lib/message.ts";
import { EMPTY } from "../lib/outcome.ts";
import type { ItemStore, StoredItem } from "../lib/ports.ts";

export interface StoredHead {
  readonly head: Head;
  /** The item that it was parsed from. */
  readonly item: Attributes;
}

/** The head as it stands, expired or not (`isExpired` tells); `undefined` if there is none. Throws `TypeError` for one
 * that a newer version wrote. */
export async function readHead(items: ItemStore, id: InvocationId): Promise<StoredHead | undefined> {
  const item = await items.get(headKey(id));
  return item === undefined ? undefined : { head: parseHead(item), item };
}

/** Stores an input too long for the head (`inputAttributes` then says `true`), before the head that refers to it. Does
 * nothing for a short one. */
export async function storeInput(items: ItemStore, start: Start): Promise<void> {
  if (start.input.byteLength <= INLINE_INPUT_BYTES_MAX) return;
  const key = inputKey(start.id, start.incarnation);
  await items.write({ op: "put", key, attributes: { value: start.input } });
}

/** Removes what {@link storeInput} stored, for a start whose head was refused. */
export async function removeInput(items: ItemStore, start: Start): Promise<void> {
  if (start.input.byteLength <= INLINE_INPUT_BYTES_MAX) return;
  await items.write({ op: "delete", key: inputKey(start.id, start.incarnation) });
}

/** The input of the invocation, from its head or the item of its own. Empty if the head holds none. */
export async function readInput(items: ItemStore, id: InvocationId, head: Head): Promise<Uint8Array> {
  if (head.input !== true) return head.input ?? EMPTY;
  const bytes = (await items.get(inputKey(id, head.incarnation)))?.["value"];
  invariant(bytes instanceof Uint8Array, "R8", `the input of ${id} is missing`);
  return bytes;
}

/** The whole log: the pages' entries, then the head's. Throws `InvariantError` (J1) if positions are missing. */
export async function readLog(items: ItemStore, id: InvocationId, head: Head): Promise<Entry[]> {
  const log = head.paged === 0 ? [] : await readPages(items, id, head);
  invariant(log.length === head.paged, "J1", `${id} has ${log.length} of ${head.paged} entries in pages`);
  log.push(...head.tail);
  invariant(log.length === head.length, "J1", `${id} has ${log.length} of ${head.length} entries`);
  return log;
}

async function readPages(items: ItemStore, id: InvocationId, head: Head): Promise<Entry[]> {
  const entries: Entry[] = [];
  let after: string | undefined;
  do {
    const page = await items.query(
      "journal",
      journalPartition(id),
      pagePrefix(head.incarnation),
      after === undefined ? {} : { after },
    );
    for (const item of page.items) takePage(entries, item, id, head);
    after = entries.length < head.paged ? page.next : undefined;
  } while (after !== undefined);
  return entries;
}

/** A page may be there before an append has dropped its entries from the head: then the head still counts them. */
function takePage(entries: Entry[], item: StoredItem, id: InvocationId, head: Head): void {
  if (entries.length >= head.paged) return;
  const start = Number(item.sk.slice(pagePrefix(head.incarnation).length));
  invariant(start === entries.length, "J1", `${id} has a page at ${start} after ${entries.length} entries`);
  entries.push(...parseEntries(item.attributes["l"]));
}
