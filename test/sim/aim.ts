/**
 * Aims: a search draws all kinds of runs, or only those in which a certain planted bug can show. So a rare bug is caught within a
 * hundred seeds and not within ten thousand, and CI can search for it anew when its recorded seed no longer catches it.
 */
import { type DirectedName, directedWorkload, isDirected } from "./directed.ts";
import type { FaultKind, FaultPlan } from "./faults.ts";
import { peopleWorkload } from "./people.ts";
import { Prng } from "../../lib/prng.ts";
import type { Workload } from "./requests.ts";
import type { SourceKind } from "./source-plan.ts";
import { sourceWorkload } from "./source-workload.ts";
import {
  isTransacting,
  type TransactingName,
  transactingWorkload,
  transactionWorkload,
} from "./transactions.ts";
import { Generator, type SpecialWorkload } from "./workload.ts";

export interface Aim {
  /** Of this kind alone; by default what the seed draws. */
  readonly workload?:
    | "people"
    | "sources"
    | "transactions"
    | TransactingName
    | SpecialWorkload
    | DirectedName;
  /** Of event sources: these alone. */
  readonly sources?: readonly SourceKind[];
  /** Words that its requests, as JSON, must contain; else the seed is left out. */
  readonly draws?: readonly string[];
  /** These faults alone, each as often as it says. By default what the seed draws. */
  readonly faults?: Readonly<Partial<Record<FaultKind, number>>>;
  /** Services move into a mailbox of their own, and out of it. */
  readonly moves?: true;
  /** What fires is a message at once, in all runs. */
  readonly directTimers?: true;
  /** Guards wait in a table. */
  readonly guardTable?: true;
}

export interface AimedRun {
  readonly moves?: true;
  readonly directTimers?: true;
  readonly guardTable?: true;
  readonly seed: number;
  readonly plan: FaultPlan;
  readonly workload?: Workload;
}

/** `undefined`: the seed draws nothing of what is aimed at. */
export function aimedRun(seed: number, plan: FaultPlan, aim: Aim = {}): AimedRun | undefined {
  const { draws = [], faults } = aim;
  const workload = workloadOf(seed, aim);
  if (draws.length > 0) {
    const drawn = JSON.stringify(workload ?? new Generator(seed).workload());
    if (!draws.every((words) => drawn.includes(words))) return undefined;
  }
  return {
    seed,
    plan: faults ? { ...plan, only: faults } : plan,
    ...(workload ? { workload } : {}),
    ...(aim.moves ? { moves: true } : {}),
    ...(aim.directTimers ? { directTimers: true } : {}),
    ...(aim.guardTable ? { guardTable: true } : {}),
  };
}

function workloadOf(seed: number, { workload, sources }: Aim): Workload | undefined {
  if (workload === undefined) return undefined;
  if (workload === "sources") {
    const others = (): Workload => new Generator(seed).workload(false);
    return sourceWorkload(seed, { others, ...(sources ? { kinds: sources } : {}) });
  }
  if (workload === "transactions") return transactionWorkload(seed);
  if (isTransacting(workload)) return transactingWorkload(workload, seed);
  if (workload === "people") return peopleWorkload(seed);
  if (isDirected(workload)) return directedWorkload(workload, new Prng(seed, "directed"));
  return new Generator(seed).special(workload);
}
