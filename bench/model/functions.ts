/** Lambda functions in this process. Invocations are counted; durations are billed in the model's time. */
import { COMPUTE_MS, type FunctionName, type Meter } from "./bill.ts";
import type { VirtualTime } from "./virtual-time.ts";

export class Functions {
  readonly #time: VirtualTime;
  readonly #meter: Meter;

  constructor(time: VirtualTime, meter: Meter) {
    this.#time = time;
    this.#meter = meter;
  }

  /** Runs `body` as one invocation of a warm function. */
  async invoke<T>(name: FunctionName, body: () => Promise<T>): Promise<T> {
    const startMs = this.#time.exactMs;
    this.#meter.add(`${name}Invocations`);
    try {
      await this.#time.pause(COMPUTE_MS[name]);
      return await body();
    } finally {
      // Round away floating-point errors, then round up to the millisecond, as Lambda bills.
      const ms = Math.round((this.#time.exactMs - startMs) * 1e6) / 1e6;
      this.#meter.add(`${name}Ms`, Math.max(1, Math.ceil(ms)));
    }
  }
}
