/**
 * The SDK under the names of Restate's: alias `@restatedev/restate-sdk` to `perdure/restate`, and code that was written
 * for it compiles and runs. What is left out does not exist here (docs/parity.md), so that the compiler finds it.
 */
import type { CallOptions, SendOptions } from "./client-types.ts";
import type { HandlersOf, InvocationRequest, TypedName, WorkflowPromise } from "./context.ts";
import {
  type Describing,
  type HandlerOptions,
  handlers,
  object as defineObject,
  type ObjectHandlers,
  service as defineService,
  type ServiceHandlers,
  type ServiceOptions,
  workflow as defineWorkflow,
  type WorkflowHandlers,
  type WorkflowOptions,
} from "./definition.ts";
import { DurablePromise as RestatePromise, isDurablePromise } from "./durable-promise.ts";
import { TerminalError } from "../lib/errors.ts";
import { isInvocationId, type InvocationId } from "../lib/ids.ts";
import type { Target } from "../lib/message.ts";
import { type Serde, serde as ownSerde } from "./serde.ts";

export { handlers } from "./definition.ts";
export type {
  RetryPolicyOptions as RetryPolicy,
  ServiceOptions,
  ServiceOptions as ObjectOptions,
  WorkflowOptions,
} from "./definition.ts";
export type {
  Context,
  ContextDate,
  GenericCall,
  GenericSend,
  InvocationReference,
  ObjectContext,
  ObjectSharedContext,
  RunAction,
  RunOptions,
  SignalReference,
  UntypedState,
  WorkflowContext,
  WorkflowSharedContext,
} from "./context.ts";
export { Opts, rpc, SendOpts } from "./client-types.ts";
export type { Client, InvocationHandle, SendClient } from "./client-types.ts";
export { InvocationPromise } from "./durable-promise.ts";
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
export type { Rand } from "./random.ts";
export { createEndpointHandler, endpoint, RestateEndpoint, serve } from "./serve-restate.ts";
export type { NodeEndpointOptions, ServeOptions } from "./serve-restate.ts";
export { RestateEndpointBase } from "./restate-endpoint.ts";
export type { DefaultServiceOptions, EndpointOptions } from "./restate-endpoint.ts";
export * as internal from "./restate-internal.ts";

export { RestatePromise };
export const isRestatePromise = isDurablePromise;
/** Its old name. */
export const CombineablePromise = RestatePromise;
export type CombineablePromise<T> = RestatePromise<T>;
/** A workflow's promise has this name there. */
export type DurablePromise<T> = WorkflowPromise<T>;

export const createServiceHandler = handlers.handler;
export const createObjectHandler = handlers.object.exclusive;
export const createObjectSharedHandler = handlers.object.shared;
export const createWorkflowHandler = handlers.workflow.workflow;
export const createWorkflowSharedHandler = handlers.workflow.shared;

// oxlint-disable-next-line typescript/no-explicit-any -- as there: of whatever type is asked for, and only `any` is every type
type Any = any;

export const serde: Omit<typeof ownSerde, "json"> & {
  json: Serde<Any> & Pick<typeof ownSerde.json, "schema">;
} = ownSerde;

export type { InvocationId, Target };
export type Request = InvocationRequest;
export const InvocationIdParser = {
  /** Throws a TerminalError for what is no invocation's id. */
  fromString(id: string): InvocationId {
    if (isInvocationId(id)) return id;
    throw new TerminalError(`not an invocation id: ${JSON.stringify(id)}`, { errorCode: 400 });
  },
};

// The type of a definition is its name and, for the compiler, its handlers: so that the name alone is of that type, too.

export function service<Name extends string, H extends ServiceHandlers<Any>>(
  describing: Describing<Name, H & ThisType<H>, ServiceOptions>,
): ServiceDefinition<Name, H> {
  return defineService(describing);
}
export function object<Name extends string, H extends ObjectHandlers<Any>>(
  describing: Describing<Name, H & ThisType<H>, ServiceOptions>,
): VirtualObjectDefinition<Name, H> {
  return defineObject(describing);
}
export function workflow<Name extends string, H extends WorkflowHandlers<Any>>(
  describing: Describing<Name, H & ThisType<H>, WorkflowOptions>,
): WorkflowDefinition<Name, H> {
  return defineWorkflow(describing);
}

/** What `service()` returns, or its name alone: `const counter: ServiceDefinition<"Counter", Counter> = { name: "Counter" }`. */
export type ServiceDefinition<Name extends string, M> = TypedName<Name, M>;
export type VirtualObjectDefinition<Name extends string, M> = TypedName<Name, M>;
export type WorkflowDefinition<Name extends string, M> = TypedName<Name, M>;
type DefinitionFrom<M> = M extends { readonly name: string } ? M : TypedName<string, M>;
export type ServiceDefinitionFrom<M> = DefinitionFrom<M>;
export type VirtualObjectDefinitionFrom<M> = DefinitionFrom<M>;
export type WorkflowDefinitionFrom<M> = DefinitionFrom<M>;
export type Service<D> = HandlersOf<D>;
export type VirtualObject<D> = HandlersOf<D>;
export type Workflow<D> = HandlersOf<D>;

export type TypedState = Record<string, unknown>;
export type ClientCallOptions<I, O> = CallOptions<I, O>;
export type ClientSendOptions<I> = SendOptions<I>;
export type ServiceHandlerOpts<I, O> = HandlerOptions & { input?: Serde<I>; output?: Serde<O> };
export type ObjectHandlerOpts<I, O> = ServiceHandlerOpts<I, O>;
export type WorkflowHandlerOpts<I, O> = ServiceHandlerOpts<I, O>;
export type ServiceOpts = ServiceOptions;
