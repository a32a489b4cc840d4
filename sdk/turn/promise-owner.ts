/** What durable promises and the turn that they belong to know of each other. */
import type { Duration } from "../../lib/duration.ts";
import type { Future, Mapped } from "../../lib/turn/future.ts";

/** What a promise needs of the turn that it belongs to. */
export interface PromiseOwner {
  /** Somebody awaits this future: it can be woken for, and be cancelled. */
  await(root: Root): void;
  /** A user's mapper threw what is no terminal error. */
  fail(error: Error): void;
  /** Runs a user's mapper, which may be asynchronous: what it awaits is known to be its own. */
  runMapper(mapper: () => Mapped): Mapped;
  /** The number of the last event that was delivered. */
  readonly event: number;
  /** A new durable sleep. */
  sleepFuture(duration: Duration): Future;
  /** Throws if the caller stands inside a `ctx.run`. */
  assertOutsideRun(operation: string): void;
}

/** A future that user code awaits, and the native promise through which it does. */
export interface Root {
  readonly future: Future;
  reject(error: Error): void;
}
