/**
 * How long to wait before something on the screen is asked for again.
 *
 * A server that tells of changes is asked when it tells. Else the page looks again and again: seldom while nothing changes, and
 * seldom if an answer is dear. In AWS each one costs read units of DynamoDB, and says how many.
 */

/** With word of changes, as a precaution. */
const TOLD_EVERY_MS = 15_000;
/** Without: the first look is after twice the time, and each answer that brings nothing new doubles it up to this. */
const QUIET_MS_MAX = 60_000;
/** After errors the time between two tries doubles up to this. */
const RETRY_MS_MAX = 30_000;
/** What a page may read in a minute, all that is on it together. */
export const READ_UNITS_A_MINUTE = 100;
const MINUTE_MS = 60_000;
/** However dear: what is shown is no older. */
const DEAR_MS_MAX = 5 * MINUTE_MS;

export interface Pace {
  /** What was asked for. */
  readonly everyMs: number;
  /** The server tells of changes. */
  readonly told: boolean;
  /** It cannot: not now, but for good. */
  readonly silent: boolean;
  /** Tries in a row that have failed. */
  readonly failures: number;
  /** Answers in a row that have brought nothing new. */
  readonly same: number;
  /** Read units of the last answer. */
  readonly units: number;
  /** How many things on the screen cost read units. */
  readonly sharing: number;
}

export function waitMs({ everyMs, told, silent, failures, same, units, sharing }: Pace): number {
  if (failures > 0) return Math.min(everyMs * 2 ** failures, Math.max(everyMs, RETRY_MS_MAX));
  if (told) return Math.max(everyMs, TOLD_EVERY_MS);
  if (!silent) return everyMs;
  const quietMs = Math.min(2 * everyMs * 2 ** same, Math.max(everyMs, QUIET_MS_MAX));
  const dearMs = Math.min((units * Math.max(1, sharing) * MINUTE_MS) / READ_UNITS_A_MINUTE, DEAR_MS_MAX);
  return Math.max(quietMs, dearMs);
}
