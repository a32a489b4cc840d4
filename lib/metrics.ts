/**
 * What the runtime measures, by the names under which it is published, drawn and watched: functions write them, alarms and
 * dashboard read them, and both take them from here.
 */

/** The CloudWatch namespace. */
export const METRIC_NAMESPACE = "Perdure";
/** The one dimension: which runtime, when an account has several. Its value is `PERDURE_RUNTIME_NAME`. */
export const METRIC_DIMENSION = "Runtime";

export type MetricUnit = "Count" | "Milliseconds";

/** The dispatcher's are written once a batch, the reconciler's once a run. */
export const METRICS = {
  /** Starts that came out of the mailbox for the first time. */
  accepted: { name: "Accepted", unit: "Count" },
  completed: { name: "Completed", unit: "Count" },
  /** Attempts that failed, their functions' deaths included. */
  failed: { name: "FailedAttempts", unit: "Count" },
  /** Of those, the ones to be tried again. */
  retries: { name: "Retries", unit: "Count" },
  paused: { name: "Paused", unit: "Count" },
  /** Turns that did not run since Lambda refused them for a while. */
  throttled: { name: "ThrottledTurns", unit: "Count" },
  /** Invocations put into their key's inbox behind another one. */
  parked: { name: "Parked", unit: "Count" },
  /** Messages that the mailbox was given back. */
  givenBack: { name: "MessagesGivenBack", unit: "Count" },
  /** From the request to the handler's function to its answer. */
  turnTime: { name: "TurnTime", unit: "Milliseconds" },
  /** Entries that a turn began with. */
  replayLength: { name: "ReplayLength", unit: "Count" },
  /** From when a timer was due to when it was acted upon. */
  timerLateness: { name: "TimerLateness", unit: "Milliseconds" },
  /** From when the oldest message of a batch was sent to when the batch was received. */
  oldestMessageAge: { name: "OldestMessageAge", unit: "Milliseconds" },
  /** What the reconciler found standing still and poked: none, as long as all is well. */
  poked: { name: "Poked", unit: "Count" },
  /** Messages that the reconciler found in the mailbox's dead-letter queue. */
  deadLetters: { name: "DeadLetters", unit: "Count" },
} as const satisfies Record<string, { readonly name: string; readonly unit: MetricUnit }>;

export type Metric = keyof typeof METRICS;
