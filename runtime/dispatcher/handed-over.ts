/**
 * What a lock says of its owner: whether it has ended, whether it was told that it has the key, and who begins it (R23).
 *
 * Job: pure functions of the lock, the owner's head and the message at hand. key-lock.ts acts on them.
 */
import type { Head } from "../../lib/model/head.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Lock } from "../../lib/model/lock.ts";
import { ON } from "../../lib/model/status-table.ts";
import { atDoor, isGoneWith, isNoLater, whoVouches } from "../../lib/model/voucher.ts";
import type { Delivery } from "./delivery.ts";
import type { Invocation } from "./invocation.ts";

/** Its request was repeated, and this is the Start of the repeat: the message that has handed it the key runs it, or has sent a message
 * that does. One in doubt does not believe that. */
export const isBegunByOther = ({ handedBy }: Lock, { head }: Invocation, delivery: Delivery): boolean =>
  handedBy !== undefined &&
  head?.status === "pending" &&
  head.voucher === undefined &&
  !(delivery.isNote || delivery.asOwner || delivery.inDoubt || isOfThese(handedBy, delivery));

export const isHandedBy = ({ handedBy }: Lock, message: string | undefined): boolean =>
  handedBy !== undefined && isGoneWith(handedBy, message);

/** Under the message at hand, or one of those that are handled together with it: each of them may have been delivered alone before. */
const isOfThese = (handedBy: string, { isNote, voucher: { name } }: Delivery): boolean =>
  handedBy === name || (isNote && isNoLater(handedBy, name));

/** The message that a wake acts for: the one at hand, or the one that this acts for itself, if that has handed the key over. Its
 * zombie may hand the key on and on, and what runs under it then has that one for a voucher. */
export const actedFor = (lock: Lock, { voucher: { name, of } }: Delivery): string =>
  of !== undefined && isHandedBy(lock, of) ? of : name;

/** The lock was handed to its owner, and perhaps nobody has told the owner: by an earlier version, or before the message that
 * goes to it was sent, or to run under the message at hand, which has come again. A delivery in doubt does not believe that a
 * pending owner runs under another message: a zombie may have said so, and died. What runs under the message at hand, or under an
 * earlier one of its lane, is left by it however it came by the lock. */
export function isUntold(lock: Lock, head: Head | undefined, delivery: Delivery): boolean {
  const { inDoubt, voucher } = delivery;
  const { takenAtMs, handedBy, isWoken } = lock;
  if (!head) return false;
  if (head.status === "running" && whoVouches(head, voucher) === "this") return true;
  if (takenAtMs !== undefined) return false;
  const isPending = ON.owner[head.status] === "wake";
  if (isWoken || (isPending && inDoubt)) return isPending;
  if (isHeld(head)) return false;
  // It was let go of: its own guard sees to what it has come to (R26).
  if (head.guard !== undefined || head.leftBy === atDoor()) return false;
  return handedBy === undefined || isOfThese(handedBy, delivery) || isHandedBy(lock, voucher.of);
}

/** It is paused, and goes on for nobody but an operator, whose message comes where Starts come. */
const isHeld = ({ status, voucher, guard }: Head): boolean =>
  status === "paused" && voucher === undefined && guard === undefined;

/**
 * Whether others of its key have gone past one that waits to begin. A message looks at it that is later than that of its place: its
 * Start that an operator has delivered once more, or a poke. So the message of its place is gone. It was done, and the place is in the
 * lock; or the mailbox gave it up, and the place may never have been. The lock shows that where it costs nothing: nobody has the key, a
 * later one has it, or all places are in the lock and this one is not among them. With its old token it would be refused for ever (W3).
 *
 * Crash after the new token is written: the message comes again, and its token is the head's. What has read the head before is refused
 * (R18). A place that is written late, with the old token, is for one that has the new one: the head's counts (`ordered`).
 */
export function wasPassed(id: InvocationId, head: Head, own: string, lock: Lock | undefined): boolean {
  const { status, token, length, voucher, guard } = head;
  const waits = status === "pending" && length === 0 && voucher === undefined && guard === undefined;
  if (!waits || token === undefined || own <= token) return false;
  if (!lock || lock.owner.token > token) return true;
  return lock.from === lock.to && !lock.inline.some((parked) => parked.id === id);
}
