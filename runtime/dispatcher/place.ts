/**
 * The place of a delayed start in its key's queue: that of the message which finds it due (W2, R3).
 *
 * A message that comes too early is done, and a later one follows when it is due. Messages behind it may run meanwhile. If it is
 * delivered once more, its place is not the invocation's any longer, and its sequence cannot be the token. So whatever puts the
 * invocation off writes the message's name into the head first, with a fresh mark.
 *
 * Any other message keeps its place when it is delivered once more. A turn may be alive under it, whose caller was told that it is
 * lost: if others began meanwhile, two would run (W1).
 *
 * Crash points
 * - Named, and the later message not arranged: this one comes again, in doubt, and sends one.
 * - A dispatcher that was thought dead still handles this one. If it has read the head before, its turn or its parking is refused.
 *   If it reads the head now, it finds the name, and does nothing.
 */
import { displace } from "../../lib/store/head/transitions.ts";
import { OperationalError } from "../../lib/errors.ts";
import type { Head } from "../../lib/model/head.ts";
import { type InvocationId, isExclusiveId } from "../../lib/model/ids.ts";
import { ON } from "../../lib/model/status-table.ts";
import { isNoLater } from "../../lib/model/voucher.ts";
import type { Delivery, DispatcherPorts } from "./delivery.ts";
import type { StoredInvocation } from "./invocation.ts";
import type { KeyLock } from "./key-lock.ts";

/** The message at hand is done before the invocation is due. */
export async function losePlace(
  ports: DispatcherPorts,
  id: InvocationId,
  head: Head,
  delivery: Delivery,
): Promise<void> {
  if (ON.redelivered[head.status] !== "send-anew" || !isExclusiveId(id) || hasLostPlace(head, delivery))
    return;
  if (!(await displace(ports, id, head, delivery.voucher.name)))
    throw new OperationalError("unavailable", `${id} has moved`);
}

/** Whether the message at hand, or one behind it, came too early before. */
export const hasLostPlace = ({ status, leftBy }: Head, { voucher }: Delivery): boolean =>
  ON.redelivered[status] === "send-anew" && leftBy !== undefined && isNoLater(voucher.name, leftBy);

/**
 * Whether one that has not begun is still in the place of what vouches for it: a guard, the message at hand, or the one that this acts
 * for. A later message of the lane vouches for it as well, since the one that the head names is gone (R17). But its place is gone with
 * it: the mailbox gave it up, and others of the key have begun since, or will. If such a message took the key for it, that would be
 * kept for what waits to be resumed (R16), and with a token that others have passed (W3).
 */
export const isInPlace = ({ voucher, guard }: Head, { voucher: { name, of } }: Delivery): boolean =>
  guard !== undefined || (voucher !== undefined && (voucher === name || voucher === of));

/**
 * What is resumed has a token, and no place among its key's writers. A message wrote its head, to park it, and the mailbox gave that
 * message up before the place was in the lock; or another owner had the key when it was held. Others have begun since. With the old
 * token it would begin after them (W2), and its writes would lose to theirs (W3). So it takes the token of the message that resumes
 * it, as one that had no head does (R16).
 *
 * What has begun has the lock (R5). What the lock names keeps its token, which is that of its place. Crash after the release: the
 * message that it names comes again, and gives the same token.
 */
export async function isWithoutPlace(
  locks: KeyLock,
  invocation: StoredInvocation,
  delivery: Delivery,
): Promise<boolean> {
  const { holder, head } = invocation;
  const isHeld = head.status === "paused" && !isInPlace(head, delivery);
  if (!holder || head.token === undefined || head.length > 0 || !isHeld) return false;
  return !(await locks.hasPlace(invocation, holder));
}
