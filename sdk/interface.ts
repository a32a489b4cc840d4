/**
 * Contracts: what a service offers, as a value that callers can import without its code. `iface` declares one, `implement`
 * makes a definition of it, `ctx.client` and Restate's published ingress client call it. The names of the fields are
 * Restate's, since that client reads them.
 */
import type {
  Context,
  ObjectContext,
  ObjectSharedContext,
  TypedName,
  WorkflowContext,
  WorkflowSharedContext,
} from "./context.ts";
import {
  define,
  type HandlerFunction,
  type HandlerOptions,
  type ServiceOptions,
  type WorkflowOptions,
} from "./definition.ts";
import type {
  Any,
  Descriptor,
  DescriptorOpts,
  Descriptors,
  HandlerDescriptor,
  InferInput,
  InferOutput,
  ObjectDescriptor,
  ServiceDescriptor,
  WorkflowDescriptor,
} from "./descriptor.ts";
import * as wrappers from "./handlers/index.ts";
import type { ServiceType } from "../lib/model/manifest.ts";
import { type SchemaOutput, type Serde, serde, type StandardSchema } from "./serde.ts";

type SerdeType<S> = S extends Serde<infer T> ? T : never;

/** Declares handlers: the types alone (`json`), or a serde or schema for each direction. */
interface Declare<Shared extends boolean> {
  json<I = void, O = void>(options?: DescriptorOpts): HandlerDescriptor<I, O, Shared>;
  serdes<I extends Serde<Any> = Serde<void>, O extends Serde<Any> = Serde<void>>(
    options: { input?: I; output?: O } & DescriptorOpts,
  ): HandlerDescriptor<SerdeType<I>, SerdeType<O>, Shared>;
  schemas<I extends StandardSchema<Any>, O extends StandardSchema<Any>>(
    options: { input?: I; output?: O } & DescriptorOpts,
  ): HandlerDescriptor<SchemaOutput<I>, SchemaOutput<O>, Shared>;
}
export interface ServiceInterface extends Declare<false> {
  service<Name extends string, H extends Descriptors>(
    name: Name,
    handlers: H,
    options?: DescriptorOpts,
  ): ServiceDescriptor<Name, H>;
  object<Name extends string, H extends Descriptors>(
    name: Name,
    handlers: H,
    options?: DescriptorOpts,
  ): ObjectDescriptor<Name, H>;
  workflow<Name extends string, H extends Descriptors>(
    name: Name,
    handlers: H,
    options?: DescriptorOpts,
  ): WorkflowDescriptor<Name, H>;
  /** Handlers that read beside an object's writer, or a workflow's other than `run`. */
  readonly shared: Declare<true>;
}

