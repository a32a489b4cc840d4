/**
 * Waits for an item to change by pauses alone.
 *
 * The first pause lasts until the result of such a handler has rarely come before, so that few looks are in vain. Then come short
 * ones, which grow with the time that the reader has waited: what has not come by then may take long.
 */
import type { ItemKey } from "../../lib/model/item.ts";
import { type Clock, type Watch, elapse } from "../../lib/ports.ts";
import {
  POLL_FIRST_MS,
  POLL_FORGET_MS,
  POLL_PART,
  POLL_PAUSE_MS_MAX,
  POLL_PAUSE_MS_MIN,
} from "../../lib/limits/aws.ts";
import { UsualTimes } from "./usual-times.ts";

export class PollingWatch implements Watch {
  readonly polls = true;
  readonly #clock: Clock;
  readonly #usual = new UsualTimes();
  readonly #readers = new Map<string, { readonly sinceMs: number; lastMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async changed(key: ItemKey, maxMs: number, about?: string): Promise<void> {
    const nowMs = this.#clock.now();
    const name = `${key.table} ${key.pk} ${key.sk}`;
    for (const [other, { lastMs }] of this.#readers)
      if (nowMs - lastMs > POLL_FORGET_MS) this.#readers.delete(other);
    const known = this.#readers.get(name);
    const reader = known ?? { sinceMs: nowMs, lastMs: nowMs };
    reader.lastMs = nowMs;
    this.#readers.set(name, reader);
    const first = known || about === undefined ? 0 : (this.#usual.of(about) ?? POLL_FIRST_MS);
    const pauseMs = Math.max(POLL_PAUSE_MS_MIN, first, (nowMs - reader.sinceMs) / POLL_PART);
    await elapse(this.#clock, Math.min(POLL_PAUSE_MS_MAX, pauseMs, maxMs));
  }

  came(about: string, ms: number): void {
    this.#usual.came(about, ms);
  }
}
