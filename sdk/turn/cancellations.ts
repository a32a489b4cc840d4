/**
 * Cancellations of an invocation whose handler listens to them itself (`explicitCancellation`). They reject nothing that it
 * awaits. A cancellation is a signal without a value; an early one is kept until the handler asks.
 *
 * A turn learns of a cancellation with its next append. A turn that only runs a long step would learn of it too late. So while
 * the code waits for a cancellation beside a step, its turn reads the head from time to time.
 */
import { Future } from "../../lib/turn/future.ts";
import { DurablePromise } from "../durable-promise.ts";
import type { PromiseOwner } from "./current-turn.ts";
import { CANCELLATION_LOOK_MS_MAX, CANCELLATION_LOOK_MS_MIN } from "../../lib/limits.ts";

export class Cancellations {
  /** Commands of the calls made since they were last cancelled together. */
  readonly calls: number[] = [];
  readonly #isExplicit: boolean;
  /** Event numbers of deliveries that nobody has listened to yet. */
  readonly #early: number[] = [];
  #next: { readonly future: Future; readonly promise: DurablePromise<void> } | undefined;
  #lookMs = CANCELLATION_LOOK_MS_MIN;

  constructor(isExplicit: boolean) {
    this.#isExplicit = isExplicit;
  }

  /** The next cancellation, as a promise of `owner`'s. The same until it has settled, then a fresh one. Never settles unless
   * cancellation is explicit. */
  next(owner: PromiseOwner): DurablePromise<void> {
    if (this.#next && !this.#next.future.settled) return this.#next.promise;
    const future = Future.leaf();
    const promise = new DurablePromise<void>(future, owner, "ctx.cancellation()");
    this.#next = { future, promise };
    const early = this.#early.shift();
    if (early !== undefined) future.settle({ ok: true, value: undefined, at: early });
    return promise;
  }

  deliver(at: number): void {
    const next = this.#next?.future;
    if (!next || next.settled) this.#early.push(at);
    else next.settle({ ok: true, value: undefined, at });
  }

  /** The code waits for one. */
  get isAwaited(): boolean {
    const next = this.#next?.future;
    return this.#isExplicit && next?.awaited === true && !next.settled;
  }

  /** When to look for one again; longer each time. */
  nextLookMs(): number {
    const lookMs = this.#lookMs;
    this.#lookMs = Math.min(2 * lookMs, CANCELLATION_LOOK_MS_MAX);
    return lookMs;
  }
}
