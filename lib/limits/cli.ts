/** The bounds and times of the command line. Index: lib/limits.ts. */

// How long commands wait for AWS, and how often they ask.

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
