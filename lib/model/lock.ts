/**
 * A key's lock: which suspended, backing off or paused invocation owns it, and who is parked behind it (W1, W2, R5,
 * R6). While an exclusive invocation has never suspended there is no lock: its message in flight is the lock.
 *
 *   o owner's id · i its incarnation · k its token · q parked, inline · h, t: parked items [h, t) behind it
 *   u when its owner took it; absent of one that was handed it, and so has had a head before
 *
 * An owner with an older token than mine is stale: I run only after all older ones have ended, so what took the lock
 * was a zombie. A parked entry is always written with the lock, never beside one that may just have been freed.
 */
import { type Incarnation, type InvocationId, lockPartition } from "./ids.ts";
import type { Attributes, Change, Condition, Delete, ItemKey, Put, Update } from "./item.ts";
import { INBOX_INLINE_MAX } from "../limits.ts";
import type { Value } from "./value.ts";

export interface Holder {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly token: string;
}

export interface Lock {
  readonly owner: Holder;
  readonly takenAtMs?: number;
  readonly inline: readonly Holder[];
  /** Parked items `from` up to, not including, `to`. */
  readonly from: number;
  readonly to: number;
}

export const lockKey = (service: string, key: string): ItemKey => ({
  table: "state",
  pk: lockPartition(service, key),
  sk: "lock",
});
export const INBOX_PREFIX = "inbox#";
export const inboxKey = (lock: ItemKey, position: number): ItemKey => ({
  ...lock,
  sk: `${INBOX_PREFIX}${String(position).padStart(12, "0")}`,
});

const encodeHolder = ({ id, incarnation, token }: Holder): Value => [id, incarnation, token];
function parseHolder(value: Value | undefined): Holder {
  const [id, incarnation, token] = value as [string, number, string];
  return { id, incarnation, token };
}

export function parseLock(item: Attributes): Lock {
  return {
    owner: parseHolder([item["o"] ?? null, item["i"] ?? null, item["k"] ?? null]),
    ...(typeof item["u"] === "number" ? { takenAtMs: item["u"] } : {}),
    inline: (item["q"] as Value[]).map(parseHolder),
    from: Number(item["h"]),
    to: Number(item["t"]),
  };
}
export const parseInboxItem = (item: Attributes): Holder => parseHolder(item["p"]);

export const sameInvocation = (
  a: Pick<Holder, "id" | "incarnation">,
  b: Pick<Holder, "id" | "incarnation">,
): boolean => a.id === b.id && a.incarnation === b.incarnation;

const own = (holder: Holder): Change[] => [
  { do: "set", attribute: "o", value: holder.id },
  { do: "set", attribute: "i", value: holder.incarnation },
  { do: "set", attribute: "k", value: holder.token },
];
const handed = (holder: Holder): Change[] => [...own(holder), { do: "remove", attribute: "u" }];
const isOwnedBy = ({ id, incarnation }: Holder): Condition => ({
  is: "all",
  of: [
    { is: "present" },
    { is: "eq", attribute: "o", value: id },
    { is: "eq", attribute: "i", value: incarnation },
  ],
});

/** Takes a free or stale lock; succeeds if it is mine already. */
export function takeLock(key: ItemKey, me: Holder, nowMs: number): Update {
  return {
    op: "update",
    key,
    changes: [
      ...own(me),
      { do: "set", attribute: "u", value: nowMs },
      { do: "init", attribute: "q", value: [] },
      { do: "init", attribute: "h", value: 0 },
      { do: "init", attribute: "t", value: 0 },
    ],
    when: {
      is: "any",
      of: [{ is: "absent" }, isOwnedBy(me), { is: "lt", attribute: "k", value: me.token }],
    },
  };
}

/**
 * Parks `who` behind the lock as read; refused if the lock has moved. Past the inline places an item is put first. If
 * that place holds another's item, its parker has died or is slow between its two writes: the write of the lock then
 * completes that parking, whose invocation came first (W2), and `who` must look again.
 */
export function park(key: ItemKey, lock: Lock, who: Holder): { readonly item?: Put; readonly lock: Update } {
  const asRead: Condition[] = [isOwnedBy(lock.owner), { is: "eq", attribute: "t", value: lock.to }];
  if (lock.inline.length < INBOX_INLINE_MAX && lock.from === lock.to) {
    const when: Condition = {
      is: "all",
      of: [...asRead, { is: "size", attribute: "q", value: lock.inline.length }],
    };
    return {
      lock: {
        op: "update",
        key,
        changes: [{ do: "append", attribute: "q", values: [encodeHolder(who)] }],
        when,
      },
    };
  }
  return {
    item: {
      op: "put",
      key: inboxKey(key, lock.to),
      attributes: { p: encodeHolder(who), i: who.id },
      when: { is: "any", of: [{ is: "absent" }, { is: "eq", attribute: "i", value: who.id }] },
    },
    lock: {
      op: "update",
      key,
      changes: [{ do: "set", attribute: "t", value: lock.to + 1 }],
      when: { is: "all", of: asRead },
    },
  };
}

/** From its owner to the next parked one in one conditional write, never free in between; freed if nobody waits.
 * `overflowNext`: the item at `lock.from`, which the caller reads when no parked one is inline. */
export function handOff(
  key: ItemKey,
  lock: Lock,
  overflowNext?: Holder,
): { readonly next?: Holder; readonly write: Update | Delete } {
  const [next] = lock.inline;
  const asRead: Condition[] = [
    isOwnedBy(lock.owner),
    { is: "size", attribute: "q", value: lock.inline.length },
    { is: "eq", attribute: "h", value: lock.from },
    { is: "eq", attribute: "t", value: lock.to },
  ];
  const when: Condition = { is: "all", of: asRead };
  if (next) {
    const changes: Change[] = [...handed(next), { do: "drop", attribute: "q", count: 1 }];
    return { next, write: { op: "update", key, changes, when } };
  }
  if (overflowNext) {
    const changes: Change[] = [...handed(overflowNext), { do: "set", attribute: "h", value: lock.from + 1 }];
    return { next: overflowNext, write: { op: "update", key, changes, when } };
  }
  return { write: { op: "delete", key, when } };
}

/** Whether `who` is parked inline. */
export const isParkedInline = (lock: Lock, who: Holder): boolean =>
  lock.inline.some((held) => sameInvocation(held, who));
