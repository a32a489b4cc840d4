/** Reads of SQLite are synchronous: between two pages of a long one, everything else gets its turn. */
import { setImmediate } from "node:timers";
import { READ_BYTES_AT_ONCE, READ_ROWS_AT_ONCE } from "../../lib/limits/local.ts";

/** Resolves in the next turn of the event loop. */
export const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/**
 * What was read from one database in this turn of the event loop. A read that is `async` and does not wait for anything goes on in
 * the same turn. So a thousand of them, one after the other or at once, are as long a pause as one that reads a thousand rows.
 * Whoever reads more than a turn's share waits for the next turn.
 */
export class ReadSlice {
  #rows = 0;
  #bytes = 0;

  /** Call it after a read. */
  count(rows: number, bytes: number): void {
    // It is in the queue before those who wait for the next turn, so they find the count at 0.
    if (this.#rows === 0 && this.#bytes === 0) setImmediate(() => (this.#rows = this.#bytes = 0));
    this.#rows += Math.max(rows, 1);
    this.#bytes += bytes;
  }

  /** `while (slice.isFull) await nextTurn();` and then read at once: whoever waits in between may find that others were faster. */
  get isFull(): boolean {
    return this.#rows >= READ_ROWS_AT_ONCE || this.#bytes >= READ_BYTES_AT_ONCE;
  }
}
