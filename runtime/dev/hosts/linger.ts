/**
 * Keeps a process awake for a moment after it has sent a message, if the other side is likely to answer at once. To wake a process
 * that sleeps takes longer than to write a step: with one invocation under way, its ten steps take 2.5 ms instead of 4
 * (`npm run bench -- local-speed`, 1 client).
 *
 * It is likely if the last answer came as soon as that. A disk that is waited for, a handler that waits, or a step that takes time
 * answers later: then the process sleeps, as ever. With many invocations under way there is always something to do, and messages have
 * many frames: then nobody lingers.
 */
import { AWAKE_MS } from "../../../lib/limits/local.ts";

const FEW_FRAMES = 2;

export class Linger {
  readonly #isWaiting: () => boolean;
  #sentMs: number | undefined;
  #lastGapMs = 0;
  #untilMs = 0;
  #isAwake = false;
  /** Frames of the last message that came. */
  #heard = 1;

  /** `isWaiting`: for an answer, and for few others. */
  constructor(isWaiting: () => boolean) {
    this.#isWaiting = isWaiting;
  }

  sent(frames: number): void {
    const nowMs = performance.now();
    this.#sentMs = nowMs;
    const isCalm = frames <= FEW_FRAMES && this.#heard <= FEW_FRAMES;
    if (!isCalm || this.#lastGapMs > AWAKE_MS || !this.#isWaiting()) return;
    this.#untilMs = nowMs + AWAKE_MS;
    if (this.#isAwake) return;
    this.#isAwake = true;
    setImmediate(this.#look);
  }

  received(frames: number): void {
    this.#heard = frames;
    if (this.#sentMs === undefined) return;
    this.#lastGapMs = performance.now() - this.#sentMs;
    this.#sentMs = undefined;
    this.#untilMs = 0;
  }

  /** While an immediate is due, the event loop looks for messages and does not sleep. */
  readonly #look = (): void => {
    if (performance.now() < this.#untilMs) setImmediate(this.#look);
    else this.#isAwake = false;
  };
}
