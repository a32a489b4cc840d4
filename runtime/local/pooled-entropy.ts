/**
 * Real randomness, a few kilobytes at a time: on a development server, an invocation asks some ten times for a few bytes. Only for a
 * process that nobody copies while it runs. A copy of its memory would have the same bytes to come.
 */
import { randomFillSync } from "node:crypto";
import type { Entropy } from "../../lib/ports.ts";
import { ENTROPY_POOL_BYTES } from "../../lib/limits/local.ts";

class PooledEntropy implements Entropy {
  readonly #pool = new Uint8Array(ENTROPY_POOL_BYTES);
  #used = ENTROPY_POOL_BYTES;

  bytes(count: number): Uint8Array {
    const bytes = new Uint8Array(count);
    if (count > ENTROPY_POOL_BYTES) return randomFillSync(bytes);
    if (this.#used + count > ENTROPY_POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const end = this.#used + count;
    bytes.set(this.#pool.subarray(this.#used, end));
    // What was given out is not kept.
    this.#pool.fill(0, this.#used, end);
    this.#used = end;
    return bytes;
  }
}

/** Of this process. */
export const pooledEntropy: Entropy = new PooledEntropy();
