/** `perdure/cdk`: the constructs for a runtime and for services that run on it. */
export type { Alarms } from "./alarms.ts";
export type { AwsSdk } from "./bundle.ts";
export type { BundlingOptions } from "./bundling.ts";
export type { Authorization } from "./http-api.ts";
export type { IngressDomain } from "./ingress-domain.ts";
export type { PerdureRuntimeAttributes } from "./imported-runtime.ts";
export type { ServiceMailboxProps } from "./service-mailbox.ts";
export { kafka, type MskTopic, type SecretReference, type SelfManagedTopic } from "./events/kafka-source.ts";
export {
  eventBridge,
  s3,
  type S3SourceProps,
  schedule,
  type ScheduleSourceProps,
  sns,
} from "./events/push-sources.ts";
export { sqs } from "./events/queue-source.ts";
export type { RecordSource } from "./events/record-source.ts";
export {
  dynamoDbStream,
  kinesis,
  type StreamedTable,
  type StreamSourceProps,
} from "./events/stream-sources.ts";
export type { SubscribeOptions, SourceSubscription } from "./events/subscription.ts";
export { PerdureRuntime } from "./runtime.ts";
export { type AdminGrantOptions, PerdureRuntimeBase } from "./runtime-base.ts";
export type { PerdureRuntimeProps, RuntimePart } from "./runtime-props.ts";
export { PerdureService } from "./service.ts";
export { PerdureServiceBase } from "./service-base.ts";
export type { FunctionServiceProps, PerdureServiceProps } from "./service-props.ts";
export type { TracingSetting, TracingProps } from "./tracing.ts";
export type { PerdureTables, TableReference } from "./tables.ts";
