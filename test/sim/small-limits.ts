/**
 * Makes the product's limits small while it is loaded. Then a few hundred bytes are too many for one item, message or
 * head, and runs cross every limit cheaply. Call it before you import anything of the product.
 */
import { plant } from "./plant.ts";

let areSmall = false;
/** For threads, which load the product anew. */
export const limitsAreSmall = (): boolean => areSmall;

export function useSmallLimits(): void {
  areSmall = true;
  for (const [file, changes] of Object.entries(SMALL)) {
    plant({
      name: "small limits",
      file,
      changes: changes.map(([find = "", replace = ""]) => ({ find, replace })),
    });
  }
}

export const SMALL: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "lib/limits.ts": [
    ["VALUE_ITEM_BYTES_MAX = 256 * 1024;", "VALUE_ITEM_BYTES_MAX = 1400;"],
    ["MESSAGE_PAYLOAD_BYTES_MAX = 256 * 1024;", "MESSAGE_PAYLOAD_BYTES_MAX = 1200;"],
    ["INLINE_RESULT_BYTES_MAX = 64 * 1024;", "INLINE_RESULT_BYTES_MAX = 1300;"],
    ["READ_AHEAD_BYTES_MAX = 8 * 1024 * 1024;", "READ_AHEAD_BYTES_MAX = 3000;"],
    ["SUSPENDED_HEAD_BYTES_MAX = 4 * 1024;", "SUSPENDED_HEAD_BYTES_MAX = 1500;"],
    ["export const APPEND_BYTES_MAX = 64 * 1024;", "export const APPEND_BYTES_MAX = 1500;"],
    ["export const NOTES_MAX = 250;", "export const NOTES_MAX = 3;"],
    ["NOTES_TAKEN_MAX = 256;", "NOTES_TAKEN_MAX = 2;"],
    ["NOTES_BYTES_MAX = 128 * 1024;", "NOTES_BYTES_MAX = 2000;"],
    ["STATE_EDIT_APPEND_BYTES_MAX = 128 * 1024;", "STATE_EDIT_APPEND_BYTES_MAX = 600;"],
    ["NOTES_FEW_MAX = 64;", "NOTES_FEW_MAX = 1;"],
    ["NOTES_HELD_MAX = 5000;", "NOTES_HELD_MAX = 6;"],
    ["NOTES_RETRY_MS = 60_000;", "NOTES_RETRY_MS = 2000;"],
    ["NOTES_RETRY_MS_MAX = 64 * 60_000;", "NOTES_RETRY_MS_MAX = 32_000;"],
    ["CANCELLED_CALLEES_MAX = 400;", "CANCELLED_CALLEES_MAX = 1;"],
    ["WAIT_LISTS_DEPTH_MAX = 16;", "WAIT_LISTS_DEPTH_MAX = 4;"],
    ["WAIT_LISTS_BYTES_MAX = 512;", "WAIT_LISTS_BYTES_MAX = 24;"],
    ["CLEARED_NAMES_MAX = 100;", "CLEARED_NAMES_MAX = 1;"],
    // All programs are one handler's, and some take long.
    ["export const DIRECT_USUAL_MS_MAX = 600;", "export const DIRECT_USUAL_MS_MAX = 600_000;"],
    ["export const DIRECT_CALLS_MAX = 8;", "export const DIRECT_CALLS_MAX = 3;"],
    // So that waits of both kinds are common.
    ["export const SHORT_WAIT_MS = 500;", "export const SHORT_WAIT_MS = 150;"],
    ["UNRECORDED_WAITS_MS = 1000;", "UNRECORDED_WAITS_MS = 100;"],
    ["INBOX_INLINE_MAX = 8;", "INBOX_INLINE_MAX = 3;"],
    ["INLINE_DRAIN_MAX = 64;", "INLINE_DRAIN_MAX = 3;"],
    ["SETTLE_STEPS_MAX = 64;", "SETTLE_STEPS_MAX = 4;"],
    ["JOURNAL_ENTRIES_MAX = 50_000;", "JOURNAL_ENTRIES_MAX = 16;"],
    ["REPLIES_MAX = 500;", "REPLIES_MAX = 2;"],
    ["WAITERS_MAX = 1000;", "WAITERS_MAX = 1;"],
  ],
  // Two of a shard at a time, in two shards.
  "lib/limits/guards.ts": [
    ["GUARD_PAGE = 100;", "GUARD_PAGE = 2;"],
    ["GUARD_SHARDS = 8;", "GUARD_SHARDS = 2;"],
    ["GUARDS_FOR_PASS_MIN = 5;", "GUARDS_FOR_PASS_MIN = 1;"],
    ["GUARD_PASSES_MS = 10 * 60_000;", "GUARD_PASSES_MS = 2 * 60_000;"],
  ],
  "lib/limits/events.ts": [
    ["RECORDS_SENT_TOGETHER_MAX = 100;", "RECORDS_SENT_TOGETHER_MAX = 4;"],
    ["LANES_AT_ONCE = 16;", "LANES_AT_ONCE = 2;"],
    ["REJECTED_INLINE_BYTES_MAX = 64 * 1024;", "REJECTED_INLINE_BYTES_MAX = 1300;"],
  ],
};
