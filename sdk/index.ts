/** What handlers import. The names, signatures and semantics are Restate's. `DurablePromise` is our word. */
export * from "./shared-exports.ts";
export { service, object, workflow } from "./definition.ts";
export type {
  Definition,
  HandlerOptions,
  RetryPolicyOptions,
  ServiceDefinition,
  VirtualObjectDefinition,
  WorkflowDefinition,
} from "./definition.ts";
export type {
  ExplicitCancellation,
  InvocationRequest,
  TransactWork,
  TransactWrite,
  TypedName,
  WorkflowPromise,
} from "./context.ts";
export { TransactionError } from "../lib/errors.ts";
export type { TransactionReason } from "../lib/errors.ts";
export type { Caller } from "../lib/model/caller.ts";
export type { CallOptions, SendOptions } from "./rpc.ts";
export { DurablePromise, isDurablePromise } from "./durable-promise.ts";
export { serde } from "./serde.ts";
export type { Jsonify } from "./jsonify.ts";
export type { SchemaOutput, StandardSchema } from "./serde.ts";
export { createEndpoint } from "./endpoint.ts";
export type { Endpoint, EndpointOptions } from "./endpoint.ts";
export { isSuspendedError } from "./hooks.ts";
