/** The bounds and times of `perdure dev`, of `perdure/testing`, and of the stores on this machine. Index: lib/limits.ts. */

// The engine.

/** If a handler has neither ended nor suspended by then, its turn is given up and tried again. */
export const TURN_MS_MAX = 15 * 60 * 1000;
/** Mailbox groups whose messages are handled at the same time. Each may hold a handler that runs long. */
export const GROUPS_AT_ONCE = 1000;
/** The same, for a mailbox that is not told. */
export const GROUPS_AT_ONCE_DEFAULT = 256;
/** A stopping engine waits this long for turns to end. The others continue at the next start. */
export const ENGINE_STOP_MS_MAX = 1500;
/** When the reconciler first runs. By then the messages that were due while no engine ran have been handled. */
export const RECONCILE_FIRST_MS = 3000;
/** How often it runs after that. */
export const RECONCILE_MS = 10 * 60 * 1000;
/** How often it looks at all invocations, and not at the open ones only. */
export const FULL_PASS_MS = 24 * 60 * 60 * 1000;
/** Heads that it looks at without a pause: the event loop stands still for it. */
export const HEADS_PAGE = 100;
/** The same, for the lists of an old data file that are made right. */
export const LIST_REPAIR_HEADS = 100;
/** Expired items deleted in one transaction: the event loop stands still for it. */
export const SWEEP_ITEMS_MAX = 100;
/** Admin requests may hold state as JSON arrays of bytes. */
export const ADMIN_BODY_BYTES_MAX = 4 * 1024 * 1024;

// HTTP, as it comes in.

/** Longer than clients and proxies keep a connection, so that it is never the server that closes it under a request. */
export const KEEP_ALIVE_MS = 75_000;
/** More than is supported: the ingress refuses headers that are too long, with a message. */
export const RECEIVED_HEADERS_BYTES_MAX = 64 * 1024;
/** This much more of a body that is too long is read and thrown away, so that its sender gets to read the answer. */
export const DISCARD_BYTES_MAX = 16 * 1024 * 1024;
/** Bodies that a server is receiving at the same time, together. A request beyond that is refused. */
export const BODIES_BYTES_MAX = 256 * 1024 * 1024;

// The user's file.

/** Changes within this time count as one: a save touches a file more than once, and a checkout touches many files. */
export const FILE_SETTLE_MS = 60;
/** While the file cannot be bundled, it is tried again this often: a missing file may appear in a folder that is not watched. */
export const REBUILD_MS = 1000;
/** Names that an error says of an object that is no service. */
export const SHOWN_NAMES_MAX = 5;
/** When it is said that a file is still being loaded. */
export const SLOW_LOAD_MS = 3000;
/** After it was loaded, a file may take this long to say what it serves. */
export const SERVED_MS_MAX = 2000;

// New code, and the invocations that have failed on the old one.

/** Recorded journals that one process replays at the same time. */
export const REPLAYED_AT_ONCE = 100;
/** Invocations that are looked at after a reload. */
export const ADOPTED_MAX = 2000;
/** Invocations that do not fit the new code, which are remembered. Beyond, the oldest are rehearsed again. */
export const STAYING_REMEMBERED_MAX = 1000;
/** Rests that come within this time are looked at together. */
export const ADOPTION_SETTLE_MS = 50;

// Host processes: handlers run in them, so that their crashes and endless loops hurt nobody else.

/** The heap of one. */
export const HOST_HEAP_MB = 1024;
/** If an answer came within that time, the next one is waited for awake. */
export const AWAKE_MS = 0.3;
/** If the last sync of the log took no longer, one that keeps nobody else waiting is not left to a thread. */
export const SYNC_AT_ONCE_MS_MAX = 1;
/** A key's state goes to the process with its turn if it has no more. */
export const STATE_AHEAD_ITEMS_MAX = 8;
export const STATE_AHEAD_BYTES_MAX = 4096;
/** A bundle that takes longer to load is given up. */
export const HOST_LOAD_MS_MAX = 15_000;
/** If the event loop answers nothing for this long while turns are in flight, it spins: the process is killed. */
export const HOST_HANG_MS_MAX = 5000;
/** The most silence that one tick adds: an engine that stood still itself must not blame its hosts. */
export const HOST_TICK_MS_MAX = 2000;
/** How long a turn may take in a process that a debugger may hold. */
export const INSPECTED_TURN_MS_MAX = 24 * 60 * 60 * 1000;
/** How often the pool looks for processes to end. */
export const HOST_POOL_TICK_MS = 1000;
/** A process of an old deployment ends when it has had no turn for this long. */
export const HOST_IDLE_MS_MAX = 10_000;
/** A turn should end itself at its own limit. It gets this much more before it is given up from outside. */
export const TURN_SLACK_MS = 5000;
/** How long to wait for the last output of a process that has exited: its own children may hold the pipes open. */
export const LAST_OUTPUT_MS_MAX = 100;
/** A longer line of output is passed on before its end. */
export const OUTPUT_LINE_CHARS_MAX = 8000;
/** How much of the error output is kept, to find out what a process died of. */
export const ERROR_TAIL_CHARS_MAX = 2000;
/** The longest line between engine and host: a turn request whose input and notes are as large as they may be, in base64. */
export const FRAME_BYTES_MAX = 32 * 1024 * 1024;
/** How much of a line that is not a frame an error message quotes. */
export const FRAME_EXCERPT_CHARS_MAX = 100;

