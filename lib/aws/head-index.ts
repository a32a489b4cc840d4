/**
 * Keeps the listing of heads in DynamoDB (lib/model/listing.ts): two sparse global secondary indexes of the journal table.
 *
 *   lo   in a head that is open and has rested: its shard. Partition key of the index of open invocations
 *   le   in a head that has ended: its shard. Partition key of the index of ended invocations
 *   c    when the invocation was accepted. Sort key of both
 *
 * The indexes project keys alone. Only the store knows `lo` and `le`: it adds them to writes that happen anyway, and takes
 * them off what is read.
 *
 * The indexes themselves are the switch. A table without one pays only these ten bytes for it. A table that gets one later has
 * everything in it, since DynamoDB fills a new index from its items.
 */
import { HEAD_ATTRIBUTE } from "../model/head.ts";
import type { Put, Update } from "../model/item.ts";
import { INDEX_PARTITION_KEY, isHead, partOf, partOfHead, shardOf } from "../model/listing.ts";

const OPEN = INDEX_PARTITION_KEY.open;
const ENDED = INDEX_PARTITION_KEY.ended;

/** The write, with what moves its head in the indexes. A write that is not of a head stays as it is. */
export function withIndex<W extends Put | Update>(write: W): W {
  if (!isHead(write.key)) return write;
  return (write.op === "put" ? putWithIndex(write) : updateWithIndex(write)) as W;
}

function putWithIndex(write: Put): Put {
  const part = partOfHead(write.attributes);
  if (part === "unchanged") return write;
  const shard = { [INDEX_PARTITION_KEY[part]]: shardOf(write.key.pk) };
  return { ...write, attributes: { ...write.attributes, ...shard } };
}

function updateWithIndex(write: Update): Update {
  const status = write.changes.find(({ attribute }) => attribute === HEAD_ATTRIBUTE.status);
  if (status?.do !== "set") return write;
  const part = partOf(status.value);
  if (part === "unchanged") return write;
  const value = shardOf(write.key.pk);
  const changes: Update["changes"] = [
    ...write.changes,
    { do: "set", attribute: INDEX_PARTITION_KEY[part], value },
    ...(part === "ended" ? [{ do: "remove", attribute: OPEN } as const] : []),
  ];
  return { ...write, changes };
}

/** A head's attributes without the store's own. */
export function withoutIndex<T>(head: Record<string, T>): Record<string, T> {
  const { [OPEN]: _open, [ENDED]: _ended, ...rest } = head;
  return rest;
}
