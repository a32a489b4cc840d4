/**
 * What keeps a listing of heads in DynamoDB (`lib/model/listing.ts`): two sparse global secondary indexes of the journal table.
 * A head carries its shard in `lo` while it is open and has rested, in `le` once it has ended; each index has one of these
 * as partition key, `c` (accepted at) as sort key, and projects keys alone. Only the store knows `lo` and `le`: they are
 * added to the writes that happen anyway, and taken off what is read.
 *
 * A table that lacks an index pays nothing for it but these ten bytes, and one that gets it later has everything in
 * it, since DynamoDB fills a new index from what the items hold. So the indexes themselves are the switch.
 */
import { HEAD_ATTRIBUTE } from "../model/head.ts";
import type { Put, Update } from "../model/item.ts";
import { INDEX_PARTITION_KEY, isHead, partOf, shardOf, statusIn } from "../model/listing.ts";

const OPEN = INDEX_PARTITION_KEY.open;
const ENDED = INDEX_PARTITION_KEY.ended;

/** The write, with what moves its head in the indexes. What is no head's passes as it is. */
export function withIndex<W extends Put | Update>(write: W): W {
  if (!isHead(write.key)) return write;
  return (write.op === "put" ? putWithIndex(write) : updateWithIndex(write)) as W;
}

function putWithIndex(write: Put): Put {
  const part = partOf(statusIn(write.attributes));
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
