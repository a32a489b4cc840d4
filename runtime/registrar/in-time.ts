/** Refuses changes when an event's time is over and CloudFormation has been told so: it has begun to roll back by then. */
import { OperationalError } from "../../lib/errors.ts";
import { type Clock, type ItemStore, readsOf } from "../../lib/ports.ts";
import type { FunctionVersions } from "./ports.ts";

export class InTime {
  readonly #clock: Pick<Clock, "now">;
  readonly #untilMs: number;

  constructor(clock: Pick<Clock, "now">, untilMs: number) {
    this.#clock = clock;
    this.#untilMs = untilMs;
  }

  items(items: ItemStore): ItemStore {
    return {
      ...readsOf(items),
      write: async (...asked) => await this.#change(() => items.write(...asked)),
    };
  }

  versions(versions: FunctionVersions): FunctionVersions {
    return {
      state: (arn) => versions.state(arn),
      publish: async (...asked) => await this.#change(() => versions.publish(...asked)),
      remove: async (arn) => await this.#change(() => versions.remove(arn)),
    };
  }

  async #change<T>(change: () => Promise<T>): Promise<T> {
    if (this.#clock.now() >= this.#untilMs)
      throw new OperationalError("unavailable", "the registrar's time is over");
    return await change();
  }
}
