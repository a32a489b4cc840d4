/**
 * Sets the guards of one turn, one after the other (R25, R26): messages in the timers, which go on with the invocation if the turn
 * dies. One is renewed after half of its time, or later if that fails: the later guard is durable before it is named.
 */
import { OperationalError } from "../../lib/errors.ts";
import { GUARD_TRIES } from "../../lib/limits.ts";
import type { Timers } from "../../lib/ports.ts";
import type { Guard } from "../../lib/protocol.ts";
import { guardMs } from "../../lib/store/guard.ts";
import type { TurnPorts } from "./turn-ports.ts";

interface Kind {
  /** Of the guard with this number: the first is number 1. */
  name(number: number): string;
  timer(guard: Guard): Parameters<Timers["schedule"]>[0];
}

export class GuardsOfTurn {
  readonly #ports: TurnPorts;
  readonly #kind: Kind;
  /** The last one that is durable. */
  #held: Guard | undefined;
  #setting: Promise<Guard> | undefined;
  #count = 0;
  #renewAtMs = Number.NEGATIVE_INFINITY;

  constructor(ports: TurnPorts, kind: Kind) {
    this.#ports = ports;
    this.#kind = kind;
  }

  get held(): Guard | undefined {
    return this.#held;
  }

  /** The first one is set already. */
  isSet(guard: Guard): void {
    this.#count = 1;
    this.#hold(guard);
  }

  /** Resolves when a guard is durable that does not have to be renewed yet. Throws {@link OperationalError}. */
  async hold(): Promise<Guard> {
    const held = this.#held;
    if (held && this.renewalInMs > 0) return held;
    this.#setting ??= this.#set().finally(() => (this.#setting = undefined));
    if (!held) return await this.#setting;
    return await this.#setting.catch((error: unknown) => this.#renewLater(held, error));
  }

  #renewLater(held: Guard, error: unknown): Guard {
    const nowMs = this.#ports.clock.now();
    if (!(error instanceof OperationalError) || held.atMs <= nowMs) throw error;
    this.#renewAtMs = Math.min(held.atMs, nowMs + guardMs(this.#count) / GUARD_TRIES);
    return held;
  }

  /** When the next one is due to be set. */
  get renewalInMs(): number {
    return this.#renewAtMs - this.#ports.clock.now();
  }

  async #set(): Promise<Guard> {
    const { clock, timers } = this.#ports;
    if (!timers) throw new OperationalError("unavailable", "the handler has no access to timers");
    const number = this.#count + 1;
    const guard = { name: this.#kind.name(number), atMs: clock.now() + guardMs(number) };
    await timers.schedule(this.#kind.timer(guard));
    this.#count = number;
    return this.#hold(guard);
  }

  #hold(guard: Guard): Guard {
    this.#held = guard;
    this.#renewAtMs = guard.atMs - guardMs(this.#count) / 2;
    return guard;
  }
}
