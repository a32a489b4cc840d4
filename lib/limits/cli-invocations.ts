/** The bounds and times of the command line's commands for invocations. Index: lib/limits.ts. */

// Lists.

/** Invocations of a list, unless the command says how many. */
export const CLI_LIST_DEFAULT = 100;
/** Invocations that the admin API is asked for at once: the most that it answers. */
export const CLI_PAGE_MAX = 1000;
/** Pages that one command reads, at most: a million invocations. */
export const CLI_PAGES_MAX = 1000;
/** Names are compared up to this length to guess which one was meant. */
export const NAME_CHARS_MAX = 64;

// Operations on many.

/** Invocations that a pattern or a filter chooses, unless the command says how many. */
export const CLI_CHOSEN_DEFAULT = 500;
/** Ids in one request for an operation, so that progress shows. At most `BULK_IDS_MAX`. */
export const CLI_BULK_IDS = 100;
/** Requests that a command has under way at the same time. */
export const CLI_REQUESTS_AT_ONCE = 8;
/** Invocations that are shown before the question whether to go on. */
export const CLI_PREVIEW_MAX = 10;
/** Ids are read from stdin up to so many bytes. */
export const CLI_STDIN_BYTES_MAX = 64 * 1024 * 1024;

// Replays.

/** Journals of a server that are replayed, unless the command says how many. */
export const CLI_REPLAY_DEFAULT = 100;
/** Journals that are named of those that differ in the same way. */
export const CLI_REPLAY_SHOWN_MAX = 5;
/** Parts of one journal, of a megabyte each. */
export const CLI_RECORDED_PARTS_MAX = 1000;

// What one invocation is described by.

/** Of a value, so many characters are shown without `--full`. */
export const VALUE_SHOWN_CHARS = 120;
/** Steps are shown without `--full`: the first and the last ones of a journal. */
export const STEPS_SHOWN_MAX = 100;
/** Of an attempt's error, so many characters. */
export const ATTEMPT_SHOWN_CHARS = 100;
/** Callees whose status is asked for. */
export const CALLEES_ASKED_MAX = 50;
/** Of those that wait behind a key, so many ids are shown. */
export const WAITING_SHOWN_MAX = 5;

// Following.

/** The pause between two looks at what is followed. */
export const FOLLOW_LOOK_MS = 500;
/** The longest one: it grows while nothing happens. */
export const FOLLOW_LOOK_MS_MAX = 5000;
/** So often a server may not answer before following ends. */
export const FOLLOW_FAILURES_MAX = 10;
/** An invocation that was just accepted may not be found yet: it is looked for so long. */
export const FOLLOW_UNSEEN_MS = 5000;
/** Of those that are open when `tail` begins, so many are shown. */
export const TAIL_SHOWN_MAX = 10;
