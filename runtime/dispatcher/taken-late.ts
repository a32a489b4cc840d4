/**
 * A key that was taken too late: under a message that is gone, after others may have had it.
 *
 * A turn has stood still before its first append, the mailbox has given its message up, and others have had the key. Then the
 * turn took it. As a rule one that has the key keeps its token (R3). With the old token it would write what is older than others have
 * read, or be refused for ever (W3). So a later message finds that the head has no token, and that the lock's is older than its own.
 * The lane is in order: all that came between are parked, or have had the key. Those that are parked go first, and it takes the place of
 * the message at hand (W2).
 *
 * Crash points
 * - The turn lives still: its append finds a head that it has not read, or another mark, and is refused (R18). If it was faster, so is
 *   the fence, and the key stays its own.
 * - After the fence: the message comes again, and does the same.
 * - After the hand-off: it comes again, in doubt. It meets the next owner, and wakes it (R23). A message of another lane leaves
 *   it alone: the fence has written the message at hand into the head as what vouches for it.
 * - After it has taken the key anew: it comes again, and has the key.
 */
import type { Lock } from "../../lib/model/lock.ts";
import type { Invocation } from "./invocation.ts";

/** The owner has taken the lock itself, and has written nothing since: it may have taken it too late. */
export const isBeforeFirstAppend = ({ takenAtMs }: Lock, { head }: Pick<Invocation, "head">): boolean =>
  takenAtMs !== undefined && head?.token === undefined;

/** So it has, if it took it under an earlier message than the one at hand, whose token would be `own`. */
export const isTakenLate = (lock: Lock, invocation: Invocation, own: string): boolean =>
  isBeforeFirstAppend(lock, invocation) && lock.owner.token < own;
