/** The bounds and times of the ingress and of the admin API. Index: lib/limits.ts. */

// The ingress.

/** How long a call waits for its result: API Gateway cuts a request off after 29 to 30 seconds. */
export const CALL_WAIT_MS = 25_000;
/** The same behind a function URL, where the function's own time is the end: Lambda's longest, without what an answer takes. */
export const URL_CALL_WAIT_MS = 15 * 60 * 1000 - 10_000;
/** How long a browser may keep the answer to a preflight: the longest that Chrome takes. */
export const PREFLIGHT_KEPT_SECONDS = 7200;
/** Turns that one process of the ingress runs at a time (R27). Further calls go by the queue. */
export const DOOR_TURNS_MAX = 500;
/** After so long the head is looked at as well: something else may have ended the invocation. */
export const DOOR_LOOK_MS = 2000;
/** A turn takes itself for left alone so much before its caller is told that the time is up: two that see to it do no harm. */
export const DOOR_ALONE_MS = 3000;
/** The longest turn: a Lambda function runs no longer. Its own timeout, and the handler's `abortTimeout`, may be shorter. */
export const DOOR_TURN_MS_MAX = 15 * 60 * 1000;
/** The longest single watch of a head: a notification that got lost costs this much. */
export const RESULT_WATCH_MS_MAX = 10_000;
/** The pause after a look that failed. */
export const RESULT_RETRY_MS = 1000;
/** The id of a handler's call does not tell its age. A request that attaches to one without a head waits this long for it. */
export const UNSEEN_GRACE_MS = 5000;
/** An id that was made so recently may be of an invocation that is accepted and still has neither a head nor a stub. */
export const UNSEEN_MADE_MS = 20_000;
/** An answer waits at most this long for the state that its invocation wrote (R1). Longer means that a dispatcher has died,
 * and the write comes with the redelivery. */
export const VISIBLE_MS_MAX = 10_000;
/** The longest single watch of such a state item. */
export const VISIBLE_WATCH_MS_MAX = 1000;
/** The state of an invocation that ended longer ago was written long ago: it is not looked for. */
export const VISIBLE_RECENT_MS = 30 * 60 * 1000;

// The admin API: lists of invocations. Each bound keeps one request short: API Gateway waits for 30 seconds.

/** Invocations in one answer, unless the request says how many. */
export const LIST_DEFAULT = 100;
/** The most that a request may ask for. */
export const LIST_MAX = 1000;
/** If nothing matches, a request looks on for so long: in AWS that is some 50,000 heads. */
export const LIST_MS_MAX = 10_000;
/** Heads that one request looks at, when few of them match. */
export const LIST_HEADS_MAX = 2000;
/** Shards read at the same time. */
export const LIST_READS_AT_ONCE = 32;
/** A shard is asked for this many entries at the least. */
export const LIST_CHUNK_MIN = 16;
/** Without an index: pages of the store that one request looks through. */
export const HEAD_SCANS_MAX = 20;
/** Entries of the list that are looked at to find which invocation a brief id means. */
export const BRIEF_ID_LOOKS_MAX = 200_000;
/** Of them in a page. */
export const BRIEF_ID_PAGE = 1000;
/** Brief ids in one request that are looked for. */
export const BRIEF_IDS_MAX = 100;
/** The last moment that a `Date` can hold. */
export const DATE_MS_MAX = 8_640_000_000_000_000;

// The admin API: views and changes. A Lambda function answers at most 6 MB.

/** Entries of a journal in one answer. */
export const JOURNAL_VIEW_ENTRIES_MAX = 1000;
/** Values in it, together. Longer ones are listed with their length only. */
export const JOURNAL_VIEW_BYTES_MAX = 2 * 1024 * 1024;
/** The longest beginning of a value that a request may ask for: as long as values are that ride in an entry. */
export const JOURNAL_VIEW_VALUE_CHARS_MAX = 64 * 1024;
/** The text that says what an invocation waits for. */
export const WAIT_VIEW_CHARS_MAX = 1000;
/** The same as a tree: parts of one combinator, and combinators within each other. */
export const WAIT_VIEW_PARTS_MAX = 100;
export const WAIT_VIEW_DEPTH_MAX = 8;
/** Parts of one combinator in a list of invocations, whose rows name fewer. */
export const WAIT_LISTED_PARTS_MAX = 8;
/** Keys with state in one answer, unless the request says how many. */
export const STATE_KEYS_DEFAULT = 100;
/** The most that a request may ask for. */
export const STATE_KEYS_MAX = 1000;
/** Names of one key's state in one answer. */
export const STATE_NAMES_MAX = 10_000;
/** Values of state in one answer, together. Longer ones are listed with their length only. */
export const STATE_VIEW_BYTES_MAX = 2 * 1024 * 1024;
/** Invocations behind a key's lock in one answer, unless the request says how many. */
export const LOCK_WAITING_DEFAULT = 100;
/** The most that a request may ask for. */
export const LOCK_WAITING_MAX = 1000;
/** Invocations that one bulk request names or finds. */
export const BULK_IDS_MAX = 1000;
/** Invocations that one bulk request finds by a filter, unless it says how many. */
export const BULK_FOUND_DEFAULT = 100;
/** Invocations that it changes at the same time. */
export const BULK_AT_ONCE = 16;
/** Items of an invocation that a purge deletes at the same time. */
export const PURGE_DELETES_AT_ONCE = 25;
/** A purge has ended by then. Until then the head does not expire by itself. */
export const PURGE_HELD_MS = 10 * 60 * 1000;
/** Entries in one page of a restarted journal: well below what an item holds. */
export const RESTART_PAGE_BYTES_MAX = 128 * 1024;
/** Random bytes that tell the restarts of one invocation apart. */
export const RESTART_NONCE_BYTES = 12;
/** Values that a restart copies at the same time. */
export const RESTART_COPIES_AT_ONCE = 16;

// Deployments.

/** Pages of the index that a removal looks through for pinned invocations. */
export const PINNED_PAGES_MAX = 50;
/** Deployments that were moved away from their address, with others registered there since. */
export const SAME_ADDRESS_MAX = 100;

// Answers of queries.

/** Rows in one batch of an answer in Arrow. A reader holds a batch in memory. */
export const ARROW_BATCH_ROWS_MAX = 4096;
