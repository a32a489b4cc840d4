/**
 * The engine's bounds and times, grouped by the rule that needs them. The unit stands last in the name, before `MAX` or
 * `MIN`. Each is checked where data enters and where it leaves. Rules: docs/protocol.md and ARCHITECTURE.md.
 *
 * - This file: what the protocol, the dispatcher and a turn of a handler need.
 * - limits/aws.ts: what DynamoDB, SQS, Lambda and the other services take, and how long they are waited for.
 * - limits/http.ts: the ingress and the admin API.
 * - limits/query.ts, limits/events.ts, limits/tracing.ts, limits/guards.ts: SQL queries; event sources; spans to a collector; guards in a table.
 * - limits/local.ts, limits/testing.ts: `perdure dev`, `perdure/testing`, and the stores on this machine.
 * - limits/replay.ts, limits/ui.ts: code that is asked whether it does what journals have recorded; what the web UI asks for.
 * - limits/cli.ts, limits/cli-invocations.ts: the command line, and how long it waits for AWS.
 * - limits/author.ts: what the author of a handler is told of the code.
 *
 * A size that a format consists of, such as the bytes of an id, stands with the format. test/unit/limits.test.ts has the list.
 */

// P1: sizes of what users hand in.

/** The largest input, result, step result, state value, or payload of a signal, awakeable or promise. In base64 it still
 * fits a request or an answer of a Lambda function (6 MB) and of API Gateway (10 MB). */
export const PAYLOAD_BYTES_MAX = 4 * 1024 * 1024;
/** Object and workflow keys, in UTF-8. A DynamoDB partition key holds 2,048 bytes, and holds the service's name as well. */
export const KEY_BYTES_MAX = 1024;
/** Service, handler, step, state key, promise and signal names, in UTF-8. */
export const NAME_BYTES_MAX = 512;
/** It is kept in the head. */
export const IDEMPOTENCY_KEY_BYTES_MAX = 512;
/** All headers of a request together, in UTF-8. They are kept with the input. */
export const HEADERS_BYTES_MAX = 16 * 1024;
/** The metadata of a TerminalError, names and texts, in UTF-8. It is kept in the head, and in the entries of those it reaches. */
export const METADATA_BYTES_MAX = 16 * 1024;
/** Objects in a value that are searched for the one that cannot be stored, to say where it is. */
export const HELD_NODES_MAX = 10_000;
/** Lists and objects in each other, in an input. Deeper ones cannot be written again: JSON's writer is recursive. */
export const JSON_DEPTH_MAX = 1000;
/** A longer text is not a duration. It is checked before the text is parsed. */
export const DURATION_CHARS_MAX = 64;
/** A Lambda function answers at most 6 MB, headers and base64 included. */
export const LAMBDA_ANSWER_BYTES_MAX = 6_000_000;
/** A request of a Lambda function, 6 MB, without what stands in it besides a body: path, headers, and who called. API Gateway writes
 * a body that is text as a JSON text, whose escapes count. */
export const TEXT_EVENT_BYTES_MAX = 6 * 1024 * 1024 - 64 * 1024;
/** Error messages are cut to this before they are stored: a head holds several. */
export const ERROR_MESSAGE_CHARS_MAX = 4000;
/** The same for the stack of a failed attempt. */
export const ERROR_STACK_CHARS_MAX = 8000;
/** Operations that a failed attempt had begun, and that the head keeps for the next one to begin, too: the first ones. */
export const BEGUN_MAX = 16;
/** Of each, what it is: its kind and its name. */
export const BEGUN_CHARS_MAX = 100;
/** Of an invocation's turns the head keeps, for people, the first ones and the last ones. */
export const TURNS_FIRST_MAX = 4;
export const TURNS_LAST_MAX = 12;
/** All of them together: each append pays for them. */
export const TURNS_BYTES_MAX = 512;
/** Of a failed turn's message. */
export const TURN_MESSAGE_CHARS_MAX = 200;
/** An error's code is at most this, and at least the negative of it: DynamoDB's numbers end at 10^126. */
export const ERROR_CODE_SIZE_MAX = Number.MAX_SAFE_INTEGER;
/** Causes and parts of an error that a failure tells of. */
export const ERROR_CAUSES_MAX = 8;

// P1, R8: values in items of their own.

