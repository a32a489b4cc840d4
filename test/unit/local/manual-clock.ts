import type { Clock } from "../../../lib/ports.ts";

interface Alarm {
  readonly atMs: number;
  readonly callback: () => void;
}

/** A clock that a test moves. Alarms ring in the order of their times. */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #alarms = new Set<Alarm>();

  constructor(nowMs = 1_000_000) {
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, callback: () => void): () => void {
    const alarm = { atMs: this.#nowMs + ms, callback };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** The pending waits in milliseconds from now, shortest first. */
  waits(): number[] {
    return [...this.#alarms].map((alarm) => alarm.atMs - this.#nowMs).toSorted((a, b) => a - b);
  }

  /** Moves the time on. After each alarm it lets the real event loop turn, so that the alarm's effects are done. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      await turns();
      const [next] = [...this.#alarms].toSorted((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > untilMs) break;
      this.#alarms.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
    }
    this.#nowMs = untilMs;
    await turns();
  }

  /** Sets the time, forward or back, and rings no alarm. */
  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }
}

/** Some turns of the event loop: enough for a commit, a hand-out and the commit of what it did. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
}
