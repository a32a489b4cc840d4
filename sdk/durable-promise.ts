/**
 * `DurablePromise`: what the operations of a context return. You await it like a promise. It is combined only with its own
 * kind: combinators settle in the journal's order, so a replay picks the same winner (D1).
 */
import { TerminalError, TimeoutError } from "../lib/errors.ts";
import { coded } from "../lib/error-codes.ts";
import { WAIT_DEPTH_MAX } from "../lib/limits.ts";
import type { Duration } from "../lib/duration.ts";
import { HELD, type Held, heldProperties } from "./held.ts";
import { Future, type MapperHost, type Settled } from "../lib/turn/future.ts";
import { currentTurn, type PromiseOwner, type Root } from "./turn/current-turn.ts";

const isTerminal = (error: unknown): boolean => TerminalError.is(error);

/** The type that a rejection handler of a native promise declares. */
type Reason = Parameters<NonNullable<Parameters<Promise<never>["catch"]>[0]>>[0];

interface Insides {
  readonly future: Future;
  readonly owner: PromiseOwner | undefined;
  readonly what: string;
}
/** They are private, so that nothing that shows an object shows them: see held.ts. */
let insidesOf: (promise: DurablePromise<unknown>) => Insides;

export class DurablePromise<T> implements Promise<T> {
  readonly #future: Future;
  /** Absent for constants. */
  readonly #owner: PromiseOwner | undefined;
  readonly #what: string;
  #native: Promise<unknown> | undefined;

