/** A thread that runs seeds, with or without a planted bug. The bug is planted before the engine is loaded. */
import { parentPort, workerData } from "node:worker_threads";
import type { Aim } from "./aim.ts";
import type { CrashJob, CrashReport } from "./crashes.ts";
import type { FaultPlan } from "./faults.ts";
import { type Patch, plant } from "./plant.ts";
import { useSmallLimits } from "./small-limits.ts";

export interface Job {
  readonly from: number;
  readonly count: number;
  readonly plan: FaultPlan;
  readonly aim?: Aim;
  /** Runs each seed twice and compares the traces. */
  readonly twice?: boolean;
  /** Stops at the first failure. */
  readonly untilFailure?: boolean;
}
export interface Failure {
  readonly seed: number;
  readonly rule: string;
  readonly message: string;
}
export interface Report {
  readonly runs: number;
  readonly events: number;
  readonly failures: readonly Failure[];
  readonly faults: Record<string, number>;
  readonly operations: Record<string, number>;
}

const { patch, small } = (workerData ?? {}) as { patch?: Patch; small?: boolean };
/** Errors are made in great number and looked at rarely. */
Error.stackTraceLimit = 6;
if (small) useSmallLimits();
if (patch) plant(patch);
const { run } = await import("./run.ts");
const { aimedRun } = await import("./aim.ts");

async function crash(job: CrashJob): Promise<CrashReport> {
  const { tryCrashes } = await import("./crashes.ts");
  return await tryCrashes(job);
}

async function work({ from, count, plan, aim, twice, untilFailure }: Job): Promise<Report> {
  const failures: Failure[] = [];
  const [faults, operations]: Record<string, number>[] = [{}, {}];
  let events = 0;
  let seed = from;
  for (; seed < from + count; seed++) {
    const aimed = aimedRun(seed, plan, aim);
    if (!aimed) continue;
    const result = await run(aimed);
    events += result.events;
    add(faults, result.faults);
    add(operations, result.operations);
    if (result.violation) failures.push({ seed, ...result.violation });
    if (twice) {
      const again = await run(aimed);
      if (again.hash !== result.hash)
        failures.push({ seed, rule: "SAME", message: "the same seed gave two traces" });
    }
    if (untilFailure && failures.length > 0) break;
  }
  return {
    runs: Math.min(seed + 1, from + count) - from,
    events,
    failures,
    faults: faults ?? {},
    operations: operations ?? {},
  };
}

function add(sums: Record<string, number> = {}, counts: Record<string, number>): void {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}

parentPort?.on("message", (job: Job | CrashJob) => {
  const done: Promise<Report | CrashReport> = "program" in job ? crash(job) : work(job);
  done.then(
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    (report) => parentPort?.postMessage(report),
    (error: unknown) => {
      throw error;
    },
  );
});
