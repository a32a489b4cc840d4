/** The contexts that handlers get: Restate's names, signatures and semantics. */
import type { Duration } from "../lib/duration.ts";
import type { InvocationId } from "../lib/model/ids.ts";
import type { Target } from "../lib/model/message.ts";
import type { TerminalError } from "../lib/errors.ts";
import type { Client, SendClient } from "./rpc.ts";
import type {
  ClientFromDescriptors,
  Descriptors,
  ObjectDescriptor,
  SendClientFromDescriptors,
  ServiceDescriptor,
  WorkflowDescriptor,
} from "./descriptor.ts";
import type { DurablePromise, InvocationPromise } from "./durable-promise.ts";
import type { CoreHandlersOf } from "./restate/published-types.ts";
import type { Serde } from "./serde.ts";

export type RunAction<T> = (() => Promise<T>) | (() => T);

/** Retries of one step. None of the bounds set: the invocation's own policy governs. */
export interface RunOptions<T> {
  serde?: Serde<T>;
  /** Attempts, the first included; then the step fails terminally with its last error's message. */
  maxRetryAttempts?: number;
  maxRetryDuration?: Duration;
  initialRetryInterval?: Duration;
  maxRetryInterval?: Duration;
  retryIntervalFactor?: number;
}

export interface InvocationRequest {
  readonly id: string;
  /** As text: `service/key/handler`. */
  readonly target: Target & { toString(): string };
  /** The caller's, as it sent them. */
  readonly headers: ReadonlyMap<string, string>;
  readonly attemptHeaders: ReadonlyMap<string, string | string[] | undefined>;
  readonly body: Uint8Array;
  /** What the platform passed besides (Lambda's context). */
  readonly extraArgs: unknown[];
  readonly idempotencyKey?: string;
  /** Restate's flow control, which does not exist here. */
  readonly scope?: string | undefined;
  readonly limitKey?: string | undefined;
  /** Aborted when this attempt is over, however it ended. */
  readonly attemptCompletedSignal: AbortSignal;
}

/** The same numbers on every replay, from a seed of the invocation. Not for cryptography. */
export interface Rand {
  /** In [0, 1). */
  random(): number;
  uuidv4(): string;
}

export interface ContextDate {
  /** Epoch milliseconds, recorded: the same on every replay. */
  now(): Promise<number>;
  toJSON(): Promise<string>;
}

export interface GenericCall<I, O> {
  service: string;
  method: string;
  parameter: I;
  key?: string;
  headers?: Record<string, string>;
  inputSerde?: Serde<I>;
  outputSerde?: Serde<O>;
  idempotencyKey?: string;
  /** Shown in the journal. */
  name?: string;
}
export interface GenericSend<I> extends Omit<GenericCall<I, never>, "outputSerde"> {
  delay?: Duration;
}

export interface Context {
  readonly rand: Rand;
  readonly date: ContextDate;
  /** Silent while it replays. */
  readonly console: Console;
  request(): InvocationRequest;

  /** Runs the action once it is awaited, and records its result: it will not run again once that is durable. A
   * TerminalError is recorded and thrown; any other is retried. The context must not be used inside. */
  run<T>(action: RunAction<T>): DurablePromise<T>;
  run<T>(name: string, action: RunAction<T>, options?: RunOptions<T>): DurablePromise<T>;

  /** Never shorter than asked, and free while it lasts. */
  sleep(duration: Duration, name?: string): DurablePromise<void>;

  /** A promise that the outside completes, by its id. */
  awakeable<T = unknown>(serde?: Serde<T>): { id: string; promise: DurablePromise<T> };
  resolveAwakeable<T = unknown>(id: string, payload?: T, serde?: Serde<T>): void;
  rejectAwakeable(id: string, reason: string | TerminalError): void;

  serviceClient<D>(definition: D | Named): Client<HandlersOf<D>>;
  serviceSendClient<D>(definition: D | Named): SendClient<HandlersOf<D>>;
  objectClient<D>(definition: D | Named, key: string): Client<HandlersOf<D>>;
  objectSendClient<D>(definition: D | Named, key: string): SendClient<HandlersOf<D>>;
  workflowClient<D>(definition: D | Named, key: string): Client<HandlersOf<D>>;
  workflowSendClient<D>(definition: D | Named, key: string): SendClient<HandlersOf<D>>;
  /** Calls by a contract (`iface`). */
  client<Name extends string, H extends Descriptors>(
    contract: ServiceDescriptor<Name, H>,
  ): ClientFromDescriptors<H>;
  client<Name extends string, H extends Descriptors>(
    contract: ObjectDescriptor<Name, H> | WorkflowDescriptor<Name, H>,
    key: string,
  ): ClientFromDescriptors<H>;
  sendClient<Name extends string, H extends Descriptors>(
    contract: ServiceDescriptor<Name, H>,
  ): SendClientFromDescriptors<H>;
  sendClient<Name extends string, H extends Descriptors>(
    contract: ObjectDescriptor<Name, H> | WorkflowDescriptor<Name, H>,
    key: string,
  ): SendClientFromDescriptors<H>;
  genericCall<I = Uint8Array, O = Uint8Array>(call: GenericCall<I, O>): InvocationPromise<O>;
  genericSend<I = Uint8Array>(send: GenericSend<I>): { readonly invocationId: Promise<string> };

