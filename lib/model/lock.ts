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
 *   u         how the owner came by it. A number: when it took the lock. A text: the lock was handed to it, and the text
 *             names the message under which that was done (R23): the owner runs under it, or, with a `~` before the name, a
 *             message goes to the owner. Absent, or empty: an earlier version handed it the lock. One that was handed it has
 *             had a head, since only an invocation with a head is parked
 *   g         a nonce, set when the lock is taken. Absent: an earlier version took it
 *   q         parked invocations inside the lock item
 *   h, t      parked invocations in items of their own: the positions from h up to, not including, t
 *
 * Invariants
 * - An owner with an older token than mine is stale, and I may take its lock. I run only after all older invocations
 *   of the key have ended, so it was a zombie that took the lock.
 * - Parking always includes a conditional write of the lock item. So nobody is parked behind a lock that has just
 *   been freed.
 * - The lock that a parker writes is the one that it read before it looked at the owner: `g` and `u` are the same. Else the
 *   lock could have been freed and taken once more, by a zombie of the same owner, and nobody would pass that one on.
 *   A hand-off needs no new `g`: it has another owner, and an owner comes back only by taking the lock.
 *
 * Earlier versions read a text in `u` as "handed over", remove it with their hand-offs, and replace it when they take the
 * lock. So it never speaks of an owner that it was not written for.
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
  /** When its owner took it. Absent: the lock was handed to the owner. */
  readonly takenAtMs?: number;
  /** The message under which the lock was handed to its owner. Absent of one that was handed over: an earlier version did it,
   * and has not said. */
  readonly handedBy?: string;
  /** A message goes to the owner that the lock was handed to. Absent: the owner runs under the message that handed it over. */
  readonly isWoken?: true;
  /** Names the taking of it. */
  readonly nonce?: string;
  readonly inline: readonly Holder[];
  /** Parked items `from` up to, not including, `to`. */
  readonly from: number;
  readonly to: number;
}

/** Of the name of a taking. */
export const LOCK_NONCE_BYTES = 6;
const WOKEN = "~";
/** How a lock is handed over under the message of this name if another message goes to the new owner. */
export const wokenBy = (message: string): string => `${WOKEN}${message}`;

export const LOCK = "lock";
export const lockKey = (service: string, key: string): ItemKey => ({
  table: "state",
  pk: lockPartition(service, key),
  sk: LOCK,
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
    ...(typeof item["u"] === "string" ? parseHanded(item["u"]) : {}),
    ...(typeof item["g"] === "string" ? { nonce: item["g"] } : {}),
    inline: (item["q"] as Value[]).map(parseHolder),
    from: Number(item["h"]),
    to: Number(item["t"]),
  };
}
function parseHanded(how: string): Pick<Lock, "handedBy" | "isWoken"> {
  if (how === "") return { isWoken: true };
  return how.startsWith(WOKEN) ? { handedBy: how.slice(WOKEN.length), isWoken: true } : { handedBy: how };
}
/** As it is stored. */
function handedAs({ handedBy, isWoken }: Lock): string | undefined {
  if (!isWoken) return handedBy;
  return handedBy === undefined ? "" : wokenBy(handedBy);
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
const handed = (holder: Holder, by: string): Change[] => [
  ...own(holder),
  { do: "set", attribute: "u", value: by },
];

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
const has = (attribute: string, value: string | number | undefined): Condition =>
  value === undefined ? { is: "missing", attribute } : { is: "eq", attribute, value };
/** Its owner has not come by it once more since it was read. */
const isTakenAsRead = (lock: Lock): Condition =>
  all(has("g", lock.nonce), has("u", lock.takenAtMs ?? handedAs(lock)));
const isNobodysPlaceOr = ({ id }: Holder): Condition =>
  oneOf({ is: "absent" }, { is: "eq", attribute: "i", value: id });

/** Takes a free or stale lock; succeeds if it is mine already. `nonce`: a new one. */
export function takeLock(key: ItemKey, me: Holder, nowMs: number, nonce: string): Update {
  return {
    op: "update",
    key,
    changes: [
      ...own(me),
      { do: "set", attribute: "u", value: nowMs },
      { do: "set", attribute: "g", value: nonce },
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
  const isAsRead = all(isOwnedBy(lock.owner), isTakenAsRead(lock), endsBefore(lock));
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
 * `by`: the message that the next one runs under at once, or {@link wokenBy} it. `overflowNext`: the item at `lock.from`, which
 * the caller reads when no parked one is inline. */
export function handOff(
  key: ItemKey,
  lock: Lock,
  by: string,
  overflowNext?: Holder,
): { readonly next?: Holder; readonly write: Update | Delete } {
  const [next] = lock.inline;
  const when = all(isOwnedBy(lock.owner), hasInline(lock), beginsWith(lock), endsBefore(lock));
  if (next) {
    const changes: Change[] = [...handed(next, by), { do: "drop", attribute: "q", count: 1 }];
    return { next, write: { op: "update", key, changes, when } };
  }
  if (overflowNext) {
    const changes: Change[] = [
      ...handed(overflowNext, by),
      { do: "set", attribute: "h", value: lock.from + 1 },
    ];
    return { next: overflowNext, write: { op: "update", key, changes, when } };
  }
  return { write: { op: "delete", key, when } };
}

/** Deletes the place of one that was handed the key. Not if another one has it now: who is slow may do this when the lock was freed
 * and taken anew, and its places are counted from 0 again. */
export const leave = (place: ItemKey, { id }: Holder): Delete => ({
  op: "delete",
  key: place,
  when: { is: "eq", attribute: "i", value: id },
});

/** Whether `who` is parked inline. */
export const isParkedInline = (lock: Lock, who: Pick<Holder, "id" | "incarnation">): boolean =>
  lock.inline.some((held) => sameInvocation(held, who));
