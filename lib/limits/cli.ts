/** How long commands of the command line wait for AWS, and how often they ask. Index: lib/limits.ts. */

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