// Crashes: turns that may have ended a process run alone.

/** For how long a blamed handler's turns run alone. */
export const HANDLER_ALONE_MS = 60_000;
/** After this many crashes a turn counts as the cause, even if others ran beside it. */
export const SHARED_CRASHES_MAX = 3;
/** The most invocations, and the most handlers, that are remembered. Beyond, the oldest are forgotten. */
export const CRASHES_REMEMBERED_MAX = 10_000;
/** The most processes of one deployment that are kept for single turns. */
export const ISOLATED_HOSTS_MAX = 4;
/** After this time a turn no longer keeps its process to itself. */
export const TURN_ALONE_MS = 1000;
/** For how long such a process without a turn is kept for the next one. */
export const ISOLATED_HOST_IDLE_MS_MAX = 2000;

// Handlers that other processes serve over HTTP.

/** A process begins its answer before the handler runs. If it has not by then, it does not serve. */
export const HOST_ANSWER_MS_MAX = 30_000;
/** The same for the question what it serves. */
export const DISCOVERY_MS_MAX = 10_000;
/** The answer to that question. */
export const DISCOVERY_BYTES_MAX = 4 * 1024 * 1024;
/** How much of an unexpected answer an error message quotes. */
export const HOST_EXCERPT_CHARS_MAX = 300;
/** The flow control window of a stream and of a connection: values may have megabytes. */
export const HTTP2_WINDOW_BYTES = 4 * 1024 * 1024;

// The database.

/** How long a lock that another process holds is waited for: it may only be checking the file. */
export const LOCK_WAIT_MS = 250;
/**
 * Operations in one transaction: the event loop stands still for it. A host process goes on with the answers of one while the engine is at
 * the next, so it is small: a hundred clients would otherwise take turns with the engine.
 */
export const TRANSACTION_OPERATIONS_MAX = 32;
/** Pages of the log before they are copied to the file, which is when NORMAL calls fsync: 64 MiB. */
export const CHECKPOINT_PAGES_MAX = 16_384;
/** SQLite's cache: 64 MiB. */
export const SQLITE_CACHE_KIB = 64 * 1024;
/** What packed data is made in. */
export const PACKER_BYTES = 64 * 1024;
/** A larger one is not kept for the next data. */
export const PACKER_BYTES_KEPT_MAX = 4 * 1024 * 1024;
/** Random bytes that are taken from the operating system at once. */
export const ENTROPY_POOL_BYTES = 4096;
/** What the items that were written last may take in memory, as they are stored. Decoded they take some times as much. */
export const RECENT_BYTES_MAX = 8 * 1024 * 1024;
/** A larger item is not among them. */
export const RECENT_ITEM_BYTES_MAX = 64 * 1024;
/** What one of them takes besides, roughly. */
export const RECENT_OVERHEAD_BYTES = 512;
/** Items in one page of a query. DynamoDB has no such bound. */
export const PAGE_ITEMS_MAX = 1000;
/** The same of a scan, whose items are heads, and of a list. */
export const SCAN_ITEMS_MAX = 200;
/** Rows read in one turn of the event loop. Then everything else gets its turn. */
export const READ_ROWS_AT_ONCE = 200;
/** The same in bytes. */
export const READ_BYTES_AT_ONCE = 1024 * 1024;

/** How often the data file is looked for: so long may a server go on that writes to a deleted one. */
export const DATA_FILE_LOOK_MS = 1000;

// The mailbox and the timers.

/** What failed is handed out again after this, doubled each time. */
export const REDELIVERY_MS_MIN = 50;
/** The most that this is doubled to. */
export const REDELIVERY_MS_MAX = 5000;
/** A mailbox that stops waits this long for its batches. */
export const MAILBOX_STOP_MS_MAX = 10_000;
/** Deduplication ids are forgotten this often. */
export const DEDUP_PRUNE_MS = 1000;
/** And this many at a time, so that a send never waits for it. */
export const DEDUP_PRUNE_ROWS_MAX = 100;
/** The longest that `setTimeout` takes. A longer wait is taken up again when it ends. */
export const TIMEOUT_MS_MAX = 2 ** 31 - 1;
/** A clock that was set back by more than this is worth a word. */
export const CLOCK_SET_BACK_MS = 2000;
/** Timers fired in one transaction. */
export const TIMERS_FIRED_MAX = 200;
/** If firing failed (a full disk), it is tried again after this. */
export const TIMERS_RETRY_MS = 1000;

