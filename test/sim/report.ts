/** Runs seeds and reports the result, so that a newcomer knows what to do next. */
import { type Aim, type AimedRun, aimedRun } from "./aim.ts";
import { FAULT_KINDS, isEverywhere, isSourceFault } from "./faults.ts";
import type { Options } from "./options.ts";
import { PLANTED } from "./planted.ts";
import { search, type Totals } from "./pool.ts";
import { run, type RunResult } from "./run.ts";
import { shrink } from "./shrink.ts";
import type { Failure } from "./worker.ts";

/** What every long search must have seen at least once. */
const OPERATIONS = [
  ...["step", "sleep", "call", "send", "get", "set", "clear", "clearAll", "keys", "awakeable"],
  ...[
    "all",
    "any",
    "race",
    "settled",
    "timeout",
    "try",
    "throw",
    "branches",
    "promise.get",
    "promise.resolve",
    "promise.peek",
  ],
  ...[
    "message start",
    "message notify",
    "message resume",
    "message kill",
    "message swallowed",
    "page",
    "turn failed",
    "drift refused",
    "no room",
    "too many callers",
    "full journal",
    "long state",
    "value by reference",
  ],
  ...[
    "operator cancel",
    "operator kill",
    "operator pause",
    "operator resume",
    "reconciler run",
    "schedule",
    "timer sent",
    "timer set again",
    "timer dropped",
    "invoke",
  ],
];
/** What people do, and what they were told: in a run of `ENOUGH_FOR_PEOPLE` seeds each must happen. */
const OF_PEOPLE = [
  ...["cancel", "kill", "pause", "resume", "restart", "purge", "purge-journal"].flatMap((does) => [
    `operator ${does}`,
    `acknowledged ${does}`,
  ]),
  ...[
    "restart from a prefix",
    "resume elsewhere",
    "moved",
    "move refused",
    "purged head",
    "edit",
    "edit of a version",
  ],
  ...["call over HTTP", "attach over HTTP", "output over HTTP", "cancel by a handler"],
  ...["dead letter", "dead start", "dead letters watched"],
];
/** What happens to records, in runs with event sources. */
const OF_SOURCES = [
  ...["mark", "batch accepted", "batch failed in part", "source door threw", "everything again"],
  ...["no-key", "bad-key", "unreadable", "headers-too-large", "in-doubt", "decided"].map(
    (why) => `set aside: ${why}`,
  ),
  ...["made", "deleted", "paused", "resumed"].map((what) => `subscription ${what}`),
  ...[
    "retry answered 202",
    "retry answered 409",
    "drop answered 202",
    "record's run gave way",
    "skip forward",
    "skip back",
  ],
  ...["recordsAccepted", "recordsRepeated", "recordsRejected", "recordsFailed"],
];
/** What happens in runs that write to tables of the user's. */
const OF_TRANSACTIONS = ["transact", "transaction", "transaction refused"];
const ENOUGH_FOR_PEOPLE = 200;
/** In a run of this many seeds with sources each of it must happen. */
const ENOUGH_FOR_SOURCES = 500;
/** In a run of this many seeds each kind of fault and operation must happen. If not, the simulator is at fault. */
const ENOUGH_SEEDS = 1000;
const PROGRESS_EVERY_MS = 5000;

const planOf = ({ without, noFaults }: Options) => ({ without, none: noFaults });

/** Throws `RangeError` if no planted bug is called so. */
function aimOf(options: Options): Aim | undefined {
  const aim = namedAim(options);
  if (!options.directTimers && !options.guardTable) return aim;
  return {
    ...aim,
    ...(options.directTimers ? { directTimers: true } : {}),
    ...(options.guardTable ? { guardTable: true } : {}),
  };
}

function namedAim({ aim, moves, sources, transactions }: Options): Aim | undefined {
  if (aim === undefined && transactions) return { workload: "transactions" };
  if (aim === undefined && sources) return { workload: "sources" };
  if (aim === undefined) return moves ? { moves } : undefined;
  const planted = PLANTED.find(({ name }) => name.includes(aim));
  if (!planted) throw new RangeError(`no planted bug is called ${aim}`);
  return planted.aim;
}

/** Throws `RangeError` if the seed draws nothing of what is aimed at. */
function runOf(seed: number, options: Options): AimedRun {
  const aimed = aimedRun(seed, planOf(options), aimOf(options));
  if (!aimed) throw new RangeError(`seed ${seed} is none of those that are aimed at`);
  return aimed;
}

