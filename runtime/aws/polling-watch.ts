/** Waits for an item to change by pauses alone. A pause grows with the time that the reader has waited already, since most
 * results come at once or much later. */
import type { ItemKey } from "../../lib/model/item.ts";
import { type Clock, type Watch, elapse } from "../../lib/ports.ts";
import { POLL_FORGET_MS, POLL_PART, POLL_PAUSE_MS_MAX, POLL_PAUSE_MS_MIN } from "../../lib/limits/aws.ts";

export class PollingWatch implements Watch {
  readonly polls = true;
  readonly #clock: Clock;
  readonly #readers = new Map<string, { readonly sinceMs: number; lastMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async changed(key: ItemKey, maxMs: number): Promise<void> {
    const nowMs = this.#clock.now();
    const name = `${key.table} ${key.pk} ${key.sk}`;
    const reader = this.#readers.get(name) ?? { sinceMs: nowMs, lastMs: nowMs };
    reader.lastMs = nowMs;
    this.#readers.set(name, reader);
    for (const [other, { lastMs }] of this.#readers)
      if (nowMs - lastMs > POLL_FORGET_MS) this.#readers.delete(other);
    const pauseMs = Math.min(
      POLL_PAUSE_MS_MAX,
      Math.max(POLL_PAUSE_MS_MIN, (nowMs - reader.sinceMs) / POLL_PART),
      maxMs,
    );
    await elapse(this.#clock, pauseMs);
  }
}
