/** The bounds and times of what the web UI asks for. Index: lib/limits.ts. */

// GET /changes: word of changes, on this machine.

/** Pages that listen at the same time. One more is refused, and polls. */
export const CHANGE_LISTENERS_MAX = 64;
/** Changes come in bursts. The first is told at once, and those of this time together: at most four a second. */
export const CHANGES_EVERY_MS = 250;
/** How often a listener hears something when nothing changes: so that what stands between does not take it for dead. */
export const CHANGES_COMMENT_MS = 15_000;
/** A listener whose connection has ended asks again after this. */
export const CHANGES_RETRY_MS = 1000;
