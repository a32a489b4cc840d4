/**
 * The parts of a test environment: dispatcher, ingress, admin API, source door and SDK, as they run in AWS, over SQLite in memory. And
 * time, which can be skipped.
 */
import { ItemRegistry } from "../../lib/store/registry.ts";
import { clockOf } from "../../lib/clock.ts";
import { LOCAL_LOOK_MS, SHORT_WAIT_MS, WAIT_PIECE_MS_MAX } from "../../lib/limits.ts";
import { PASSED_TIMERS_MAX, STANDSTILL_MS_MAX } from "../../lib/limits/testing.ts";
import { GROUPS_AT_ONCE_DEFAULT, SETTLE_MS_MAX, TEST_STOP_MS_MAX } from "../../lib/limits/local.ts";
import type { ServiceManifest } from "../../lib/model/manifest.ts";
import { storedId } from "../../lib/model/shown-id.ts";
import { type Invoker, silentLogger } from "../../lib/ports.ts";
import type { TurnOutcome, TurnRequest } from "../../lib/protocol.ts";
import { PACKAGE_VERSION } from "../../lib/version.ts";
import { Admin } from "../../runtime/admin/admin.ts";
import { Ticks } from "../../runtime/dev/ticks.ts";
import type { HttpRequest, HttpResponse } from "../../runtime/http/message.ts";
import { openDatabase } from "../../runtime/local/database.ts";
import { LocalItemStore, type OperationCounts } from "../../runtime/local/item-store.ts";
import { LocalMailbox } from "../../runtime/local/mailbox.ts";
import { SkippingClock } from "../../runtime/local/skipping-clock.ts";
import { pooledEntropy } from "../../runtime/local/pooled-entropy.ts";
import { LocalTimers } from "../../runtime/local/timers.ts";
import type { UserTables } from "../../lib/model/user-write.ts";
import type { LocalUserTables } from "../../runtime/local/user-tables.ts";
import { FaultyParties } from "./faults/faulty-parties.ts";
import { FaultyRun } from "./faults/faulty-run.ts";
import { drain, openLines, outcomeOf } from "./faults/outcome.ts";
import { VirtualClock } from "./faults/virtual-clock.ts";
import { type Parties, type PartiesParts, partiesOf, type TestPorts } from "./parties.ts";
import { endedByMissing } from "./missing-handler.ts";
import { PassingTime } from "./passing-time.ts";
import { untrapped } from "./process-watch.ts";
import { answerIn, asRequest } from "./request.ts";
import { ServedCode } from "./served-code.ts";
import { TestSteps } from "./steps.ts";
import { type Json, timelineOf } from "./timeline.ts";
import { TurnLives } from "./turn-lives.ts";
import { TestTurns, type TurnWatchOptions } from "./turns.ts";
import type { Served, TurnPorts } from "../endpoint.ts";

export interface TestCounts {
  /** Turns of handlers. */
  readonly invocations: number;
  /** Messages that the mailbox took. */
  readonly messages: number;
  readonly journal: Readonly<OperationCounts>;
  readonly state: Readonly<OperationCounts>;
}

export interface TestEngineOptions extends Served, TurnWatchOptions {
  /** Whatever your code awaits, it is suspended, however short the wait is. So it is replayed as often as possible, which shows code
   * that is not deterministic. */
  readonly alwaysReplay?: boolean;
  /** `auto`: while you await a result and nothing can run, time jumps to the next timer. Otherwise it passes as it does, and when you
   * skip it. */
  readonly time?: "auto";
  /** The tables that `ctx.transact` writes to, with the attributes of their keys: `{ orders: { partitionKey: "id" } }`. They are in memory, and
   * evaluate DynamoDB's expressions. */
  readonly tables?: UserTables;
  /** A call of a handler that is nowhere: `fail` (default) ends its caller at once, with what there is. `retry`: it is retried, as in
   * production, until the handler is there. */
  readonly missingHandlers?: "fail" | "retry";
}

const ADMIN = { version: PACKAGE_VERSION, ingressEndpoint: "http://localhost" };
/** After so many turns of the event loop without a message, nothing is under way. */
const QUIET_TICKS = 50;

