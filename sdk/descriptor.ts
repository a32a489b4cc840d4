/**
 * The types of a contract, which says what a service offers without its code. `iface` (sdk/interface.ts) makes the values.
 * The names of the fields are Restate's, since its published client reads them.
 */
import type { ServiceType } from "../lib/model/manifest.ts";
import type { InvocationPromise } from "./durable-promise.ts";
import type { InvocationHandle, Opts, SendOpts } from "./rpc.ts";
import type { Serde } from "./serde.ts";

export interface DescriptorOpts {
  description?: string;
  metadata?: Record<string, string>;
}

// oxlint-disable-next-line typescript/no-explicit-any -- a handler's input is both given and taken, so only `any` is every type
export type Any = any;

/** One handler of a contract. */
export interface HandlerDescriptor<I = Any, O = Any, Shared extends boolean = boolean> {
  readonly _inputSerde?: Serde<I>;
  readonly _outputSerde?: Serde<O>;
  readonly _shared?: Shared;
  readonly _description?: string;
  readonly _metadata?: Record<string, string>;
}
export type Descriptors = Record<string, HandlerDescriptor>;
export interface Descriptor<
  Name extends string = string,
  H extends Descriptors = Descriptors,
  Kind extends ServiceType = ServiceType,
> {
  readonly name: Name;
  readonly _kind: Kind;
  readonly _handlers: H;
  readonly _description?: string;
  readonly _metadata?: Record<string, string>;
}
export type ServiceDescriptor<Name extends string = string, H extends Descriptors = Descriptors> = Descriptor<
  Name,
  H,
  "service"
>;
export type ObjectDescriptor<Name extends string = string, H extends Descriptors = Descriptors> = Descriptor<
  Name,
  H,
  "object"
>;
export type WorkflowDescriptor<
  Name extends string = string,
  H extends Descriptors = Descriptors,
> = Descriptor<Name, H, "workflow">;

export type InferInput<D> = D extends HandlerDescriptor<infer I, Any, Any> ? I : Any;
export type InferOutput<D> = D extends HandlerDescriptor<Any, infer O, Any> ? O : Any;

/** Calls by a contract. */
export type ClientFromDescriptors<H extends Descriptors> = {
  readonly [K in keyof H]: (
    ...args: Args<InferInput<H[K]>, Opts<InferInput<H[K]>, InferOutput<H[K]>>>
  ) => InvocationPromise<InferOutput<H[K]>>;
};
export type SendClientFromDescriptors<H extends Descriptors> = {
  readonly [K in keyof H]: (...args: Args<InferInput<H[K]>, SendOpts<InferInput<H[K]>>>) => InvocationHandle;
};
type Args<I, O> = [I] extends [void] ? [options?: O] : [input: I, options?: O];