// The powers of a development server: crash, deliver again, jump the clock, fail the next step.

/** Entries of a log that are read to say more of an event on the console. */
export const DETAILS_ENTRIES_MAX = 2000;
/** Invocations with an order for a later turn or step. Beyond, the oldest one's are forgotten. */
export const ARMED_INVOCATIONS_MAX = 1000;
/** Uses of a power that are remembered, for the timelines. */
export const POWER_EVENTS_MAX = 1000;
/** Messages that are remembered, to be delivered again. */
export const MESSAGES_REMEMBERED_MAX = 10_000;
/** The same in bytes: 16 MiB. */
export const MESSAGES_REMEMBERED_BYTES_MAX = 16 * 1024 * 1024;
/** How long the answer waits for a message that is delivered again. */
export const REDELIVERY_WAIT_MS_MAX = 2000;
/** How far the clock may be ahead of the real one: 20 years. */
export const CLOCK_AHEAD_MS_MAX = 20 * 365 * 24 * 60 * 60 * 1000;
/** Invocations that are looked at for the first timer of all. */
export const HANDS_LOOKED_MAX = 500;
/** Invocations that are looked at for the next timer of one that waits for them. */
export const CALLEES_LOOKED_MAX = 100;
/** A process that is about to be killed is asked which steps run in it. One that does not answer by then is busy computing. */
export const RUNNING_STEPS_MS_MAX = 250;
/** The longest message of a failure that is ordered. */
export const ORDERED_MESSAGE_CHARS_MAX = 2000;

// perdure/testing.

/** What a batch of the mailbox has before its remaining time is up. */
export const TEST_BATCH_MS_MAX = 60_000;
/** Attempts of one step that a test environment remembers. Later ones are not counted. */
export const TEST_ATTEMPTS_MAX = 100_000;
/** Invocations that a test may list. */
export const TEST_LIST_MAX = 1000;
/** Invocations of a test that its timeline has: the latest. */
export const TIMELINE_INVOCATIONS_MAX = 100;
/** Of each value in it. */
export const TIMELINE_VALUE_CHARS_MAX = 120;
/** How often a test that waits for an invocation looks at it, if nothing says that it has changed. */
export const TEST_LOOK_MS = 20;
/** How long an environment that stops waits for what is under way. */
export const TEST_STOP_MS_MAX = 1000;
/** How long a skip of time waits for handlers that run. */
export const SETTLE_MS_MAX = 5000;
/** How often time is skipped for one handler that runs alone. */
export const HANDLER_RUN_SKIPS_MAX = 1000;
/** Of a value in a line of a journal that is compared. */
export const JOURNAL_VALUE_CHARS_MAX = 1000;
/** What a test has left behind that is shown, one a line. */
export const LEAKS_SHOWN_MAX = 20;
/** Invocations of a test whose operations are counted one by one. */
export const TEST_COUNTED_MAX = 100_000;
/** What handlers of an environment print that is kept, in lines. */
export const TEST_LOGS_MAX = 10_000;
/** Of each of them. */
export const TEST_LOG_CHARS_MAX = 4000;
/** Lines of an invocation that a timeline shows: the last. */
export const TIMELINE_LOGS_MAX = 20;
/** How long the rehearsal of a turn may take in a test. Code that waits for something of its own may take longer: then nothing is known. */
export const TEST_REHEARSAL_MS_MAX = 1000;
/** Of a result that differs, in a message. */
export const DIFFERENT_VALUE_CHARS_MAX = 200;
/** Differences that an environment tells of. */
export const DIFFERENCES_MAX = 10;
/** Uses of the time and the like that are said in one process. */
export const TRAPS_SAID_MAX = 500;
/** Uses of the time, random numbers and the like that a message about one invocation names. */
export const NAMED_USES_MAX = 3;
/** Alarms that one skip may meet: a handler that retries for ever would otherwise hold a test for ever. */
export const SKIPPED_ALARMS_MAX = 10_000;

// The lines of a failing invocation's code, which its page shows.

/** Before the line that failed, and behind it. */
export const SOURCE_LINES_AROUND = 2;
/** Longer files are not read. */
export const SOURCE_FILE_BYTES_MAX = 2 * 1024 * 1024;
/** What is longer is cut. */
export const SOURCE_LINE_CHARS_MAX = 300;

// X1: the user's tables.

/** Significant digits of a number in DynamoDB. */
export const DYNAMO_DIGITS_MAX = 38;
