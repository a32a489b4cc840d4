/**
 * Strong reads of what the journal holds of one invocation: its head, its input, its whole log.
 *
 * A derived id lives more than once. Items of an earlier life that DynamoDB has yet to delete lie in the same partition. So a
 * long input and the pages are named by their incarnation. A request that loses the race for the head must not overwrite the
 * winner's input, and a late one must not change that of an invocation that runs (D1).
 */
import { decodeEntries, type Entry } from "../model/entry.ts";
import { invariant } from "../errors.ts";
import {
  entriesInPage,
  type Head,
  isStub,
  parseHead,
  parseStub,
  storedInputName,
  type Stub,
} from "../model/head.ts";
import { headKey, pagePrefix } from "../model/head-keys.ts";
import { HEADERS_AT } from "../model/header-names.ts";
import { type Headers, headersIn, headersValueOf } from "../model/headers-value.ts";
import { type InvocationId, journalPartition } from "../model/ids.ts";
import type { Attributes } from "../model/item.ts";
import { MESSAGE_PAYLOAD_BYTES_MAX } from "../limits.ts";
import type { Start } from "../model/message.ts";
import { EMPTY } from "../model/outcome.ts";
import type { ItemStore, ReadOptions, StoredItem } from "../ports.ts";
import { chunksOf } from "../model/value-ref.ts";
import { copyValue, itemKeysOf, placeOf, readValue, type ValuePorts, writeValue } from "./value-store.ts";

export interface StoredHead {
  readonly head: Head;
  /** The item that it was parsed from. */
  readonly item: Attributes;
}

/** The head as it stands, expired or not (`isExpired` tells); `undefined` if there is none. Throws `TypeError` for one
 * that a newer version wrote. */
export async function readHead(items: ItemStore, id: InvocationId): Promise<StoredHead | undefined> {
  const item = await items.get(headKey(id));
  return item === undefined || isStub(item) ? undefined : { head: parseHead(item), item };
}

/** The head, or what has come before it. */
export async function readHeadOrStub(
  items: ItemStore,
  id: InvocationId,
  options: ReadOptions = {},
): Promise<{ readonly stored?: StoredHead; readonly stub?: Stub }> {
  const item = await items.get(headKey(id), options);
  if (item === undefined) return {};
  return isStub(item) ? { stub: parseStub(item) } : { stored: { head: parseHead(item), item } };
}

/** Stores an input, and headers, that are too long for the head, before the head that refers to them (`inputAttributes`). Does
 * nothing for short ones. Returns the Start as a message can carry it (P1), its input in the invocation's own partition. */
export async function storeInput(ports: ValuePorts, start: Start): Promise<Start> {
  const { input, inputFrom, ...rest } = start;
  const headers = headersValueOf(start.headers);
  if (headers) await writeValue(ports, placeOf(start.id), headers.ref, headers.bytes);
  if (typeof input === "string") {
    if (inputFrom === undefined) return start;
    await copyValue(ports, placeOf(inputFrom), placeOf(start.id), input);
    return { ...rest, input };
  }
  const name = storedInputName(start);
  if (name === undefined) return start;
  await writeValue(ports, placeOf(start.id), name, input);
  return input.byteLength > MESSAGE_PAYLOAD_BYTES_MAX ? { ...start, input: name } : start;
}

/** Whether {@link storeInput} stores anything. */
export const isStoredApart = (start: Start): boolean =>
  storedInputName(start) !== undefined || headersValueOf(start.headers) !== undefined;

/** Removes the input that {@link storeInput} stored, for a start whose head was refused. Headers may be the other's, too: a value
 * is named by its content. */
export async function removeInput({ items }: ValuePorts, start: Start): Promise<void> {
  const name = storedInputName(start);
  if (name === undefined) return;
  for (const key of itemKeysOf(placeOf(start.id), name)) await items.write({ op: "delete", key });
}

/** The input of the invocation, from its head or Start, or by its name there. Empty if there is none. */
export async function readInput(
  items: ItemStore,
  id: InvocationId,
  { input }: { readonly input?: Uint8Array | string },
): Promise<Uint8Array> {
  if (typeof input !== "string") return input ?? EMPTY;
  const bytes = await readValue({ items }, placeOf(id), input);
  invariant(bytes, "R8", `the input of ${id} is missing`);
  return bytes;
}

/** The headers of the invocation, from its head or Start, or by their name there. */
export async function readHeaders(items: ItemStore, id: InvocationId, headers: Headers): Promise<Headers> {
  const ref = headers[HEADERS_AT];
  if (ref === undefined) return headers;
  const bytes = await readValue({ items }, placeOf(id), ref);
  invariant(bytes, "R8", `the headers of ${id} are missing`);
  return headersIn(headers, bytes);
}

/** The input as a message can carry it (P1): itself, or its name. */
export async function inputForMessage(
  items: ItemStore,
  id: InvocationId,
  head: Head,
): Promise<Uint8Array | string> {
  if (typeof head.input === "string" && chunksOf(head.input)) return head.input;
  const bytes = await readInput(items, id, head);
  return bytes.byteLength > MESSAGE_PAYLOAD_BYTES_MAX ? (head.input ?? bytes) : bytes;
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
  entries.push(...decodeEntries(entriesInPage(item.attributes)));
}
