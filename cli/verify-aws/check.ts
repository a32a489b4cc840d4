/**
 * A check has a name and an outcome. What it measures goes into the report, also if it fails. A check that throws has failed,
 * and does not stop the others.
 */
import { asError } from "../../lib/errors.ts";

/** In the order in which they run. `destroy` always does, unless the stack is to be kept. */
export const STEPS = [
  ...(["preflight", "deploy", "smoke", "conformance", "latency", "throughput", "cost"] as const),
  ...(["alarms", "restore", "destroy"] as const),
] as const;
export type StepName = (typeof STEPS)[number];

export interface Measure {
  readonly name: string;
  readonly value: number | string;
  readonly unit?: string;
}

export interface CheckResult {
  readonly step: StepName;
  readonly name: string;
  readonly outcome: "passed" | "failed" | "skipped";
  /** Of one that has failed: what there was instead of `expected`. */
  readonly seen?: string;
  readonly expected?: string;
  /** Why it was skipped. */
  readonly why?: string;
  readonly values: readonly Measure[];
  readonly seconds: number;
}

/** A check has found something else than it should. */
export class Unmet extends Error {
  override readonly name = "Unmet";
  readonly expected: string;
  readonly seen: string;
  constructor(expected: string, seen: string) {
    super(`expected ${expected}, and saw ${seen}`);
    this.expected = expected;
    this.seen = seen;
  }
}

/** A check cannot be done here. Its message says why. */
export class Skipped extends Error {
  override readonly name = "Skipped";
}

/** Throws {@link Unmet} unless both are the same as JSON. */
export function expectSame(what: string, seen: unknown, expected: unknown): void {
  if (JSON.stringify(seen) === JSON.stringify(expected)) return;
  throw new Unmet(`${what} ${shown(expected)}`, shown(seen));
}

export function expectAtMost(what: string, seen: number, most: number, unit = ""): void {
  if (seen <= most) return;
  throw new Unmet(`${what} at most ${most}${unit}`, `${seen}${unit}`);
}

const SHOWN_CHARS_MAX = 300;
const shown = (value: unknown): string => cut(typeof value === "string" ? value : JSON.stringify(value));
const cut = (text: string | undefined): string =>
  text === undefined
    ? "nothing"
    : text.length > SHOWN_CHARS_MAX
      ? `${text.slice(0, SHOWN_CHARS_MAX)}…`
      : text;

/** Gets what a check measures. What was noted before it failed is reported, too. */
export type Noting = (name: string, value: number | string, unit?: string) => void;

export interface LedgerOptions {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly report: (result: CheckResult) => void;
}

export class Ledger {
  readonly results: CheckResult[] = [];
  readonly #options: LedgerOptions;
  #stopped = false;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** From now on only `destroy` is checked, and what is being checked is not reported. */
  stop(): void {
    this.#stopped = true;
  }

  /** Returns whether it passed. */
  async check(step: StepName, name: string, run: (note: Noting) => Promise<void>): Promise<boolean> {
    if (this.#isOver(step)) return false;
    const values: Measure[] = [];
    const startMs = this.#options.now();
    const found = await outcomeOf(() =>
      run((measured, value, unit) => {
        values.push({ name: measured, value: rounded(value), ...(unit === undefined ? {} : { unit }) });
      }),
    );
    const seconds = rounded((this.#options.now() - startMs) / 1000) as number;
    this.#add({ step, name, ...found, values, seconds });
    return found.outcome === "passed";
  }

  skip(step: StepName, name: string, why: string): void {
    this.#add({ step, name, outcome: "skipped", why, values: [], seconds: 0 });
  }

  get hasFailed(): boolean {
    return this.results.some(({ outcome }) => outcome === "failed");
  }

  #isOver(step: StepName): boolean {
    return this.#stopped && step !== "destroy";
  }

  #add(result: CheckResult): void {
    if (this.#isOver(result.step)) return;
    this.results.push(result);
    this.#options.report(result);
  }
}

async function outcomeOf(
  run: () => Promise<void>,
): Promise<Pick<CheckResult, "outcome" | "seen" | "expected" | "why">> {
  try {
    await run();
    return { outcome: "passed" };
  } catch (thrown) {
    if (thrown instanceof Skipped) return { outcome: "skipped", why: thrown.message };
    if (thrown instanceof Unmet) {
      return { outcome: "failed", seen: thrown.seen, expected: thrown.expected };
    }
    return { outcome: "failed", expected: "no error", seen: cut(asError(thrown).message) };
  }
}

/** Three digits are enough for what a run measures. */
function rounded(value: number | string): number | string {
  if (typeof value === "string" || Number.isInteger(value)) return value;
  return Number(value.toPrecision(3));
}
