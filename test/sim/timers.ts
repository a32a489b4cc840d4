/**
 * The delay queue and EventBridge Scheduler. An accepted timer is durable and fires at least once. Beyond 15 minutes it
 * may be up to a minute late. Sometimes it fires twice, or early: the engine must cope with both.
 *
 * In AWS the timers' function has what fires (timers-function.ts). On one machine there is no function between: what fires is a message.
 * Some runs are so.
 */
import { DELAY_QUEUE_MS_MAX } from "../../lib/limits.ts";
import type { Outgoing } from "../../lib/model/message.ts";
import type { Timers } from "../../lib/ports.ts";
import type { Actor, Effects } from "./actor.ts";
import type { Queue } from "./mailbox.ts";
import type { Prng } from "../../lib/prng.ts";

const SCHEDULER_PRECISION_MS = 60_000;
/** From a delivery that has come to nothing to the next one. */
const HIDDEN_MS = [100, 20_000] as const;

export interface Timer {
  readonly atMs: number;
  readonly message: Outgoing;
}

export class TimerService {
  /** One for each event to come. */
  readonly #open = new Set<{ readonly timer: Timer }>();
  readonly #queue: Queue;
  readonly #effects: Effects;
  readonly #prng: Prng;
  readonly #doubled: () => void;
  readonly #asked: () => void;
  readonly #accepted: (message: Outgoing) => void;
  readonly #guarded: () => void;
  /** Forwards what has fired. `giveBack`: the delivery has come to nothing, or its end was not heard. Absent: there is no function. */
  forward: ((timer: Timer, giveBack: () => void) => void) | undefined;

  /** `doubled`: a timer fires twice, as a message that is redelivered. Or it is set for a time that has come: the clock of who got it
   * is behind, so to that one it was early. `guarded`: one is set that guards a turn at the door.
   * `asked`: a client sets one, for a start that is delayed. */
  constructor(parts: {
    queue: Queue;
    effects: Effects;
    prng: Prng;
    doubled: () => void;
    guarded: () => void;
    asked: () => void;
    accepted: (message: Outgoing) => void;
  }) {
    this.#asked = parts.asked;
    this.#guarded = parts.guarded;
    this.#doubled = parts.doubled;
    this.#accepted = parts.accepted;
    this.#queue = parts.queue;
    this.#effects = parts.effects;
    this.#prng = parts.prng;
  }

  /** Timers that have not fired yet. */
  get open(): number {
    return this.#open.size;
  }
  messages = (): readonly Outgoing[] => [...this.#open].map(({ timer }) => timer.message);

  accept(timer: Timer, by: Actor): void {
    const { scheduler, faults } = this.#effects;
    const { atMs, message } = timer;
    if (message.body.includes('"guard":')) this.#guarded();
    else if (by.kind === "client") this.#asked();
    this.#accepted(message);
    // The delay queue is told for how long, by the clock of who asks.
    const nowMs = scheduler.nowMs + (this.forward ? by.skewMs : 0);
    const inMs = Math.max(0, atMs - nowMs);
    if (inMs === 0 && faults.has("clock-skew")) this.#doubled();
    const lateMs = inMs > DELAY_QUEUE_MS_MAX ? this.#prng.between(0, 1000) : this.#prng.between(0, 50);
    this.#fire(inMs + lateMs, timer);
    if (!faults.strike("timer-doubled")) return;
    this.#doubled();
    this.#fire(inMs + this.#prng.between(0, SCHEDULER_PRECISION_MS), timer);
  }

  #fire(inMs: number, timer: Timer): void {
    const { faults } = this.#effects;
    let ms = inMs;
    if (faults.strike("timer-early")) ms = Math.max(0, inMs - this.#prng.between(1, SCHEDULER_PRECISION_MS));
    else if (faults.strike("timer-late")) ms += this.#prng.between(0, SCHEDULER_PRECISION_MS);
    this.#come(ms, timer);
  }

  #come(ms: number, timer: Timer): void {
    const { scheduler, trace } = this.#effects;
    const one = { timer };
    this.#open.add(one);
    scheduler.after(ms, () => {
      this.#open.delete(one);
      trace.add("timers", "fires", timer.message.body.slice(0, 160));
      if (!this.forward) return this.#queue.accept(timer.message, "timers");
      this.forward(timer, () => {
        // What the delivery has sent may be sent once more.
        this.#doubled();
        this.#come(this.#prng.between(...HIDDEN_MS), timer);
      });
    });
  }
}

export class SimTimers implements Timers {
  readonly #service: TimerService;
  readonly #effects: Effects;
  readonly #actor: Actor;

  constructor(parts: { service: TimerService; effects: Effects; actor: Actor }) {
    this.#service = parts.service;
    this.#effects = parts.effects;
    this.#actor = parts.actor;
  }

  schedule({ atMs, message }: Timer): Promise<void> {
    return this.#effects.perform(this.#actor, "schedule", message.body.slice(0, 120), () =>
      this.#service.accept({ atMs, message }, this.#actor),
    );
  }
}
