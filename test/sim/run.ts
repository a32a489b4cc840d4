/** One seed is one run: build a world, start the workload, stop the faults, wait for rest, check. */
import type { Attributes } from "../../lib/model/item.ts";
import { type CrashPoint, Effects } from "./actor.ts";
import {
  checkEnding,
  checkRest,
  checkResumes,
  doOnlyNotesWait,
  resultOf,
  withoutCounts,
} from "./checkers.ts";
import { Clients } from "./clients.ts";
import { type FaultKind, type FaultPlan, Faults, FAULTS_MS, isEverywhere, isSourceFault } from "./faults.ts";
import { type HeldItem, Tables, type TakenWrite } from "./tables.ts";
import { Queue } from "./mailbox.ts";
import {
  carryOut,
  type Mailboxes,
  type Move,
  type Moving,
  plannedMoves,
  settle,
  twoMailboxes,
  withoutDeadLetters,
} from "./own-mailbox.ts";
import { Observer } from "./observer.ts";
import { isDirect, Platform, type World } from "./platform.ts";
import { decodeMessage } from "../../lib/model/message.ts";
import { Prng } from "../../lib/prng.ts";
import { passIn, passMessage } from "../../lib/store/guard-table.ts";
import { Scheduler } from "./scheduler.ts";
import { Sources } from "./sources.ts";
import { isOfSources, sourceWorkload } from "./source-workload.ts";
import { onlyToday, type Sides } from "./side.ts";
import { stateValue } from "./stored-value.ts";
import { forwarderOf } from "./timers-function.ts";
import { TimerService } from "./timers.ts";
import { Trace } from "./trace.ts";
import type { Workload } from "./requests.ts";
import { Generator } from "./workload.ts";

const START_MS = 1_750_000_000_000;
const EVENTS_MAX = 150_000;
/** Older than anything that the reconciler lets pass. */
const RECONCILE_AT_END_MS = 30 * 60_000;
const RECONCILE_EVERY_MS = 30_000;
const RESUMES_MAX = 40;

export interface RunOptions {
  readonly seed: number;
  readonly plan?: FaultPlan;
  /** Instead of the one that the seed draws. */
  readonly workload?: Workload;
  readonly crashPoints?: readonly CrashPoint[];
  readonly fixedLatency?: boolean;
  /** The trace shall say what was written. */
  readonly isDetailed?: boolean;
  /** Sees every write. */
  readonly onWrite?: (taken: TakenWrite) => void;
  /** Which versions of the engine's parts there are. `now`: the run's time. */
  readonly sides?: (now: () => number) => Sides;
  /** Services move into a mailbox of their own, and out of it. */
  readonly moves?: true;
  /** What fires is a message at once, as on one machine; or the timers' function forwards it, as in AWS. By default the seed draws it. */
  readonly directTimers?: boolean;
  /** Guards wait in a table, while there are passes. */
  readonly guardTable?: true;
}
export interface RunResult {
  readonly seed: number;
  readonly violation: { readonly rule: string; readonly message: string } | undefined;
  readonly hash: string;
  readonly events: number;
  /** Effects of dispatchers and handlers. */
  readonly effects: number;
  readonly strikes: number;
  readonly faults: Record<string, number>;
  readonly kinds: readonly string[];
  readonly operations: Record<string, number>;
  readonly trace: Trace;
  readonly workload: Workload;
  /** The results by program, for comparison with other runs. */
  readonly outcomes: Record<string, string>;
  /** The state of all keys in the end, without the counts of executions. */
  readonly state: Record<string, string>;
  /** All items in the end, if writes are looked at. */
  readonly held: readonly HeldItem[];
}

/** Passes over guards are on from the beginning; later they end and begin. */
function beginPasses({ hasGuardTable, timers, scheduler }: World, platform: Platform): void {
  if (hasGuardTable)
    timers.accept({ atMs: scheduler.nowMs, message: passMessage(1) }, platform.actor("timers"));
}

