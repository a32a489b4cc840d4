/**
 * Cancellations of an invocation whose handler listens to them itself (`explicitCancellation`). Nothing that it awaits is
 * rejected then: a cancellation is a signal without a value, and one that comes early is kept for whoever asks next.
 *
 * A turn learns of a cancellation with its next append, so one that only runs a long step would learn of it too late.
 * While the code waits for a cancellation beside a step, its turn looks at the head now and then: one read each time.
 */
import { Future } from "../../lib/turn/future.ts";
import { CANCELLATION_LOOK_MS_MAX, CANCELLATION_LOOK_MS_MIN } from "../../lib/limits.ts";

export class Cancellations {
  readonly isExplicit: boolean;
  /** Event numbers of deliveries that nobody has listened to yet. */
  readonly #early: number[] = [];
  #next: Future | undefined;
  #lookMs = CANCELLATION_LOOK_MS_MIN;

  constructor(isExplicit: boolean) {
    this.isExplicit = isExplicit;
  }

  /** The same until it has settled, then a fresh one. Never settles unless cancellation is explicit. */
  next(): Future {
    if (this.#next && !this.#next.settled) return this.#next;
    const next = Future.leaf();
    this.#next = next;
    const early = this.#early.shift();
    if (early !== undefined) next.settle({ ok: true, value: undefined, at: early });
    return next;
  }

  deliver(at: number): void {
    if (!this.#next || this.#next.settled) this.#early.push(at);
    else this.#next.settle({ ok: true, value: undefined, at });
  }

  /** The code waits for one. */
  get isAwaited(): boolean {
    return this.isExplicit && this.#next?.awaited === true && !this.#next.settled;
  }

  /** When to look for one again; longer each time. */
  nextLookMs(): number {
    const lookMs = this.#lookMs;
    this.#lookMs = Math.min(2 * lookMs, CANCELLATION_LOOK_MS_MAX);
    return lookMs;
  }
}
