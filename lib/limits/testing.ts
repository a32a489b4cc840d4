/** The bounds of runs with faults, of `perdure/testing`. Index: lib/limits.ts. */

/** After so many turns of the event loop without a request, what a request has caused has come to rest. */
export const QUIET_TURNS = 4;
/** So long a handler may await something of its own, outside of a step, before time passes. */
export const REST_MS = 2;
/** Requests of handlers in one run of a test: each is a crash point. */
export const CRASH_POINTS_MAX = 2000;
/** Timers that are waited for when the test has ended, before its outcome is looked at. */
export const DRAINED_TIMERS_MAX = 50;
/** Invocations, keys of a service, and items of a table, whose outcome is compared. */
export const OUTCOMES_MAX = 1000;
/** A run hangs if for so long nothing goes on and no timer is set, while its test awaits an invocation. Real time. */
export const STANDSTILL_MS_MAX = 1000;
/** Timers to which time has jumped in one run, before it counts as one without an end. */
export const PASSED_TIMERS_MAX = 200;
/** Open invocations that are named then. */
export const STANDING_SHOWN_MAX = 5;
/** A run that has not ended by then hangs, whatever it does. Real time. */
export const FAULTY_RUN_MS_MAX = 10_000;
/** Faults that change what a test comes to, before no more are tried. */
export const CRASH_FAILURES_MAX = 20;
/** Differences that are shown, and faults with the same one. */
export const FAILURES_SHOWN_MAX = 5;
/** Lines of an outcome that are shown. */
export const DIFFERENCES_SHOWN_MAX = 10;
/** How often `explore` runs a test unless it is told. */
export const EXPLORED_RUNS_DEFAULT = 200;
export const EXPLORED_RUNS_MAX = 1_000_000;
/** Runs that make a failing one smaller. */
export const SHRINK_RUNS_MAX = 100;
/** By so much a time may differ from the one that a matcher is told. */
export const UNTIL_MS_MAX = 1000;
