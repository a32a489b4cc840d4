/**
 * Looks at what there is to do, one look at a time. Asked for while one is under way, there is one more behind it: that one sees
 * what the first may have missed.
 */
import type { Clock } from "../../lib/ports.ts";

export class Looking {
  readonly #clock: Pick<Clock, "after">;
  readonly #work: () => Promise<number | undefined>;
  #working: Promise<void> | undefined;
  #again = false;
  #isStopped = false;
  #cancel: () => void = () => undefined;

  /** `work` never rejects. It answers in how many ms there is to be another look; `undefined`: when it is asked for. */
  constructor(clock: Pick<Clock, "after">, work: () => Promise<number | undefined>) {
    this.#clock = clock;
    this.#work = work;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  look(): void {
    if (this.#isStopped) return;
    if (this.#working) {
      this.#again = true;
      return;
    }
    this.#cancel();
    this.#working = this.#worked().finally(() => {
      this.#working = undefined;
      if (!this.#again) return;
      this.#again = false;
      this.look();
    });
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    while (this.#working) await this.#working;
  }

  /** Resolves when the look that is under way is over. There is none after it. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#working;
  }

  async #worked(): Promise<void> {
    const againMs = await this.#work();
    if (againMs === undefined || this.#isStopped) return;
    this.#cancel = this.#clock.after(againMs, () => this.look());
  }
}
