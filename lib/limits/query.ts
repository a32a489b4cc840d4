/** The bounds and times of SQL queries (`POST /query`). Index: lib/limits.ts. */

/** Of the text of a query, in UTF-16 code units. */
export const QUERY_CHARS_MAX = 1_000_000;
/** Its words and operators. They are read in the server's own process, so that has to be quick. */
export const QUERY_TOKENS_MAX = 50_000;
/** Parentheses in each other. SQLite takes expressions of some hundreds. */
export const QUERY_DEPTH_MAX = 100;
/** Tables of one FROM: SQLite's own bound. */
export const QUERY_JOINED_MAX = 64;
/** Words of an operand of `::`, or of a sum with times. Each of these in a row encloses the ones before it. */
export const QUERY_OPERAND_TOKENS_MAX = 2000;
/** A longer query is not searched for the place of an error. Each word is tried. */
export const QUERY_SEARCHED_TOKENS_MAX = 2000;
/** From the time that the data of a query has been read: API Gateway waits for 30 seconds in all. */
export const QUERY_MS_MAX = 10_000;
/** A process for queries has started by then. */
export const QUERY_START_MS_MAX = 10_000;
/** Of the process that runs a query. Node itself takes some 50 MB. */
export const QUERY_MEMORY_BYTES_MAX = 768 * 1024 * 1024;
/** The same, in a function that has little memory itself. */
export const QUERY_MEMORY_BYTES_MIN = 128 * 1024 * 1024;
/** What the admin function needs for itself, with the data and the answer of a query. */
export const ADMIN_MEMORY_BYTES = 320 * 1024 * 1024;
/** How often it is looked at. */
export const QUERY_MEMORY_LOOK_MS = 20;
/** Processes that run queries at the same time. */
export const QUERIES_AT_ONCE = 2;
/** Queries that wait for one of them. */
export const QUERIES_WAITING_MAX = 100;
/** And for how long. */
export const QUERY_WAIT_MS_MAX = 10_000;
/** A process without a query is kept for so long. */
export const QUERY_IDLE_MS = 60_000;
/** Rows in one answer. */
export const QUERY_ROWS_MAX = 100_000;
/** Values in one answer, together. */
export const QUERY_BYTES_MAX = 64 * 1024 * 1024;
/** One value, in SQLite. A payload has at most 4 MB. */
export const QUERY_VALUE_BYTES_MAX = 16 * 1024 * 1024;

// What is read for a query.

/** In AWS, unless the request says how many: $0.0006. */
export const QUERY_READ_UNITS_DEFAULT = 5000;
/** The most that a request may ask for. */
export const QUERY_READ_UNITS_MAX = 1_000_000;
/** Invocations of one query. */
export const QUERY_HEADS_MAX = 200_000;
/** Reading goes on for so long, all tables together. */
export const QUERY_READ_MS_MAX = 12_000;
/** Invocations, or keys, that are read at the same time. */
export const QUERY_READS_AT_ONCE = 32;
/** Invocations in one page of the index. */
export const QUERY_PAGE = 1000;
/** Callers of the invocations of one query, whose targets are looked up. */
export const QUERY_CALLERS_MAX = 1000;
/** Keys that have state, in one page. */
export const QUERY_STATE_KEYS_PAGE = 1000;
/** Values of state that one query reads, together. */
export const QUERY_STATE_BYTES_MAX = 64 * 1024 * 1024;
/** Payloads of journals that one query reads, together. */
export const QUERY_JOURNAL_BYTES_MAX = 32 * 1024 * 1024;

// Errors.

/** Names that are offered for one that does not exist. */
export const QUERY_SUGGESTIONS_MAX = 3;
/** A name so long is offered a longer one that it is a part of. */
export const QUERY_SUGGESTED_CHARS_MIN = 3;
