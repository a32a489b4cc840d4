/**
 * How heads are listed without looking at all of them: by service, oldest first, in two parts. `open`: from the first
 * write that lets an invocation rest until the one that ends it. `ended`: from then on. `docs/decisions/0004` has the
 * arithmetic.
 *
 * The item stores keep the list in passing, each in its own way; nothing in the protocol reads it, so it may lag, be
 * empty or be wrong without harm. What belongs where follows from the head's key and its status alone.
 */
import { HEAD, HEAD_ATTRIBUTE } from "./head.ts";
import { type InvocationId, isInvocationId, serviceTag } from "./ids.ts";
import type { Attributes, ItemKey } from "./item.ts";

export type ListedPart = "open" | "ended";

const PARTS: readonly ListedPart[] = ["open", "ended"];

/** Of DynamoDB's indexes, each called as its part is (see `lib/aws/head-index.ts`): a shard, and when a head was accepted. */
export const INDEX_PARTITION_KEY = {
  open: HEAD_ATTRIBUTE.listedOpen,
  ended: HEAD_ATTRIBUTE.listedEnded,
} as const satisfies Record<ListedPart, string>;
export const INDEX_SORT_KEY = HEAD_ATTRIBUTE.acceptedAtMs;

/** From `"open,ended"`. Throws `RangeError` for a part that there is not. */
export function parseListedParts(text: string): readonly ListedPart[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => name !== "" && !PARTS.some((part) => part === name));
  if (unknown !== undefined) throw new RangeError(`'${unknown}' is none of ${PARTS.join(", ")}`);
  return PARTS.filter((part) => names.includes(part));
}

/** A service's entries are spread over so many partitions: one takes a thousand writes a second, and an index that is
 * throttled throttles the writes of its table. */
const SHARDS = 8;
const PARTITION_INFIX = ".inv.";

/** All shards of a service: its tag and a digit. */
export const shardsOf = (service: string): readonly string[] =>
  Array.from({ length: SHARDS }, (_, digit) => serviceTag(service) + digit);

export const isHead = ({ table, sk }: Pick<ItemKey, "table" | "sk">): boolean =>
  table === "journal" && sk === HEAD;

/** The shard of a head, from its partition key. The last characters of an id are its check, spread evenly. */
export function shardOf(partition: string): string {
  const digit = partition.charCodeAt(partition.length - 2) % SHARDS;
  return partition.slice(0, partition.indexOf(PARTITION_INFIX)) + String(digit);
}

/** Where a head with this status belongs. `unchanged`: running and accepted ones stay where they were, if anywhere. */
export function partOf(status: unknown): ListedPart | "unchanged" {
  if (status === "completed") return "ended";
  return status === "running" || status === "accepted" ? "unchanged" : "open";
}

/** The status that a head as it is stored has. */
export const statusIn = (head: Attributes | undefined): unknown => head?.[HEAD_ATTRIBUTE.status];

/** When the head was accepted: what lists are sorted by. */
export const listedAtMs = (head: Attributes): number => Number(head[HEAD_ATTRIBUTE.acceptedAtMs] ?? 0);

/** `undefined` for a partition that is no invocation's. */
export function idIn(partition: string): InvocationId | undefined {
  const id = partition.slice(partition.indexOf(PARTITION_INFIX) + PARTITION_INFIX.length);
  return isInvocationId(id) ? id : undefined;
}
