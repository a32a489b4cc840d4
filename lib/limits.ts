/** Every size, loop and retry has its bound here, asserted where data enters and where it leaves. Units last in the name. */

/** Largest input, result, step result, state value, or payload of a signal, awakeable or promise, in bytes. In base64 it
 * still fits a request or an answer of a Lambda function (6 MB) and of API Gateway (10 MB). */
export const PAYLOAD_BYTES_MAX = 4 * 1024 * 1024;
/** A longer value is stored as several items of at most so many bytes each: DynamoDB takes 400 KB. */
export const VALUE_ITEM_BYTES_MAX = 256 * 1024;
/** A longer payload travels by reference: a message in base64 is below SQS's 1 MiB, and ten in one turn request are
 * below Lambda's 6 MB. */
export const MESSAGE_PAYLOAD_BYTES_MAX = 256 * 1024;
/** A longer result is not kept in the head, which holds log and notes as well. */
export const INLINE_RESULT_BYTES_MAX = 64 * 1024;
/** Chunks of one value under way at the same time: what a turn keeps in memory of it twice. */
export const CHUNK_WRITES_AT_ONCE = 4;
export const CHUNK_READS_AT_ONCE = 8;
/** Values that a replay has read before it needs them, together; at least one. */
export const READ_AHEAD_BYTES_MAX = 8 * 1024 * 1024;
/** Tries of a chunk that the store has no capacity for. */
export const CHUNK_ATTEMPTS_MAX = 8;
/** An entry's value above this goes to an item of its own: a rewrite of the head must not pay for it again. */
export const INLINE_VALUE_BYTES_MAX = 1024;
/** An input at most this long rides in the head when the invocation first suspends. */
export const INLINE_INPUT_BYTES_MAX = 512;
/** Past this size the head's entries are copied to a page. DynamoDB bills an item by its size rounded up to 1 KB. */
export const HEAD_BYTES_SOFT_MAX = 940;
/** Entries of one append at most, in bytes: more are appended in parts, each with its outputs before the next. */
export const APPEND_BYTES_MAX = 64 * 1024;
/** A head that would be larger while suspended is paged first: every note that comes pays for all of it. */
export const SUSPENDED_HEAD_BYTES_MAX = 4 * 1024;
/** Notes in a head's list before the invocation is woken to take them into its log, although it cannot progress. */
export const NOTES_MAX = 500;
/** The same, in bytes. */
export const NOTES_BYTES_MAX = 128 * 1024;
/** Entries of one journal. */
export const JOURNAL_ENTRIES_MAX = 50_000;
/** Object and workflow keys, in UTF-8 bytes: a DynamoDB partition key holds 2,048. */
export const KEY_BYTES_MAX = 1024;
/** Service, handler, step, state key, promise and signal names, in UTF-8 bytes. */
export const NAME_BYTES_MAX = 512;
export const IDEMPOTENCY_KEY_BYTES_MAX = 512;
/** A Lambda function answers at most 6 MB, headers and base64 included. */
export const LAMBDA_ANSWER_BYTES_MAX = 6_000_000;
/** All headers of a request together, in UTF-8 bytes. */
export const HEADERS_BYTES_MAX = 16 * 1024;

/** Messages in one `SendMessageBatch`. */
export const SEND_BATCH_MAX = 10;
/** `DelaySeconds` of an SQS message at most; a longer timer takes the far leg (EventBridge Scheduler). */
export const DELAY_QUEUE_MS_MAX = 15 * 60 * 1000;
/** Sends that one call of `sendAll` retries before it gives the whole append up as "in doubt". */
export const SEND_ATTEMPTS_MAX = 5;
/** Conflicting writes that a note, a hand-off or a parking meets before its message is given back. */
export const CONFLICT_ATTEMPTS_MAX = 8;

/** Deliveries of a message that keeps failing for a reason of its own before its invocation is paused. */
export const RECEIVES_MAX = 10;

