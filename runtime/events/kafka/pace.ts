/** How many records a topic may give in a second: a bucket of as many tokens, filled all the time. */
import type { Clock } from "../../../lib/ports.ts";

export class Pace {
  readonly #clock: Pick<Clock, "now">;
  readonly #perSecond: number;
  #tokens: number;
  #atMs: number;

  /** Full at the beginning: what came while nobody read is taken in the first second. */
  constructor(clock: Pick<Clock, "now">, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#atMs = clock.now();
  }

  /** How many of so many may be taken now; none: ask again a little later. */
  take(wanted: number): number {
    const now = this.#clock.now();
    // A clock that was set back gives nothing, and takes nothing.
    const gained = (Math.max(0, now - this.#atMs) * this.#perSecond) / 1000;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + gained);
    this.#atMs = now;
    const taken = Math.min(wanted, Math.floor(this.#tokens));
    this.#tokens -= taken;
    return taken;
  }
}
