/** What handlers print, kept by invocation. It is not printed: a test that fails shows it in its timeline. */
import { formatWithOptions } from "node:util";
import { TEST_LOG_CHARS_MAX, TEST_LOGS_MAX } from "../../lib/limits/local.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import { shortened } from "./entry-text.ts";

export interface TestLog {
  readonly level: "trace" | "debug" | "info" | "warn" | "error";
  /** As `console` formats it. */
  readonly text: string;
  /** By the environment's clock. */
  readonly at: Date;
  /** `ctx.console`; `console`; or the engine, which warns of something that the handler does. */
  readonly source: "ctx.console" | "console" | "engine";
}

export class TestLogs {
  readonly #logs = new Map<InvocationId, TestLog[]>();
  readonly #now: () => number;
  #count = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Beyond {@link TEST_LOGS_MAX} of an environment nothing more is kept. */
  add(
    id: InvocationId,
    { level, source }: Pick<TestLog, "level" | "source">,
    values: readonly unknown[],
  ): void {
    if (this.#count >= TEST_LOGS_MAX) return;
    this.#count++;
    const text = formatWithOptions({ colors: false }, ...values);
    const logs = this.#logs.get(id) ?? [];
    this.#logs.set(id, logs);
    logs.push({ level, source, at: new Date(this.#now()), text: shortened(text, TEST_LOG_CHARS_MAX) });
  }

  of(id: InvocationId): readonly TestLog[] {
    return this.#logs.get(id) ?? [];
  }
}
