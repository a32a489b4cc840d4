/**
 * Vouchers (R17): which message will run an invocation again if its turn dies.
 *
 * Messages of one invocation come through several groups, its lanes, and are handled side by side. So that a head is
 * `running` does not say that its turn has died: the turn may be alive, under a message of another lane. The head therefore
 * names the message that vouches for the turn.
 *
 * - A message in a lane, by lane and sequence. If a later message of that lane is handed out, the one that was named is gone,
 *   and the later one takes its place (FIFO).
 * - A guard, by a name of its own: a message that comes out of the timers when it is due. While a head names a guard, no
 *   message of a lane vouches for it.
 *
 * What a voucher does not name leaves a note and runs nothing. No clock is compared.
 */
import { digest } from "../hash.ts";

/** What vouches for a turn, as a head names it. */
export interface Vouched {
  /** A message: its lane and its sequence. Absent: an earlier version wrote the head, or it rests. */
  readonly voucher?: string;
  /** A guard. It counts before `voucher`. */
  readonly guard?: string;
}

/** A message as a voucher. */
export interface Voucher {
  readonly name: string;
  /** The message acts for another one, that is gone. */
  readonly of?: string;
  /** It is this guard, or this guard has taken its place. */
  guard?: string;
  /** It may have been deleted: it vouches for nothing more. */
  isGone?: boolean;
}

const LANE_BYTES = 6;
const SEQUENCE_DIGITS = 20;
const EPOCH_DIGITS = 4;

/** Names a message of the mailbox. The order of the names is that of the messages, within a lane. `epoch`: a mailbox that was replaced
 * numbers from the start again, and what it hands out comes after all that the one before it has. */
export const voucherOf = (group: string, sequence: string, epoch = 0): string =>
  `${laneName(group)}.${epochOf(epoch)}${sequence.padStart(SEQUENCE_DIGITS, "0")}`;

/** A letter is later than each digit: earlier versions compare the names as they are. */
const epochOf = (epoch: number): string =>
  epoch === 0 ? "" : `e${String(epoch).padStart(EPOCH_DIGITS, "0")}.`;

/** For turns that run under no message, where their call was accepted (R27): it names none. */
export const atDoor = (): string => voucherOf("", "0");

const laneName = (group: string): string =>
  Buffer.from(digest(LANE_BYTES, "lane", group)).toString("base64url");
const laneIn = (name: string): string => name.slice(0, name.indexOf("."));

/** Whether both name messages of one lane: then the earlier one was done before the later one was handed out. */
export const isSameLane = (name: string, other: string): boolean => laneIn(name) === laneIn(other);

/** Whether this is the message, or one that came before it in its lane. */
export const isNoLater = (mine: string, other: string): boolean => isSameLane(mine, other) && mine <= other;

/** The message is gone, if `of` is: it is that one, or came before it in its lane, and so was done before it, or together with it. */
export const isGoneWith = (message: string, of: string | undefined): boolean =>
  of !== undefined && isNoLater(message, of);

/** `other`: another message will run it again. `unknown`: no message is named. */
export function whoVouches({ voucher, guard }: Vouched, mine: Voucher): "this" | "other" | "unknown" {
  if (guard !== undefined) return guard === mine.guard ? "this" : "other";
  if (voucher === undefined) return "unknown";
  return isNoLater(voucher, mine.name) || isGoneWith(voucher, mine.of) ? "this" : "other";
}
