/** Traces of the local engine, if its environment says where spans go (docs/tracing.md). Its hosts trace their turns themselves. */
import { systemClock } from "../../lib/clock.ts";
import { SPANS_FLUSH_MS_MAX } from "../../lib/limits/tracing.ts";
import type { Invoker, Logger } from "../../lib/ports.ts";
import { Tracing } from "../../lib/tracing/tracing.ts";
import { TracedEngine } from "../traces/engine-traces.ts";

export class LocalTraces {
  /** Absent: nothing is traced. */
  readonly engine: TracedEngine | undefined;
  readonly #tracing: Tracing | undefined;

  constructor(logger: Logger) {
    this.#tracing = Tracing.from(process.env, { clock: systemClock, logger, fetch });
    this.engine = this.#tracing && new TracedEngine(this.#tracing);
  }

  watching(invoker: Invoker): Invoker {
    return this.engine?.watching(invoker) ?? invoker;
  }

  async flush(): Promise<void> {
    await this.#tracing?.exporter.flush(SPANS_FLUSH_MS_MAX);
  }
}
