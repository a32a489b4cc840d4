/**
 * The real clock, with time that can be skipped: for tests that sleep for days. What falls due in the time that is skipped
 * happens in its order, and at its time: between two alarms the clock stands at the first one until `settled` says that
 * what it caused has come to rest.
 */
import { invariant } from "../../lib/errors.ts";
import type { Clock } from "../../lib/ports.ts";
import { systemClock } from "../../lib/clock.ts";
import { SKIPPED_ALARMS_MAX } from "../../lib/limits/local.ts";

interface Alarm {
  readonly atMs: number;
  readonly ring: () => void;
  cancel: () => void;
}

export class SkippingClock implements Clock {
  #skippedMs = 0;
  readonly #alarms = new Set<Alarm>();

  now(): number {
    return systemClock.now() + this.#skippedMs;
  }

  after(ms: number, callback: () => void): () => void {
    const alarm: Alarm = {
      atMs: this.now() + Math.max(ms, 0),
      ring: () => {
        this.#remove(alarm);
        callback();
      },
      cancel: systemClock.after(ms, () => alarm.ring()),
    };
    this.#alarms.add(alarm);
    return () => this.#remove(alarm);
  }

  /** Resolves when `ms` have been skipped. Throws an invariant's error for more than {@link SKIPPED_ALARMS_MAX} alarms. */
  async skip(ms: number, settled: () => Promise<void>): Promise<void> {
    const untilMs = this.now() + ms;
    for (let count = 0; count < SKIPPED_ALARMS_MAX; count++) {
      await settled();
      const next = this.#earliest();
      if (!next || next.atMs > untilMs) {
        this.#moveTo(untilMs);
        return;
      }
      this.#moveTo(next.atMs);
      next.ring();
    }
    invariant(false, "T1", `more than ${SKIPPED_ALARMS_MAX} alarms in the ${ms} ms that were skipped`);
  }

  /** Never back. Who waits on waits for what is left. */
  #moveTo(atMs: number): void {
    this.#skippedMs += Math.max(0, atMs - this.now());
    for (const alarm of this.#alarms) {
      alarm.cancel();
      alarm.cancel = systemClock.after(alarm.atMs - this.now(), () => alarm.ring());
    }
  }

  #earliest(): Alarm | undefined {
    let earliest: Alarm | undefined;
    for (const alarm of this.#alarms) if (!earliest || alarm.atMs < earliest.atMs) earliest = alarm;
    return earliest;
  }

  #remove(alarm: Alarm): void {
    alarm.cancel();
    this.#alarms.delete(alarm);
  }
}
