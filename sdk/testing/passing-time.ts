/**
 * Time that passes by itself: while a test awaits a result and nothing can run, it jumps to the next timer. It does not jump before
 * somebody awaits: `const answer = environment.call(…)` alone lets no time pass.
 */
import { TEST_LOOK_MS } from "../../lib/limits/local.ts";

/** What it needs of the engine. */
interface Passing {
  readonly clock: { now(): number };
  /** When the next timer is due. */
  nextTimer(): number | undefined;
  settled(): Promise<void>;
  skip(ms: number, isSettled: true): Promise<void>;
  /** For so long, in real time, nothing has gone on, and no timer is set. */
  stands(ms: number): void;
  /** Time jumps to a timer. */
  jumps(): void;
}

export class PassingTime {
  readonly #engine: Passing;
  readonly #awaited = new Set<Promise<unknown>>();
  #isPassing = false;
  #isOver = false;

  constructor(engine: Passing) {
    this.#engine = engine;
  }

  /** The same promise. Time passes once somebody awaits it. */
  of<T>(promise: Promise<T>): Promise<T> {
    return AwaitedResult.of(promise, () => this.#begin(promise));
  }

  /** Lets no time pass any more: the engine stops, whether or not somebody still awaits something. */
  stop(): void {
    this.#isOver = true;
  }

  #begin(promise: Promise<unknown>): void {
    if (this.#awaited.has(promise)) return;
    this.#awaited.add(promise);
    void promise.catch(() => undefined).finally(() => this.#awaited.delete(promise));
    if (this.#isPassing) return;
    this.#isPassing = true;
    void this.#pass().finally(() => (this.#isPassing = false));
  }

  async #skipTo(atMs: number): Promise<void> {
    await this.#engine.skip(Math.max(0, atMs - this.#engine.clock.now()), true).catch(() => undefined);
  }

  get #isAwaited(): boolean {
    return this.#awaited.size > 0 && !this.#isOver;
  }

  async #pass(): Promise<void> {
    let standsSinceMs: number | undefined;
    while (this.#isAwaited) {
      // A handler that runs for long is waited for, as without this.
      const isSettled = await this.#engine.settled().then(
        () => true,
        () => false,
      );
      if (!this.#isAwaited) return;
      const nextMs = isSettled ? this.#engine.nextTimer() : undefined;
      // Nothing but the test can take it on now.
      if (nextMs === undefined) {
        standsSinceMs = isSettled ? (standsSinceMs ?? performance.now()) : undefined;
        this.#engine.stands(standsSinceMs === undefined ? 0 : performance.now() - standsSinceMs);
        await new Promise((resolve) => void setTimeout(resolve, TEST_LOOK_MS));
        continue;
      }
      standsSinceMs = undefined;
      this.#engine.jumps();
      await this.#skipTo(nextMs);
    }
  }
}

/** `await` calls `then` of what is no plain promise. */
class AwaitedResult<T> extends Promise<T> {
  #awaits: (() => void) | undefined;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  static of<T>(promise: Promise<T>, awaits: () => void): AwaitedResult<T> {
    const result = new AwaitedResult<T>((resolve, reject) => {
      promise.then(resolve, reject);
    });
    result.#awaits = awaits;
    return result;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- awaiting is what it tells
  override then<A = T, B = never>(
    onValue?: ((value: T) => A | PromiseLike<A>) | null,
    onError?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#awaits?.();
    return super.then(onValue, onError);
  }
}
