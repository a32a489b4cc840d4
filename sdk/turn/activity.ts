/** Whether anything has happened in a turn since it was last looked at: a command, an await, the end of some work. */
import type { Clock } from "../../lib/ports.ts";

export class Activity {
  readonly #clock: Clock;
  #happened = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get happened(): boolean {
    return this.#happened;
  }

  touch(): void {
    this.#happened = true;
    this.#wake?.();
  }

  clear(): void {
    this.#happened = false;
  }

  /** Resolves when something has happened since the last `clear`, or after at most `maxMs`. */
  next(maxMs?: number): Promise<void> {
    if (this.#happened) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = maxMs === undefined ? undefined : this.#clock.after(maxMs, () => this.#wake?.());
      this.#wake = () => {
        this.#wake = undefined;
        cancel?.();
        resolve();
      };
    });
  }
}

/** All that the code can do without an event has been done: microtasks are drained before a macrotask runs. */
export const atRest = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
