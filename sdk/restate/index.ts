/**
 * The SDK under Restate's names. Alias `@restatedev/restate-sdk` to `perdure/restate`, and code that was written for it compiles
 * and runs. A name that is missing here has no counterpart (docs/parity.md), so the compiler finds its uses.
 */
import type {
  Context,
  ExplicitCancellation,
  HandlersOf,
  InvocationRequest,
  ObjectContext,
  ObjectSharedContext,
  TypedName,
  WorkflowContext,
  WorkflowPromise,
  WorkflowSharedContext,
} from "../context.ts";
import type { Duration } from "../../lib/duration.ts";
import {
  type Describing,
  type HandlerOptions,
  object as defineObject,
  type ObjectHandlers,
  service as defineService,
  type ServiceHandlers,
  type ServiceOptions,
  workflow as defineWorkflow,
  type WorkflowHandlers,
  type WorkflowOptions,
} from "../definition.ts";
import type {
  Any,
  Descriptors,
  ObjectDescriptor,
  ServiceDescriptor,
  WorkflowDescriptor,
} from "../descriptor.ts";
import { DurablePromise as RestatePromise, isDurablePromise } from "../durable-promise.ts";
import * as handlers from "../handlers/index.ts";
import { TerminalError } from "../../lib/errors.ts";
import { isSuspendedError } from "../hooks.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import { storedId } from "../../lib/model/shown-id.ts";
import type { ServicePerHandlerOpts } from "../interface.ts";
import type { Target } from "../../lib/model/message.ts";
import type { CoreDefinition } from "./published-types.ts";
import type { CallOptions, SendOptions } from "../rpc.ts";
import { type Serde, serde as ownSerde } from "../serde.ts";

export * from "../shared-exports.ts";
export type { RetryPolicyOptions as RetryPolicy, ServiceOptions as ObjectOptions } from "../definition.ts";
export { Opts, SendOpts } from "../rpc.ts";
export type { InferInput, InferOutput } from "../descriptor.ts";
export type {
  FnOf,
  ObjectImplHandlers,
  ServiceImplHandlers,
  ServiceInterface,
  ServicePerHandlerOpts,
  WorkflowImplHandlers,
} from "../interface.ts";
export { createEndpointHandler, endpoint, RestateEndpoint, serve } from "./serve.ts";
export type { NodeEndpointOptions, ServeOptions } from "./serve.ts";
export { RestateEndpointBase } from "./endpoint.ts";
export type { DefaultServiceOptions, EndpointOptions } from "./endpoint.ts";

export const internal = { isSuspendedError };
export declare namespace internal {
  interface ContextInternal extends Context, ExplicitCancellation {}
}

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

export const serde: Omit<typeof ownSerde, "json"> & {
  json: Serde<Any> & Pick<typeof ownSerde.json, "schema">;
} = ownSerde;

export type { InvocationId, Target };
export type Request = InvocationRequest;
export const InvocationIdParser = {
  /** Throws a TerminalError (400) if `id` is not an invocation's. */
  fromString(id: string): InvocationId {
    if (storedId(id) !== undefined) return id;
    throw new TerminalError(`not an invocation id: ${JSON.stringify(id)}`, { errorCode: 400 });
  },
};

// The type of a definition is its name and, for the compiler, its handlers: so that the name alone is of that type, too.

/** Handlers may be of an interface, which has no index signature: each that it names is looked at instead. */
type EachOf<H, All> = { [name in keyof H]: name extends keyof All ? All[name] : never };

export function service<Name extends string, H extends ServiceHandlers<Any>>(
  describing: Describing<Name, H & ThisType<H>, ServiceOptions>,
): ServiceDefinition<Name, H>;
export function service<Name extends string, H extends EachOf<H, ServiceHandlers<Any>>>(
  describing: Describing<Name, H & ThisType<H>, ServiceOptions>,
): ServiceDefinition<Name, H>;
export function service<Name extends string, H extends ServiceHandlers<Any>>(
  describing: Describing<Name, H & ThisType<H>, ServiceOptions>,
): ServiceDefinition<Name, H> {
  return defineService(describing);
}
export function object<Name extends string, H extends ObjectHandlers<Any>>(
  describing: Describing<Name, H & ThisType<H>, ServiceOptions>,
): VirtualObjectDefinition<Name, H>;
export function object<Name extends string, H extends EachOf<H, ObjectHandlers<Any>>>(
  describing: Describing<Name, H & ThisType<H>, ServiceOptions>,
): VirtualObjectDefinition<Name, H>;
export function object<Name extends string, H extends ObjectHandlers<Any>>(
  describing: Describing<Name, H & ThisType<H>, ServiceOptions>,
): VirtualObjectDefinition<Name, H> {
  return defineObject(describing);
}
export function workflow<Name extends string, H extends WorkflowHandlers<Any>>(
  describing: Describing<Name, H & ThisType<H>, WorkflowOptions>,
): WorkflowDefinition<Name, H>;
export function workflow<
  Name extends string,
  H extends EachOf<H, WorkflowHandlers<Any>> & Pick<WorkflowHandlers<Any>, "run">,
