/** Runs a test many times, each in another order of its requests and with other faults, and makes a run that fails small. */
import { EXPLORED_RUNS_DEFAULT, EXPLORED_RUNS_MAX, SHRINK_RUNS_MAX } from "../../../lib/limits/testing.ts";
import { errorText } from "./difference.ts";
import { indented } from "./every-crash-point.ts";
import { type ChosenFault, chosenFault, strikeText } from "./fault.ts";
import type { RunPlan } from "./faulty-run.ts";
import { runOnce, type RunResult } from "./one-run.ts";
import { type FaultyTest, testOf, type Tested } from "./tested.ts";

export interface ExploreOptions extends Tested {
  /** Of the test. Default: 200. `PERDURE_SEED` runs one. */
  readonly runs?: number;
  /** The first run's. The others follow it. Default: 1. */
  readonly seed?: number;
  /** Default: true. Without faults the order alone is drawn. */
  readonly faults?: boolean;
}

export interface ExploreReport {
  readonly runs: number;
  /** Faults that struck, in all runs. */
  readonly faults: number;
  /** Milliseconds. */
  readonly tookMs: number;
}

/** A run of a test that failed, made small. */
export class ExploreError extends Error {
  override readonly name = "ExploreError";
  /** For `PERDURE_SEED`. */
  readonly seed: string;
  /** What went wrong in the run: nothing, if the order alone makes it fail. */
  readonly faults: readonly string[];
  /** Runs until it was found. */
  readonly runs: number;

  constructor({ result, seed }: Small, runs: number) {
    const { strikes, error } = result;
    const faults = strikes.map(strikeText);
    super(messageOf(result, { seed, faults, runs }), { cause: error?.thrown });
    [this.seed, this.faults, this.runs] = [seed, faults, runs];
  }
}

/** How likely a fault is at each request: none in some runs, few in most, many in some. */
const RATES = [0, 0.03, 0.1, 0.3];

/**
 * Runs a test again and again. Each time the requests of all that runs at once happen in another order, drawn from a seed, and faults strike:
 * processes die, answers are lost, messages are delivered twice. The test says by throwing what must not be. It may start environments of
 * its own; or it gets one, if `services` says of what. It must begin anew each time.
 *
 * Throws {@link ExploreError} at the first run in which the test throws. Its seed is the smallest of its kind: faults that do not matter
 * are left out. With that seed in the environment variable `PERDURE_SEED` that run alone is made. Throws `RangeError` for a number of runs
 * or a seed that cannot be.
 */
export async function explore<T>(test: FaultyTest<T>, options: ExploreOptions = {}): Promise<ExploreReport> {
  const { runs = EXPLORED_RUNS_DEFAULT, seed = 1, faults = true } = options;
  assertNumbers(runs, seed);
  const beganMs = performance.now();
  const run = testOf(test, options);
  const asked = process.env["PERDURE_SEED"];
  const plans =
    asked === undefined || asked === "" ? plansFrom(seed, runs, faults) : [await planIn(asked, run, faults)];
  let [count, struck] = [0, 0];
  for (const plan of plans) {
    count++;
    const result = await runOnce(run, plan);
    struck += result.strikes.length;
    if (result.error) {
      const small = result.plan.faults ? { result, seed: asked ?? "" } : await smallest(run, result);
      throw new ExploreError(await told(run, small), count);
    }
  }
  return { runs: count, faults: struck, tookMs: Math.round(performance.now() - beganMs) };
}

function assertNumbers(runs: number, seed: number): void {
  if (!Number.isInteger(runs) || runs < 1 || runs > EXPLORED_RUNS_MAX)
    throw new RangeError(`runs: a number from 1 to ${EXPLORED_RUNS_MAX}, not ${runs}`);
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed: a whole number, not ${seed}`);
}

function* plansFrom(seed: number, runs: number, faults: boolean): Generator<RunPlan> {
  for (let number = 0; number < runs; number++) yield planOf(seed + number, faults);
}

const planOf = (seed: number, faults: boolean): RunPlan => ({
  ...{ seed, drawsOrder: true },
  ...(faults ? { rate: RATES[Math.abs(seed) % RATES.length] ?? 0 } : {}),
});

interface Small {
  readonly result: RunResult<unknown>;
  /** As `PERDURE_SEED` has it. */
  readonly seed: string;
}

/** Leaves out one fault after the other for as long as the test fails. It need not fail in the same way. */
async function smallest(run: () => Promise<unknown>, failed: RunResult<unknown>): Promise<Small> {
  const { seed } = failed.plan;
  const drawn = failed.strikes.map(chosenFault);
  let best: Small = { result: failed, seed: String(seed) };
  let tries = 0;
  const fails = async (kept: readonly number[]): Promise<boolean> => {
    if (tries >= SHRINK_RUNS_MAX) return false;
    tries++;
    const result = await runOnce(run, { ...failed.plan, faults: taken(drawn, kept) });
    if (result.error) best = { result, seed: `${seed}:${kept.join(",")}` };
    return result.error !== undefined;
  };
  if (drawn.length > 0 && !(await fails([]))) {
    let kept = drawn.map((_, at) => at);
    for (const left of [...kept]) {
      const fewer = kept.filter((at) => at !== left);
      if (await fails(fewer)) kept = fewer;
    }
  }
  return best;
}

/** Once more, and what happened is told. */
async function told(run: () => Promise<unknown>, small: Small): Promise<Small> {
  const result = await runOnce(run, { ...small.result.plan, tells: true });
  return result.error ? { ...small, result } : small;
}

const taken = (drawn: readonly ChosenFault[], kept: readonly number[]): readonly ChosenFault[] =>
  drawn.filter((_, at) => kept.includes(at));

/** What `PERDURE_SEED` says: `17`; or `17:2,5`, of the faults that the seed draws the third and the sixth alone; or `17:`, none. */
async function planIn(text: string, run: () => Promise<unknown>, faults: boolean): Promise<RunPlan> {
  const [, seed, kept] = /^(-?\d{1,15})(?::((?:\d{1,6},?)*))?$/u.exec(text) ?? [];
  if (seed === undefined)
    throw new RangeError(`PERDURE_SEED: a seed as explore prints it, not ${JSON.stringify(text)}`);
  const plan = planOf(Number(seed), faults);
  if (kept === undefined) return plan;
  const { strikes } = await runOnce(run, plan);
  const places = kept.split(",").filter((each) => each !== "");
  return { ...plan, faults: taken(strikes.map(chosenFault), places.map(Number)) };
}

function messageOf(
  { error, timeline }: RunResult<unknown>,
  {
    seed,
    faults,
    runs,
  }: { readonly seed: string; readonly faults: readonly string[]; readonly runs: number },
): string {
  return [
    `The test fails in run ${runs}: ${errorText(error?.thrown)}`,
    faults.length === 0
      ? "No fault is needed: the order of the requests is enough."
      : `It needs ${faults.length === 1 ? "this fault" : "these faults"}:\n${indented(faults.join("\n"))}`,
    `To run it alone: PERDURE_SEED=${seed}`,
    ...(timeline === "" ? [] : [`What happened:\n${indented(timeline)}`]),
  ].join("\n\n");
}