/** Parked invocations held in the lock item itself; the rest are items behind its counters. */
export const INBOX_INLINE_MAX = 8;
/** Parked invocations run under one message before the rest go through the mailbox. */
export const INLINE_DRAIN_MAX = 64;
/** A parked invocation is run under another's message only while this much time is left. */
export const DRAIN_MS_MIN = 10_000;
/** Links of a lock's chain of finished owners that one message settles. */
export const SETTLE_STEPS_MAX = 64;
/** Longest that the mailbox keeps a message. An append's outputs are in doubt no longer than that: see R2. */
export const MAILBOX_RETENTION_MS = 4 * 24 * 60 * 60 * 1000;
/** A head outlives its expiry by this: outputs that are in doubt are done again within one retention of the mailbox, and
 * what that sends is handled within another. With a margin for clocks and turns. */
export const HEAD_OUTLIVES_MS = 2 * MAILBOX_RETENTION_MS + 60 * 60 * 1000;
/** A cleared key leaves a tombstone this long, so that an older write still finds a fence: longer than that is in doubt. */
export const TOMBSTONE_MS = MAILBOX_RETENTION_MS + 24 * 60 * 60 * 1000;
/** A promise that is made or awaited before its workflow was invoked is that run's if it is invoked within this. */
export const EARLY_PROMISE_MS = 4 * 24 * 60 * 60 * 1000;
/** What an invocation keeps outside its head, and a workflow's state and promises, is kept this long, besides the
 * retention, from its write; the reconciler renews it while the invocation is open. See docs/decisions/0011-retention.md. */
export const KEEP_MS = 28 * 24 * 60 * 60 * 1000;

/** A back-off up to this long holds the message in the dispatcher; a longer one is a durable timer. */
export const HELD_BACKOFF_MS_MAX = 500;
/** Attempts made under one message before the back-off is made durable all the same. */
export const HELD_ATTEMPTS_MAX = 8;
/** How long a replay may wait for the code to issue a recorded operation before it is a mismatch. */
export const REPLAY_STALL_MS = 2000;

/** How often a turn that runs a step looks for a cancellation that its code waits for, first and at last. */
export const CANCELLATION_LOOK_MS_MIN = 250;
export const CANCELLATION_LOOK_MS_MAX = 4000;

/** Default retries of a client's request (Restate's defaults). */
export const CLIENT_RETRY_ATTEMPTS_MAX = 6;
export const CLIENT_RETRY_DURATION_MS_MAX = 60_000;
export const CLIENT_RETRY_INITIAL_INTERVAL_MS = 250;
export const CLIENT_RETRY_MAX_INTERVAL_MS = 3000;

/** Default retry policy of an invocation (Restate's defaults). */
export const RETRY_INITIAL_INTERVAL_MS = 50;
export const RETRY_MAX_INTERVAL_MS = 60_000;
export const RETRY_FACTOR = 2;
export const RETRY_MAX_ATTEMPTS = 70;
/** Default policy of a `ctx.run` that sets a bound of its own. */
export const RUN_RETRY_INITIAL_INTERVAL_MS = 50;
export const RUN_RETRY_MAX_INTERVAL_MS = 10_000;
/** A run's back-off up to this long is waited for in the turn. */
export const RUN_HELD_BACKOFF_MS_MAX = 2000;

/** Retention of results with an idempotency key, of workflows, and of journals. */
export const IDEMPOTENCY_RETENTION_MS = 24 * 60 * 60 * 1000;
export const WORKFLOW_RETENTION_MS = 24 * 60 * 60 * 1000;
export const JOURNAL_RETENTION_MS = 24 * 60 * 60 * 1000;

/** A deployment is kept this long after the last service left it, whatever is pinned to it: longer than a turn, a reader's
 * cache and an update of a stack that is rolled back. */
export const DEPLOYMENT_GRACE_MS = 24 * 60 * 60 * 1000;

/** Error messages are cut to this many characters before they are stored. */
export const ERROR_MESSAGE_CHARS_MAX = 4000;

/** A line of the engine's log, in characters. In UTF-8, and with JSON's escapes, it is below CloudWatch's 256 KB an event. */
export const LOG_LINE_CHARS_MAX = 32 * 1024;
/** A text in it: a stack of usual depth is shorter. */
export const LOGGED_TEXT_CHARS_MAX = 8 * 1024;
/** Objects in objects, such as causes of errors. */
export const LOGGED_DEPTH_MAX = 8;
/** Fields of one object, and elements of one list. */
export const LOGGED_ITEMS_MAX = 50;
