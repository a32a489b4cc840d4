/**
 * The lock of a key: which invocation owns the key, and which ones are parked behind it (W1, W2, R5, R6).
 *
 * Job: builds and parses the lock's writes, as pure functions. When they are done is decided in
 * runtime/dispatcher/key-lock.ts.
 *
 * An invocation takes the lock when it first rests: suspended, backing off or paused. Before that there is no lock
 * item. The invocation's message in flight is the lock.
 *
 *   o, i, k   the owner's id, incarnation and token
 *   u         when the owner took the lock. Absent if the lock was handed to it; then the owner has had a head,
 *             since only an invocation with a head is parked
 *   q         parked invocations inside the lock item
 *   h, t      parked invocations in items of their own: the positions from h up to, not including, t
 *
 * Invariants
 * - An owner with an older token than mine is stale, and I may take its lock. I run only after all older invocations
 *   of the key have ended, so it was a zombie that took the lock.
 * - Parking always includes a conditional write of the lock item. So nobody is parked behind a lock that has just
 *   been freed.
 */
import { type Incarnation, type InvocationId, lockPartition } from "./ids.ts";
import {
  all,
  type Attributes,
  type Change,
  type Condition,
  type Delete,
  type ItemKey,
  oneOf,
  type Put,
  type Update,
} from "./item.ts";
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

// The clauses of the conditions. Each is named for the case that it lets through.
const isFree: Condition = { is: "absent" };
const isOwnedBy = ({ id, incarnation }: Holder): Condition =>
  all(
    { is: "present" },
    { is: "eq", attribute: "o", value: id },
    { is: "eq", attribute: "i", value: incarnation },
  );
/** Stale: see the invariants above. */
const hasOlderOwner = ({ token }: Holder): Condition => ({ is: "lt", attribute: "k", value: token });
const hasInline = ({ inline }: Lock): Condition => ({ is: "size", attribute: "q", value: inline.length });
const beginsWith = ({ from }: Lock): Condition => ({ is: "eq", attribute: "h", value: from });
const endsBefore = ({ to }: Lock): Condition => ({ is: "eq", attribute: "t", value: to });
const isNobodysPlaceOr = ({ id }: Holder): Condition =>
  oneOf({ is: "absent" }, { is: "eq", attribute: "i", value: id });

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
    when: oneOf(isFree, isOwnedBy(me), hasOlderOwner(me)),
  };
}

/**
 * Parks `who` behind the lock as read; refused if the lock has moved. Past the inline places an item is put first. If
 * that place holds another's item, its parker has died or is slow between its two writes: the write of the lock then
 * completes that parking, whose invocation came first (W2), and `who` must look again.
 */
export function park(key: ItemKey, lock: Lock, who: Holder): { readonly item?: Put; readonly lock: Update } {
  const isAsRead = all(isOwnedBy(lock.owner), endsBefore(lock));
  if (lock.inline.length < INBOX_INLINE_MAX && lock.from === lock.to) {
    const changes: Change[] = [{ do: "append", attribute: "q", values: [encodeHolder(who)] }];
    return { lock: { op: "update", key, changes, when: all(isAsRead, hasInline(lock)) } };
  }
  return {
    item: {
      op: "put",
      key: inboxKey(key, lock.to),
      attributes: { p: encodeHolder(who), i: who.id },
      when: isNobodysPlaceOr(who),
    },
    lock: {
      op: "update",
      key,
      changes: [{ do: "set", attribute: "t", value: lock.to + 1 }],
      when: isAsRead,
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
  const when = all(isOwnedBy(lock.owner), hasInline(lock), beginsWith(lock), endsBefore(lock));
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