  static {
    insidesOf = (promise) => ({ future: promise.#future, owner: promise.#owner, what: promise.#what });
  }

  /** @internal `what`: the operation, as the user has called it. */
  constructor(future: Future, owner: PromiseOwner | undefined, what: string) {
    this.#future = future;
    this.#owner = owner;
    this.#what = what;
  }

  get [Symbol.toStringTag](): string {
    return "DurablePromise";
  }

  /** @internal */
  get [HELD](): Held {
    return { is: "a promise", advice: `was "await" forgotten before ${this.#what}?` };
  }

  // oxlint-disable-next-line unicorn/no-thenable -- it is a promise
  then<A = T, B = never>(
    onfulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onrejected?: ((reason: Reason) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return (this.#awaited() as Promise<T>).then(onfulfilled, onrejected);
  }

  catch<B = never>(onrejected?: ((reason: Reason) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.then(null, onrejected);
  }

  finally(onfinally?: (() => void) | null): Promise<T> {
    return (this.#awaited() as Promise<T>).finally(onfinally);
  }

  /** The result, or a `TimeoutError` (a TerminalError, 408) if `duration` passes first. The operation itself is not stopped. */
  orTimeout(duration: Duration): DurablePromise<T> {
    const owner = this.#owner;
    // Constants need no time; a race of nothing never settles, and as in Restate its time is up at once.
    if (!owner) return this.#future.canSettle ? this : DurablePromise.reject<T>(new TimeoutError());
    const timeout = Future.map(
      owner.sleepFuture(duration),
      () => {
        throw new TimeoutError();
      },
      this.#host,
    );
    return new DurablePromise<T>(bounded(Future.combine("race", [this.#future, timeout])), owner, this.#what);
  }

  /** Maps the result or the failure, once, when you await it. `mapper` must be deterministic. It may be asynchronous, and await
   * operations of the context. If it throws a TerminalError, that is the new failure. Any other error ends the attempt. */
  map<U>(mapper: (value?: T, failure?: TerminalError) => U): DurablePromise<Awaited<U>> {
    const mapped = Future.map(
      this.#future,
      (value, error) => mapper(value as T | undefined, error as TerminalError | undefined),
      this.#host,
    );
    return new DurablePromise<Awaited<U>>(bounded(mapped), this.#owner, this.#what);
  }

  readonly #host = (): MapperHost => {
    const owner = this.#ownerNow();
    return {
      run: (mapper) => (owner ? owner.driver.runMapper(owner, mapper) : mapper()),
      event: owner?.driver.event ?? 0,
      // As in Restate: an AggregateError, which no operation fails with, is not mapped. The mapper of a constant gets every error.
      takes: (error) => !this.#owner || isTerminal(error),
      isTerminal,
      fatal: (error) => owner?.driver.fail(error),
    };
  };

  #ownerNow(): PromiseOwner | undefined {
    return this.#owner ?? currentTurn.getStore()?.owner;
  }

  #awaited(): Promise<unknown> {
    const owner = this.#ownerNow();
    const future = this.#future;
    if (currentTurn.getStore()?.step !== undefined) return this.#awaitedInStep(owner);
    future.tellAwait();
    if (!future.settled) future.markAwaited();
    if (future.settled) return asNative(future.settled);
    this.#native ??= new Promise((resolve, reject) => {
      const forget = (): void => void (this.#native = undefined);
      const root: Root = {
        future,
        reject(error) {
          // A later await waits anew.
          forget();
          reject(error);
        },
      };
      owner?.driver.await(root);
      future.onSettled(() => {
        const settled = future.settled as Settled;
        if (settled.ok) resolve(settled.value);
        else reject(settled.error);
      });
    });
    return this.#native;
  }

  /** A step may use a result that is there. It cannot wait: what would end the wait is journalled, and a step is one entry. */
  #awaitedInStep(owner: PromiseOwner | undefined): Promise<unknown> {
    const future = this.#future;
    if (!future.settled && future.isDecided) future.markAwaited();
    if (!future.settled) owner?.driver.assertOutsideRun("await");
    return future.settled ? asNative(future.settled) : new Promise(() => undefined);
  }

  /** All results, in order, or the first failure. */
  static all<const T extends readonly DurablePromise<unknown>[]>(
    promises: T,
  ): DurablePromise<{ -readonly [P in keyof T]: Awaited<T[P]> }> {
    return combine("all", promises);
  }
  /** The first to settle. */
  static race<const T extends readonly DurablePromise<unknown>[]>(
    promises: T,
  ): DurablePromise<Awaited<T[number]>> {
    return combine("race", promises);
  }
  /** The first to succeed; an `AggregateError` if none does. */
  static any<const T extends readonly DurablePromise<unknown>[]>(
    promises: T,
  ): DurablePromise<Awaited<T[number]>> {
    return combine("any", promises);
  }
  /** How each of them ended, in order. Never rejects. */
  static allSettled<const T extends readonly DurablePromise<unknown>[]>(
    promises: T,
  ): DurablePromise<{ -readonly [P in keyof T]: PromiseSettledResult<Awaited<T[P]>> }> {
    return combine("settled", promises);
  }
  /** A constant. A DurablePromise is returned as it is. */
  static resolve<T>(value: T): DurablePromise<Awaited<T>> {
    if (isDurablePromise(value)) return value as DurablePromise<Awaited<T>>;
    return new DurablePromise(
      Future.settledWith({ ok: true, value }),
      undefined,
      "DurablePromise.resolve(...)",
    );
  }
  /** A constant that rejects. */
  static reject<T = never>(error: TerminalError): DurablePromise<T> {
    return new DurablePromise(
      Future.settledWith({ ok: false, error }),
      undefined,
      "DurablePromise.reject(...)",
    );
  }
}

const nameOf = (kind: string): string => (kind === "settled" ? "allSettled" : kind);

function combine<R>(
  kind: "all" | "race" | "any" | "settled",
  promises: readonly DurablePromise<unknown>[],
): DurablePromise<R> {
  const parts = [...promises];
  for (const [at, part] of parts.entries()) {
    if (isDurablePromise(part)) continue;
    const got = (part as unknown) instanceof Promise ? "native Promise" : typeof part;
    throw new TypeError(
      `DurablePromise.${nameOf(kind)} got a ${got} at position ${at}. ` +
        "Put that work into ctx.run and pass what it returns.",
    );
  }
  const insides = parts.map((part) => insidesOf(part));
  const owner = insides.find((part) => part.owner)?.owner;
  if (insides.some((part) => part.owner && part.owner !== owner)) {
    throw new TypeError(
      "DurablePromises of two invocations cannot be combined: each is journalled in its own invocation.",
    );
  }
  return new DurablePromise<R>(
    bounded(
      Future.combine(
        kind,
        insides.map((part) => part.future),
      ),
    ),
    owner,
    `DurablePromise.${nameOf(kind)}(...)`,
  );
}

Object.defineProperties(DurablePromise.prototype, heldProperties);

/** P1: what a suspended invocation waits for is a tree in its head. */
function bounded(future: Future): Future {
  if (future.depth <= WAIT_DEPTH_MAX) return future;
  const message = `a DurablePromise is made of ${future.depth} others within each other; at most ${WAIT_DEPTH_MAX} are allowed`;
  throw new TerminalError(coded("RT0003", message), { errorCode: 413 });
}

function asNative(settled: Settled): Promise<unknown> {
  return settled.ok ? Promise.resolve(settled.value) : Promise.reject(settled.error);
}

export const isDurablePromise = (value: unknown): value is DurablePromise<unknown> =>
  value instanceof DurablePromise;

/** The promise of a call. It also has the callee's invocation id. */
export class InvocationPromise<T> extends DurablePromise<T> {
  readonly #idOf: () => Promise<string>;
  #id: Promise<string> | undefined;
  /** @internal */
  constructor(future: Future, owner: PromiseOwner, what: string, idOf: () => Promise<string>) {
    super(future, owner, what);
    this.#idOf = idOf;
  }

  /** Resolves with the callee's id as soon as the call is durable. */
  get invocationId(): Promise<string> {
    return (this.#id ??= this.#idOf());
  }
}
