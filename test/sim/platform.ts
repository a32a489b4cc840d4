/**
 * Lambda: environments that run turns of handlers or dispatchers, and the polling that feeds the dispatchers from the
 * mailbox. Each environment is an actor with its own clock and registry cache. It does one thing at a time, and is reused.
 */
import type { Start } from "../../lib/model/message.ts";
import { GuardTable, type GuardTablePorts } from "../../lib/store/guard-table.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { FunctionError, InvariantError, OperationalError } from "../../lib/errors.ts";
import type { Deployment, Reached } from "../../lib/model/manifest.ts";
import type { Invoker, LogLevel, Registry, Timers } from "../../lib/ports.ts";
import {
  decodeTurnOutcome,
  decodeTurnRequest,
  encodeTurnOutcome,
  encodeTurnRequest,
  type TurnFailure,
  type TurnOutcome,
  type TurnRequest,
} from "../../lib/protocol.ts";
import { OwnMailboxes } from "../../lib/store/own-mailboxes.ts";
import { type Dispatcher, noKeeper } from "../../runtime/dispatcher/dispatcher.ts";
import { Intake } from "../../runtime/dispatcher/intake.ts";
import type { Endpoint } from "../../sdk/index.ts";
import { Actor, type ActorKind, type Effects, SimClock, SimEntropy } from "./actor.ts";
import type { Faults } from "./faults.ts";
import type { Stage } from "./interpreter.ts";
import { SimItemStore } from "./item-store.ts";
import type { Tables } from "./tables.ts";
import { incomingOf, type Queue, type Received, SimMailbox } from "./mailbox.ts";
import type { Observer } from "./observer.ts";
import { Prng } from "../../lib/prng.ts";
import { type Scheduler, whoRuns } from "./scheduler.ts";
import { type Ports, type Side, type Sides, TODAY } from "./side.ts";
import { SimTimers, type TimerService } from "./timers.ts";
import type { Trace } from "./trace.ts";

/** A dispatcher's function timeout. */
const HANDLE_MS = 60_000;
const DISPATCHERS_MAX = 6;
/** What people are to look at, and is no fault of the engine's. */
const KNOWN: ReadonlySet<string> = new Set(["the mailbox has dead letters", "a record is set aside"]);
/** How an earlier version says that a message or a head is for a later one. */
const UNREADABLE = /not an invocation id: ~|undefined is not iterable/;

export interface World {
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly effects: Effects;
  readonly observer: Observer;
  readonly trace: Trace;
  readonly tables: Tables;
  readonly queue: Queue;
  /** Of services' own (docs/decisions/0023). */
  readonly own?: Queue;
  readonly timers: TimerService;
  readonly skewMaxMs: number;
  /** Guards wait in a table, while there are passes (docs/decisions/0056). */
  readonly hasGuardTable: boolean;
  readonly sides: Sides;
}

interface HandlerEnvironment {
  readonly actor: Actor;
  readonly ports: Ports & {
    readonly registry: Registry;
    readonly timers: Timers;
    readonly invoker: Invoker;
  };
  busy: boolean;
}
interface DispatcherEnvironment {
  readonly actor: Actor;
  readonly side: Side;
  readonly dispatcher: Pick<Dispatcher, "handle"> & Partial<Pick<Dispatcher, "settled">>;
  /** Absent: no service has a mailbox of its own. */
  readonly intake?: Intake;
  busy: boolean;
}

