/**
 * Definitions of services, virtual objects and workflows: plain data around the user's functions, with Restate's
 * names. A definition is also the type from which clients are derived.
 */
import { type Duration, toMs } from "../lib/duration.ts";
import { NAME_BYTES_MAX } from "../lib/limits.ts";
import type {
  HandlerKind,
  HandlerManifest,
  Options,
  RetryPolicy,
  ServiceManifest,
  ServiceType,
} from "../lib/model/manifest.ts";
import type {
  ObjectContext,
  ObjectSharedContext,
  Context,
  WorkflowContext,
  WorkflowSharedContext,
} from "./context.ts";
import type { HooksProvider } from "./hooks.ts";
import type { Serde } from "./serde.ts";
import type { TerminalError } from "../lib/errors.ts";

export interface RetryPolicyOptions {
  /** Attempts, the first included. */
  maxAttempts?: number;
  /** After the last attempt: `pause` (default) waits for an operator, `kill` ends the invocation with a failure. */
  onMaxAttempts?: "pause" | "kill";
  initialInterval?: Duration;
  maxInterval?: Duration;
  exponentiationFactor?: number;
}

/** Options of a service, which its handlers inherit. */
export interface ServiceOptions {
  idempotencyRetention?: Duration;
  journalRetention?: Duration;
  inactivityTimeout?: Duration;
  abortTimeout?: Duration;
  /** Not callable over HTTP, only by other handlers. */
  ingressPrivate?: boolean;
  /** Headers that handlers get although they carry credentials or say how a request came: `["authorization", "x-forwarded-*"]`.
   * They are stored with the invocation. Others of that kind are left out; `request().caller` says who called. */
  passHeaders?: string[];
  retryPolicy?: RetryPolicyOptions;
  /** Default serde of its handlers, steps and state. */
  serde?: Serde<unknown>;
  /** Makes a terminal error of an error. `undefined`: the error is retried. */
  asTerminalError?: (error: unknown) => TerminalError | undefined;
  /** Interceptors. A handler's come after its service's, which are outermost. */
  hooks?: HooksProvider[];
  /** State is always lazy here: accepted, and without effect. */
  enableLazyState?: boolean;
  /** A cancellation rejects nothing that the handler awaits. The handler listens itself, with `ctx.cancellation()`. */
  explicitCancellation?: boolean;
  /** If the code no longer does what the journal recorded: `retry` by the policy (default), `pause` for an operator, or `fail`. */
  onJournalMismatchErrors?: "retry" | "pause" | "fail";
}
export interface WorkflowOptions extends ServiceOptions {
  workflowRetention?: Duration;
}
/** Options of one handler; they go before its service's. */
export interface HandlerOptions extends WorkflowOptions {
  accept?: string;
  input?: Serde<unknown>;
  output?: Serde<unknown>;
  /** Answer over HTTP with the output's content type even if it has no content, which is a value in some formats. */
  setOutputContentTypeIfEmpty?: boolean;
  description?: string;
  metadata?: Record<string, string>;
}

/** Any handler. `never` as a context accepts every context. */
export type HandlerFunction = (context: never, ...input: never[]) => unknown;
export type Handlers = Record<string, HandlerFunction>;

const WRAPPED = Symbol.for("perdure.handler");
interface Wrapped {
  readonly kind: HandlerKind | undefined;
  readonly options: HandlerOptions;
}

export interface Definition<Type extends ServiceType, Name extends string, H> {
  readonly type: Type;
  readonly name: Name;
  readonly handlers: H;
  readonly description?: string;
  readonly metadata?: Record<string, string>;
  readonly options?: WorkflowOptions;
}
export type ServiceDefinition<Name extends string, H> = Definition<"service", Name, H>;
export type VirtualObjectDefinition<Name extends string, H> = Definition<"object", Name, H>;
export type WorkflowDefinition<Name extends string, H> = Definition<"workflow", Name, H>;

/** What a definition is made of. */
export interface Describing<Name extends string, H, O> {
  name: Name;
  handlers: H;
  description?: string;
  metadata?: Record<string, string>;
  options?: O;
}

/** The state types are each handler's own: only `any` is a state that all of them accept. */
// oxlint-disable typescript/no-explicit-any
type AnyObjectContext = ObjectContext<any>;
type AnyObjectSharedContext = ObjectSharedContext<any>;
type AnyWorkflowContext = WorkflowContext<any>;
type AnyWorkflowSharedContext = WorkflowSharedContext<any>;
// oxlint-enable typescript/no-explicit-any

