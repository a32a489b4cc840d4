/** The contract between the stack, which sets these variables, and the functions, which read them. */
export const ENVIRONMENT = {
  journalTable: "PERDURE_JOURNAL_TABLE",
  stateTable: "PERDURE_STATE_TABLE",
  registryTable: "PERDURE_REGISTRY_TABLE",
  mailboxUrl: "PERDURE_MAILBOX_URL",
  mailboxDeadLettersUrl: "PERDURE_MAILBOX_DEAD_LETTERS_URL",
  delayQueueUrl: "PERDURE_DELAY_QUEUE_URL",
  delayQueueArn: "PERDURE_DELAY_QUEUE_ARN",
  scheduleGroup: "PERDURE_SCHEDULE_GROUP",
  schedulerRoleArn: "PERDURE_SCHEDULER_ROLE_ARN",
  /** Milliseconds; shorter than SQS's 15 minutes only in tests. */
  delayQueueMsMax: "PERDURE_DELAY_QUEUE_MS_MAX",
  /** Grows when the mailbox is replaced. */
  mailboxEpoch: "PERDURE_MAILBOX_EPOCH",
  ingressUrl: "PERDURE_INGRESS_URL",
  /** Which indexes the journal table has for lists of invocations: "open", "open,ended", or nothing. */
  listing: "PERDURE_LISTING",
  logLevel: "PERDURE_LOG_LEVEL",
  /** Tells the metrics of several runtimes in an account apart; without it, none are written. */
  runtimeName: "PERDURE_RUNTIME_NAME",
} as const;

export type EnvironmentVariable = keyof typeof ENVIRONMENT;