export async function run(options: RunOptions): Promise<RunResult> {
  const { seed, plan = {} } = options;
  const scheduler = new Scheduler(START_MS);
  const now = (): number => scheduler.nowMs;
  const trace = new Trace(now, options.isDetailed === true);
  const faults = new Faults(seed, plan);
  const prng = new Prng(seed, "latency");
  const meanMs = meanLatency(options, prng);
  const effects = new Effects({ scheduler, faults, trace, prng, meanMs });
  const observer = new Observer(now, trace);
  const sides = sidesOf(options, now);
  observer.isMixed = sides.isMixed === true;
  // What a source delivers twice runs no step twice. Nor does what the timers' function sends twice: the mailbox takes the second
  // message for the first one's double, since it comes within half a minute.
  const isHarmless = (kind: FaultKind): boolean =>
    isSourceFault(kind) || kind === "timers-crash" || (!isEverywhere(kind) && options.workload === undefined);
  observer.once.isOn = faults.kinds.every(isHarmless) && options.crashPoints === undefined;
  observer.acknowledged.isMixed = observer.isMixed;
  const tables = new Tables(now);
  observer.tables = tables;
  tables.onWrite = options.onWrite;
  const { queue, mailboxes } = mailboxesOf(options, now, observer);
  const timers = new TimerService({
    queue,
    effects,
    prng: new Prng(seed, "timers"),
    doubled: () => observer.messages.doubt(),
    asked: () => observer.messages.asked(),
    guarded: () => observer.messages.guarded(),
    accepted: (timer) => {
      if (passIn(timer) !== undefined) return;
      const message = decodeMessage(timer.body);
      if (message.kind === "start" && isDirect(message)) observer.asked("a timer", message);
    },
  });
  const skewMaxMs = faults.has("clock-skew") ? prng.pick([20, 400]) : 0;
  observer.maxSkewMs = skewMaxMs;
  const world: World = {
    seed,
    scheduler,
    faults,
    effects,
    observer,
    trace,
    tables,
    queue,
    ...(mailboxes ? { own: mailboxes.own } : {}),
    timers,
    skewMaxMs,
    hasGuardTable: options.guardTable === true,
    sides,
  };
  const workload = workloadOf(options, sides.isMixed === true);
  const ranAs = new Map<string, Set<string>>();
  const platform = new Platform(world, {
    scheduler,
    observer,
    executions: new Map(),
    told: (id, instruction) => clients.told(id, instruction),
    signalled: (id, instruction) => clients.signalled(id, instruction),
    entered: (actor, program, id) => {
      observer.acknowledged.entered(id, program);
      observer.entered(actor, program.pid, id);
      const ids = ranAs.get(program.pid) ?? new Set();
      ranAs.set(program.pid, ids.add(id));
    },
  });
  if (workload.letsGo) platform.letsGo = true;
  timers.forward = forwarderOf(world, platform, options);
  beginPasses(world, platform);
  const clients = new Clients(world, platform);
  const services = platform
    .endpoint(1)
    .discover()
    .services.map(({ name }) => name);
  await begin(world, clients, workload, mailboxes && { mailboxes, ...plannedMoves(seed, services) });
  if (workload.sources) new Sources(world, platform, clients).begin(workload.sources);
  effects.crashPoints = options.crashPoints ?? [];

  const stop = (): boolean => {
    if (scheduler.events > EVENTS_MAX)
      observer.fail("L1", `no rest after ${EVENTS_MAX} events: something is retried without bound`);
    const comes = timers.open + platform.needlessLooks;
    const isAtRest = scheduler.isIdleBut(comes) && doOnlyNotesWait({ timers, observer });
    return observer.violation !== undefined || isAtRest;
  };
  await scheduler.run(stop);
  checkResumes({ observer, queue });
  const resumes = { queue, clients, observer, goOn: async () => await scheduler.run(stop) };
  await resumeUntilEnd(resumes);
  const ending = { tables, queue, own: mailboxes?.own, timers, observer, accepted: clients.accepted, ranAs };
  if (!observer.violation) checkRest(ending);
  if (!observer.violation) {
    scheduler.after(RECONCILE_AT_END_MS, () => clients.reconcile());
    await scheduler.run(stop);
    // What was half accepted has begun by now, and may be paused by its policy.
    await resumeUntilEnd(resumes);
  }
  if (!observer.violation) checkEnding(ending);
  const { violation } = observer;
  return {
    seed,
    violation: violation && { rule: violation.rule, message: violation.message },
    hash: trace.hash,
    events: scheduler.events,
    effects: effects.count,
    strikes: faults.struck,
    faults: { ...faults.counts },
    kinds: faults.kinds,
    operations: { ...effects.operations, ...observer.operations },
    trace,
    workload,
    outcomes: outcomesOf(ranAs, observer, tables),
    state: stateOf(tables),
    held: heldIn(tables, options),
  };
}

