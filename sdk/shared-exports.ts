/** What `perdure` and `perdure/restate` export under the same name. */
export * as handlers from "./handlers/index.ts";
export type { ServiceOptions, WorkflowOptions } from "./definition.ts";
export type {
  Context,
  ContextDate,
  GenericCall,
  GenericSend,
  InvocationReference,
  ObjectContext,
  ObjectSharedContext,
  Rand,
  RunAction,
  RunOptions,
  SignalReference,
  UntypedState,
  WorkflowContext,
  WorkflowSharedContext,
} from "./context.ts";
export * as rpc from "./rpc-options.ts";
export type { Client, InvocationHandle, SendClient } from "./rpc.ts";
export { InvocationPromise } from "./durable-promise.ts";
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
} from "./descriptor.ts";
export type { Serde } from "./serde.ts";
export type { Hooks, HooksProvider, Interceptor } from "./hooks.ts";
export { LoggerContext, LogSource, RestateLogLevel } from "./logger.ts";
export type { LoggerTransport, LogMetadata } from "./logger.ts";
export {
  CancelledError,
  PauseError,
  RestateError,
  RetryableError,
  TerminalError,
  TimeoutError,
} from "../lib/errors.ts";
export type { Duration } from "../lib/duration.ts";
