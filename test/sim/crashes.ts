/**
 * Exhaustive crash points.
 *
 * 1. Run each small program without faults, and count its effects.
 * 2. For every effect run it twice more: the actor that asks for the effect dies before it, and after it.
 * 3. If there are few effects, do the same for every pair of them.
 *
 * What is durable at the end must be the same in all these runs (M1, M2, J2).
 */
import type { CrashPoint } from "./actor.ts";
import { run, type RunResult } from "./run.ts";
import { SMALL_PROGRAMS } from "./small-programs.ts";

export interface CrashJob {
  readonly program: number;
  /** Pairs are tried for programs with at most so many effects. */
  readonly pairsMax: number;
}
export interface CrashReport {
  readonly name: string;
  readonly effects: number;
  readonly runs: number;
  readonly pairs: boolean;
  /** Crashes that were asked for and did happen. */
  readonly failures: readonly string[];
}

const SEED = 7;
const WHENS = ["before", "after"] as const;

export const CRASH_PROGRAMS = SMALL_PROGRAMS.length;

export async function tryCrashes({ program, pairsMax }: CrashJob): Promise<CrashReport> {
  const small = SMALL_PROGRAMS[program];
  if (!small) throw new RangeError(`there is no small program ${program}`);
  const once = async (crashPoints: readonly CrashPoint[]): Promise<RunResult> =>
    await run({
      seed: SEED,
      plan: { none: true },
      workload: small.workload,
      crashPoints,
      fixedLatency: true,
      directTimers: false,
    });
  const base = await once([]);
  const expected = canonical(base);
  const failures: string[] = base.violation ? [`without a crash: ${base.violation.message}`] : [];
  let runs = 0;
  const tried = async (...points: CrashPoint[]): Promise<RunResult> => {
    runs++;
    const result = await once(points);
    const where = points.map(({ effect, when }) => `${when} effect ${effect}`).join(" and ");
    if (result.violation) failures.push(`a crash ${where}: ${result.violation.message}`);
    else if (canonical(result) !== expected)
      failures.push(`a crash ${where}: the outcome is ${canonical(result)}, not ${expected}`);
    return result;
  };
  const pairs = base.effects <= pairsMax;
  for (let effect = 0; effect < base.effects; effect++) {
    for (const when of WHENS) {
      const first = await tried({ effect, when });
      // The first crash makes the run longer, so its own count of effects is the bound.
      // oxlint-disable-next-line no-unmodified-loop-condition -- one program has pairs, or has not
      for (let second = effect + 1; pairs && second < first.effects; second++) {
        for (const also of WHENS) await tried({ effect, when }, { effect: second, when: also });
      }
    }
  }
  return { name: small.name, effects: base.effects, runs, pairs, failures };
}

/** Results and state, without what counts executions. */
const canonical = ({ outcomes, state }: RunResult): string =>
  JSON.stringify([Object.entries(outcomes).toSorted(([a], [b]) => (a < b ? -1 : 1)), state]);
