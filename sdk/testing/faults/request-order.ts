/**
 * The order of an environment's requests to the world. They happen one after the other: each when all that the one before has caused has
 * come to rest. Which of those that wait is next, the run decides. So a run can be repeated, as far as the handlers' own code takes the
 * same way each time: what it does with real timers, files or sockets is as quick as it is.
 */
import { setImmediate as turn } from "node:timers";
import { setTimeout as delay } from "node:timers/promises";
import { QUIET_TURNS, REST_MS } from "../../../lib/limits/testing.ts";
import type { VirtualClock } from "./virtual-clock.ts";

interface Parts {
  readonly clock: VirtualClock;
  /** Which of so many is next. */
  readonly pick: (count: number) => number;
  /** Something goes on by itself: a message is there, or a turn runs. */
  readonly isBusy: () => boolean;
  /** A step's closure runs, whose time is real. */
  readonly isWorking: () => boolean;
}

export class RequestOrder {
  readonly #parts: Parts;
  readonly #waiting: (() => Promise<void>)[] = [];
  #running: Promise<void> | undefined;
  #isOver = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.clock.onDue = () => this.#wake();
  }

  /** `perform` must end. */
  add(perform: () => Promise<void>): void {
    this.#waiting.push(perform);
    this.#wake();
  }

  /** Nothing happens any more. */
  stop(): void {
    this.#isOver = true;
  }

  /** Resolves when nothing goes on by itself. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  #wake(): void {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  async #run(): Promise<void> {
    const { clock, isBusy, isWorking } = this.#parts;
    while (!this.#isOver) {
      await quiet();
      const next = this.#next();
      if (next) await next();
      else if (clock.ringNext({ isDue: true })) continue;
      else if (!isBusy()) return;
      // Time passes where a part waits for a moment, and not while the user's code runs.
      else if (isWorking() || !(await this.#rests()) || !clock.ringNext()) await delay(1);
    }
  }

  #next(): (() => Promise<void>) | undefined {
    if (this.#waiting.length === 0) return undefined;
    const [next] = this.#waiting.splice(this.#parts.pick(this.#waiting.length), 1);
    return next;
  }

  /** A handler may await something of its own outside of a step. */
  async #rests(): Promise<boolean> {
    await delay(REST_MS);
    return this.#waiting.length === 0 && !this.#parts.isWorking();
  }
}

async function quiet(): Promise<void> {
  for (let count = 0; count < QUIET_TURNS; count++) await new Promise<void>((resolve) => void turn(resolve));
}
