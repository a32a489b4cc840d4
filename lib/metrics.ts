/** What the runtime measures. Functions write these metrics, alarms and the dashboard read them, and both take the names
 * from here. */

/** The CloudWatch namespace. */
export const METRIC_NAMESPACE = "Perdure";
/** The dimension of all of them. It tells several runtimes of an account apart. Its value is `PERDURE_RUNTIME_NAME`. */
export const METRIC_DIMENSION = "Runtime";
/** A second dimension: the name of a service's own mailbox, for what concerns its queue. Each value costs a metric. */
export const MAILBOX_DIMENSION = "Mailbox";

export type MetricUnit = "Count" | "Milliseconds";

/** A message that comes more often than this has been given back again and again. */
export const RECEIVES_USUAL = 3;

/**
 * The dispatcher writes its own once a batch, the reconciler once a run, the ingress with what runs at its door (R27) and what has failed by
 * its fault, the source door once an event. Calls in memory (R28) are in none of them: Lambda counts them itself, by the alias that they go through.
 */
export const METRICS = {
  /** Starts that came out of the mailbox for the first time, and calls that run at the door. */
  accepted: { name: "Accepted", unit: "Count" },
  completed: { name: "Completed", unit: "Count" },
  /** Attempts that failed. A function that died counts too. */
  failed: { name: "FailedAttempts", unit: "Count" },
  /** Failed attempts that will be tried again. */
  retries: { name: "Retries", unit: "Count" },
  paused: { name: "Paused", unit: "Count" },
  /** Turns that did not run because Lambda throttled them, by the dispatcher or at the door. */
  throttled: { name: "ThrottledTurns", unit: "Count" },
  /** Invocations that were parked behind another one of their key. */
  parked: { name: "Parked", unit: "Count" },
  /** Messages that the dispatcher gave back to the mailbox. */
  givenBack: { name: "MessagesGivenBack", unit: "Count" },
  /** From the request to the handler's function to its answer. */
  turnTime: { name: "TurnTime", unit: "Milliseconds" },
  /** Entries that a turn began with. */
  replayLength: { name: "ReplayLength", unit: "Count" },
  /** From when a timer was due to when it was acted upon. */
  timerLateness: { name: "TimerLateness", unit: "Milliseconds" },
  /** From when the oldest message of a batch was sent to when the batch was received: of the runtime's mailbox. */
  oldestMessageAge: { name: "OldestMessageAge", unit: "Milliseconds" },
  /** The same, of those that have been received more than {@link RECEIVES_USUAL} times, and of each mailbox by itself. SQS's own metric
   * leaves such messages out. */
  comesAgainAge: { name: "AgeOfWhatComesAgain", unit: "Milliseconds" },
  /** Requests that the ingress has answered with an error of its own, which is neither a handler's nor the caller's. */
  ingressFaults: { name: "IngressFaults", unit: "Count" },
  /** Invocations that stood still until the reconciler poked them: none, as long as all is well. */
  poked: { name: "Poked", unit: "Count" },
  /** Spans that were not sent (docs/tracing.md). */
  spansDropped: { name: "SpansDropped", unit: "Count" },
  /** Records of event sources that the door has sent to the mailbox (docs/events.md). */
  recordsAccepted: { name: "RecordsAccepted", unit: "Count" },
  /** Records below the mark of their lane, and those of a workflow's key that was started before. */
  recordsRepeated: { name: "RecordsRepeated", unit: "Count" },
  /** Records that were set aside: by the source door, or by the dispatcher when their handler has refused them. */
  recordsRejected: { name: "RecordsRejected", unit: "Count" },
  /** Records that their source was told to deliver again. */
  recordsFailed: { name: "RecordsFailed", unit: "Count" },
  /** Messages that the reconciler found in the mailbox's dead-letter queue. */
  deadLetters: { name: "DeadLetters", unit: "Count" },
} as const satisfies Record<string, { readonly name: string; readonly unit: MetricUnit }>;

export type Metric = keyof typeof METRICS;
