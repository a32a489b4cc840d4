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

// GET /overview: what is open, and what has ended lately.

/** Open invocations that a local server keeps in mind, each by itself. Those beyond are not counted, and the answer says so. */
export const OVERVIEW_OPEN_MAX = 50_000;
/** Ended ones that are counted when a local server starts. Beyond, the count is a lower bound. */
export const OVERVIEW_ENDED_MAX = 200_000;
/** Heads of those that ended before it started, read for the series: the newest first. */
export const OVERVIEW_PRIMED_MAX = 1000;
/** Open heads that are read for one answer in AWS. */
export const OVERVIEW_HEADS_MAX = 50;
/** For how long an answer is given again where it costs reads. */
export const OVERVIEW_KEPT_MS = 60_000;
/** Where it costs time, being made from many: so many times as long as it took. Everything else has to wait for it. */
export const OVERVIEW_REST = 50;
/** One that took less is made anew each time: who asks since something has changed, is to see it. */
export const OVERVIEW_QUICK_MS = 10;
/** So many minutes back goes the series of what has ended. */
export const OVERVIEW_MINUTES = 60;
/** Handlers with a series of their own. */
export const OVERVIEW_HANDLERS_MAX = 500;
/** Groups that need attention, in one answer. */
export const OVERVIEW_GROUPS_MAX = 50;
/** So much of an error is kept and shown. */
export const OVERVIEW_ERROR_CHARS_MAX = 300;
/** So many parked behind one key are worth a word. */
export const OVERVIEW_PARKED_MIN = 5;
/** What runs for less is not slow, however fast its like are. */
export const OVERVIEW_SLOW_MS_MIN = 10_000;

// `perdure ui`: a proxy on this machine.

/** Requests on their way at the same time. A browser has six, and each tab is the same browser. */
export const PROXY_REQUESTS_MAX = 64;
/** Random bytes of the key that its pages ask with. */
export const PROXY_KEY_BYTES = 24;

// The audit trail of a local server.

/** Actions that are kept: the newest. */
export const AUDIT_KEPT_MAX = 10_000;
/** Actions in an answer, unless the request says how many. */
export const AUDIT_LIST_DEFAULT = 100;
export const AUDIT_LIST_MAX = 1000;
/** So much of a refusal's message, and of what an action was done to, is kept. */
export const AUDIT_CHARS_MAX = 300;
