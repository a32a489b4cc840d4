/** `perdure/testing`: the whole engine in your test's process. */
export { TestEnvironment } from "./environment.ts";
export type { InvocationsFilter, TestEnvironmentOptions } from "./environment.ts";
export type { TestCounts } from "./engine.ts";
export type { InvocationCounts } from "./counts.ts";
export type { InvocationCost } from "./costs.ts";
export { runHandler } from "./handler-run.ts";
export type { HandlerRun, HandlerRunOptions } from "./handler-run.ts";
export { journalOf } from "./matchers/journal-of.ts";
export type { JournalOfOptions } from "./matchers/journal-of.ts";
export { matchers } from "./matchers/matchers.ts";
export type { InvocationMatchers } from "./matchers/matchers.ts";
export { assertInvocation } from "./matchers/assertions.ts";
export { LeakError } from "./leaks.ts";
export type { LeakMode, LeakModes } from "./leaks.ts";
export type { ServiceStub, StubAnswers, StubCall, StubOptions } from "./stubs.ts";
export type { TestLog } from "./logs.ts";
export { DeterminismError } from "./determinism/determinism.ts";
export type { Delivered, DeliverOptions, DeliveryAnswer, SetAside } from "./deliveries.ts";
export type { TestInvocation, TestStatus, JournalEntry, RecordedStep } from "./invocation.ts";
export type { StepAttempt, StepControl, StepCrash, StepReplacement } from "./steps.ts";
export type { TestItem, TestTable } from "./tables.ts";
export type { TestAwakeable } from "./awakeables.ts";
export type { TestState } from "./state.ts";
export { CrashPointError, everyCrashPoint } from "./faults/every-crash-point.ts";
export type { CrashFailure, CrashOptions, CrashReport } from "./faults/every-crash-point.ts";
export { explore, ExploreError } from "./faults/explore.ts";
export type { ExploreOptions, ExploreReport } from "./faults/explore.ts";
export type { Fault } from "./faults/fault.ts";
export type { FaultyTest } from "./faults/tested.ts";
export { replay } from "./replay.ts";
export type { Replayed } from "./replay.ts";
export type { TestSubscription } from "./subscriptions.ts";
export type { PlainRecord } from "./plain-records.ts";
export {
  dynamoDbEvent,
  eventBridgeEvent,
  kafkaEvent,
  kinesisEvent,
  s3Event,
  scheduleEvent,
  snsEvent,
  sqsEvent,
} from "./events.ts";
export type {
  DynamoDbChange,
  DynamoDbEvent,
  EventBridgeParts,
  EventRecord,
  KafkaEvent,
  KafkaEventRecord,
  KinesisEvent,
  KinesisEventRecord,
  S3EventParts,
  ScheduleEvent,
  SnsEvent,
  SnsEventRecord,
  SourceEvent,
  SqsEvent,
  SqsEventRecord,
} from "./events.ts";