/** `Input`: what a handler takes that does not declare it. */
export type ServiceHandlers<Input = never> = {
  [name: string]: (context: Context, ...input: Input[]) => unknown;
};
export type ObjectHandlers<Input = never> = {
  [name: string]: (context: AnyObjectContext, ...input: Input[]) => unknown;
};
export type WorkflowHandlers<Input = never> = {
  [name: string]: (context: never, ...input: Input[]) => unknown;
  run: (context: AnyWorkflowContext, ...input: Input[]) => unknown;
};

/** Handlers without state. Throws `TypeError` for a name that is not allowed, and for a handler that is not a function. */
export function service<Name extends string, H extends ServiceHandlers>(
  describing: Describing<Name, H & ThisType<H>, ServiceOptions>,
): ServiceDefinition<Name, H> {
  return define("service", describing);
}

/** A virtual object: state for each key, and one exclusive handler at a time for each key. Throws as `service` does. */
export function object<Name extends string, H extends ObjectHandlers>(
  describing: Describing<Name, H & ThisType<H>, ServiceOptions>,
): VirtualObjectDefinition<Name, H> {
  return define("object", describing);
}

/** A workflow. `run` runs once for each key. The other handlers are shared: they signal and query it. Throws as `service` does,
 * and if there is no `run`. */
export function workflow<Name extends string, H extends WorkflowHandlers>(
  describing: Describing<Name, H & ThisType<H>, WorkflowOptions>,
): WorkflowDefinition<Name, H> {
  return define("workflow", describing);
}

const RESERVED = new Set(["workflowSubmit", "workflowAttach", "workflowOutput"]);

export function define<Type extends ServiceType, Name extends string, H>(
  type: Type,
  describing: Describing<Name, H, WorkflowOptions>,
): Definition<Type, Name, H> {
  const { name, handlers } = describing;
  assertName(name, `${type} name`);
  const names = Object.keys(handlers as Handlers);
  if (names.length === 0) throw new TypeError(`${type} "${name}" has no handlers`);
  for (const handler of names) {
    assertName(handler, `handler name of ${type} "${name}"`);
    if (typeof (handlers as Handlers)[handler] !== "function") {
      throw new TypeError(`handler "${handler}" of ${type} "${name}" is not a function`);
    }
    if (type === "workflow" && RESERVED.has(handler))
      throw new TypeError(`"${handler}" is reserved in workflow "${name}"`);
  }
  if (type === "workflow" && !names.includes("run"))
    throw new TypeError(`workflow "${name}" has no handler "run"`);
  return { type, ...describing };
}

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
function assertName(name: unknown, what: string): void {
  if (typeof name === "string" && NAME.test(name) && name.length <= NAME_BYTES_MAX) return;
  throw new TypeError(
    `${what} must begin with a letter or _ and hold only letters, digits, _ . and -; got ${JSON.stringify(name)}`,
  );
}

/** Whether it is a definition at run time, not by its type alone. */
export function isDefinition(value: unknown): value is Definition<ServiceType, string, Handlers> {
  if (typeof value !== "object" || value === null) return false;
  const { type, name, handlers } = value as Partial<Definition<ServiceType, string, Handlers>>;
  return (
    (type === "service" || type === "object" || type === "workflow") &&
    typeof name === "string" &&
    typeof handlers === "object"
  );
}

type WithOptions<C> = {
  /** The input's serde says what the handler takes. */
  <I, F extends (context: C, input: I) => unknown>(
    options: HandlerOptions & { input: Serde<I> },
    handler: F,
  ): F;
  <F extends (context: C, ...input: never[]) => unknown>(options: HandlerOptions, handler: F): F;
  <F extends (context: C, ...input: never[]) => unknown>(handler: F): F;
};

function wrap<C>(kind: HandlerKind | undefined): WithOptions<C> {
  return <F extends HandlerFunction>(first: HandlerOptions | F, second?: F): F => {
    const [options, handler] = typeof first === "function" ? [{}, first] : [first, second];
    if (typeof handler !== "function") throw new TypeError("a handler must be a function");
    const wrapped = function (this: unknown, ...args: never[]) {
      return (handler as (...args: never[]) => unknown).apply(this, args);
    };
    return Object.defineProperty(wrapped, WRAPPED, {
      value: { kind, options } satisfies Wrapped,
    }) as unknown as F;
  };
}

