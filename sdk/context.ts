/** The contexts that your handlers get, with Restate's names, signatures and semantics. */
import type { Duration } from "../lib/duration.ts";
import type { Caller } from "../lib/model/caller.ts";
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
import type { IsLossy, Jsonify } from "./jsonify.ts";
import type { CoreHandlersOf } from "./restate/published-types.ts";
import type { Serde } from "./serde.ts";

export type RunAction<T> = (() => Promise<T>) | (() => T);

/** What the closure of a step is given. */
export interface StepScope {
  /** Aborted when the invocation is cancelled or killed while the closure runs, and when its attempt is over: what the closure
   * still does has no effect then. Pass it on to `fetch` and the like. */
  readonly signal: AbortSignal;
}
/** The closure of a step. It may leave its argument out. */
export type StepAction<T> = ((step: StepScope) => Promise<T>) | ((step: StepScope) => T);

/** Retries of one step. With none of the retry options set, the retry policy of the invocation applies. */
export interface RunOptions<T> {
  serde?: Serde<T>;
  /** Attempts, the first included. After the last one the step throws a TerminalError with the last error's message. */

  maxRetryAttempts?: number;
  /** From the first attempt on. After it the step throws a TerminalError, as above. */
  maxRetryDuration?: Duration;
  /** Wait before the second attempt. */
  initialRetryInterval?: Duration;
  maxRetryInterval?: Duration;
  retryIntervalFactor?: number;
}

interface TransactExpressions {
  /** The name of a table in the account and the region of Perdure's stack. */
  readonly TableName: string | undefined;
  readonly ConditionExpression?: string | undefined;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined;
  /** Plain values: texts, numbers, BigInts, booleans, `null`, bytes, lists, sets, objects. */
  readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>> | undefined;
}
interface TransactKeyed extends TransactExpressions {
  readonly Key: Readonly<Record<string, unknown>> | undefined;
}
/** One write of a `ctx.transact`, in the shape of AWS's Document client (`TransactWriteCommand`). It has one of the four. */
export interface TransactWrite {
  readonly Put?:
    | (TransactExpressions & { readonly Item: Readonly<Record<string, unknown>> | undefined })
    | undefined;
  readonly Update?: (TransactKeyed & { readonly UpdateExpression: string | undefined }) | undefined;
  readonly Delete?: TransactKeyed | undefined;
  /** Writes nothing. `ConditionExpression` says what must hold. */
  readonly ConditionCheck?: TransactKeyed | undefined;
}
/** What the function of a `ctx.transact` returns besides a list of writes. */
export interface TransactWork<T> {
  readonly writes: readonly TransactWrite[];
  /** What the step returns, once the writes are there. */
  readonly result: T;
}

/** Without a serde of its own the result is kept as JSON. */
type JsonRunOptions<T> = RunOptions<T> & { serde?: never };
/** The other arguments of a call whose value JSON cannot keep whole. With another value, and where the value's type is not known yet,
 * no arguments fit, so that the next signature is taken. */
type IfLossy<T, Args extends unknown[]> = IsLossy<T> extends true ? Args : [never];

export interface InvocationRequest {
  readonly id: string;
  /** As text: `service/key/handler`. */
  readonly target: Target & { toString(): string };
  /** As the caller sent them, without credentials and what proxies add, unless `passHeaders` names them. */
  readonly headers: ReadonlyMap<string, string>;
  /** Who sent the request over HTTP, as API Gateway's authorizer has verified it; no header can say it. The same on each attempt.
   * Absent: an open door, `perdure dev`, a call by a handler. */
  readonly caller?: Caller;
  /** W3C trace headers of the caller. */
  readonly attemptHeaders: ReadonlyMap<string, string | string[] | undefined>;
  /** The input, before any serde. */
  readonly body: Uint8Array;
  /** What else the platform passed (Lambda's context). */
  readonly extraArgs: unknown[];
  readonly idempotencyKey?: string;
  /** Restate's flow control, which does not exist here. */
  readonly scope?: string | undefined;
  readonly limitKey?: string | undefined;
  /** Aborted when this attempt is over, whether it succeeded or not. */
  readonly attemptCompletedSignal: AbortSignal;
}

/** The same numbers on every replay, from a seed of the invocation. Not for cryptography. */
export interface Rand {
  /** In [0, 1). */
  random(): number;
  uuidv4(): string;
}

