/** Crashes a test's handlers at each of their requests, once a run, and asks whether the test still comes to the same. */
import { CRASH_FAILURES_MAX, CRASH_POINTS_MAX, FAILURES_SHOWN_MAX } from "../../../lib/limits/testing.ts";
import { type Compared, differenceOf, ENDED_OTHERWISE, repeatedSteps } from "./difference.ts";
import { type Fault, FAULTS, strikeText } from "./fault.ts";
import { runOnce, type RunResult } from "./one-run.ts";
import { type FaultyTest, testOf, type Tested } from "./tested.ts";

export interface CrashOptions extends Tested {
  /** Which faults are tried. Default: all four. */
  readonly faults?: readonly Fault[];
  /** What has to be the same. `all`, the default: what the test returns, how each invocation ends, all state, and the items of the tables that
   * `ctx.transact` writes to. `returned`: what the test returns. */
  readonly compare?: Compared;
}

/** A fault that changes what a test comes to. */
export interface CrashFailure {
  readonly fault: Fault;
  /** Of the request, from 0, in the order in which they happen without a fault. */
  readonly request: number;
  /** What went wrong, at what, and where in the handler. */
  readonly at: string;
  /** What is different. */
  readonly difference: string;
  /** Names of steps that have run more often than without it: their process died before their result was recorded. */
  readonly repeated: readonly string[];
}

export interface CrashReport {
  /** Requests of handlers: appends, sends, writes of state, timers. */
  readonly points: number;
  /** Runs of the test, the one without a fault among them. */
  readonly runs: number;
  /** Milliseconds. */
  readonly tookMs: number;
}

/** How `ctx.date.now()` is recorded. */
const TIME_STEP = "date.now";

/** The first run tells what is to be, the second whether the test repeats itself. */
const RUNS_WITHOUT = 2;

/** The faults that a test does not survive. */
export class CrashPointError extends Error {
  override readonly name = "CrashPointError";
  readonly failures: readonly CrashFailure[];
  readonly report: CrashReport;

  constructor(failures: readonly CrashFailure[], report: CrashReport, timeline: string) {
    super(messageOf(failures, report, timeline));
    this.failures = failures;
    this.report = report;
  }
}

/**
 * Runs a test once for each fault at each request that its handlers make: the process dies before the request or right after it, its
 * answer is lost, or its message is delivered twice. The test may start environments of its own; or it gets one, if `services` says of
 * what. It must begin anew each time: whatever it counts outside of its handlers is made within it.
 *
 * Throws {@link CrashPointError} if any fault changes what the test returns, how an invocation ends, the state, or the items of a table; or
 * if the test throws. Throws what the test throws without a fault. Throws `RangeError` for a test with more than {@link CRASH_POINTS_MAX} requests.
 */
export async function everyCrashPoint<T>(
  test: FaultyTest<T>,
  options: CrashOptions = {},
): Promise<CrashReport> {
  const { faults = FAULTS, compare = "all" } = options;
  const beganMs = performance.now();
  const run = testOf(test, options);
  const plan = { seed: 1, drawsOrder: false };
  const base = await runOnce(run, plan);
  if (base.error) throw base.error.thrown;
  const points = base.points.length;
  if (points > CRASH_POINTS_MAX)
    throw new RangeError(
      `the test's handlers make ${points} requests, more than ${CRASH_POINTS_MAX}: crash a smaller test`,
    );
  await assertRepeats(run, base, compare);
  const failures: CrashFailure[] = [];
  let first: RunResult<T> | undefined;
  let runs = RUNS_WITHOUT;
  for (const { number, fault } of faultsAt(points, faults)) {
    if (failures.length === CRASH_FAILURES_MAX) break;
    runs++;
    const result = await runOnce(run, { ...plan, at: { number, fault } });
    const difference = differenceOf(result, base, compare);
    const [strike] = result.strikes;
    if (difference === undefined || !strike) continue;
    first ??= result;
    const repeated = repeatedSteps(result, base);
    failures.push({ fault, request: number, at: strikeText(strike), difference, repeated });
  }
  const report = { points, runs, tookMs: Math.round(performance.now() - beganMs) };
  if (!first) return report;
  const { timeline } = await runOnce(run, { ...first.plan, tells: true });
  throw new CrashPointError(failures, report, timeline);
}

function* faultsAt(points: number, faults: readonly Fault[]): Generator<{ number: number; fault: Fault }> {
  for (let number = 0; number < points; number++) for (const fault of faults) yield { number, fault };
}

/** A test that comes to something else each time says nothing about a crash. */
async function assertRepeats<T>(run: () => Promise<T>, base: RunResult<T>, compare: Compared): Promise<void> {
  const again = await runOnce(run, base.plan);
  const difference = differenceOf(again, base, compare);
  if (difference === undefined) return;
  throw new Error(
    `the test comes to something else in a second run, without any fault: ${difference}\nWhat it counts has to be made anew in each run, within the test. Leave out of what is compared what differs by chance or time (compare: "returned").`,
  );
}

function messageOf(
  failures: readonly CrashFailure[],
  { points, runs }: CrashReport,
  timeline: string,
): string {
  const isCut = failures.length === CRASH_FAILURES_MAX;
  const groups = [...Map.groupBy(failures, ({ difference }) => difference)];
  const left = groups.length - FAILURES_SHOWN_MAX;
  return [
    `${failures.length} of ${runs - RUNS_WITHOUT} faults change what the test comes to (${points} ${points === 1 ? "request" : "requests"} of its handlers${isCut ? "; no more were tried" : ""}).`,
    ...groups.slice(0, FAILURES_SHOWN_MAX).map(([difference, alike]) => groupText(difference, alike)),
    ...(left > 0 ? [`… and ${left} more ${left === 1 ? "difference" : "differences"}.`] : []),
    ...(timeline === "" ? [] : [`What happened with the first fault:\n${indented(timeline)}`]),
  ].join("\n\n");
}

const AT_ONCE =
  'Does the test start calls at once? A fault may change which of them comes first. If that is all right, compare what the test returns: compare: "returned".';

/** A line of a difference that is of an item (table-outcome.ts). */
const OF_TABLE = /^[-+] table /mu;
const IN_TRANSACT = " Writes to a DynamoDB table happen once if ctx.transact makes them.";

/** Faults that make the same difference. */
function groupText(difference: string, alike: readonly CrashFailure[]): string {
  const more = alike.length - FAILURES_SHOWN_MAX;
  const names = new Set(alike.flatMap((each) => each.repeated));
  // A time that is taken again does nothing outside.
  names.delete(TIME_STEP);
  const repeated = [...names].map((name) => JSON.stringify(name));
  const [step, runsAgain] = repeated.length === 1 ? ["Step", "has run again"] : ["Steps", "have run again"];
  const hint = `${step} ${repeated.join(", ")} ${runsAgain}, which a step does if its process dies before its result is recorded. If it must not happen twice outside, give it a key: the same in each attempt (ctx.rand.uuidv4()).${OF_TABLE.test(difference) ? IN_TRANSACT : ""}`;
  return [
    ...alike.slice(0, FAILURES_SHOWN_MAX).map(({ at }) => `When ${at}`),
    ...(more > 0 ? [`and at ${more} more ${more === 1 ? "fault" : "faults"}`] : []),
    indented(difference),
    ...(difference.startsWith(ENDED_OTHERWISE) && repeated.length === 0 ? [indented(AT_ONCE)] : []),
    ...(repeated.length === 0 ? [] : [indented(hint)]),
  ].join("\n");
}

export const indented = (text: string): string => text.replaceAll(/^/gm, "   ");