/** A longer value is stored as several items, each at most this long: DynamoDB takes 400 KB. */
export const VALUE_ITEM_BYTES_MAX = 256 * 1024;
/** A longer payload travels by reference. A message in base64 is then below SQS's 1 MiB, and ten of them in one turn
 * request are below Lambda's 6 MB. */
export const MESSAGE_PAYLOAD_BYTES_MAX = 256 * 1024;
/** A longer result is not kept in the head, which holds the log and the notes as well. */
export const INLINE_RESULT_BYTES_MAX = 64 * 1024;
/** A longer value of an entry goes to an item of its own: each rewrite of the head would pay for it again. */
export const INLINE_VALUE_BYTES_MAX = 1024;
/** A longer input gets an item of its own when the invocation first suspends. */
export const INLINE_INPUT_BYTES_MAX = 512;
/** Longer headers, names and texts together, become a value with it: each rewrite of the head would pay for them again. */
export const INLINE_HEADERS_BYTES_MAX = 512;
/** A completed head keeps its input inline if its other fields are this small: then it still fits one write unit. */
export const KEPT_INPUT_HEAD_BYTES_MAX = 448;
/** Chunks of one value written at the same time. A turn holds each of them in memory twice. */
export const CHUNK_WRITES_AT_ONCE = 4;
/** Chunks of one value read at the same time. Reads cost less capacity than writes. */
export const CHUNK_READS_AT_ONCE = 8;
/** Tries of a chunk that the store has no capacity for: with doubled pauses, some 12 seconds. */
export const CHUNK_ATTEMPTS_MAX = 8;
/** The pause between two tries, doubled with each one. */
export const CHUNK_RETRY_MS = 50;
/** Times that a state item is read again because its value has been overwritten meanwhile. */
export const CHUNKED_READS_MAX = 16;
/** Values that a replay has read before it needs them, together. One value is read ahead in any case. */
export const READ_AHEAD_BYTES_MAX = 8 * 1024 * 1024;
/** Names of stored values that a turn remembers, so that it does not store them again. */
export const STORED_REFS_MAX = 1000;

// R8, R9: the head, its log and its notes.

/** Past this size the head's entries are copied to a page. DynamoDB bills an item by its size rounded up to 1 KB. */
export const HEAD_BYTES_SOFT_MAX = 940;
/** A head that would be larger while suspended is paged first: every note that comes pays for all of it. */
export const SUSPENDED_HEAD_BYTES_MAX = 4 * 1024;
/** Entries of one append. More are appended in parts, each with its outputs before the next. */
export const APPEND_BYTES_MAX = 64 * 1024;
/** With this many notes, the invocation is woken to take them into its log, although it cannot progress. */
export const NOTES_MAX = 250;
/** The same for their size. */
export const NOTES_BYTES_MAX = 128 * 1024;
/** A deeper wait tree is text: an item takes 31 lists within each other, two for each combinator. */
export const WAIT_LISTS_DEPTH_MAX = 16;
/** So is a longer one, since every note pays for it. */
export const WAIT_LISTS_BYTES_MAX = 512;
/** What is awaited at once must not take more: the head holds the notes as well. */
export const WAIT_BYTES_MAX = 96 * 1024;
/** Combinators and mappers within each other, as far as they have not settled. */
export const WAIT_DEPTH_MAX = 500;
/** Fewer notes are never much, however long: each refers to what is longer than `INLINE_VALUE_BYTES_MAX`. */
export const NOTES_FEW_MAX = 64;
/** Notes that one append takes off the list: DynamoDB's text for it grows with their number. */
export const NOTES_TAKEN_MAX = 256;
/** Notes in the list of one that takes none, since it is paused, backs off or waits for its key. One that comes then waits in the
 * timers; or, if a turn runs, in the mailbox. */
