/** Guards that wait in a table (docs/decisions/0056-guards-in-a-table.md). */

/** How long after a pass the next one comes. */
export const GUARD_PASS_EVERY_MS = 60_000;
/** A pass looks at what is due within this. So what it lets be is late by a quarter of a minute at most. */
export const GUARD_AHEAD_MS = 45_000;
/** A guard must be in the table so long before a pass may look at it: the clocks of two functions differ by less. */
export const GUARD_SETTLED_MS = 5000;
/** A guard that is due sooner does not go to the table: it would have too little time to get there. */
export const GUARD_TABLE_MS_MIN = GUARD_AHEAD_MS + 2 * GUARD_SETTLED_MS;
/** Two write units cost what a message does. */
export const GUARD_ITEM_BYTES_MAX = 2048;
/** So many partitions take the guards of one time. DynamoDB takes a thousand writes a second to each. A pass asks for each of them. */
export const GUARD_SHARDS = 8;
/** Guards of the same so many milliseconds are read together: their times begin with the same digits. A power of ten. */
export const GUARD_BLOCK_MS = 100_000;
/** So many guards of a shard are read at a time. */
export const GUARD_PAGE = 100;
/** So many of a shard are looked at at the same time. */
export const GUARD_LOOKS_AT_ONCE = 8;
/** A pass that is so far behind says of each so many milliseconds that they are done. */
export const GUARD_BEHIND_MS = 90_000;
export const GUARD_PART_MS = 5000;
/** After its time a guard is kept for so long, if no pass comes. */
export const GUARD_KEPT_MS = 3 * 24 * 60 * 60_000;
/** A pass begins nothing more so long before its function's time is up. */
export const GUARD_PASS_CLOSING_MS = 5000;

/** Passes begin when so many guards have come out of the queue to one process within {@link GUARD_PASS_EVERY_MS}, and end when they find fewer. A pass
 * costs what is spared by five guards. */
export const GUARDS_FOR_PASS_MIN = 5;
/** A pass that was worth it promises more of them, for so long. */
export const GUARD_PASSES_MS = 10 * 60_000;
/** If passes have not come so far as this long ago, what they would have to look at goes to the queue. */
export const GUARD_PASS_LATE_MS = 3 * 60_000;
/** How long a process believes what it has read of the passes. */
export const GUARD_PASS_KNOWN_MS = 5 * 60_000;
