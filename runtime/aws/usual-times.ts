/** How long handlers usually take, as one function's environment has seen it: when it pays to look for a result first. */
import { USUAL_HANDLERS_MAX, USUAL_PART, USUAL_STEP_PART } from "../../lib/limits/aws.ts";

export class UsualTimes {
  readonly #ms = new Map<string, number>();

  /** Milliseconds before which a result has rarely come. `undefined`: nothing is known yet. */
  of(name: string): number | undefined {
    return this.#ms.get(name);
  }

  /** A result had come after `ms`. The figure moves a little towards it: up more rarely, or by more, so that the given part of the
   * results comes sooner. One slow result moves it no further than any other. */
  came(name: string, ms: number): void {
    const usual = this.#ms.get(name);
    this.#ms.delete(name);
    if (usual === undefined) {
      this.#ms.set(name, ms);
      for (const oldest of this.#ms.keys()) {
        if (this.#ms.size <= USUAL_HANDLERS_MAX) break;
        this.#ms.delete(oldest);
      }
      return;
    }
    const step = Math.max(1, usual / USUAL_STEP_PART);
    this.#ms.set(name, Math.max(0, usual + step * (ms < usual ? USUAL_PART - 1 : USUAL_PART)));
  }
}
