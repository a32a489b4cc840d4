/** Runs seeds on all cores. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Aim } from "./aim.ts";
import { CRASH_PROGRAMS, type CrashJob, type CrashReport } from "./crashes.ts";
import type { FaultPlan } from "./faults.ts";
import type { Patch } from "./plant.ts";
import { limitsAreSmall } from "./small-limits.ts";
import type { Failure, Job, Report } from "./worker.ts";

const SEEDS_AT_ONCE = 25;

export interface Totals {
  runs: number;
  events: number;
  seconds: number;
  readonly failures: Failure[];
  readonly faults: Record<string, number>;
  readonly operations: Record<string, number>;
}
export interface Search {
  readonly from: number;
  readonly count: number;
  readonly plan?: FaultPlan;
  readonly aim?: Aim | undefined;
  readonly patch?: Patch;
  readonly twice?: boolean;
  /** Gives up at the first failure, in the order of seeds. */
  readonly untilFailure?: boolean;
  readonly threads?: number;
  readonly failuresMax?: number;
  readonly deadlineMs?: number;
  progress?(totals: Totals): void;
}

export async function search(options: Search): Promise<Totals> {
  const {
    from,
    count,
    plan = {},
    aim,
    patch,
    twice,
    untilFailure,
    threads = availableParallelism(),
    failuresMax = 20,
  } = options;
  const totals: Totals = { runs: 0, events: 0, seconds: 0, failures: [], faults: {}, operations: {} };
  const started = performance.now();
  let next = from;
  const hasMore = (): boolean => {
    if (next >= from + count || totals.failures.length >= (untilFailure ? 1 : failuresMax)) return false;
    return options.deadlineMs === undefined || performance.now() < options.deadlineMs;
  };
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL("worker.ts", import.meta.url), {
      workerData: { small: limitsAreSmall(), ...(patch ? { patch } : {}) },
    });
    try {
      while (hasMore()) {
        const job: Job = {
          from: next,
          count: Math.min(SEEDS_AT_ONCE, from + count - next),
          plan,
          ...(aim ? { aim } : {}),
          ...(twice ? { twice } : {}),
          ...(untilFailure ? { untilFailure } : {}),
        };
        next += job.count;
        merge(totals, await ask(worker, job));
        totals.seconds = (performance.now() - started) / 1000;
        options.progress?.(totals);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(
    Array.from({ length: Math.max(1, Math.min(threads, Math.ceil(count / SEEDS_AT_ONCE))) }, work),
  );
  totals.seconds = (performance.now() - started) / 1000;
  totals.failures.sort((a, b) => a.seed - b.seed);
  return totals;
}

/** Tries the crash points of all small programs. */
export async function searchCrashes(
  pairsMax: number,
  show: (report: CrashReport) => void,
): Promise<CrashReport[]> {
  const reports: CrashReport[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL("worker.ts", import.meta.url), {
      workerData: { small: limitsAreSmall() },
    });
    try {
      while (next < CRASH_PROGRAMS) {
        const report = await ask<CrashReport>(worker, { program: next++, pairsMax });
        reports.push(report);
        show(report);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return reports;
}

function ask<R = Report>(worker: Worker, job: Job | CrashJob): Promise<R> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      worker.off("message", onMessage);
      worker.off("error", onError);
    };
    const onMessage = (report: R): void => {
      done();
      resolve(report);
    };
    const onError = (error: Error): void => {
      done();
      reject(error);
    };
    worker.on("message", onMessage);
    worker.on("error", onError);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage(job);
  });
}

function merge(totals: Totals, report: Report): void {
  totals.runs += report.runs;
  totals.events += report.events;
  totals.failures.push(...report.failures);
  for (const [name, count] of Object.entries(report.faults))
    totals.faults[name] = (totals.faults[name] ?? 0) + count;
  for (const [name, count] of Object.entries(report.operations))
    totals.operations[name] = (totals.operations[name] ?? 0) + count;
}