const meanLatency = ({ fixedLatency }: RunOptions, prng: Prng): number =>
  fixedLatency === true ? 2 : prng.pick([1, 5, 30]);

/** The runtime's mailbox, and what there is besides if services move. */
function mailboxesOf(
  { seed, moves }: RunOptions,
  now: () => number,
  observer: Observer,
): { readonly queue: Queue; readonly mailboxes?: Mailboxes } {
  if (!moves) return { queue: new Queue({ now, prng: new Prng(seed, "queue"), observer }) };
  const mailboxes = twoMailboxes({ seed, now, observer });
  return { queue: mailboxes.shared, mailboxes };
}

function outcomesOf(
  ranAs: ReadonlyMap<string, ReadonlySet<string>>,
  observer: Observer,
  tables: Tables,
): Record<string, string> {
  const outcomes: Record<string, string> = {};
  for (const [pid, ids] of ranAs) {
    const lives = [...ids].flatMap((id) => observer.lives.get(id) ?? []);
    outcomes[pid] = lives
      .map((life) => (life.status === "completed" ? resultOf(tables, life) : life.status))
      .join(" | ");
  }
  return outcomes;
}

/** If writes are looked at. */
function heldIn(tables: Tables, { onWrite }: RunOptions): readonly HeldItem[] {
  if (!onWrite) return [];
  return (["journal", "state", "registry"] as const).flatMap((table) =>
    [...tables.all(table)].map((one) => ({ table, ...one })),
  );
}

function workloadOf({ seed, workload, moves }: RunOptions, isMixed: boolean): Workload {
  const drawn = workload ?? drawnWorkload(seed, isMixed);
  return moves ? withoutDeadLetters(drawn) : drawn;
}

function drawnWorkload(seed: number, isMixed: boolean): Workload {
  const others = (): Workload => new Generator(seed).workload(false);
  return isOfSources(seed) && !isMixed
    ? sourceWorkload(seed, { others })
    : new Generator(seed).workload(!isMixed);
}

const sidesOf = ({ sides = onlyToday }: RunOptions, now: () => number): Sides => sides(now);

