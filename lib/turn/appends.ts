/** How a turn's entries are divided into appends. */
import { type Entry, isRead, sizeOfEntry } from "../model/entry.ts";
import { APPEND_BYTES_MAX } from "../limits.ts";
import { inParts } from "../model/item.ts";
import { readsFirst } from "./entry-order.ts";

/**
 * With the completion nobody replays any more, so reads need not be recorded (R4). That holds for one append. Of several the
 * first ones are replayed if the turn dies before the last, and what follows a read needs the read.
 */
export function withoutReads(entries: readonly Entry[]): readonly Entry[] {
  const others = entries.filter((entry) => !isRead(entry));
  return inAppends(others).length > 1 ? entries : others;
}

/** What is too much for one append, so that a turn may die between any two (R4). */
export function inAppends(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const parts = inParts(entries, APPEND_BYTES_MAX, sizeOfEntry);
  return parts.length > 1 ? inParts(readsFirst(entries), APPEND_BYTES_MAX, sizeOfEntry) : parts;
}
