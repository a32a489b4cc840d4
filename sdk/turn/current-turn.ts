/**
 * Which turn the running code belongs to, and whether it stands inside a step's action, where the context must not be used.
 * Promises that belong to no context (constants, a race of nothing) find their turn here.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Duration } from "../../lib/duration.ts";
import type { Target } from "../../lib/model/message.ts";
import type { Future, Mapped } from "../../lib/turn/future.ts";

/** What a durable promise needs of the context that made it. */
export interface PromiseOwner {
  readonly driver: {
    /** Code awaits this future: the invocation can be woken for it, and its wait can be cancelled. */
    await(root: Root): void;
    /** A user's mapper threw an error that is not terminal. */
    fail(error: Error): void;
    /** Runs a user's mapper, which may be asynchronous. What it awaits is known to be its own. */
    runMapper(owner: PromiseOwner, mapper: () => Mapped): Mapped;
    /** The number of the last event that was delivered. */
    readonly event: number;
    /** Throws if the caller stands inside a `ctx.run`. */
    assertOutsideRun(operation: string): void;
    readonly request: { readonly target: Pick<Target, "service" | "handler"> };
  };
  /** A new durable sleep. */
  sleepFuture(duration: Duration): Future;
}

/** A future that user code awaits, and the native promise through which it does. */
export interface Root {
  readonly future: Future;
  reject(error: Error): void;
}

export interface CurrentTurn {
  readonly owner: PromiseOwner;
  /** The step whose action is running. */
  readonly step?: string;
  /** The mapper of a promise that is running, by an object of its own. */
  readonly mapper?: object;
  /** It is code around the handler, of an interceptor. */
  readonly isAround?: boolean;
}

export const currentTurn = new AsyncLocalStorage<CurrentTurn>();

/** The turn whose handler's own code runs now: neither a step's nor an interceptor's, which may do what they like. */
export function handlersTurn(): CurrentTurn | undefined {
  const turn = currentTurn.getStore();
  return turn === undefined || turn.step !== undefined || turn.isAround === true ? undefined : turn;
}
