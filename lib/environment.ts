import type { Resources } from "./model/resources.ts";

/** The contract between the stack, which sets these variables, and the functions, which read them. */
export const ENVIRONMENT = {
  journalTable: "PERDURE_JOURNAL_TABLE",
  stateTable: "PERDURE_STATE_TABLE",
  registryTable: "PERDURE_REGISTRY_TABLE",
  mailboxUrl: "PERDURE_MAILBOX_URL",
  mailboxDeadLettersUrl: "PERDURE_MAILBOX_DEAD_LETTERS_URL",
  /** Set if services may have mailboxes of their own. */
  ownMailboxes: "PERDURE_OWN_MAILBOXES",
  delayQueueUrl: "PERDURE_DELAY_QUEUE_URL",
  /** Where guards wait. Absent: in the delay queue. */
  guardTable: "PERDURE_GUARD_TABLE",
  /** The alias by which handlers' functions invoke each other (R28). Absent: their calls go by the queue. */
  directAlias: "PERDURE_DIRECT_ALIAS",
  delayQueueArn: "PERDURE_DELAY_QUEUE_ARN",
  /** Where a schedule goes that cannot be delivered. */
  delayDeadLettersArn: "PERDURE_DELAY_DEAD_LETTERS_ARN",
  scheduleGroup: "PERDURE_SCHEDULE_GROUP",
  schedulerRoleArn: "PERDURE_SCHEDULER_ROLE_ARN",
  /** Milliseconds. Only tests set less than SQS's 15 minutes. */
  delayQueueMsMax: "PERDURE_DELAY_QUEUE_MS_MAX",
  /** Grows when the mailbox is replaced. */
  mailboxEpoch: "PERDURE_MAILBOX_EPOCH",
  ingressUrl: "PERDURE_INGRESS_URL",
  /** The origins whose pages may call the ingress, separated by commas. Absent: every one may. `perdure dev` reads it too. */
  corsOrigins: "PERDURE_CORS_ORIGINS",
  /** "true": their pages may send cookies. */
  corsCredentials: "PERDURE_CORS_CREDENTIALS",
  /** Which indexes the journal table has for lists of invocations: "open", "open,ended", or nothing. */
  listing: "PERDURE_LISTING",
  /** From which level on the engine logs: `debug`, `info`, `warn` or `error`. `perdure dev` reads it too. */
  logLevel: "PERDURE_LOG_LEVEL",
  /** Tells the metrics of several runtimes in an account apart. Without it, no metrics are written. */
  runtimeName: "PERDURE_RUNTIME_NAME",
} as const;

export type EnvironmentVariable = keyof typeof ENVIRONMENT;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Throws `Error` with the name of the variable if it is not set. */
export function required(environment: Environment, variable: EnvironmentVariable): string {
  return requiredByName(environment, ENVIRONMENT[variable]);
}

/** The same, for a variable that is not Perdure's. */
export function requiredByName(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === "") throw new Error(`environment variable ${name} is not set`);
  return value;
}

/** What the variables name. Throws `Error` with the name of one that is not set. */
export function resourcesIn(environment: Environment): Resources {
  const delayQueueUrl = environment[ENVIRONMENT.delayQueueUrl];
  return {
    journalTable: required(environment, "journalTable"),
    stateTable: required(environment, "stateTable"),
    registryTable: required(environment, "registryTable"),
    mailboxUrl: required(environment, "mailboxUrl"),
    ...(delayQueueUrl ? { delayQueueUrl } : {}),
  };
}