export const NOTES_HELD_MAX = 5000;
/** The same for their size. */
export const NOTES_HELD_BYTES_MAX = 160 * 1024;
/** How long it waits there: at first, and at most. Between, about as long again as the invocation has stood still. */
export const NOTES_RETRY_MS = 60_000;
export const NOTES_RETRY_MS_MAX = 64 * 60_000;
/** Callers that wait for one invocation's result. The next one is told that there are too many. */
export const REPLIES_MAX = 500;
/** The same for a promise. */
export const WAITERS_MAX = 1000;
/** Operations of an invocation. A longer journal would be read for too long at each replay. */
export const JOURNAL_ENTRIES_MAX = 50_000;
/** From this operation on it is warned of. */
export const JOURNAL_ENTRIES_WARNED = 0.8 * JOURNAL_ENTRIES_MAX;
/** Entries of its log: operations, their results, and signals that nobody has asked for. */
export const LOG_ENTRIES_MAX = 4 * JOURNAL_ENTRIES_MAX;
/** Entries of one append of an operator's edit of state, values apart. With the head's other fields it is well below what
 * an item holds. */
export const STATE_EDIT_APPEND_BYTES_MAX = 128 * 1024;
/** Names of state in one entry: longer lists are several entries, so that an append can be parted between them. */
export const CLEARED_NAMES_MAX = 100;
/** The same for the calls that a cancellation reaches. */
export const CANCELLED_CALLEES_MAX = 400;

// R2: outputs that are in doubt, and what outlives them.

/** The longest that the mailbox keeps a message. An append's outputs are in doubt no longer than that. */
export const MAILBOX_RETENTION_MS = 4 * 24 * 60 * 60 * 1000;
/** A head outlives its expiry by this. Outputs in doubt are done again within one retention of the mailbox; what they send
 * is handled within another. The hour is for clocks and turns. */
export const HEAD_OUTLIVES_MS = 2 * MAILBOX_RETENTION_MS + 60 * 60 * 1000;
/** A cleared key leaves a tombstone this long, so that an older write still finds a fence. The day is for clocks. */
export const TOMBSTONE_MS = MAILBOX_RETENTION_MS + 24 * 60 * 60 * 1000;
/** What an invocation keeps outside its head, and a workflow's state and promises, is kept this long besides the retention,
 * from its write. It suffices for almost every invocation. See docs/decisions/0011-retention.md. */
export const KEEP_MS = 28 * 24 * 60 * 60 * 1000;
/** It is renewed when less than this is left, so the reconciler has this long to come by. */
export const RENEWAL_MARGIN_MS = KEEP_MS / 2;
/** Items renewed at the same time. */
export const RENEWALS_AT_ONCE = 16;
/** A promise may be made or awaited before its workflow is invoked. It is that run's if the run is accepted within this. */
export const EARLY_PROMISE_MS = 4 * 24 * 60 * 60 * 1000;

// R3, R10, R11: identity and admission.

/** How far the clocks of two processes may differ. AWS keeps them within a second; a laptop may be worse. */
export const CLOCK_SKEW_MS = 5 * 60 * 1000;
/** Random bytes of a name that must not repeat: a request's, a delivery's. */
export const NONCE_BYTES = 12;
/** Services whose tags a process keeps. */
export const SERVICE_TAGS_KEPT_MAX = 1000;
/** Starts sent again within this share a deduplication id, so that a thousand impatient clients do not flood the queue. */
export const RESEND_WINDOW_MS = 60_000;

// R13, T1: sends and timers.

/** A hundred years. A longer duration is cut to this, since it means "for ever"; in a request it is a mistake. Dates so near
 * are within what every store, EventBridge Scheduler and `Date` take. */
export const DELAY_MS_MAX = 100 * 365 * 24 * 60 * 60 * 1000;

/** Messages in one `SendMessageBatch`: SQS takes ten. */
export const SEND_BATCH_MAX = 10;
/** Sends that one call of `sendAll` retries before it gives the whole append up as "in doubt". */
export const SEND_ATTEMPTS_MAX = 5;
/** The longest `DelaySeconds` of an SQS message. A longer timer first waits in EventBridge Scheduler. */
export const DELAY_QUEUE_MS_MAX = 15 * 60 * 1000;
/** The clock cuts long waits into pieces of this length. A laptop that wakes up is late by one piece at most. */
export const WAIT_PIECE_MS_MAX = 60_000;

// R6, W1, W2: the lock of a key, and who is parked behind it.

/** Parked invocations in the lock item itself. The others are items behind its counters. */
export const INBOX_INLINE_MAX = 8;
/** Parked invocations run under one message before the others go through the mailbox. */
export const INLINE_DRAIN_MAX = 64;
/** They are run under another's message only while this much of its time is left. */
export const DRAIN_MS_MIN = 10_000;
/** Finished owners in a chain that one message settles. */
export const SETTLE_STEPS_MAX = 64;
/** Conflicting writes that a note, a hand-off or a parking meets before its message is given back. */
export const CONFLICT_ATTEMPTS_MAX = 8;

