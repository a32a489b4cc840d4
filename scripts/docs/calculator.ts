/** What a month costs, for the calculator of the site: the command line's model of an invocation, times how many there are. */
import { costOf, type JournaledEntry, type Part, sumOf } from "../../lib/cost-estimate.ts";

export interface Usage {
  readonly callsMonthly: number;
  /** Of an object or a workflow: exclusive handlers go by the queue. */
  readonly isKeyed: boolean;
  readonly steps: number;
  /** Of a step's result. */
  readonly kilobytes: number;
  /** Of more than half a second and up to 15 minutes. */
  readonly shortSleeps: number;
  readonly longSleeps: number;
  /** Awakeables, signals and promises. */
  readonly answers: number;
  readonly callees: number;
  readonly reads: number;
  readonly writes: number;
}

export interface Estimate {
  /** In dollars per million invocations. */
  readonly parts: readonly Part[];
  readonly perMillion: number;
  readonly monthly: number;
  /** What others charge for the same, per million: without compute, and what starts them. */
  readonly durableFunctions: number;
  readonly stepFunctions: number;
}

/** A month in which nothing happens: docs/costs.md. */
export const IDLE_MONTHLY = 0.93;
const OPERATION = 8;
const TRANSITION = 25;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export function estimate(usage: Usage): Estimate {
  const { callsMonthly, isKeyed, steps, kilobytes, answers, callees, reads, writes } = usage;
  const bytes = kilobytes * 1024;
  const entries = [
    ...times(steps, { type: "run", bytes }),
    ...times(usage.shortSleeps, { type: "sleep", bytes: 0, sleepMs: MINUTE_MS }),
    ...times(usage.longSleeps, { type: "sleep", bytes: 0, sleepMs: HOUR_MS }),
    ...times(answers, { type: "signal", bytes: 0 }),
    ...times(callees, { type: "call", bytes: 0 }),
    ...times(reads, { type: "get", bytes: 0 }),
    ...times(writes, { type: "set", bytes }),
  ];
  const parts = costOf({ isHttpCall: true, isByMessage: isKeyed, isDelayed: false, entries });
  const perMillion = sumOf(parts);
  const waits = usage.shortSleeps + usage.longSleeps + answers;
  return {
    parts,
    perMillion,
    monthly: (perMillion * callsMonthly) / 1e6 + IDLE_MONTHLY,
    durableFunctions: OPERATION * (1 + steps + waits + callees),
    stepFunctions: TRANSITION * Math.max(1, steps + waits + callees),
  };
}

const times = (count: number, entry: JournaledEntry): JournaledEntry[] =>
  Array.from({ length: count }, () => entry);
