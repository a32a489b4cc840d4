/** Limits of what the author of a handler is told about the code. */

/** Operations that a handler forgot to await, in one line about them. */
export const FORGOTTEN_SHOWN_MAX = 3;
/** Operations of a handler whose lines are noted, the first of an invocation. */
export const SITES_MAX = 64;