/** The traps of this process are for handlers. */
const realClock = clockOf(WAIT_PIECE_MS_MAX, () => untrapped(() => Date.now()));

export class TestEngine {
  /** Of a run with faults (faults/faulty-run.ts). */
  readonly #faulty = FaultyRun.current;
  readonly #virtual = this.#faulty && new VirtualClock();
  readonly clock = new SkippingClock(0, this.#virtual ?? realClock);
  readonly #database = openDatabase(":memory:");
  // Waits for a change of an item run on the real clock. Skipped time is the services' alone.
  readonly #items = new LocalItemStore(this.#database);
  readonly #mailbox = new LocalMailbox(this.#database, this.clock);
  readonly #timers = new LocalTimers(this.#database, this.#mailbox, this.clock);
  readonly #registry = new ItemRegistry(this.#items, this.clock);
  readonly #admin: Admin;
  readonly #parties: Parties;
  readonly #ticks: Ticks;
  /** What the source door needs. */
  readonly ports: TestPorts;
  readonly steps = new TestSteps();
  readonly turns: TestTurns;
  readonly code: ServedCode;
  readonly #passing: PassingTime | undefined;
  readonly #startedAtMs = this.clock.now();
  #turns = 0;
  #messages = 0;
  /** Skips that are under way. */
  #skips = 0;

  private constructor({
    services,
    alwaysReplay = false,
    time,
    tables = {},
    missingHandlers = "fail",
    ...options
  }: TestEngineOptions) {
    this.#items.userTables.known = tables;
    // Virtual time stands still unless it is passed.
    this.#passing = time === "auto" || this.#faulty ? new PassingTime(this) : undefined;
    const mailbox = {
      sendBatch: async (batch: Parameters<LocalMailbox["sendBatch"]>[0]) => {
        this.#messages += batch.length;
        this.turns.counter.sent(batch);
        return await this.#mailbox.sendBatch(batch);
      },
    };
    this.ports = {
      ...{ items: this.#items, mailbox, timers: this.#timers, registry: this.#registry },
      ...{ clock: this.clock, entropy: this.#faulty?.entropy("door") ?? pooledEntropy },
      ...{ lookMs: LOCAL_LOOK_MS, logger: silentLogger, watch: this.#items },
    };
    let reader: LocalItemStore | undefined;
    this.turns = new TestTurns(options, {
      // A run with faults repeats handlers anyway, in an order of its own.
      isReplayed: this.#faulty ? "always" : alwaysReplay,
      // Its reads are none of the handlers'.
      items: () => (reader ??= new LocalItemStore(this.#database)),
      ...{ registry: this.#registry, entropy: pooledEntropy, now: () => this.clock.now() },
      endpoint: (request) => this.code.silent(request),
    });
    this.code = new ServedCode(services, options, this.turns);
    this.#ticks = new Ticks(this.ports);
    this.#admin = new Admin({ ...this.ports, listing: this.#items.listing }, ADMIN);
    const onTurn = ({ id, target }: TurnRequest): void => {
      this.#turns++;
      this.steps.runs(id, target);
    };
    const counted = { ...this.ports, items: this.turns.counter.counted(this.#items, this.turns.turnOf) };
    const lives = new TurnLives();
    this.steps.onCrash = (id) => lives.die(id);
    const endpoint: PartiesParts["endpoint"] = {
      runTurn: async (request, turnPorts) => {
        const runs = async (ports: TurnPorts): Promise<TurnOutcome> =>
          await this.code.of(request).runTurn(request, ports);
        const turn = async (): Promise<TurnOutcome> =>
          await (this.steps.canCrash ? lives.run(request.id, turnPorts, runs) : runs(turnPorts));
        const outcome = await this.turns.run(request, turn);
        return missingHandlers === "retry" ? outcome : endedByMissing(outcome, this.code);
      },
    };
    const parts = { ports: counted, endpoint, steps: this.steps, onTurn };
    if (this.#faulty && this.#virtual) {
      const hasMessages = (): boolean => this.isBusy;
      this.#parties = new FaultyParties({ ...parts, run: this.#faulty, clock: this.#virtual, hasMessages });
    } else {
      const mayWait = (): boolean => !alwaysReplay && time === undefined && this.#skips === 0;
      const steps = this.turns.gated(this.steps);
      // For the check, and for `replay` of what has ended. Without both it is as in production.
      const keepsReads = options.determinism !== undefined || this.turns.determinism !== undefined;
      const turnPorts = (invoker: Invoker): TurnPorts =>
        waiting({ ...counted, invoker, steps, keepsReads }, mayWait);
      this.#parties = partiesOf(parts, turnPorts);
    }
  }

  /** Throws `TypeError` if `services` is not a list of definitions. */
  static async start(options: TestEngineOptions): Promise<TestEngine> {
    const engine = new TestEngine(options);
    await engine.#start();
    return engine;
  }

  async #start(): Promise<void> {
    for (const { id, services } of this.code.deployments) await this.#register(id, services);
    this.#mailbox.consume((batch) => this.#parties.handle(batch), { concurrency: GROUPS_AT_ONCE_DEFAULT });
    this.#faulty?.opened(this.#stop);
  }

  async #register(id: string, services: readonly ServiceManifest[]): Promise<void> {
    await this.#registry.register({
      ...{ id, address: "in-process", createdAtMs: this.clock.now(), services: [...services] },
    });
  }

  get services(): readonly ServiceManifest[] {
    return this.code.deployments.flatMap(({ services }) => services);
  }

  /** Serves these as well, as another deployment does. Requests that come after this find them. */
  serve(services: readonly unknown[]): void {
    const added = this.code.add(services);
    this.#added = Promise.all([this.#added, this.#register(added.id, added.services)]);
  }
  #added: Promise<unknown> = Promise.resolve();

  /** `gone`: the client has gone. */
  async ingress(request: HttpRequest, gone?: AbortSignal): Promise<HttpResponse> {
    await this.#added;
    return await this.#parties.ingress.handle(request, gone);
  }

  async admin(request: HttpRequest): Promise<HttpResponse> {
    const answer = await this.#admin.handle(request);
    if (Ticks.concerns(request)) this.#ticks.look();
    return answer;
  }

  get userTables(): LocalUserTables {
    return this.#items.userTables;
  }

  /** Of the admin API. */
  async ask(path: string): Promise<HttpResponse> {
    return await this.admin(asRequest(path, undefined, {}, "GET"));
  }

  /** What the admin API answers, parsed. Throws an Error unless it succeeds. */
  async json<T>(path: string): Promise<T> {
    return answerIn(path, await this.ask(path));
  }

  /** What happened, as text. `json`: what the admin API answers. */
  async timeline(json: Json = (path) => this.json(path)): Promise<string> {
    return await timelineOf(json, (id) => this.turns.logs.of(storedId(id) ?? ""));
  }

  /** There are messages. */
  get isBusy(): boolean {
    return this.#mailbox.depth() > 0;
  }

  get counts(): TestCounts {
    const { journal, state } = this.#items.counts;
    return {
      ...{ invocations: this.#turns, messages: this.#messages },
      ...{ journal: { ...journal }, state: { ...state } },
    };
  }

  /** Time passes while it is awaited, if it passes by itself here. */
  awaited<T>(promise: Promise<T>): Promise<T> {
    const told = this.turns.determinism?.told(promise) ?? promise;
    return this.#passing?.of(told) ?? told;
  }

  /** When the next one is due. */
  nextTimer(): number | undefined {
    return this.#timers.earliest();
  }

  /** In a run with faults that is its end: a test that awaits what cannot come would hang in each run. */
  stands(ms: number): void {
    if (ms >= STANDSTILL_MS_MAX) this.#endless("nothing lets the test go on, which awaits an invocation");
  }

  /** So would one that awaits what waits again and again. */
  jumps(): void {
    if (++this.#jumps === PASSED_TIMERS_MAX)
      this.#endless(`the test has not ended after ${PASSED_TIMERS_MAX} timers`);
  }
  #jumps = 0;

  #endless(what: string): void {
    this.#faulty?.endless(async () => [what, ...(await openLines(this))].join("\n"));
  }

  /** `isSettled`: nothing can continue now, and the test has begun nothing since that was found. */
  async skip(ms: number, isSettled = false): Promise<void> {
    this.#skips++;
    let isKnown = isSettled;
    const settled = async (): Promise<void> => {
      if (!isKnown) await this.settled();
      isKnown = false;
    };
    await this.clock.skip(ms, settled).finally(() => this.#skips--);
  }

  /** Resolves when nothing can continue before time passes. Throws an Error if a handler runs for too long. */
  async settled(): Promise<void> {
    await this.#ticks.settled();
    // A request that the test has just begun may not have reached the mailbox yet.
    for (let tick = 0; tick < QUIET_TICKS; tick++) {
      if (this.#mailbox.depth() > 0) break;
      await new Promise<void>((resolve) => void setImmediate(resolve));
    }
    let late: NodeJS.Timeout | undefined;
    const tooLate = new Promise<never>((_, reject) => {
      const words = `a handler has been running for ${SETTLE_MS_MAX} ms: time is not skipped while one runs`;
      late = setTimeout(() => reject(new Error(words)), SETTLE_MS_MAX);
    });
    let isOver = false;
    const hang = this.#hangs(() => isOver);
    await Promise.race([this.#idle(), hang, tooLate]).finally(() => {
      clearTimeout(late);
      isOver = true;
    });
  }

  /** Resolves when all that runs are steps that hang. */
  async #hangs(isOver: () => boolean): Promise<void> {
    await this.steps.hung.begun;
    let [quiet, before] = [0, ""];
    while (quiet < QUIET_TICKS && !isOver()) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
      const now = JSON.stringify(this.counts);
      quiet = now === before && this.steps.areHung ? quiet + 1 : 0;
      before = now;
    }
  }

  /** A turn whose message was let go of may send others before it ends. */
  async #idle(): Promise<void> {
    do {
      await this.#mailbox.idle();
      await this.#parties.settled();
    } while (this.#mailbox.depth() > 0);
  }

  /** As if it were this time still. For one who asks at the beginning, the retention of nothing has passed: what is forgotten at the end
   * depends on how long a fault has held it up. */
  #adminAt(atMs: number): Admin {
    const clock = { now: () => atMs, after: this.clock.after.bind(this.clock) };
    return new Admin({ ...this.ports, clock, listing: this.#items.listing }, ADMIN);
  }

  /** Once. */
  async stop(): Promise<void> {
    if (this.#database.closed) return;
    const run = this.#faulty;
    if (run) {
      run.closed(this.#stop);
      await drain(this);
      const kept = this.#adminAt(this.#startedAtMs);
      const json: Json = async (path) =>
        answerIn(path, await kept.handle(asRequest(path, undefined, {}, "GET")));
      const { ports, services, userTables } = this;
      run.outcomes.push(await outcomeOf({ ports, services, userTables, json }));
      if (run.plan.tells === true) run.timelines.push(await this.timeline(json));
    }
    await this.#stop();
  }

  readonly #stop = async (): Promise<void> => {
    this.#passing?.stop();
    this.steps.hung.end();
    await this.turns.determinism?.settled();
    this.turns.stop();
    await this.#ticks.stop();
    this.#timers.stop();
    const stopped = this.#mailbox.stop(this.#faulty ? 0 : TEST_STOP_MS_MAX);
    // With faults nothing is waited for: a turn whose requests happen no more never ends, and no alarm rings any more.
    if (this.#parties instanceof FaultyParties) this.#parties.stop();
    else await stopped;
    this.#database.close();
  };
}

/** While time is skipped, what waits is suspended: a turn that waits in memory would be waited for. */
const waiting = ({ invoker, ...ports }: TurnPorts, mayWait: () => boolean): TurnPorts => ({
  ...ports,
  get shortWaitMs() {
    return mayWait() ? SHORT_WAIT_MS : 0;
  },
  get invoker() {
    return mayWait() ? invoker : undefined;
  },
});
