/** The bounds and times of the command line. Index: lib/limits.ts. */

// How long commands wait for servers and for AWS, and how often they ask.

/** An answer of the server, unless the command waits for a handler. */
export const CLI_REQUEST_MS_MAX = 30_000;
/** A request to one of AWS's services. */
export const CLI_AWS_REQUEST_MS_MAX = 20_000;
/** Tries of it, for a command that runs for long. */
export const CLI_AWS_ATTEMPTS_MAX = 5;
/** The same, where somebody waits for the answer. */
export const CLI_AWS_HASTY_ATTEMPTS_MAX = 2;
/** The pause after the first try. It doubles with each try. */
export const CLI_AWS_RETRY_MS = 500;
/** API Gateway gives up after 30 seconds. An emulator on a busy machine may need longer. */
export const CLI_AWS_DOOR_MS_MAX = 90_000;
/** Pages of stacks that are looked through for the one that was meant. */
export const CLI_STACK_PAGES_MAX = 10;

// Lists that a command counts by.

/** Invocations of one page: the most that the admin API answers. */
export const OPEN_PAGE = 1000;
/** Pages that are read to count open invocations. What is beyond makes a count a lower bound, and the command says so. */
export const OPEN_PAGES_MAX = 50;

// Waiting.

/** The pause between two looks at what a command waits for. */
export const DRAIN_LOOK_MS = 2000;
/** The pause before a wait for a result is taken up again. */
export const ATTACH_AGAIN_MS = 1000;

// Looks of `doctor`, `whoami` and completion: a server that hangs must not hang them.

/** How long `whoami` and `doctor` wait for an answer. */
export const HEALTH_ANSWER_MS = 5000;
/** Live completion: a shell waits for it at every press of the key. */
export const COMPLETION_ANSWER_MS = 1500;
/** Invocations that completion offers: the newest. */
export const COMPLETED_IDS_MAX = 100;
/** A server's clock that differs by more is worth a warning. */
export const CLOCK_DIFFERENCE_MS = 5000;

// State.

/** How long a command waits for an edit of state, unless --timeout says otherwise. It may be behind an invocation that sleeps. */
export const STATE_EDIT_WAIT_MS = 30_000;
/** The first pause between two looks at an edit. Each pause is twice as long as the one before it. */
export const STATE_EDIT_LOOK_MS = 20;
/** The longest of these pauses. */
export const STATE_EDIT_LOOK_MS_MAX = 2000;
/** Looks that do not find an edit before the state itself is looked at: nothing may be kept of an edit that is done. */
export const STATE_EDIT_LOOKS_IN_VAIN = 4;
/** Keys that `state list` prints, unless --limit or --all says otherwise. */
export const STATE_LIST_DEFAULT = 100;
/** Requests for keys of one `state list` without --all: in AWS each of them scans a part of a table. */
export const STATE_LIST_REQUESTS_MAX = 10;
/** Keys that are cleared at the same time. */
export const CLEARED_KEYS_AT_ONCE = 8;
/** Keys whose names are listed before they are cleared. Of more keys, the keys alone. */
export const CLEARED_KEYS_NAMED_MAX = 20;

// Exports of tables to S3.

/** The pause between two looks at an export, which takes minutes. */
export const CLI_EXPORT_LOOK_MS = 5000;
/** DynamoDB says five minutes for most tables, and hours for the largest. */
export const CLI_EXPORT_MS_MAX = 12 * 60 * 60 * 1000;
/** An export shows the tables as they were so long ago: a moment that AWS's clock, too, has passed. */
export const CLI_EXPORT_PAST_MS = 60_000;
/** Lists of its files, of 1,000 each. */
export const CLI_EXPORT_PAGES_MAX = 100;
/** Items that are written into the data file at the same time. */
export const CLI_EXPORT_WRITES_AT_ONCE = 500;

// Costs.

/** Invocations whose cost is estimated, unless --limit says otherwise: each of them is a request for its journal. */
export const COSTS_INVOCATIONS_DEFAULT = 20;
export const COSTS_INVOCATIONS_MAX = 1000;
/** What DynamoDB bills as one write. */
export const WRITE_UNIT_BYTES = 1024;

/** The longest configuration file of a server on this machine: 1 MiB. */
export const CONFIG_BYTES_MAX = 1024 * 1024;
/** How deep a value is that is made up for a handler to be tried with. */
export const SAMPLE_DEPTH_MAX = 12;
/** Ports above one that is in use, which are looked at for a free one. */
export const PORTS_TRIED_MAX = 20;
/** How much of another process's command an error quotes. */
export const COMMAND_CHARS_MAX = 80;
/** More files are counted and not named. */
export const NAMED_FILES_MAX = 3;
/** Invocations that are named when new code takes them over. */
export const NAMED_MOVED_MAX = 5;
/** Files that `perdure dev` serves: those of a folder, or those that are named. */
export const SERVED_FILES_MAX = 500;
/** Lines about invocations that `perdure dev` prints within {@link CONSOLE_WINDOW_MS}. What comes beyond is summed up in one line. */
export const CONSOLE_LINES_MAX = 20;
export const CONSOLE_WINDOW_MS = 1000;
/** Things that an invocation waits for, in one such line. */
export const CONSOLE_WAITS_MAX = 3;
/** A time that is farther away is printed with its day. */
export const CONSOLE_SOON_MS = 24 * 60 * 60 * 1000;

// A new project.

/** npm takes no longer name of a package. */
export const PACKAGE_NAME_CHARS_MAX = 214;
/** CloudFormation takes 128, and resources have longer names. */
export const STACK_NAME_CHARS_MAX = 100;
/** Names of files that are in the way, in an error. */
export const NAMES_SHOWN_MAX = 5;
/** After so many wrong answers to one question nobody is there who reads. */
export const ANSWERS_MAX = 10;
