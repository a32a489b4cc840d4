/**
 * Lists of heads, so that showing some does not mean reading all: by service, oldest first, in two parts. An invocation is
 * in `open` from the first write that lets it rest until the write that ends it, and in `ended` from then on.
 * docs/decisions/0004-invocation-index.md has the arithmetic.
 *
 * Each item store keeps the lists in its own way, with the writes that it makes anyway. Nothing in the protocol reads them.
 * So a list that lags, is empty or is wrong does no harm. A head's place follows from its key and its status alone.
 */
import { HEAD_ATTRIBUTE, isStub } from "./head.ts";
import { HEAD } from "./head-keys.ts";
import { type InvocationId, isInvocationId, serviceTag } from "./ids.ts";
import type { Attributes, ItemKey } from "./item.ts";

export type ListedPart = "open" | "ended";

const PARTS: readonly ListedPart[] = ["open", "ended"];

/** Keys of DynamoDB's indexes (`lib/aws/head-index.ts`), one index for each part: the shard, and the time of acceptance. */
export const INDEX_PARTITION_KEY = {
  open: HEAD_ATTRIBUTE.listedOpen,
  ended: HEAD_ATTRIBUTE.listedEnded,
} as const satisfies Record<ListedPart, string>;
export const INDEX_SORT_KEY = HEAD_ATTRIBUTE.acceptedAtMs;

/** From `"open,ended"`. Throws `RangeError` for any other name. */
export function parseListedParts(text: string): readonly ListedPart[] {
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => name !== "" && !PARTS.some((part) => part === name));
  if (unknown !== undefined) throw new RangeError(`'${unknown}' is none of ${PARTS.join(", ")}`);
  return PARTS.filter((part) => names.includes(part));
}

/** So many partitions hold a service's list. One partition takes a thousand writes a second, and an index that is throttled
 * throttles the writes of its table. */
const SHARDS = 8;
const PARTITION_INFIX = ".inv.";

/** All shards of a service: its tag and a digit. */
export const shardsOf = (service: string): readonly string[] =>
  Array.from({ length: SHARDS }, (_, digit) => serviceTag(service) + digit);

export const isHead = ({ table, sk }: Pick<ItemKey, "table" | "sk">): boolean =>
  table === "journal" && sk === HEAD;

/** The shard of a head, from its partition key. The last characters of an id are its check, which is spread evenly. */
export function shardOf(partition: string): string {
  const digit = partition.charCodeAt(partition.length - 2) % SHARDS;
  return partition.slice(0, partition.indexOf(PARTITION_INFIX)) + String(digit);
}

/** The part of a head with this status. `unchanged`: it stays where it was, if it was in a part at all. */
export function partOf(status: unknown): ListedPart | "unchanged" {
  if (status === "completed") return "ended";
  return status === "running" || status === "accepted" ? "unchanged" : "open";
}

/** The status of a stored head. */
export const statusIn = (head: Attributes | undefined): unknown => head?.[HEAD_ATTRIBUTE.status];

/** Where a head belongs. What has come before it is not listed. */
export const partOfHead = (head: Attributes | undefined): ListedPart | "unchanged" =>
  head && isStub(head) ? "unchanged" : partOf(statusIn(head));

/** A range of a list that leaves nothing out. */
export const ALL_TIME = { fromMs: 0, untilMs: 10 ** 15 - 1 } as const;

/** When the invocation was accepted. Lists are sorted by it. */
export const listedAtMs = (head: Attributes): number => Number(head[HEAD_ATTRIBUTE.acceptedAtMs] ?? 0);

/** `undefined` if the partition is not an invocation's. */
export function idIn(partition: string): InvocationId | undefined {
  const id = uncheckedIdIn(partition);
  return isInvocationId(id) ? id : undefined;
}

/** Of a head's partition. The check of an id takes longer than all else that is done for a head that is merely counted. */
export const uncheckedIdIn = (partition: string): string =>
  partition.slice(partition.indexOf(PARTITION_INFIX) + PARTITION_INFIX.length);