export interface ContextDate {
  /** Milliseconds since 1970. They are recorded, so every replay gets the same. */
  now(): Promise<number>;
  /** The same time in ISO 8601. */
  toJSON(): Promise<string>;
}

/** A call of a handler that is known by its names alone. */
export interface GenericCall<I, O> {
  service: string;
  method: string;
  parameter: I;
  /** Of an object or a workflow. */
  key?: string;
  headers?: Record<string, string>;
  /** Default: bytes as they are. */
  inputSerde?: Serde<I>;
  /** Default: bytes as they are. */
  outputSerde?: Serde<O>;
  idempotencyKey?: string;
  /** Shown in the journal. */
  name?: string;
}
/** A send to a handler that is known by its names alone. */
export interface GenericSend<I> extends Omit<GenericCall<I, never>, "outputSerde"> {
  /** The callee starts no sooner than this. */
  delay?: Duration;
}

/** What every handler gets. Its operations throw a TerminalError for an argument that is refused. */
export interface Context {
  readonly rand: Rand;
  readonly date: ContextDate;
  /** Prints nothing while the code replays. */
  readonly console: Console;
  /** What the caller sent. */
  request(): InvocationRequest;

  /** Runs `action` when you await the promise, and records its result. Once that is durable, `action` never runs again. A
   * TerminalError is recorded and thrown. Any other error is retried. `action` must not use the context. The result is kept as JSON:
   * of a result with a `Map`, a `Set` or methods you get what JSON leaves (`Jsonify`). Return plain data, or give a serde. */
  run<T>(action: StepAction<T>, ...lossy: IfLossy<T, []>): DurablePromise<Jsonify<T>>;
  run<T>(
    name: string,
    action: StepAction<T>,
    ...lossy: IfLossy<T, [options?: JsonRunOptions<T>]>
  ): DurablePromise<Jsonify<T>>;
  run<T>(action: StepAction<T>): DurablePromise<T>;
  run<T>(name: string, action: StepAction<T>, options?: RunOptions<T>): DurablePromise<T>;

  /**
   * Writes to your own DynamoDB tables, exactly once: they take effect in one transaction with the entry that records the step.
   * `action` returns the writes and does nothing itself; it may run again, and then its writes of before have not taken effect. At most 99
   * writes, 3.6 MB together, to tables in the account and the region of the stack. A condition of yours that does not hold is recorded and thrown as
   * a `TransactionError`. A conflict with other writers is tried again.
   */
  transact(
    name: string,
    action: StepAction<readonly TransactWrite[]>,
    options?: RunOptions<undefined>,
  ): DurablePromise<void>;
  transact<T>(
    name: string,
    action: StepAction<TransactWork<T>>,
    ...lossy: IfLossy<T, [options?: JsonRunOptions<T>]>
  ): DurablePromise<Jsonify<T>>;
  transact<T>(name: string, action: StepAction<TransactWork<T>>, options?: RunOptions<T>): DurablePromise<T>;

  /** Resolves after `duration`, never sooner. The handler costs nothing while it sleeps. */
  sleep(duration: Duration, name?: string): DurablePromise<void>;

  /** A promise that somebody outside completes, by its id. With a `name`, people see what is waited for. */
  awakeable<T = unknown>(serde?: Serde<T>): { id: string; promise: DurablePromise<T> };
  awakeable<T = unknown>(name: string, serde?: Serde<T>): { id: string; promise: DurablePromise<T> };
  /** Throws a TerminalError (400) if `id` is not an awakeable's. */
  resolveAwakeable<T = unknown>(id: string, payload?: T, serde?: Serde<T>): void;
  /** The awakeable throws a TerminalError with `reason`. Throws one itself (400) if `id` is not an awakeable's. */
  rejectAwakeable(id: string, reason: string | TerminalError): void;

  /** A client has a method for each handler. It returns the handler's result, or throws the handler's TerminalError. */
  serviceClient<D>(definition: D | Named): Client<HandlersOf<D>>;
  /** A send client returns at once. The callee runs whether this handler goes on or not. */
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

  /** The next delivery of the signal `name` to this invocation. An early one is kept. Each delivery is taken once. */
  signal<T = unknown>(name: string, serde?: Serde<T>): DurablePromise<T>;
  /** Another invocation, by its id. */
  invocation(invocationId: string): InvocationReference;
  /** Asks another invocation to cancel. What it awaits then throws a CancelledError. */
  cancel(invocationId: string): void;
  /** The result of another invocation, or its TerminalError. Throws a TerminalError (404) if there is no such invocation,
   * or no longer. */
  attach<T = unknown>(invocationId: string, serde?: Serde<T>): DurablePromise<T>;
}