// R16, M1: messages that are worked on, and messages that fail.

/** A batch that is still worked on after this is hidden for the first time. Most are through before: a request saved. */
export const HIDE_AFTER_MS = 2000;
/** A message that is worked on is hidden this long. A dispatcher that dies costs its groups this much. */
export const HIDDEN_MS = 30_000;
/** For each message of its group behind it, it is hidden this much longer: a group becomes visible from its end. */
export const HIDDEN_STEP_MS = 1000;
/** How often that is renewed: three times before it would end. */
export const HIDING_BEAT_MS = 10_000;
/** Clocks and requests take their time: what is hidden for less than this counts as visible. */
export const HIDING_MARGIN_MS = 2000;
/** A group that is through waits this long for the rest of the batch before it is let go on its own: a request saved. */
export const LINGER_MS = 1000;
/** What was given back comes again after this, doubled with each receipt. */
export const AGAIN_MS_MIN = 1000;
/** The most that this is doubled to. */
export const AGAIN_MS_MAX = 60_000;
/** Deliveries of a message that keeps failing for a reason of its own before its invocation is paused. */
export const RECEIVES_MAX = 10;
/** So many of them must have been its own failures, and not those of a message before it in its group. */
export const OWN_FAILURES_MIN = 3;
/** Messages whose failures one process remembers. */
export const FAILING_MESSAGES_MAX = 1000;
/** The same for what waiting does not mend: something is too large, or a turn is refused while nothing else moves its head. The
 * third time at the latest, it is paused and logged. */
export const REFUSALS_MAX = 3;
/** Batches of dead letters that one run of the reconciler looks at. The next run continues. */
export const DEAD_LETTER_BATCHES_MAX = 100;

// L1: what stands still.

/** A timer this late has been lost: EventBridge Scheduler alone may take 60 s. */
export const OVERDUE_MS = 2 * 60 * 1000;
/** An invocation with a message on its way has moved within this time: it is longer than a turn may take. */
export const STALE_MS = 20 * 60 * 1000;

/** A run of the reconciler stops looking this long before its time is up: it still keeps its place, and retires deployments. */
export const PASS_CLOSING_MS = 90_000;
/** Its place is kept after so many pages, should the run be cut off. */
export const PASS_KEPT_PAGES = 25;
/** Deployments that are kept with it. With more in use, a pass that takes several runs retires nothing. */
export const PINNED_KEPT_MAX = 2000;

// Attempts and turns.

/** A turn gets at most this long, unless its handler's `abortTimeout` says otherwise. */
export const ABORT_TIMEOUT_MS = 15 * 60 * 1000;
/** A turn that runs out of time ends this much earlier, so that it can still say so. */
export const TURN_MARGIN_MS = 250;
/** A turn that has recorded something starts no step in its last seconds (or the last fifth of a short limit), but
 * continues in another turn. */
export const TURN_WIND_DOWN_MS_MAX = 10_000;
/** Left for a Lambda function's answer to leave it. */
export const LAMBDA_ANSWER_MS = 500;
/** Left for the dispatcher to write down how a turn ended. */
export const TURN_CLOSING_MS = 1000;
/** A turn that has run out of its own time continues under the same message if the message has this much time left. */
export const TURN_AGAIN_MS_MIN = 30_000;
/** A replay that waits longer for the code to issue a recorded operation is a mismatch (D1). */
export const REPLAY_STALL_MS = 2000;
/** How long interceptors may take to clean up when their attempt is over. */
export const INTERCEPTOR_CLEAN_UP_MS = 1000;
/** A turn that runs a step looks for a cancellation that its code waits for: first after this, then ever less often. */
export const CANCELLATION_LOOK_MS_MIN = 250;
/** The longest between two of these looks: each one is a read. */
export const CANCELLATION_LOOK_MS_MAX = 4000;
/** When a turn that waits in memory looks at its head, after what has happened last and after each look: after 1, 2 and 4 s, then
 * every 5 s. Half a read unit each. */
