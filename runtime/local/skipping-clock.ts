/**
 * The real clock, with time that can be skipped: for tests that sleep for days. Alarms in the skipped time ring in their order,
 * each at its time. After an alarm the clock stands still until `settled` says that everything it caused has come to rest.
 */
import { JumpingClock } from "../../lib/jumping-clock.ts";
import { SKIPPED_ALARMS_MAX } from "../../lib/limits/local.ts";

export class SkippingClock extends JumpingClock {
  /** Resolves when `ms` have been skipped. Throws an Error for more than {@link SKIPPED_ALARMS_MAX} alarms. */
  async skip(ms: number, settled: () => Promise<void>): Promise<void> {
    const untilMs = this.now() + ms;
    for (let count = 0; count < SKIPPED_ALARMS_MAX; count++) {
      await settled();
      const next = this.earliest();
      if (!next || next.atMs > untilMs) {
        this.#moveTo(untilMs);
        return;
      }
      this.#moveTo(next.atMs);
      next.ring();
    }
    const what = "timers, retries and ticks of schedules";
    throw new Error(
      `more than ${SKIPPED_ALARMS_MAX} ${what} in the ${ms} ms that are skipped: skip less at once`,
    );
  }

  #moveTo(atMs: number): void {
    this.jumpAhead(this.aheadMs + atMs - this.now());
  }
}
