/**
 * A key that was taken too late: under a message that is gone, after others had had it.
 *
 * A turn has stood still before its first append, the mailbox has given its message up, and others have had the key. Then the
 * turn took it. As a rule one that has the key keeps its token (R3). With the old token it would be refused for ever (W3). If nobody is
 * parked, all that came before the message at hand have had the key and left it: so that message's token is the right one, and the
 * key is taken with it. Those that are parked have earlier tokens than the message at hand, so they go first (W2), once the state that is
 * refused says that others have gone past this one.
 *
 * Crash points
 * - The turn lives still: its append finds a head that it has not read, or another mark, and is refused (R18). If it was faster, so is
 *   the fence, and the key stays its own.
 * - After the fence: the message comes again, is refused once more, and does the same.
 * - After the hand-off: it comes again, in doubt. It meets the next owner, and wakes it (R23). A resume in a note lane finds that the
 *   key is not its own, and enters where Starts come (R19): the fence has taken its voucher from the head.
 */
import type { Lock } from "../../lib/model/lock.ts";

/** Whether the key was taken under an earlier message than the one at hand. */
export const isTakenBefore = ({ takenAtMs, owner }: Lock, own: string): boolean =>
  takenAtMs !== undefined && owner.token < own;