export const LOOK_MS: readonly number[] = [1000, 1000, 2000, 5000];
export const LOOK_MS_MAX = 5000;
/** Where a look costs nothing. */
export const LOCAL_LOOK_MS = 100;
/**
 * Waits in memory. A turn that awaits a sleep which is over within this waits for it, and does not suspend. That is the break-even
 * in AWS, with the model's figures (docs/benchmarks.md, dollars a million). A sleep that suspends costs 9.88 - 4.18 = 5.70 more than
 * one that does not, or 3.70 at load:
 *   write of the suspension 0.63, its entry in the index of open invocations 1.25, three read units 0.38, delay queue 1.20, function
 *   of the timers 0.23, message of the group 1.50, dispatcher and handler once more 0.52.
 * A second of waiting costs 13.3, handler and dispatcher of 512 MB each, or 6.7 if the dispatcher waits for others as well: 0.43 s, and
 * 0.28 to 0.55 s at load. An exclusive handler saves the writes of its lock besides, 1.25 or 0.09 s. So half a second, which costs
 * a sleep of that length 0.95 more at worst, and ends on time. On this machine a wait costs nothing. It has the same bound, so that
 * what is tried here does the same there.
 */
export const SHORT_WAIT_MS = 500;
/** Calls in memory. A turn waits so long for what it has invoked itself. A callee that is alive has a head by then (PRESENCE_MS), so
 * a message to it begins nothing a second time. */
export const DIRECT_WAIT_MS = 1500;
/** So long the caller is the guard of what it has invoked. Then the callee sets one of its own. */
export const DIRECT_CARED_FOR_MS = 500;
/** A callee that takes longer, as a rule, is called by a message: waiting costs more than that from here on. A call by messages costs 4
 * to 6 dollars a million more, and a second of the caller 6.7. */
export const DIRECT_USUAL_MS_MAX = 600;
/** Of those that usually take longer, every so many is tried again. */
export const DIRECT_TRIED_EVERY = 16;
/** Calls that one turn invokes itself at a time. More of them go ten to a message. */
export const DIRECT_CALLS_MAX = 8;
/** The guard of a call that is still open when its caller appends something is due after this. */
export const DIRECT_GUARD_MS = 5000;
/** So much waiting in memory is recorded at last: a crash repeats what is not. */
export const UNRECORDED_WAITS_MS = 1000;
/** When a turn looks at its head that waits in memory for what is soon over, and for what comes from outside as well: first after
 * this, then after twice as long each time. */
export const SHORT_LOOK_MS = 5;
/** The longest between two of these looks. Each costs a hundredth of a second of waiting. */
export const SHORT_LOOK_MS_MAX = 50;
/** A turn that has run for so long is made known: it gets a head, and a guard in place of its message. */
export const PRESENCE_MS = 1000;
/** A turn that came by the queue and has run for so long makes itself known, and is let go of. That costs some 1.5 dollars a million: a
 * write, its guard, and looks. A second of a dispatcher that waits costs 6.7. So the break-even is at a quarter of a second. */
export const RELAY_AFTER_MS = 250;
/** The same, if it has a key: its lock and the hand-off at its end cost some 6 dollars more, and others may have come for the key. */
export const RELAY_KEY_AFTER_MS = 600;
/** When whoever runs such a turn looks whether it may be let go of; then again each time after the last of them. Half a read unit
 * each. A turn has begun some 20 ms after it was asked for, and is known some 20 ms after `RELAY_AFTER_MS`. */
export const RELAY_LOOKS_MS: readonly number[] = [330, 1000, 2000, 4000];
export const RELAY_KEY_LOOKS_MS: readonly number[] = [700, 1000, 2000, 4000];
/** A turn that could not set its guard tries again after this. Until then its message vouches for it. */
export const RELAY_RETRY_MS = 2000;
/** A turn that was let go of: a Lambda function runs no longer. Its own timeout, and the handler's `abortTimeout`, may be shorter. */
export const RELAYED_TURN_MS_MAX = 15 * 60 * 1000;
/** After how long a guard is due: the first, the second, and so on. Each is renewed after half of that. */
export const GUARD_MS: readonly number[] = [60_000, 5 * 60_000, 15 * 60_000];
/** Guards that a dispatcher knows to be needless. Beyond, the oldest are forgotten, and what they guarded is looked at again. */
export const GUARDS_REMEMBERED_MAX = 1000;
/** A renewal that fails is tried again after this part of the guard's time. */
export const GUARD_TRIES = 12;
/** A back-off up to this long holds the message in the dispatcher. A longer one is a durable timer. */
export const HELD_BACKOFF_MS_MAX = 500;
/** Attempts under one message before the back-off is made durable all the same. */
export const HELD_ATTEMPTS_MAX = 8;
/** After a throttle the message is first held this long, doubled each time. */
export const THROTTLED_HELD_MS = 100;
/** So often it is held; then a durable timer asks again. */
export const THROTTLED_HELD_MAX = 3;
/** That timer is due after this at the earliest. */
export const THROTTLED_MS_MIN = 5000;
/** And up to this much later, at random: what throttles one invocation throttles many. */
export const THROTTLED_MS_SPREAD = 10_000;

