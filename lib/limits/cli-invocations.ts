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
