/** When a timer may be due: whatever code or an older version has asked for, as a number that every adapter can write (T1). */
import { invariant } from "./errors.ts";

/** A whole millisecond, not earlier than `atMs`. "For ever" becomes the largest number, since JSON has no infinity. Throws an
 * invariant's error for `NaN`. */
export function timerTime(atMs: number): number {
  invariant(!Number.isNaN(atMs), "T1", "a timer is due at a time that is not a number");
  return Math.min(Math.max(Math.ceil(atMs), 0), Number.MAX_VALUE);
}
