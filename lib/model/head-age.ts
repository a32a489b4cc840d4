/** What has become of a head with time: its outputs past doubt, its journal hidden, itself gone. */
import { MAILBOX_RETENTION_MS } from "../limits.ts";
import type { Head } from "./head.ts";

/**
 * Whether the last append's outputs may have been forgotten (R2). The message under which it was made vouches for them
 * until it is deleted, and is gone after the mailbox's retention. `sentAtMs`, of the message at hand, tells of one that
 * a mailbox without such a bound has kept. Older outputs must not be done again. Those whom they concerned may have
 * ended and be forgotten, and would run a second time (M2); a tombstone may be gone (W3).
 */
export const mayBeInDoubt = (
  { appendedAtMs }: Pick<Head, "appendedAtMs">,
  nowMs: number,
  sentAtMs: number = Number.POSITIVE_INFINITY,
): boolean => nowMs - appendedAtMs < MAILBOX_RETENTION_MS || appendedAtMs >= sentAtMs;

/** The journal of one that has ended is shown no more. */
export const isJournalExpired = (head: Pick<Head, "journalExpiresAtMs">, nowMs: number): boolean =>
  head.journalExpiresAtMs !== undefined && head.journalExpiresAtMs <= nowMs;

/** Expired heads count as absent, although DynamoDB deletes them days later. */
export const isExpired = (head: Pick<Head, "expiresAtMs">, nowMs: number): boolean =>
  head.expiresAtMs !== undefined && head.expiresAtMs <= nowMs;