function stateOf(tables: Tables): Record<string, string> {
  const state: Record<string, string> = {};
  for (const { pk, sk, item } of tables.all("state")) {
    const value = pk.includes(".state.") ? stateValue(tables, pk, sk, item) : null;
    if (value) state[`${pk} ${sk}`] = withoutCounts(new TextDecoder().decode(value));
  }
  return Object.fromEntries(Object.entries(state).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Without faults. Handlers may also be registered later, when their records are there. */
async function prepare(
  { scheduler, faults, effects }: World,
  clients: Clients,
  { registeredAtMs }: Workload,
  own?: Moving,
): Promise<void> {
  faults.stopped = true;
  if (registeredAtMs === undefined) clients.redeploy(1);
  else scheduler.after(registeredAtMs, () => clients.redeploy(1));
  if (own) clients.as("operator", async (ports) => await settle(ports, own.settled));
  if (clients.open > 0) await scheduler.run(() => clients.open === 0);
  faults.stopped = false;
  effects.count = 0;
}

/** Another build of the same code, and moves to it and back. */
function rebuild(
  { scheduler }: World,
  clients: Clients,
  atMs: number,
  movesAtMs: readonly number[] = [],
): void {
  scheduler.after(atMs, () => clients.redeploy(3));
  for (const moveAtMs of movesAtMs) scheduler.after(moveAtMs, () => clients.operators.move());
}

/** Registers the first deployment, then schedules everything else. */
async function begin(world: World, clients: Clients, workload: Workload, own?: Moving): Promise<void> {
  const { scheduler, faults, seed } = world;
  await prepare(world, clients, workload, own);
  if (own) {
    const moved = (move: Move): void =>
      clients.as("operator", async (ports) => {
        await clients.insist(async () => await carryOut(ports, move, own.mailboxes, world.observer));
      });
    for (const move of own.moves) scheduler.after(move.atMs, () => moved(move));
  }
  for (const root of workload.roots) scheduler.after(root.atMs, () => clients.submit(root));
  for (const edit of workload.edits ?? []) scheduler.after(edit.atMs, () => clients.operators.edit(edit));
  world.observer.silence.isNarrow = workload.isNarrow === true;
  if (workload.receivesMax !== undefined) world.queue.receivesMax = workload.receivesMax;
  if (workload.rebuiltAtMs !== undefined) rebuild(world, clients, workload.rebuiltAtMs, workload.movesAtMs);
  const prng = new Prng(seed, "outside");
  if (faults.has("redeployment")) {
    scheduler.after(prng.between(10, 20_000), () => {
      clients.redeploy(2);
      faults.counts.redeployment = 1;
    });
  }
  if (faults.has("clock-skew")) faults.counts["clock-skew"] = 1;
  const reconcile = (): void => {
    if (faults.stopped) return;
    clients.reconcile();
    faults.counts.reconciler = (faults.counts.reconciler ?? 0) + 1;
    scheduler.after(RECONCILE_EVERY_MS, reconcile);
  };
  if (faults.has("reconciler")) scheduler.after(prng.between(0, RECONCILE_EVERY_MS), reconcile);
  for (const fromMs of [0, ...(workload.laterMs === undefined ? [] : [workload.laterMs])]) {
    scheduler.after(fromMs, () => {
      faults.stopped = false;
    });
    scheduler.after(fromMs + FAULTS_MS, () => {
      faults.stopped = true;
      world.trace.add("world", "faults stop");
    });
  }
}

/** What an operator or a policy has paused is resumed until it ends. */
async function resumeUntilEnd(parts: {
  readonly queue: Queue;
  readonly clients: Clients;
  readonly observer: Observer;
  readonly goOn: () => Promise<void>;
}): Promise<void> {
  const { queue, clients, observer, goOn } = parts;
  for (let round = 0; round < RESUMES_MAX && observer.violation === undefined; round++) {
    if (!redrive(queue, clients) && !resumePaused(observer, clients)) return;
    await goOn();
    checkResumes({ observer, queue });
  }
}

/** What the mailbox gave up is seen, and then delivered once more. */
function redrive(queue: Queue, clients: Clients): boolean {
  if (queue.deadLetters.length === 0) return false;
  queue.receivesMax = Number.POSITIVE_INFINITY;
  clients.reconcile(() => queue.redrive());
  return true;
}

/** Its journal is. To resume it would change nothing. */
const isFull = (head: Attributes): boolean => JSON.stringify(head["f"] ?? "").includes("(RT1001)");

function resumePaused(observer: Observer, clients: Clients): boolean {
  const paused = [...observer.lives.values()].filter((life) => life.status === "paused");
  for (const { id, head } of paused) clients.operators.operate(isFull(head) ? "kill" : "resume", id);
  return paused.length > 0;
}
