/**
 * Fences (W3). A state item carries the fence of its last write: the writer's token, then the journal position of
 * the entry that caused it. A write needs the item absent or its fence older; equal means that it is already done.
 */
import { statePartition } from "./ids.ts";
import type { Attributes, Condition, ItemKey } from "./item.ts";

/** (epoch of the mailbox, SequenceNumber of the invocation's first Start): grows with the order of a key's queue (W2). */
export const tokenOf = (epoch: number, sequence: string): string =>
  `${String(epoch).padStart(4, "0")}.${sequence.padStart(24, "0")}`;

export const fenceOf = (token: string, position: number): string =>
  `${token}.${String(position).padStart(8, "0")}`;

export const stateKey = (service: string, key: string, name: string): ItemKey => ({
  table: "state",
  pk: statePartition(service, key),
  sk: name,
});

export const ifOlder = (fence: string): Condition => ({
  is: "any",
  of: [{ is: "absent" }, { is: "lt", attribute: "f", value: fence }],
});

/** Whether a reader at `length` of the log with `token` sees the future: then it is a zombie and must stop. */
export const isBeyond = (fence: string, token: string, length: number): boolean =>
  fence >= fenceOf(token, length);

/** Whether the item was written by the entry at `position`, or after it. */
export const hasReached = (item: Attributes | undefined, token: string, position: number): boolean =>
  typeof item?.["f"] === "string" && item["f"] >= fenceOf(token, position);