// What `handlers` has, below `sdk/handlers`.
export const plainHandler = wrap<Context>(undefined);
export const exclusiveHandler = wrap<AnyObjectContext>("exclusive");
export const sharedHandler = wrap<AnyObjectSharedContext>("shared");
export const workflowHandler = wrap<AnyWorkflowContext>("workflow");
export const sharedWorkflowHandler = wrap<AnyWorkflowSharedContext>("shared");

const wrappedOf = (handler: HandlerFunction): Wrapped =>
  (handler as HandlerFunction & { [WRAPPED]?: Wrapped })[WRAPPED] ?? { kind: undefined, options: {} };

export const handlerOptions = (handler: HandlerFunction): HandlerOptions => wrappedOf(handler).options;

export function handlerKind(type: ServiceType, name: string, handler: HandlerFunction): HandlerKind {
  const { kind } = wrappedOf(handler);
  if (type === "service") return "plain";
  if (type === "workflow") return name === "run" ? "workflow" : "shared";
  return kind ?? "exclusive";
}

/** What the default serde reads and writes. */
const JSON_TYPE = "application/json";

/** A serde without a content type takes any, and gives none. */
function contentTypes(
  own: HandlerOptions,
  preset: HandlerOptions["serde"],
): Pick<HandlerManifest, "accept" | "outputContentType"> {
  const typeOf = (serde: HandlerOptions["serde"]): string | undefined =>
    serde === undefined ? JSON_TYPE : serde.contentType;
  const accept = own.accept ?? typeOf(own.input ?? own.serde ?? preset);
  const outputContentType = typeOf(own.output ?? own.serde ?? preset);
  return {
    ...(accept === undefined ? {} : { accept }),
    ...(outputContentType === undefined ? {} : { outputContentType }),
  };
}

/** What the runtime learns of a definition. */
export function manifestOf(definition: Definition<ServiceType, string, Handlers>): ServiceManifest {
  const { type, name, handlers: functions, description, metadata, options } = definition;
  return {
    name,
    type,
    adopts: true,
    guards: true,
    settles: true,
    headersApart: true,
    relays: true,
    follows: true,
    handlers: Object.entries(functions).map(([handler, fn]): HandlerManifest => {
      const own = handlerOptions(fn);
      return {
        name: handler,
        kind: handlerKind(type, handler, fn),
        ...manifestOptions(own),
        ...contentTypes(own, options?.serde),
        ...(own.setOutputContentTypeIfEmpty === true ? { setOutputContentTypeIfEmpty: true } : {}),
        ...(own.input?.jsonSchema === undefined ? {} : { inputJsonSchema: own.input.jsonSchema }),
        ...(own.output?.jsonSchema === undefined ? {} : { outputJsonSchema: own.output.jsonSchema }),
      };
    }),
    ...manifestOptions({
      ...options,
      ...(description === undefined ? {} : { description }),
      ...(metadata === undefined ? {} : { metadata }),
    }),
  };
}

const DURATIONS = {
  idempotencyRetention: "idempotencyRetentionMs",
  workflowRetention: "workflowRetentionMs",
  journalRetention: "journalRetentionMs",
  inactivityTimeout: "inactivityTimeoutMs",
  abortTimeout: "abortTimeoutMs",
} as const;

function manifestOptions(options: HandlerOptions): Options {
  const { ingressPrivate, passHeaders, retryPolicy, description, metadata } = options;
  const durations = Object.entries(DURATIONS).flatMap(([from, to]) => {
    const duration = options[from as keyof typeof DURATIONS];
    return duration === undefined ? [] : [[to, toMs(duration)] as const];
  });
  return {
    ...Object.fromEntries(durations),
    ...(ingressPrivate === undefined ? {} : { ingressPrivate }),
    ...(passHeaders === undefined ? {} : { passHeaders }),
    ...(description === undefined ? {} : { description }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(retryPolicy === undefined ? {} : { retryPolicy: manifestRetryPolicy(retryPolicy) }),
  };
}

function manifestRetryPolicy(policy: RetryPolicyOptions): Partial<RetryPolicy> {
  const { maxAttempts, onMaxAttempts, initialInterval, maxInterval, exponentiationFactor } = policy;
  return {
    ...(maxAttempts === undefined ? {} : { maxAttempts }),
    ...(onMaxAttempts === undefined ? {} : { onMaxAttempts }),
    ...(initialInterval === undefined ? {} : { initialIntervalMs: toMs(initialInterval) }),
    ...(maxInterval === undefined ? {} : { maxIntervalMs: toMs(maxInterval) }),
    ...(exponentiationFactor === undefined ? {} : { factor: exponentiationFactor }),
  };
}
