/** What a query may read, and what it has read. */
import { QUERY_HEADS_MAX, QUERY_READ_MS_MAX } from "../../../lib/limits/query.ts";
import type { Clock } from "../../../lib/ports.ts";
import type { QueryReport } from "../../query/query.ts";

export class QueryBudget {
  readonly #stopwatch: Clock;
  readonly #units: (() => number) | undefined;
  readonly #unitsMax: number;
  readonly #startUnits: number;
  readonly #endMs: number;
  readonly #missing = new Set<string>();
  readonly #sources = new Set<QueryReport["source"]>();
  #scanned = 0;

  /** `units`: read units that the store has taken since it was opened. Absent: reading costs nothing. */
  constructor(stopwatch: Clock, unitsMax: number, units?: () => number) {
    this.#stopwatch = stopwatch;
    this.#units = units;
    this.#unitsMax = unitsMax;
    this.#startUnits = units?.() ?? 0;
    this.#endMs = stopwatch.now() + QUERY_READ_MS_MAX;
  }

  /** Reading costs money. */
  get isPaid(): boolean {
    return this.#units !== undefined;
  }

  get readUnits(): number {
    return (this.#units?.() ?? 0) - this.#startUnits;
  }

  /** Why nothing more should be read; `undefined` as long as it may be. */
  get end(): string | undefined {
    if (this.readUnits >= this.#unitsMax) return `the budget of ${this.#unitsMax} read units is used up`;
    if (this.#scanned >= QUERY_HEADS_MAX) return `${QUERY_HEADS_MAX} items have been looked at`;
    return this.#stopwatch.now() >= this.#endMs ? "the time for reading is over" : undefined;
  }

  count(items: number, source: QueryReport["source"]): void {
    this.#scanned += items;
    this.#sources.add(source);
  }

  /** The answer lacks these. */
  lacks(what: string): void {
    this.#missing.add(what);
  }

  report(): QueryReport {
    const missing = [...this.#missing];
    const source = (["scan", "index", "keys"] as const).find((one) => this.#sources.has(one)) ?? "keys";
    return {
      ...{ source, scanned: this.#scanned, complete: missing.length === 0 },
      ...(missing.length === 0 ? {} : { missing }),
      cost: { readUnits: this.readUnits },
    };
  }
}
