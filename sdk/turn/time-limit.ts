/** The time that a turn has: when it is up the turn says so, while it still can; shortly before it, it starts nothing more. */
import type { Clock } from "../../lib/ports.ts";

/** A margin in which a turn that runs out of time still says so, milliseconds. */
const MARGIN_MS = 250;
/** A turn that has recorded something starts no step in its last seconds (or the last fifth of a short limit), but goes on
 * in another turn. */
const WIND_DOWN_MS_MAX = 10_000;

export class TimeLimit {
  isUp = false;
  readonly #clock: Clock;
  readonly #lastStartMs: number;
  readonly stop: () => void;

  constructor(clock: Clock, remainingMs: number, whenUp: () => void) {
    const limitMs = Math.max(0, remainingMs - MARGIN_MS);
    this.#clock = clock;
    this.#lastStartMs = clock.now() + limitMs - Math.min(WIND_DOWN_MS_MAX, limitMs / 5);
    this.stop = clock.after(limitMs, () => {
      this.isUp = true;
      whenUp();
    });
  }

  get isEnding(): boolean {
    return this.#clock.now() >= this.#lastStartMs;
  }
}
