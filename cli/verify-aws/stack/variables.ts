/** What `perdure verify-aws` tells its CDK app, and the app its handlers. Names of environment variables. */
export const VERIFY_VARIABLES = {
  stack: "PERDURE_VERIFY_STACK",
  /** Grows with each deployment that shall make a new version. */
  build: "PERDURE_VERIFY_BUILD",
  variant: "PERDURE_VERIFY_VARIANT",
  /** The runtime's `maxConcurrency`. */
  dispatchers: "PERDURE_VERIFY_DISPATCHERS",
  /** Restored tables: journal, state and registry, with commas. */
  tables: "PERDURE_VERIFY_TABLES",
} as const;

/**
 * `throws`: the module of the service Versions throws at load. `breaking`: it lacks a handler. `breaking-allowed`: the same, with
 * leave. `moved`: the service Moves is served by another function.
 */
export const VARIANTS = ["plain", "throws", "breaking", "breaking-allowed", "moved"] as const;
export type Variant = (typeof VARIANTS)[number];

export const OUTPUTS = [
  ...(["IngressUrl", "AdminUrl", "IngressApi", "CallerRole", "ScheduleGroup"] as const),
  ...(["MailboxUrl", "DelayUrl", "MailboxDeadLettersUrl", "MailboxName", "DelayName"] as const),
  ...(["JournalTable", "StateTable", "RegistryTable"] as const),
  ...(["Dispatcher", "Ingress", "Timers", "Main", "Deaths"] as const),
  ...(["DispatcherLogs", "IngressLogs", "TimersLogs", "MainLogs", "DeathsLogs"] as const),
  "RuntimeName",
] as const;
export type Outputs = Readonly<Record<(typeof OUTPUTS)[number], string>>;
