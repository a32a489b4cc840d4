/**
 * Interceptors around a handler's attempts, and around the steps that really run. They are part of the invocation: an error
 * that they throw counts as thrown by the handler or the step. They cannot change results.
 */
import type { Clock } from "../lib/ports.ts";
import type { InvocationRequest, RunAction } from "./context.ts";
import { INTERCEPTOR_CLEAN_UP_MS } from "../lib/limits.ts";

/** Calls `next` exactly once, and throws again what `next` rejects with. If you swallow that, the handler or the step counts
 * as a success without a result. */
export interface Interceptor {
  /** Around every attempt, replays included. */
  handler?: (next: () => Promise<void>) => Promise<void>;
  /** Around a step's action, each time that it runs; not when its result is recorded already. */
  run?: (name: string, next: () => Promise<void>) => Promise<void>;
}
export interface Hooks {
  interceptor?: Interceptor;
}
/** Called for every attempt. */
export type HooksProvider = (context: { readonly request: InvocationRequest }) => Hooks;

const SUSPENDED = Symbol.for("perdure.suspended");
/** What a provider is told besides, by the name that Restate's own hook looks for: whether the code does something new. It repeats
 * what its journal has recorded otherwise. */
export const IS_PROCESSING = Symbol.for("@restatedev/restate-sdk/hooks.isProcessing");

/** Why `next` rejects when the attempt ends before its handler does. It does not mean a failure: clean up, and throw it again. */
export class SuspendedError extends Error {
  override readonly name = "SuspendedError";
  readonly code = 599;
  readonly [SUSPENDED] = true;
  constructor() {
    super("the invocation is suspended: this attempt is over, the next one goes on from here");
  }
}
export const isSuspendedError = (error: unknown): boolean =>
  typeof error === "object" && error !== null && SUSPENDED in error;

type Layer = (next: () => Promise<void>) => Promise<void>;

/** The first layer is outermost. */
async function through<T>(layers: readonly Layer[], work: () => Promise<T>): Promise<T> {
  let result: T | undefined;
  const innermost = async (): Promise<void> => {
    result = await work();
  };
  await layers.reduceRight<() => Promise<void>>((inner, layer) => () => wrap(layer, inner), innermost)();
  return result as T;
}

async function wrap(layer: Layer, inner: () => Promise<void>): Promise<void> {
  let calls = 0;
  const next = async (): Promise<void> => {
    if (++calls > 1) throw new Error("an interceptor called next() twice: it must do so exactly once");
    await inner();
  };
  await layer(next);
  if (calls === 0) throw new Error("an interceptor did not call next(): it must do so exactly once");
}

/** The hooks of one attempt. */
export class AttemptHooks {
  readonly #providers: readonly HooksProvider[];
  readonly #request: InvocationRequest;
  readonly #isProcessing: () => boolean;
  readonly #over = Promise.withResolvers<never>();
  #interceptors: readonly Interceptor[] = [];
  /** Absent: nothing is around the handler. */
  #ended: Promise<unknown> | undefined;

  constructor(providers: readonly HooksProvider[], request: InvocationRequest, isProcessing: () => boolean) {
    this.#providers = providers;
    this.#request = request;
    this.#isProcessing = isProcessing;
    this.#over.promise.catch(() => undefined);
  }

  /** Asks the providers for interceptors, and runs the handler inside them. */
  async aroundHandler<T>(handler: () => Promise<T>): Promise<T> {
    if (this.#providers.length === 0) return await handler();
    const about = { request: this.#request, [IS_PROCESSING]: this.#isProcessing };
    this.#interceptors = this.#providers.map((provider) => provider(about).interceptor ?? {});
    const layers = this.#interceptors.flatMap((interceptor) =>
      interceptor.handler ? [(next: () => Promise<void>) => call(interceptor.handler, next)] : [],
    );
    if (layers.length === 0) return await handler();
    // A handler whose attempt is over waits for ever. Its interceptors must end.
    const ended = through(layers, () => Promise.race([handler(), this.#over.promise]));
    this.#ended = ended;
    return await ended;
  }

  /** The action, with the step interceptors around it. */
  aroundStep<T>(name: string, action: RunAction<T>): RunAction<T> {
    const layers = this.#interceptors.flatMap(({ run }) =>
      run ? [(next: () => Promise<void>) => run(name, next)] : [],
    );
    return layers.length === 0 ? action : () => through(layers, async () => await action());
  }

  /** The attempt is over. Resolves when the interceptors have cleaned up, or after `CLEAN_UP_MS`. */
  async end(reason: Error, stopwatch: Clock): Promise<void> {
    if (!this.#ended) return;
    this.#over.reject(reason);
    let cancel: () => void = () => undefined;
    const late = new Promise<void>((resolve) => (cancel = stopwatch.after(INTERCEPTOR_CLEAN_UP_MS, resolve)));
    await Promise.race([this.#ended.catch(() => undefined), late]);
    cancel();
  }
}

async function call(handler: Interceptor["handler"], next: () => Promise<void>): Promise<void> {
  await handler?.(next);
}