const held = <K extends string, V>(key: K, value: V | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { [_ in K]?: V };

function declaring<Shared extends boolean>(shared: Shared): Declare<Shared> {
  const describe = <I, O>(
    { description, metadata }: DescriptorOpts,
    input?: Serde<I>,
    output?: Serde<O>,
  ): HandlerDescriptor<I, O, Shared> => ({
    _shared: shared,
    ...held("_inputSerde", input),
    ...held("_outputSerde", output),
    ...held("_description", description),
    ...held("_metadata", metadata),
  });
  return {
    json: (options = {}) => describe(options),
    serdes: (options) => describe(options, options.input, options.output) as never,
    schemas: (options) =>
      describe(
        options,
        options.input && serde.schema(options.input),
        options.output && serde.schema(options.output),
      ),
  };
}

const contract =
  <Kind extends ServiceType>(kind: Kind) =>
  <Name extends string, H extends Descriptors>(
    name: Name,
    handlers: H,
    { description, metadata }: DescriptorOpts = {},
  ): Descriptor<Name, H, Kind> => ({
    name,
    _kind: kind,
    _handlers: handlers,
    ...held("_description", description),
    ...held("_metadata", metadata),
  });

export const iface: ServiceInterface = {
  service: contract("service"),
  object: contract("object"),
  workflow: contract("workflow"),
  ...declaring(false),
  shared: declaring(true),
};

/** The function of a handler: without an input where there is none. */
export type FnOf<C, I, O> = [I] extends [void] ? (ctx: C) => Promise<O> : (ctx: C, input: I) => Promise<O>;
type Implementation<H extends Descriptors, K extends keyof H, C> = FnOf<
  C,
  InferInput<H[K]>,
  InferOutput<H[K]>
>;
export type ServiceImplHandlers<H extends Descriptors> = {
  [K in keyof H]: Implementation<H, K, Context>;
};
export type ObjectImplHandlers<H extends Descriptors> = {
  [K in keyof H]: Implementation<
    H,
    K,
    H[K] extends HandlerDescriptor<Any, Any, infer Shared>
      ? Shared extends true
        ? ObjectSharedContext
        : ObjectContext
      : never
  >;
};
export type WorkflowImplHandlers<H extends Descriptors> = {
  [K in keyof H]: Implementation<H, K, K extends "run" ? WorkflowContext : WorkflowSharedContext>;
};

export type ServicePerHandlerOpts = Omit<HandlerOptions, "input" | "output">;
interface Implementing<H extends Descriptors, Fns, Options> extends DescriptorOpts {
  handlers: Fns;
  options?: Options & { handlers?: { [K in keyof H]?: ServicePerHandlerOpts } };
}

/** Makes the definition of a contract. Throws `TypeError` when a handler is missing. */
export function implement<Name extends string, H extends Descriptors>(
  descriptor: ServiceDescriptor<Name, H>,
  config: Implementing<H, ServiceImplHandlers<H>, ServiceOptions>,
): TypedName<Name, ServiceImplHandlers<H>> & ServiceDescriptor<Name, H>;
export function implement<Name extends string, H extends Descriptors>(
  descriptor: ObjectDescriptor<Name, H>,
  config: Implementing<H, ObjectImplHandlers<H>, ServiceOptions>,
): TypedName<Name, ObjectImplHandlers<H>> & ObjectDescriptor<Name, H>;
export function implement<Name extends string, H extends Descriptors>(
  descriptor: WorkflowDescriptor<Name, H>,
  config: Implementing<H, WorkflowImplHandlers<H>, WorkflowOptions>,
): TypedName<Name, WorkflowImplHandlers<H>> & WorkflowDescriptor<Name, H>;
export function implement(
  descriptor: Descriptor,
  config: Implementing<Descriptors, object, WorkflowOptions>,
): Any {
  const { handlers: perHandler = {}, ...options } = config.options ?? {};
  const given = config.handlers as Record<string, HandlerFunction | undefined>;
  const handlers = Object.entries(descriptor._handlers).map(([name, declared]) => {
    const fn = given[name];
    if (typeof fn !== "function")
      throw new TypeError(`implement(): ${descriptor.name} has no handler "${name}"`);
    const own = {
      ...held("input", declared._inputSerde),
      ...held("output", declared._outputSerde),
      ...held("description", declared._description),
      ...held("metadata", declared._metadata),
      ...perHandler[name],
    };
    return [name, wrapperOf(descriptor, name, declared)(own, fn as never)] as const;
  });
  const definition = define(descriptor._kind, {
    name: descriptor.name,
    handlers: Object.fromEntries(handlers),
    options,
    ...held("description", config.description ?? descriptor._description),
    ...held("metadata", config.metadata ?? descriptor._metadata),
  });
  return Object.assign(definition, { _kind: descriptor._kind, _handlers: descriptor._handlers });
}

function wrapperOf({ _kind }: Descriptor, name: string, { _shared }: HandlerDescriptor) {
  if (_kind === "service") return wrappers.handler;
  if (_kind === "workflow") return name === "run" ? wrappers.workflow.workflow : wrappers.workflow.shared;
  return _shared === true ? wrappers.object.shared : wrappers.object.exclusive;
}
