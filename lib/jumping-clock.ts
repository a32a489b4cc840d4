/**
 * The real clock, ahead by as much as somebody has asked for: on a development server, in its handlers' processes, and in tests.
 * It goes on as the real one does, and never goes back. Alarms whose time was jumped over ring soon after the jump, the earliest
 * first (docs/decisions/0040).
 */
import { systemClock } from "./clock.ts";
import type { Clock } from "./ports.ts";

interface Alarm {
  readonly atMs: number;
  readonly ring: () => void;
  cancel: () => void;
}

export class JumpingClock implements Clock {
  #aheadMs: number;
  readonly #real: Clock;
  readonly #alarms = new Set<Alarm>();

  constructor(aheadMs = 0, real: Clock = systemClock) {
    this.#aheadMs = aheadMs;
    this.#real = real;
  }

  /** By how much it is ahead of the real one. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  now(): number {
    return this.#real.now() + this.#aheadMs;
  }

  after(ms: number, callback: () => void): () => void {
    const alarm: Alarm = {
      atMs: this.now() + Math.max(ms, 0),
      ring: () => {
        this.#remove(alarm);
        callback();
      },
      cancel: this.#real.after(ms, () => alarm.ring()),
    };
    this.#alarms.add(alarm);
    return () => this.#remove(alarm);
  }

  /** From now on it is ahead of the real one by so much. Less than it is already changes nothing. A wait that is not over waits
   * for what is left. */
  jumpAhead(aheadMs: number): void {
    if (aheadMs <= this.#aheadMs) return;
    this.#aheadMs = aheadMs;
    for (const alarm of [...this.#alarms].toSorted((a, b) => a.atMs - b.atMs)) {
      alarm.cancel();
      alarm.cancel = this.#real.after(alarm.atMs - this.now(), () => alarm.ring());
    }
  }

  protected earliest(): { readonly atMs: number; ring(): void } | undefined {
    let earliest: Alarm | undefined;
    for (const alarm of this.#alarms) if (!earliest || alarm.atMs < earliest.atMs) earliest = alarm;
    return earliest;
  }

  #remove(alarm: Alarm): void {
    alarm.cancel();
    this.#alarms.delete(alarm);
  }
}