>(describing: Describing<Name, H & ThisType<H>, WorkflowOptions>): WorkflowDefinition<Name, H>;
export function workflow<Name extends string, H extends WorkflowHandlers<Any>>(
  describing: Describing<Name, H & ThisType<H>, WorkflowOptions>,
): WorkflowDefinition<Name, H> {
  return defineWorkflow(describing);
}

/** What `service()` returns, or its name alone: `const counter: ServiceDefinition<"Counter", Counter> = { name: "Counter" }`. */
export type ServiceDefinition<Name extends string, M> = CoreDefinition<
  "service",
  Name,
  M,
  TypedName<Name, M>
>;
export type VirtualObjectDefinition<Name extends string, M> = CoreDefinition<
  "object",
  Name,
  M,
  TypedName<Name, M>
>;
export type WorkflowDefinition<Name extends string, M> = CoreDefinition<
  "workflow",
  Name,
  M,
  TypedName<Name, M>
>;
export type ServiceDefinitionFrom<M> = M extends { readonly name: string } ? M : ServiceDefinition<string, M>;
export type VirtualObjectDefinitionFrom<M> = M extends { readonly name: string }
  ? M
  : VirtualObjectDefinition<string, M>;
export type WorkflowDefinitionFrom<M> = M extends { readonly name: string }
  ? M
  : WorkflowDefinition<string, M>;
export type Service<D> = HandlersOf<D>;
export type VirtualObject<D> = HandlersOf<D>;
export type Workflow<D> = HandlersOf<D>;

export type TypedState = Record<string, Any>;
export type ClientCallOptions<I, O> = CallOptions<I, O>;
export type ClientSendOptions<I> = SendOptions<I>;
export type InferArg<P> = P extends [infer A, ...unknown[]] ? A : unknown;
export type RemoveVoidArgument<F> = F extends (context: infer C, input: infer I) => infer R
  ? [I] extends [void]
    ? (context: C) => R
    : F
  : F;
export type ServiceHandlerOpts<I, O> = HandlerOptions & { input?: Serde<I>; output?: Serde<O> };
export type ObjectHandlerOpts<I, O> = ServiceHandlerOpts<I, O>;
export type WorkflowHandlerOpts<I, O> = ServiceHandlerOpts<I, O>;
export type {
  ServicePerHandlerOpts as ObjectPerHandlerOpts,
  ServicePerHandlerOpts as WorkflowPerHandlerOpts,
};

// What a map of handlers may hold. The contexts without members stand for any context of their kind.

export type RestateContext = object;
export type RestateObjectSharedContext = object;
export type RestateObjectContext = object;
export type RestateWorkflowSharedContext = object;
export type RestateWorkflowContext = object;
type Handler<F, C> = F extends (context: C, ...input: Any[]) => Promise<Any>
  ? F
  : (context: C, input?: Any) => Promise<Any>;
export type ServiceHandler<F, C = RestateContext> = Handler<F, C>;
export type ObjectHandler<F, C = RestateObjectContext> = Handler<F, C>;
export type WorkflowHandler<F, C = RestateWorkflowContext> = Handler<F, C>;
export type WorkflowSharedHandler<F, C = RestateWorkflowSharedContext> = Handler<F, C>;
export type ServiceOpts<U> = { [K in keyof U]: ServiceHandler<U[K], Context> };
export type ObjectOpts<U> = {
  [K in keyof U]: ObjectHandler<U[K], ObjectContext<Any>> | ObjectHandler<U[K], ObjectSharedContext<Any>>;
};
export type WorkflowOpts<U> = {
  [K in keyof U]: K extends "run"
    ? WorkflowHandler<U[K], WorkflowContext<Any>>
    : WorkflowSharedHandler<U[K], WorkflowSharedContext<Any>>;
};
export type KeyValueStore<S extends TypedState> = Pick<
  ObjectContext<S>,
  "get" | "set" | "clear" | "clearAll" | "stateKeys"
>;

export type ImplementedServiceDefinition<Name extends string, H extends Descriptors> = ServiceDefinition<
  Name,
  Any
> &
  ServiceDescriptor<Name, H>;
export type ImplementedObjectDefinition<Name extends string, H extends Descriptors> = VirtualObjectDefinition<
  Name,
  Any
> &
  ObjectDescriptor<Name, H>;
export type ImplementedWorkflowDefinition<Name extends string, H extends Descriptors> = WorkflowDefinition<
  Name,
  Any
> &
  WorkflowDescriptor<Name, H>;
export type ImplementedDefinition<
  Name extends string,
  H extends Descriptors,
  Kind extends "service" | "object" | "workflow",
> = Kind extends "service"
  ? ImplementedServiceDefinition<Name, H>
  : Kind extends "object"
    ? ImplementedObjectDefinition<Name, H>
    : ImplementedWorkflowDefinition<Name, H>;

export interface RetryableErrorOptions {
  retryAfter?: Duration;
}
