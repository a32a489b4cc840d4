/** What a runtime's stack says of itself to the command line: one output whose value is this, as JSON. */

/** The version of what stands there: the value of its field `perdure`. By it the output is known among a stack's. */
export const STACK_OUTPUT_VERSION = 1;

/** `iam`: for signed requests. `other`: an authorizer of the user's. */
export type DoorAccess = "iam" | "open" | "other";

export interface StackOutput {
  readonly perdure: typeof STACK_OUTPUT_VERSION;
  /** The construct's path, which tells it from other runtimes of the stack. It is also the dimension of its metrics. */
  readonly runtime: string;
  /** The admin API's address, for signed requests. */
  readonly admin?: string;
  /** Instead of it, the function that operators invoke. */
  readonly adminFunction?: string;
  readonly ingress: string;
  readonly ingressAccess: DoorAccess;
  /** The ingress' function URL, behind which a call waits for as long as the function may run. */
  readonly ingressUrl?: string;
  readonly ingressUrlAccess?: Exclude<DoorAccess, "other">;
  /** Names of the tables that `perdure sql --export` exports. */
  readonly journal: string;
  readonly state: string;
  readonly registry: string;
}
