/**
 * Actors: Lambda environments (dispatchers, handlers, the timers' function), clients, the reconciler.
 *
 * Each request of an actor to the world is one effect. It travels, takes effect at one instant, and is answered. An
 * actor can die before or after any of its effects. A dead actor gets no more answers, but what it has sent still
 * takes effect.
 */
import { OperationalError } from "../../lib/errors.ts";
import type { Clock, Entropy } from "../../lib/ports.ts";
import type { Faults } from "./faults.ts";
import type { Prng } from "../../lib/prng.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Trace } from "./trace.ts";

export type ActorKind =
  | "client"
  | "door"
  | "source"
  | "dispatcher"
  | "handler"
  | "timers"
  | "reconciler"
  | "operator";

/** Those whose effects are crash points. */
const DYING: ReadonlySet<ActorKind> = new Set<ActorKind>([
  "dispatcher",
  "handler",
  "timers",
  "door",
  "source",
]);

export interface CurrentTurn {
  readonly id: string;
  readonly incarnation: number;
  readonly token: string | undefined;
  /** Whose code runs. */
  readonly deployment: string;
  /** Entries of the log that it began with. */
  readonly loaded: number;
  /** The step that the attempt before, on the same deployment, had begun and failed in, as far as the head says so. */
  readonly failedIn?: string | undefined;
}

export class Actor {
  readonly name: string;
  readonly kind: ActorKind;
  readonly skewMs: number;
  alive = true;
  /** Effects that it has asked for. */
  effects = 0;
  /** Dies at that effect. */
  crashAt: { readonly effect: number; readonly when: "before" | "after" } | undefined;
  /** The turn that a handler's environment is running. */
  turn: CurrentTurn | undefined;
  readonly #deaths: (() => void)[] = [];

  constructor(name: string, kind: ActorKind, skewMs: number) {
    this.name = name;
    this.kind = kind;
    this.skewMs = skewMs;
  }

  onDeath(run: () => void): void {
    this.#deaths.push(run);
  }
  die(): void {
    if (!this.alive) return;
    this.alive = false;
    for (const run of this.#deaths.splice(0)) run();
  }
}

/** The crash that an exhaustive search asks for: at the n-th effect of the whole run. */
export interface CrashPoint {
  readonly effect: number;
  readonly when: "before" | "after";
}

export class Effects {
  /** Effects of dispatchers, handlers, the timers' function, the ingress and the source door in this run: the crash points. */
  count = 0;
  readonly operations: Record<string, number> = {};
  crashPoints: readonly CrashPoint[] = [];
  readonly scheduler: Scheduler;
  readonly faults: Faults;
  readonly trace: Trace;
  readonly #prng: Prng;
  readonly #meanMs: number;

  constructor(parts: { scheduler: Scheduler; faults: Faults; trace: Trace; prng: Prng; meanMs: number }) {
    this.scheduler = parts.scheduler;
    this.faults = parts.faults;
    this.trace = parts.trace;
    this.#prng = parts.prng;
    this.#meanMs = parts.meanMs;
  }

  latencyMs(): number {
    const unit = this.#prng.unit();
    return 0.2 + this.#meanMs * unit * unit * 2;
  }

  /** Asks the world to do `apply`. A dead actor never gets an answer. */
  perform<T>(actor: Actor, operation: string, subject: string, apply: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (!actor.alive) return;
      this.operations[operation] = (this.operations[operation] ?? 0) + 1;
      actor.effects++;
      const crash = this.#crashOf(actor);
      if (crash === "before") {
        this.trace.add(actor.name, "dies before", `${operation} ${subject}`);
        actor.die();
        return;
      }
      const fault = this.#faultOf(operation);
      const answer = (ms: number, run: () => void): void => {
        this.scheduler.after(ms, () => {
          if (actor.alive) run();
        });
      };
      const refuse = (code: "throttled" | "unavailable", reason: string): void =>
        reject(new OperationalError(code, `${operation}: ${reason} (simulated)`));
      const take = (): { value: T } | { error: unknown } => {
        try {
          return { value: apply() };
        } catch (error) {
          return { error };
        }
      };
      if (fault === "late-effect") {
        this.scheduler.after(this.#prng.between(10, 8000), () => void take());
        answer(this.latencyMs(), () => refuse("unavailable", "no answer, effect to come"));
        return;
      }
      this.scheduler.after(this.latencyMs(), () => {
        if (fault === "throttled" || fault === "unavailable") {
          this.trace.add(actor.name, `! ${fault}`, `${operation} ${subject}`);
          answer(this.latencyMs(), () => refuse(fault, "refused"));
          return;
        }
        const taken = take();
        if (crash === "after") {
          this.trace.add(actor.name, "dies after", `${operation} ${subject}`);
          actor.die();
          return;
        }
        if (fault !== undefined) this.trace.add(actor.name, `! ${fault}`, `${operation} ${subject}`);
        const stallMs = fault === "stall" ? this.#prng.between(500, 45_000) : 0;
        answer(this.latencyMs() + stallMs, () => {
          if (fault === "answer-lost") refuse("unavailable", "answer lost");
          else if ("error" in taken) reject(taken.error);
          else resolve(taken.value);
        });
      });
    });
  }

  #crashOf(actor: Actor): "before" | "after" | undefined {
    if (DYING.has(actor.kind)) {
      const effect = this.count++;
      const point = this.crashPoints.find((candidate) => candidate.effect === effect);
      if (point) return point.when;
    }
    const { crashAt } = actor;
    if (crashAt?.effect !== actor.effects || this.faults.stopped) return undefined;
    return crashAt.when;
  }

  #faultOf(
    operation: string,
  ): "throttled" | "unavailable" | "answer-lost" | "late-effect" | "stall" | undefined {
    const { faults } = this;
    if (faults.strike("throttled")) return "throttled";
    if (faults.strike("unavailable")) return "unavailable";
    if (faults.strike("stall")) return "stall";
    if (faults.strike("answer-lost")) return "answer-lost";
    const isWrite =
      operation.includes("write") || operation.includes("send") || operation.includes("schedule");
    return isWrite && faults.strike("late-effect") ? "late-effect" : undefined;
  }
}

export class SimClock implements Clock {
  readonly #scheduler: Scheduler;
  readonly #actor: Actor;

  constructor(scheduler: Scheduler, actor: Actor) {
    this.#scheduler = scheduler;
    this.#actor = actor;
  }
  now(): number {
    return Math.floor(this.#scheduler.nowMs + this.#actor.skewMs);
  }
  after(ms: number, callback: () => void): () => void {
    return this.#scheduler.after(ms, () => {
      if (this.#actor.alive) callback();
    });
  }
}

export class SimEntropy implements Entropy {
  readonly #prng: Prng;
  constructor(prng: Prng) {
    this.#prng = prng;
  }
  bytes(count: number): Uint8Array {
    return this.#prng.bytes(count);
  }
}