/** What else the context of a handler with `explicitCancellation` has: `ctx as Context & ExplicitCancellation`. */
export interface ExplicitCancellation {
  /** Resolves when this invocation is cancelled. Until then you always get the same promise; after that, the promise of the
   * next cancellation. Without the option it never resolves. */
  cancellation(): DurablePromise<void>;
  /** Cancels the calls (not the sends) made since its last use. Returns the callees' ids. */
  cancelPreviousCalls(): DurablePromise<InvocationId[]>;
  /** `false` while the code replays. Use it for logging, never for a decision. */
  isProcessing(): boolean;
}

/** Another invocation, by its id. */
export interface InvocationReference {
  signal<T = unknown>(name: string, serde?: Serde<T>): SignalReference<T>;
  cancel(): void;
  attach<T = unknown>(serde?: Serde<T>): DurablePromise<T>;
}
/** A signal of another invocation. Each `resolve` or `reject` is one delivery. */
export interface SignalReference<T> {
  resolve(payload?: T): void;
  reject(reason: string | TerminalError): void;
}

/** A service that is known by its name alone. You state the type, and nothing checks it:
 * `ctx.serviceClient<typeof greeter>({ name: "Greeter" })`. */
export interface Named {
  readonly name: string;
}
/** The handlers of a definition. An interface of handlers is taken as it is. */
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
  /** For the compiler only. It is a method so that types are compared in both directions. */
  [shape]?(handlers: H): void;
}

declare const untyped: unique symbol;
/** Marks a context whose state has no type: each `get` states what it expects. */
export interface UntypedState {
  readonly [untyped]: true;
}
type KeyOf<S> = S extends UntypedState ? string : keyof S & string;
type ValueOf<S, K, V> = S extends UntypedState ? V : K extends keyof S ? S[K] : V;

interface StateReader<S> {
  /** Of this object or workflow. */
  readonly key: string;
  /** The value, or `null` if there is none. */
  get<V = unknown, K extends KeyOf<S> = KeyOf<S>>(
    name: K,
    serde?: Serde<ValueOf<S, K, V>>,
  ): Promise<ValueOf<S, K, V> | null>;
  /** The names that have a value, sorted. */
  stateKeys(): Promise<string[]>;
}
interface StateWriter<S> {
  /** @deprecated JSON cannot keep this value whole: it has a `Map`, a `Set`, methods, or the like. Set plain data, or give a serde. */
  set<V, K extends KeyOf<S> = KeyOf<S>>(
    name: K,
    value: ValueOf<S, K, V>,
    ...lossy: IfLossy<ValueOf<S, K, V>, []>
  ): void;
  /** Throws a TerminalError if the value cannot be stored (413: it is too large). */
  set<V, K extends KeyOf<S> = KeyOf<S>>(
    name: K,
    value: ValueOf<S, K, V>,
    serde?: Serde<ValueOf<S, K, V>>,
  ): void;
  clear(name: KeyOf<S>): void;
  clearAll(): void;
}

/** Of a shared handler, which reads its key's state while an exclusive one may be writing it. */
export interface ObjectSharedContext<S = UntypedState> extends Context, StateReader<S> {}
/** Of an exclusive handler, the only writer of its key's state. */
export interface ObjectContext<S = UntypedState> extends ObjectSharedContext<S>, StateWriter<S> {}

/** A promise of the workflow, by its name. Any of the workflow's handlers completes it, once. */
export interface WorkflowPromise<T> extends PromiseLike<T> {
  /** Resolves when the promise is completed. Throws its TerminalError if it was rejected. */
  get(): DurablePromise<T>;
  /** The value, or `undefined` if the promise is not completed. Throws its TerminalError if it was rejected. */
  peek(): Promise<T | undefined>;
  /** Throws a TerminalError (409) if the promise was completed before. */
  resolve(value?: T): Promise<void>;
  /** Throws as `resolve` does. */
  reject(reason: string | TerminalError): Promise<void>;
}
interface Promises {
  promise<T = void>(name: string, serde?: Serde<T>): WorkflowPromise<T>;
}
export interface WorkflowSharedContext<S = UntypedState> extends ObjectSharedContext<S>, Promises {}
export interface WorkflowContext<S = UntypedState> extends ObjectContext<S>, Promises {}