// Retry policies: Restate's defaults, so that a moved handler behaves as before.

export const RETRY_INITIAL_INTERVAL_MS = 50;
export const RETRY_MAX_INTERVAL_MS = 60_000;
export const RETRY_FACTOR = 2;
export const RETRY_MAX_ATTEMPTS = 70;
/** Of a `ctx.run` that sets a bound of its own. */
export const RUN_RETRY_INITIAL_INTERVAL_MS = 50;
export const RUN_RETRY_MAX_INTERVAL_MS = 10_000;
/** A run's back-off up to this long is waited for in the turn: a suspension would cost more. */
export const RUN_HELD_BACKOFF_MS_MAX = 2000;
/** Of a client's request. */
export const CLIENT_RETRY_ATTEMPTS_MAX = 6;
export const CLIENT_RETRY_DURATION_MS_MAX = 60_000;
export const CLIENT_RETRY_INITIAL_INTERVAL_MS = 250;
export const CLIENT_RETRY_MAX_INTERVAL_MS = 3000;

// Retentions and deployments.

/** Of results with an idempotency key: Restate's default, as the two below. */
export const IDEMPOTENCY_RETENTION_MS = 24 * 60 * 60 * 1000;
export const WORKFLOW_RETENTION_MS = 24 * 60 * 60 * 1000;
export const JOURNAL_RETENTION_MS = 24 * 60 * 60 * 1000;
/** A reader may use what it knows of the registry this long without asking again. */
export const REGISTRY_CACHE_MS = 10_000;
/** A service that moves to another mailbox is held at the most this long: longer than its move may take, with two clocks that differ. */
export const MOVE_HELD_MS = 15 * 60 * 1000;
/** So long after it was written, no dispatcher goes by what the registry said before. */
export const MOVE_KNOWN_MS = REGISTRY_CACHE_MS + 5000;
/** So long an own mailbox must look empty. SQS's counts may lag by a minute. */
export const MOVE_EMPTY_MS = 60_000;
/** What is in an own mailbox is waited for this long, before the move is given up. */
export const MOVE_DRAIN_MS_MAX = 150_000;
/** The pause between two looks at it. */
export const MOVE_LOOK_MS = 5000;
/** A message that came to its own mailbox so long after it was sent there was moved by hand: out of the dead letters. */
export const REDRIVEN_MS = 5 * 60 * 1000;
/** A deployment is kept this long after the last service left it, even if nothing is pinned to it. This is longer than a
 * turn, a reader's cache, and an update of a stack that is rolled back. */
export const DEPLOYMENT_GRACE_MS = 24 * 60 * 60 * 1000;

// What errors quote.

/** How much of an entry that cannot be read an error message quotes. */
export const ENTRY_EXCERPT_CHARS_MAX = 100;

// The engine's log.

/** A line. In UTF-8, and with JSON's escapes, it is below CloudWatch's 256 KB an event. */
export const LOG_LINE_CHARS_MAX = 32 * 1024;
/** A text in it: a stack of usual depth is shorter. */
export const LOGGED_TEXT_CHARS_MAX = 8 * 1024;
/** What a value costs of the line besides its text: quotes, a comma, and what is not counted exactly. */
export const LOGGED_VALUE_CHARS = 8;
/** Objects in objects, such as causes of errors. */
export const LOGGED_DEPTH_MAX = 8;
/** Fields of one object, and elements of one list. */
export const LOGGED_ITEMS_MAX = 50;