  /** The next delivery of that name to this invocation. One that comes early is kept; each is taken once. */
  signal<T = unknown>(name: string, serde?: Serde<T>): DurablePromise<T>;
  /** Another invocation, by its id. */
  invocation(invocationId: string): InvocationReference;
  /** Asks another invocation to cancel: it hears of it where it awaits. */
  cancel(invocationId: string): void;
  /** Another invocation's result, or its TerminalError; 404 if there is none (any longer). */
  attach<T = unknown>(invocationId: string, serde?: Serde<T>): DurablePromise<T>;
}

/** What the context of a handler with `explicitCancellation` has besides: `ctx as Context & ExplicitCancellation`. */
export interface ExplicitCancellation {
  /** Resolves when this invocation is cancelled. The same promise until then; asked for again after that, the one of the
   * next cancellation. Never resolves without the option. */
  cancellation(): DurablePromise<void>;
  /** Cancels the calls (not the sends) made since it was called last, and answers the callees' ids. */
  cancelPreviousCalls(): DurablePromise<InvocationId[]>;
  /** `false` while the code repeats what its journal has recorded. For logging, never for a decision of the handler's. */
  isProcessing(): boolean;
}

export interface InvocationReference {
  signal<T = unknown>(name: string, serde?: Serde<T>): SignalReference<T>;
  cancel(): void;
  attach<T = unknown>(serde?: Serde<T>): DurablePromise<T>;
}
/** A signal of another invocation; every `resolve` or `reject` is one delivery. */
export interface SignalReference<T> {
  resolve(payload?: T): void;
  reject(reason: string | TerminalError): void;
}

/** A service that is known by name alone: its type is the caller's word, `ctx.serviceClient<typeof greeter>({ name: "Greeter" })`. */
export interface Named {
  readonly name: string;
}
/** The handlers of a definition; an interface of handlers is taken as it is. */
export type HandlersOf<D> = D extends { readonly handlers: infer H }
  ? H
  : unknown extends CoreHandlersOf<D>
    ? D extends TypedName<string, infer H>
      ? H
      : D
    : CoreHandlersOf<D>;

declare const shape: unique symbol;
/** A definition that is known by its name and the type of its handlers: `const counter: TypedName<"Counter", Counter>
 * = { name: "Counter" }`. */
export interface TypedName<Name extends string, H> {
  readonly name: Name;
  /** For the compiler only. A method, since it shall compare in both directions. */
  [shape]?(handlers: H): void;
}

declare const untyped: unique symbol;
/** Marks a context whose state is not typed: each `get` says what it expects. */
export interface UntypedState {
  readonly [untyped]: true;
}
type KeyOf<S> = S extends UntypedState ? string : keyof S & string;
type ValueOf<S, K, V> = S extends UntypedState ? V : K extends keyof S ? S[K] : V;

interface StateReader<S> {
  readonly key: string;
  get<V = unknown, K extends KeyOf<S> = KeyOf<S>>(
    name: K,
    serde?: Serde<ValueOf<S, K, V>>,
  ): Promise<ValueOf<S, K, V> | null>;
  stateKeys(): Promise<string[]>;
}
interface StateWriter<S> {
  set<V, K extends KeyOf<S> = KeyOf<S>>(
    name: K,
    value: ValueOf<S, K, V>,
    serde?: Serde<ValueOf<S, K, V>>,
  ): void;
  clear(name: KeyOf<S>): void;
  clearAll(): void;
}

/** Of a shared handler: reads the key's state beside its writer. */
export interface ObjectSharedContext<S = UntypedState> extends Context, StateReader<S> {}
/** Of an exclusive handler: the only writer of its key. */
export interface ObjectContext<S = UntypedState> extends ObjectSharedContext<S>, StateWriter<S> {}

/** A promise of the workflow, by name: completed once, by any handler. */
export interface WorkflowPromise<T> extends PromiseLike<T> {
  get(): DurablePromise<T>;
  /** Its value, or `undefined` if it is not completed. Throws its TerminalError if it was rejected. */
  peek(): Promise<T | undefined>;
  /** Throws a TerminalError (409) if it was completed before. */
  resolve(value?: T): Promise<void>;
  reject(reason: string | TerminalError): Promise<void>;
}
interface Promises {
  promise<T = void>(name: string, serde?: Serde<T>): WorkflowPromise<T>;
}
export interface WorkflowSharedContext<S = UntypedState> extends ObjectSharedContext<S>, Promises {}
export interface WorkflowContext<S = UntypedState> extends ObjectContext<S>, Promises {}
