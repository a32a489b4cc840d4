/** Code that is asked whether it does what journals have recorded: on this machine, and before it takes over in AWS (D1). Index: lib/limits.ts. */

// A rehearsal.

/** How long one replay of what is recorded may take, before the invocation stays where it is. */
export const REHEARSAL_MS_MAX = 3000;
/** Invocations that are rehearsed in one process, or by one request of a function. */
export const REHEARSED_AT_ONCE = 50;
/** Of them, those that are rehearsed once more in a process of their own, because one of them was in the way. */
export const REHEARSED_ALONE_MAX = 10;

// In a function (docs/decisions/0051-the-gate.md).

/** Rehearsals that a function runs at the same time: its share of a processor is small, and the time of each counts from its beginning. */
export const REHEARSALS_RUN_AT_ONCE = 10;
/** A journal, as text. Lambda takes 6 MB in a request, in which the text's quotes are escaped. */
export const REHEARSED_JOURNAL_BYTES_MAX = 3 * 1024 * 1024;
/** The journals of one request together, as they are sent. */
export const REHEARSAL_REQUEST_BYTES_MAX = 5 * 1024 * 1024;
/** How long a function may take to answer one, a cold start included. It is longer than its rehearsals may take, one after the other. */
export const REHEARSAL_REQUEST_MS_MAX = 40_000;

// The gate: a registrar that asks new code before it takes over.

/** Open invocations that are asked about, unless the stack says how many. */
export const GATE_SAMPLE_DEFAULT = 500;
/** The same, if it says so. Each is a read, and a fiftieth of an invocation. */
export const GATE_SAMPLE_MAX = 5000;
/** Lists of open invocations that are read at the same time. */
export const GATE_LISTS_AT_ONCE = 8;
/** Entries of a page of such a list. */
export const GATE_LIST_PAGE_MAX = 500;
/** Journals that are read at the same time: all of them may be as large as one may be. */
export const GATE_READS_AT_ONCE = 4;
/** Invocations that are moved at the same time. */
export const GATE_MOVES_AT_ONCE = 8;
/** All of it. The registrar has to answer afterwards. */
export const GATE_MS_MAX = 180_000;
/** Before the registrar's time is over, the gate ends: what follows needs that long. */
export const GATE_SPARE_MS = 30_000;
/** Invocations that the report names of those that have one reason. The log has all. */
export const GATE_SHOWN_MAX = 3;
/** Reasons in the report. CloudFormation takes a short one. */
export const GATE_REASONS_MAX = 5;
