/** Runs a test once, as a plan says, and answers what it has come to. */
import { setTimeout as delay } from "node:timers/promises";
import { FAULTY_RUN_MS_MAX } from "../../../lib/limits/testing.ts";
import type { FaultPoint, Strike } from "./fault.ts";
import { FaultyRun, type RunPlan } from "./faulty-run.ts";
import type { EnvironmentOutcome } from "./outcome.ts";

export interface RunResult<T> {
  readonly plan: RunPlan;
  /** What the test has returned. */
  readonly value?: T;
  /** What it has thrown. */
  readonly error?: { readonly thrown: unknown };
  readonly points: readonly FaultPoint[];
  readonly strikes: readonly Strike[];
  /** What its environments have come to, if it has stopped them. */
  readonly outcome: EnvironmentOutcome;
  /** How often the closure of each step was begun, by its name. */
  readonly steps: ReadonlyMap<string, number>;
  readonly timeline: string;
}

export async function runOnce<T>(test: () => Promise<T>, plan: RunPlan): Promise<RunResult<T>> {
  const run = new FaultyRun(plan);
  const over = new AbortController();
  const tooLate = async (): Promise<never> => {
    await delay(FAULTY_RUN_MS_MAX, undefined, { signal: over.signal });
    throw new Error(`the test has not ended after ${FAULTY_RUN_MS_MAX / 1000} s`);
  };
  const ended = await Promise.race([run.within(test), run.hang, tooLate()])
    .then(
      (value) => ({ value }),
      (thrown: unknown) => ({ error: { thrown } }),
    )
    .finally(() => over.abort());
  await run.end();
  return {
    ...{ plan, ...ended, points: run.points, strikes: run.strikes },
    ...{ outcome: run.outcomes.flat(), steps: run.steps },
    timeline: run.timelines.join("\n"),
  };
}
