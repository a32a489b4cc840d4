/** What handlers import. The names, signatures and semantics are Restate's; `DurablePromise` is our word. */
export { service, object, workflow, handlers } from "./definition.ts";
export type {
  Definition,
  HandlerOptions,
  RetryPolicyOptions,
  ServiceDefinition,
  ServiceOptions,
  VirtualObjectDefinition,
  WorkflowDefinition,
  WorkflowOptions,
} from "./definition.ts";
export type {
  Context,
  ContextDate,
  ExplicitCancellation,
  GenericCall,
  GenericSend,
  InvocationReference,
  InvocationRequest,
  ObjectContext,
  ObjectSharedContext,
  RunAction,
  RunOptions,
  SignalReference,
  TypedName,
  UntypedState,
  WorkflowContext,
  WorkflowPromise,
  WorkflowSharedContext,
} from "./context.ts";
export { rpc } from "./client/client-types.ts";
export type {
  CallOptions,
  Client,
  InvocationHandle,
  SendClient,
  SendOptions,
} from "./client/client-types.ts";
export { DurablePromise, InvocationPromise, isDurablePromise } from "./durable-promise.ts";
export { iface, implement } from "./interface.ts";
export type {
  ClientFromDescriptors,
  Descriptor,
  DescriptorOpts,
  HandlerDescriptor,
  ObjectDescriptor,
  SendClientFromDescriptors,
  ServiceDescriptor,
  WorkflowDescriptor,
} from "./interface.ts";
export { serde } from "./serde.ts";
export type { Serde } from "./serde.ts";
export {
  CancelledError,
  PauseError,
  RestateError,
  RetryableError,
  TerminalError,
  TimeoutError,
} from "../lib/errors.ts";
export type { Duration } from "../lib/duration.ts";
export type { Rand } from "./turn/random.ts";
export { createEndpoint } from "./endpoint.ts";
export type { Endpoint, EndpointOptions } from "./endpoint.ts";
export type { Hooks, HooksProvider, Interceptor } from "./hooks.ts";
export { isSuspendedError } from "./hooks.ts";
export { LoggerContext, LogSource, RestateLogLevel } from "./logger.ts";
export type { LoggerTransport, LogMetadata } from "./logger.ts";
export type { SchemaOutput, StandardSchema } from "./schema-serde.ts";