export class Platform {
  readonly #world: World;
  readonly #prng: Prng;
  readonly #handlers: HandlerEnvironment[] = [];
  readonly #dispatchers: DispatcherEnvironment[] = [];
  readonly #endpoints = new Map<number, Endpoint>();
  readonly #stage: Omit<Stage, "version" | "sdk" | "hasLeaves">;
  readonly #names: Record<ActorKind, number> = {
    client: 0,
    door: 0,
    source: 0,
    dispatcher: 0,
    handler: 0,
    timers: 0,
    reconciler: 0,
    operator: 0,
  };
  /** Where an attempt failed, by its message. */
  readonly #deploymentOf = new Map<string, string>();
  letsGo: boolean;
  /** As on one machine: a dispatcher hears of a turn that it has let go of. */
  readonly #staysInTouch: boolean;
  /** And it knows of each turn whether it lives. */
  readonly #knowsLives: boolean;
  #polling = false;
  #nextLookMs = Number.POSITIVE_INFINITY;
  #looks = 0;
  /** Turns that run now, in living environments or not. */
  turns = 0;

  constructor(world: World, stage: Omit<Stage, "version" | "sdk" | "hasLeaves">) {
    this.#world = world;
    this.#stage = stage;
    this.#prng = new Prng(world.seed, "platform");
    const relays = new Prng(world.seed, "relays");
    this.letsGo = relays.chance(0.8);
    this.#staysInTouch = relays.chance(0.3);
    this.#knowsLives = this.#staysInTouch && new Prng(world.seed, "lives").chance(0.4);
    world.queue.onAvailable = () => this.#poll();
    if (world.own) world.own.onAvailable = () => this.#poll();
  }

  actor(kind: ActorKind): Actor {
    const { faults, skewMaxMs } = this.#world;
    const skewMs = faults.has("clock-skew") ? Math.floor(this.#prng.between(-skewMaxMs, skewMaxMs)) : 0;
    const actor = new Actor(`${kind.slice(0, 4)}${++this.#names[kind]}`, kind, skewMs);
    actor.onDeath(() => this.#world.observer.silence.died(actor.name));
    return actor;
  }

  /** What sets timers in the delay queue; guards in their table, in runs that have one. */
  #timers({ items, clock }: Pick<Ports, "items" | "clock">, actor: Actor): Timers {
    const timers = this.#queueTimers(actor);
    if (!this.#world.hasGuardTable) return timers;
    const { messages } = this.#world.observer;
    const guards: GuardTablePorts["items"] = {
      get: async (...get) => await items.get(...get),
      write: async (write) => {
        messages.guarded();
        return await items.write(write);
      },
    };
    return new GuardTable({ items: guards, timers, clock });
  }

  #queueTimers(actor: Actor): SimTimers {
    return new SimTimers({ service: this.#world.timers, effects: this.#world.effects, actor });
  }

  /** Of a process that runs turns of its own accord: the ingress, and a handler that calls others. */
  doorPorts(actor: Actor) {
    return { ...this.guardedPorts(actor), invoker: this.invoker(actor) };
  }

  guardedPorts(actor: Actor) {
    const ports = this.ports(actor);
    return { ...ports, timers: this.#timers(ports, actor) };
  }

  /** Of the timers' function, which has what comes out of the delay queue and the table. */
  timerPorts(actor: Actor) {
    return { ...this.ports(actor), timers: this.#queueTimers(actor) };
  }

  ports(actor: Actor): Ports {
    const { tables, effects, observer, queue, scheduler, seed } = this.#world;
    const items = new SimItemStore({ tables, effects, actor, observer });
    const clock = new SimClock(scheduler, actor);
    return {
      items,
      mailbox: new SimMailbox({ queue, effects, actor }),
      registry: new ItemRegistry(items, clock),
      clock,
      entropy: new SimEntropy(new Prng(seed, `entropy ${actor.name}`)),
      logger: { log: (level, message, fields) => this.#logged(actor, level, message, fields) },
    };
  }

  /** A violated invariant inside the engine, or an error that is neither operational nor the program's. */
  #logged(actor: Actor, level: LogLevel, message: string, fields: Record<string, unknown> = {}): void {
    const { trace, observer } = this.#world;
    const reason = JSON.stringify(fields["reason"] ?? textOf(fields["error"]));
    trace.add(actor.name, level, `${message} ${reason}`);
    observer.silence.logged(level, fields["invocation"]);
    if (this.#isForLater(reason)) return;
    const stack = typeof fields["stack"] === "string" ? fields["stack"] : "";
    if (level === "warn" || message === "turn lost") observer.messages.doubt();
    if (level === "error" && !KNOWN.has(message)) observer.fail("LOG", `${message}: ${reason}`);
    if (level === "warn" && stack !== "" && !/^(OperationalError|FunctionError)/.test(stack)) {
      observer.fail("ERROR", `${actor.name}: ${message}: ${stack.split("\n").slice(0, 6).join(" | ")}`);
    }
  }

  /** What an earlier version cannot read waits for a later one, and says so (docs/decisions/0017). */
  #isForLater(reason: string): boolean {
    return this.#world.sides.isMixed === true && UNREADABLE.test(reason);
  }

  endpoint(version: number): Endpoint {
    let endpoint = this.#endpoints.get(version);
    if (!endpoint) {
      const { sides } = this.#world;
      const hasLeaves = [1, 2].every((each) => sides.ofHandlers(each) === TODAY);
      endpoint = sides.ofHandlers(version).endpoint({ ...this.#stage, hasLeaves, version });
      this.#endpoints.set(version, endpoint);
    }
    return endpoint;
  }
  deployment(version: number): Deployment {
    const { services } = this.endpoint(version).discover();
    // Long turns are waited for, as those of earlier versions are.
    const isWaitedFor = !this.letsGo && this.#world.sides.ofHandlers(version) === TODAY;
    return {
      ...{ id: `dp_${version}`, address: String(version), createdAtMs: 0 },
      services: isWaitedFor ? services.map((service) => ({ ...service, relays: false })) : services,
    };
  }

  // --- dispatchers -------------------------------------------------------------------------------------------

  #poll(): void {
    if (this.#polling) return;
    this.#polling = true;
    this.#world.scheduler.after(this.#prng.between(0.5, 15), () => {
      this.#polling = false;
      this.#receive();
    });
  }

  #receive(): void {
    const busy = this.#dispatchers.filter((environment) => environment.busy).length;
    if (busy >= DISPATCHERS_MAX) return;
    const { queue, own } = this.#world;
    for (const from of own ? this.#prng.shuffle([queue, own]) : [queue]) {
      const batch = from.receive(15 * 60 * 1000);
      if (batch.length === 0) continue;
      void this.#dispatch(batch, from);
      return this.#poll();
    }
    this.#lookLater();
  }

  /** When the first hidden message becomes visible, in any mailbox. */
  get #nextVisibleMs(): number | undefined {
    const { queue, own } = this.#world;
    const [shared, its] = [queue.nextVisibleMs, own?.nextVisibleMs];
    return shared === undefined || its === undefined ? (shared ?? its) : Math.min(shared, its);
  }

  /** Looks to come that will find nothing: what was hidden when they were planned has been deleted since. */
  get needlessLooks(): number {
    return this.#nextVisibleMs === undefined ? this.#looks : 0;
  }

  #lookLater(): void {
    const { scheduler } = this.#world;
    const nextMs = this.#nextVisibleMs;
    if (nextMs === undefined || (nextMs >= this.#nextLookMs && this.#nextLookMs > scheduler.nowMs)) return;
    this.#nextLookMs = nextMs;
    this.#looks++;
    scheduler.after(nextMs - scheduler.nowMs, () => {
      this.#looks--;
      this.#nextLookMs = Number.POSITIVE_INFINITY;
      this.#poll();
    });
  }

  async #dispatch(batch: readonly Received[], queue: Queue): Promise<void> {
    const { trace, faults, scheduler } = this.#world;
    const environment = this.#dispatcher();
    const { actor } = environment;
    environment.busy = true;
    for (const { message } of batch) {
      message.holder = actor;
      message.workers.add(actor);
    }
    trace.add(
      actor.name,
      "receives",
      batch.map(({ message }) => `${message.sequence.slice(-5)}/${message.receiveCount}`).join(" "),
    );
    this.#lapse(batch, queue);
    if (faults.strike("dispatcher-crash")) {
      actor.crashAt = {
        effect: actor.effects + this.#prng.int(1, 14),
        when: this.#prng.chance(0.5) ? "before" : "after",
      };
    }
    let over = false;
    actor.onDeath(() => {
      if (over) return;
      over = true;
      // Visibility runs out seconds after the last heartbeat.
      for (const received of batch) queue.hide(received, this.#prng.between(100, 20_000));
      this.#poll();
    });
    const stop = scheduler.after(HANDLE_MS, () => {
      trace.add(actor.name, "times out");
      actor.die();
    });
    const failed = await whoRuns.run(actor, () => this.#handle(environment, batch, queue));
    if (!actor.alive) return;
    over = true;
    trace.add(actor.name, "handled", failed.length === 0 ? "" : `but ${failed.join(" ")}`);
    scheduler.after(this.#world.effects.latencyMs(), () => {
      for (const { message } of batch) message.workers.delete(actor);
      this.#acknowledge(batch, queue, new Set(failed));
    });
    // Turns go on whose messages were let go of.
    await environment.dispatcher.settled?.();
    stop();
    if (!actor.alive) return;
    actor.crashAt = undefined;
    environment.busy = false;
    this.#poll();
  }

  #handle(
    { dispatcher, intake }: DispatcherEnvironment,
    batch: readonly Received[],
    queue: Queue,
  ): Promise<readonly string[]> {
    if (!intake) return dispatcher.handle(batch.map(incomingOf), HANDLE_MS);
    const incoming = batch.map((received) => ({
      ...incomingOf(received),
      sentAtMs: received.message.sentAtMs,
    }));
    return intake.handle(incoming, HANDLE_MS, noKeeper, queue === this.#world.own);
  }

  #acknowledge(batch: readonly Received[], queue: Queue, failed: ReadonlySet<string>): void {
    const { faults, scheduler } = this.#world;
    const isLost = faults.strike("ack-lost");
    for (const received of batch) {
      delete received.message.holder;
      if (isLost) queue.hide(received, this.#prng.between(0, 20_000));
      else if (failed.has(received.message.messageId)) queue.hide(received, this.#prng.between(0, 2000));
      else {
        queue.delete(received);
        if (received.message.deleted && faults.strike("redelivered")) {
          scheduler.after(this.#prng.between(0, 30_000), () => queue.restore(received.message));
        }
      }
    }
    this.#poll();
  }

  /** Heartbeats fail, or come too late for the first message of a group. */
  #lapse(batch: readonly Received[], queue: Queue): void {
    const { faults } = this.#world;
    if (faults.strike("visibility-lapsed")) {
      for (const received of batch) queue.hide(received, this.#prng.between(50, 15_000));
    }
    if (faults.strike("early-redelivery")) {
      const group = this.#prng.pick(batch).message.group;
      const first = batch.find(({ message }) => message.group === group);
      if (first) queue.hide(first, this.#prng.between(20, 3000));
    }
    this.#poll();
  }

  #dispatcher(): DispatcherEnvironment {
    const side = this.#world.sides.of("dispatcher");
    const free = this.#dispatchers.find((each) => !each.busy && each.actor.alive && each.side === side);
    if (free) return free;
    const actor = this.actor("dispatcher");
    const dispatcher = side.dispatcher({
      ...{ ...this.guardedPorts(actor), invoker: this.invoker(actor) },
      ...(this.#knowsLives ? { runs: (id: string) => this.#runs(id) } : {}),
    });
    const environment: DispatcherEnvironment = {
      ...{ actor, side, dispatcher, busy: false },
      ...(this.#world.own ? { intake: this.#intake(actor, dispatcher, this.#world.own) } : {}),
    };
    this.#dispatchers.push(environment);
    actor.onDeath(() => void this.#dispatchers.splice(this.#dispatchers.indexOf(environment), 1));
    return environment;
  }

  #intake(actor: Actor, dispatcher: Pick<Dispatcher, "handle">, own: Queue): Intake {
    const { items, clock, mailbox, logger } = this.ports(actor);
    const { effects } = this.#world;
    return new Intake({
      ...{ dispatcher, mailbox, clock, logger },
      mailboxAt: () => new SimMailbox({ queue: own, effects, actor }),
      mailboxes: new OwnMailboxes(items, clock, true),
    });
  }

  // --- turns -------------------------------------------------------------------------------------------------

  invoker(actor: Actor): Invoker {
    return {
      invoke: (deployment, request, letGo) => this.#invoke(actor, deployment, request, letGo),
      staysInTouch: this.#staysInTouch,
    };
  }

  #invoke(
    caller: Actor,
    deployment: Reached,
    request: TurnRequest,
    letGo?: AbortSignal,
  ): Promise<TurnOutcome> {
    const { faults, scheduler, effects } = this.#world;
    const text = encodeTurnRequest(request);
    effects.operations["invoke"] = (effects.operations["invoke"] ?? 0) + 1;
    return new Promise<TurnOutcome>((resolve, reject) => {
      const answer = (run: () => void): void => {
        scheduler.after(effects.latencyMs(), () => {
          if (caller.alive && !(letGo?.aborted === true && !this.#staysInTouch)) run();
        });
      };
      letGo?.addEventListener("abort", () => this.#world.observer.count("turn let go of"));
      scheduler.after(effects.latencyMs(), () => {
        if (faults.strike("invoke-throttled")) {
          answer(() => reject(new OperationalError("throttled", "too many invocations (simulated)")));
          return;
        }
        let isConnected = true;
        if (faults.strike("invoke-lost")) {
          scheduler.after(this.#prng.between(1, 5000), () => {
            isConnected = false;
            answer(() => reject(new OperationalError("unavailable", "connection lost (simulated)")));
          });
        }
        this.#turn(deployment, text, {
          name: caller.name,
          ended: (outcome, by) => {
            this.#world.observer.silence.ended(by, isConnected ? caller.name : undefined);
            answer(() => resolve(decodeTurnOutcome(outcome)));
          },
          died: (error) => answer(() => reject(error)),
        });
      });
    });
  }

  #turn(
    deployment: Reached,
    text: string,
    caller: {
      name: string;
      ended: (outcome: string, by: string) => void;
      died: (error: FunctionError) => void;
    },
  ): void {
    const { faults, scheduler, trace, effects } = this.#world;
    const environment = this.#handler();
    const { actor } = environment;
    const request = decodeTurnRequest(text);
    environment.busy = true;
    const { id, incarnation, token } = request;
    const loaded = Number(request.head?.["n"] ?? 0);
    const failedIn = this.#failedIn(deployment, request);
    actor.turn = { id, incarnation, token, deployment: deployment.id, loaded, failedIn };
    this.#world.observer.acknowledged.turnBegins(actor.name, id, request.head);
    if (request.guard && request.start) {
      this.#world.observer.count(isDirect(request.start) ? "direct call" : "turn at the door");
      this.#world.observer.asked(caller.name, request.start);
    }
    trace.add(
      actor.name,
      "turn",
      `${request.target.service}/${request.target.key ?? ""} ${id} loaded=${actor.turn.loaded} start=${request.start !== undefined} carried=${request.carried.length}`,
    );
    this.#planDeath(actor);
    let over = false;
    let reason = new FunctionError("crashed", "the function died (simulated)");
    actor.onDeath(() => {
      if (over) return;
      over = true;
      trace.add(actor.name, "died", reason.code);
      this.#world.observer.messages.doubt();
      caller.died(reason);
    });
    const limitMs = Math.max(request.remainingMs, request.relay?.remainingMs ?? 0);
    const stop = scheduler.after(limitMs + 500, () => {
      reason = new FunctionError("timeout", "Task timed out (simulated)");
      actor.die();
    });
    if (faults.strike("handler-timeout")) {
      scheduler.after(this.#prng.between(1, 2000), () => {
        if (over) return;
        reason = new FunctionError("timeout", "Task timed out (simulated)");
        actor.die();
      });
    }
    const ended = (outcome: TurnOutcome): void => {
      stop();
      if (!actor.alive) return;
      trace.add(actor.name, "turn ends", describeOutcome(outcome));
      this.#checkOutcome(outcome, id);
      if (outcome.kind === "failed") this.#deploymentOf.set(outcome.failure.message, deployment.id);
      actor.crashAt = undefined;
      if (faults.strike("handler-crash-at-end")) return actor.die();
      over = true;
      environment.busy = false;
      actor.turn = undefined;
      caller.ended(encodeTurnOutcome(outcome), actor.name);
    };
    scheduler.after(faults.strike("cold-start") ? this.#prng.between(200, 3000) : effects.latencyMs(), () => {
      if (!actor.alive) return;
      const endpoint = this.endpoint(Number(deployment.address));
      whoRuns
        .run(actor, () => endpoint.runTurn(request, environment.ports))
        .then(ended, (error: unknown) => {
          stop();
          if (!actor.alive) return;
          if (this.#world.observer.acknowledged.purging.has(id) && error instanceof InvariantError)
            return actor.die();
          this.#world.observer.fail(
            "ERROR",
            `a turn threw ${(error as Error).stack?.split("\n").slice(0, 5).join(" | ")}`,
          );
          actor.die();
        });
    });
  }

  /** As the head says: nothing has been appended since. */
  #failedIn({ id }: Reached, { head }: TurnRequest): string | undefined {
    const { failure } = (head?.["f"] ?? {}) as { failure?: TurnFailure };
    const isHere = failure !== undefined && this.#deploymentOf.get(failure.message) === id;
    return isHere ? failure.command?.name : undefined;
  }

  #planDeath(actor: Actor): void {
    const { faults } = this.#world;
    const memory = faults.strike("handler-out-of-memory");
    if (!memory && !faults.strike("handler-crash")) return;
    actor.crashAt = {
      effect: actor.effects + this.#prng.int(1, 12),
      when: this.#prng.chance(0.5) ? "before" : "after",
    };
  }

  /** D1: programs are deterministic, so no replay may differ. Only what a program throws may fail a turn. */
  #checkOutcome(outcome: TurnOutcome, id: string): void {
    if (outcome.kind !== "failed") return;
    const { code, message, stack } = outcome.failure;
    const { observer } = this.#world;
    observer.count("turn failed");
    observer.messages.doubt();
    observer.once.excuse(id);
    const expected = this.#whyFailed(id, outcome.failure);
    if (expected !== undefined) observer.count(expected);
    else if (code === 570) observer.fail("D1", message);
    else if (!message.startsWith("sim: ") && !message.endsWith("(RT0001)") && !this.#isForLater(message))
      observer.fail("ERROR", `a turn failed: ${message} ${stack?.split("\n").slice(1, 5).join(" | ") ?? ""}`);
  }

  /** What an operator, a limit or a program that drifts has brought about; counted under this name. */
  #whyFailed(id: string, { code, message }: { code: number; message: string }): string | undefined {
    const { drifting, acknowledged, silence } = this.#world.observer;
    if (code === 570) return drifting.has(id) ? "drift refused" : undefined;
    if (/^(R8|J1):/.test(message) && acknowledged.purging.has(id)) return "zombie of a purged one";
    return silence.boundIn(message);
  }

  #runs(id: string): boolean {
    return this.#handlers.some(({ actor }) => actor.alive && actor.turn?.id === id);
  }

  #handler(): HandlerEnvironment {
    const free = this.#handlers.find((environment) => !environment.busy && environment.actor.alive);
    if (free) return free;
    const actor = this.actor("handler");
    const environment: HandlerEnvironment = { actor, ports: this.doorPorts(actor), busy: false };
    this.#handlers.push(environment);
    actor.onDeath(() => void this.#handlers.splice(this.#handlers.indexOf(environment), 1));
    return environment;
  }
}

/** By a handler. */
export const isDirect = ({ origin }: Start): boolean => origin.includes(".");

function describeOutcome(outcome: TurnOutcome): string {
  if (outcome.kind === "suspended") return `suspended ${JSON.stringify(outcome.wait)}`;
  if (outcome.kind === "failed") return `failed ${outcome.failure.code} ${outcome.failure.message}`;
  return outcome.kind === "lost" ? `lost: ${outcome.reason}` : "completed";
}

const textOf = (error: unknown): unknown =>
  error instanceof Error ? `${error.message} ${error.stack ?? ""}` : (error ?? "");
