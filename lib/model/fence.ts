/**
 * Fences (W3). A state item carries the fence of its last write: the writer's token, then the position of the entry that
 * caused the write. A write is refused unless there is no item or its fence is older. An equal fence means that the write is
 * done already.
 */
import { statePartition } from "./ids.ts";
import type { Attributes, Condition, ItemKey } from "./item.ts";

/** The mailbox's epoch and the SequenceNumber of the first Start. It grows in the order of a key's queue (W2). */
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

/** Whether the fence is later than anything that a turn with this token and this length of the log can have caused. Then the
 * turn that read it is a zombie and must stop. */
export const isBeyond = (fence: string, token: string, length: number): boolean =>
  fence >= fenceOf(token, length);

/** Whether the item was written by the entry at `position` or by a later one. */
export const hasReached = (item: Attributes | undefined, token: string, position: number): boolean =>
  typeof item?.["f"] === "string" && item["f"] >= fenceOf(token, position);