export async function searchSeeds(options: Options): Promise<boolean> {
  let shownMs = performance.now();
  let shownFailures = 0;
  const totals = await search({
    from: options.from,
    count: options.seeds,
    plan: planOf(options),
    aim: aimOf(options),
    progress(so) {
      for (const failure of so.failures.slice(shownFailures)) console.log(`  ${failureLine(failure)}`);
      shownFailures = so.failures.length;
      if (performance.now() - shownMs < PROGRESS_EVERY_MS) return;
      shownMs = performance.now();
      console.log(
        `  ${so.runs} of ${options.seeds} seeds, ${(so.runs / so.seconds).toFixed(0)} a second, ${so.failures.length} failed`,
      );
    },
  });
  printSummary(totals);
  const isPart = options.noFaults || options.aim !== undefined || options.moves || options.directTimers;
  const missing = isPart ? [] : neverSeenOf(options, totals);
  if (missing.length > 0) console.log(`FAILED: never exercised: ${missing.join(", ")}`);
  await printFailures(totals.failures, options);
  return totals.failures.length === 0 && missing.length === 0;
}

export function printSummary({ runs, events, seconds, faults, operations, failures }: Totals): void {
  const list = (counts: Record<string, number>): string =>
    Object.entries(counts)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `${name} ${count}`)
      .join(", ");
  console.log(`faults:     ${list(faults)}`);
  console.log(`operations: ${list(operations)}`);
  console.log(
    `${runs} seeds, ${events} events in ${seconds.toFixed(1)} s: ${(runs / seconds).toFixed(0)} seeds a second; ${failures.length} failed`,
  );
}

export function neverSeen({ runs, faults, operations }: Totals): string[] {
  const seen = (counts: Record<string, number>) => (name: string) => (counts[name] ?? 0) === 0;
  return [
    ...(runs < ENOUGH_FOR_PEOPLE ? [] : OF_PEOPLE.filter(seen(operations))),
    ...(runs < ENOUGH_SEEDS
      ? []
      : [
          ...FAULT_KINDS.filter((kind) => isEverywhere(kind) && seen(faults)(kind)),
          ...OPERATIONS.filter(seen(operations)),
        ]),
  ];
}

function neverSeenOf({ sources, transactions }: Options, totals: Totals): string[] {
  if (sources) return neverSeenOfSources(totals);
  if (!transactions) return neverSeen(totals);
  if (totals.runs < ENOUGH_FOR_PEOPLE) return [];
  const faults = (totals.faults["transaction-conflict"] ?? 0) === 0 ? ["transaction-conflict"] : [];
  return [...faults, ...OF_TRANSACTIONS.filter((name) => (totals.operations[name] ?? 0) === 0)];
}

export function neverSeenOfSources({ runs, faults, operations }: Totals): string[] {
  if (runs < ENOUGH_FOR_SOURCES) return [];
  return [
    ...FAULT_KINDS.filter((kind) => isSourceFault(kind) && (faults[kind] ?? 0) === 0),
    ...OF_SOURCES.filter((name) => (operations[name] ?? 0) === 0),
  ];
}

export async function printFailures(failures: readonly Failure[], options: Options): Promise<void> {
  for (const failure of failures) console.log(failureLine(failure));
  const [first] = failures;
  if (!first) return;
  await explain(await run({ ...runOf(first.seed, options), isDetailed: true }), options);
}

const failureLine = ({ seed, rule, message }: Failure): string =>
  `FAILED seed ${seed}: ${rule}: ${message.slice(0, 300)}`;

/** One seed: the trace, or if it fails the shortest that shrinking finds. */
export async function replay(options: Options): Promise<boolean> {
  const result = await run({ ...runOf(options.seed, options), isDetailed: true });
  if (result.violation && !options.noShrink) await explain(result, options);
  else {
    console.log(JSON.stringify(result.workload));
    console.log(result.trace.format().join("\n"));
    console.log(result.outcomes);
    console.log(result.violation ? `FAILED ${result.violation.message}` : `passed, trace ${result.hash}`);
  }
  return result.violation === undefined;
}

async function explain(failed: RunResult, options: Options): Promise<void> {
  const { result, plan, tries } = await shrink(failed, runOf(failed.seed, options));
  const flags = `${options.aim === undefined ? "" : ` --aim "${options.aim}"`}${options.directTimers ? " --direct-timers" : ""}${options.guardTable ? " --guard-table" : ""}${options.noFaults ? " --no-faults" : ""}${options.without.length > 0 ? ` --without ${options.without.join(",")}` : ""}`;
  console.log(`\nseed ${failed.seed}, as short as ${tries} tries made it:`);
  console.log(`  requests: ${JSON.stringify(result.workload.roots)}`);
  console.log(
    `  faults:   ${result.kinds.join(", ") || "none"}${plan.skip ? `; strikes left out: ${plan.skip.length}` : ""}`,
  );
  console.log(result.trace.format().join("\n"));
  console.log(`\nseed ${failed.seed} violates ${result.violation?.message ?? failed.violation?.message}`);
  console.log(`replay: npm run sim -- --seed ${failed.seed}${flags}`);
}
