/** Calls: the options that they take, and typed clients derived from definitions. */
import type { Duration } from "../lib/duration.ts";
import type { InvocationPromise } from "./durable-promise.ts";
import type { Serde } from "./serde.ts";

export interface CallOptions<I = unknown, O = unknown> {
  input?: Serde<I>;
  output?: Serde<O>;
  idempotencyKey?: string;
  headers?: Record<string, string>;
  /** Shown in the journal. */
  name?: string;
}
export interface SendOptions<I = unknown> extends Omit<CallOptions<I>, "output"> {
  delay?: Duration;
}

/** Marks the options among a call's arguments. */
export class Opts<I, O> {
  readonly kind = "call";
  readonly options: CallOptions<I, O>;
  constructor(options: CallOptions<I, O>) {
    this.options = options;
  }
  static from<I, O>(options: CallOptions<I, O>): Opts<I, O> {
    return new Opts(options);
  }
  getOpts(): CallOptions<I, O> {
    return this.options;
  }
}
export class SendOpts<I> {
  readonly kind = "send";
  readonly options: SendOptions<I>;
  constructor(options: SendOptions<I>) {
    this.options = options;
  }
  static from<I>(options: SendOptions<I>): SendOpts<I> {
    return new SendOpts(options);
  }
  getOpts(): SendOptions<I> {
    return this.options;
  }
}

type Arguments<F> = F extends (context: never, ...input: infer A) => unknown ? A : never;
type Result<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;

/** Calls a handler and awaits its result. */
export type Client<H> = {
  [K in keyof H as H[K] extends (...args: never[]) => unknown ? K : never]: (
    ...args: [...Arguments<H[K]>, options?: Opts<Arguments<H[K]>[0], Result<H[K]>>]
  ) => InvocationPromise<Result<H[K]>>;
};
export interface InvocationHandle {
  readonly invocationId: Promise<string>;
}
/** Sends to a handler, and does not await it. */
export type SendClient<H> = {
  [K in keyof H as H[K] extends (...args: never[]) => unknown ? K : never]: (
    ...args: [...Arguments<H[K]>, options?: SendOpts<Arguments<H[K]>[0]>]
  ) => InvocationHandle;
};
