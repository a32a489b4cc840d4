/**
 * The delay queue and EventBridge Scheduler. An accepted timer is durable and fires at least once. Beyond 15 minutes it
 * may be up to a minute late. Sometimes it fires twice, or early: the engine must cope with both.
 */
import { DELAY_QUEUE_MS_MAX } from "../../lib/limits.ts";
import type { Outgoing } from "../../lib/model/message.ts";
import type { Timers } from "../../lib/ports.ts";
import type { Actor, Effects } from "./actor.ts";
import type { Queue } from "./mailbox.ts";
import type { Prng } from "../../lib/prng.ts";

const SCHEDULER_PRECISION_MS = 60_000;

export class TimerService {
  readonly #open = new Set<{ readonly message: Outgoing }>();
  readonly #queue: Queue;
  readonly #effects: Effects;
  readonly #prng: Prng;
  readonly #doubled: () => void;
  readonly #asked: () => void;
  readonly #accepted: (message: Outgoing) => void;
  readonly #guarded: () => void;

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
  messages = (): readonly Outgoing[] => [...this.#open].map(({ message }) => message);

  accept(atMs: number, message: Outgoing, by: Actor): void {
    const { scheduler, faults } = this.#effects;
    if (message.body.includes('"guard":')) this.#guarded();
    else if (by.kind === "client") this.#asked();
    this.#accepted(message);
    const inMs = Math.max(0, atMs - scheduler.nowMs);
    if (inMs === 0 && faults.has("clock-skew")) this.#doubled();
    const lateMs = inMs > DELAY_QUEUE_MS_MAX ? this.#prng.between(0, 1000) : this.#prng.between(0, 50);
    this.#fire(inMs + lateMs, message);
    if (!faults.strike("timer-doubled")) return;
    this.#doubled();
    this.#fire(inMs + this.#prng.between(0, SCHEDULER_PRECISION_MS), message);
  }

  #fire(inMs: number, message: Outgoing): void {
    const { scheduler, faults } = this.#effects;
    let ms = inMs;
    if (faults.strike("timer-early")) ms = Math.max(0, inMs - this.#prng.between(1, SCHEDULER_PRECISION_MS));
    else if (faults.strike("timer-late")) ms += this.#prng.between(0, SCHEDULER_PRECISION_MS);
    const timer = { message };
    this.#open.add(timer);
    scheduler.after(ms, () => {
      this.#open.delete(timer);
      this.#effects.trace.add("timers", "fires", message.body.slice(0, 160));
      this.#queue.accept(message, "timers");
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

  schedule({ atMs, message }: { readonly atMs: number; readonly message: Outgoing }): Promise<void> {
    return this.#effects.perform(this.#actor, "schedule", message.body.slice(0, 120), () =>
      this.#service.accept(atMs, message, this.#actor),
    );
  }
}
