/** Time that stands still until somebody moves it. So a run takes the same way each time, however long its machine takes. */
import type { Clock } from "../../../lib/ports.ts";

interface Alarm {
  readonly atMs: number;
  readonly ring: () => void;
}

/** 1 January 2030: in no run it is the real time. */
const START = Date.UTC(2030, 0, 1);

export class VirtualClock implements Clock {
  #nowMs = START;
  /** In the order in which they were set. */
  readonly #alarms = new Set<Alarm>();
  /** Told of an alarm that is due at once. */
  onDue: () => void = () => undefined;

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, callback: () => void): () => void {
    const alarm: Alarm = { atMs: this.#nowMs + Math.max(ms, 0), ring: callback };
    this.#alarms.add(alarm);
    if (ms <= 0) this.onDue();
    return () => void this.#alarms.delete(alarm);
  }

  /** Rings the earliest alarm, and moves to its time. `isDue`: only if its time has come. Answers whether one has rung. */
  ringNext({ isDue = false }: { readonly isDue?: boolean } = {}): boolean {
    let earliest: Alarm | undefined;
    for (const alarm of this.#alarms) if (!earliest || alarm.atMs < earliest.atMs) earliest = alarm;
    if (!earliest || (isDue && earliest.atMs > this.#nowMs)) return false;
    this.#alarms.delete(earliest);
    this.#nowMs = Math.max(this.#nowMs, earliest.atMs);
    earliest.ring();
    return true;
  }
}
