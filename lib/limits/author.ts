/** Limits of what the author of a handler is told about the code. */

/** Operations that a handler forgot to await, in one line about them. */
export const FORGOTTEN_SHOWN_MAX = 3;
/** Operations of a handler whose lines are noted, the first of an invocation. */
export const SITES_MAX = 64;
/** Places in the code that are looked at for what makes attempts differ. */
export const TRAPPED_PLACES_MAX = 500;
/** Parts of a value that are looked at for what JSON loses. */
export const LOSSES_NODES_MAX = 2000;
/** Values of which it is said that JSON loses something, in a process. */
export const LOSSES_SAID_MAX = 100;
