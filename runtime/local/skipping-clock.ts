/**
 * The real clock, with time that can be skipped: for tests that sleep for days. Alarms in the skipped time ring in their order,
 * each at its time. After an alarm the clock stands still until `settled` says that everything it caused has come to rest.
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

  /** Never back. A wait that is not over waits for what is left. */
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
