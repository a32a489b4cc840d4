/**
 * The guard of a turn that runs where its call was accepted (R25, R27): a message in the timers, which goes on with the invocation if
 * the turn dies.
 *
 * It is durable before the turn starts a closure and before each append but a completion, which names it. A turn that does neither
 * needs none. It is renewed after half of its time, or later if that fails: the later guard is durable before it is named.
 */
import { OperationalError } from "../../lib/errors.ts";
import { GUARD_TRIES, PRESENCE_MS } from "../../lib/limits.ts";
import type { Start } from "../../lib/model/message.ts";
import type { AskedGuard, Guard, TurnOutcome, TurnRequest } from "../../lib/protocol.ts";
import { earlyGuard, guardMs, guardName, guardTimer } from "../../lib/store/guard.ts";
import { sendAll } from "../../lib/store/send.ts";
import type { TurnPorts } from "./turn-ports.ts";

export class TurnGuard {
  readonly #start: Start;
  readonly #asked: AskedGuard;
  readonly #ports: TurnPorts;
  readonly #beganMs: number;
  /** The last one that is durable. */
  #held: Guard | undefined;
  #setting: Promise<Guard> | undefined;
  #count = 0;
  #renewAtMs = Number.NEGATIVE_INFINITY;

  private constructor(start: Start, asked: AskedGuard, ports: TurnPorts) {
    this.#start = start;
    this.#asked = asked;
    this.#ports = ports;
    this.#beganMs = ports.clock.now();
    const { name, atMs } = asked;
    if (atMs === undefined) return;
    this.#count = 1;
    this.#hold({ name, atMs });
  }

  /** `undefined`: a message vouches for the turn. */
  static of({ start, guard }: TurnRequest, ports: TurnPorts): TurnGuard | undefined {
    return start && guard && new TurnGuard(start, guard, ports);
  }

  get held(): Guard | undefined {
    return this.#held;
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

  /** When the turn has to be known, if it has no head. */
  get presenceInMs(): number {
    return this.#beganMs + PRESENCE_MS - this.#ports.clock.now();
  }

  async #set(): Promise<Guard> {
    const { clock, timers } = this.#ports;
    if (!timers) throw new OperationalError("unavailable", "the handler has no access to timers");
    const name = this.#count === 0 ? this.#asked.name : guardName(this.#ports);
    const guard = { name, atMs: clock.now() + guardMs(this.#count + 1) };
    await timers.schedule(guardTimer(this.#start, guard));
    this.#count++;
    return this.#hold(guard);
  }

  #hold(guard: Guard): Guard {
    this.#held = guard;
    this.#renewAtMs = guard.atMs - guardMs(this.#count) / 2;
    return guard;
  }

  /** The turn has ended after nobody waited for it any more: what follows is seen to under its guard, now. Never throws: if it
   * cannot be sent, it comes when it is due. */
  async leave(outcome: TurnOutcome): Promise<void> {
    const { aloneAfterMs = Number.POSITIVE_INFINITY } = this.#asked;
    if (this.#ports.clock.now() - this.#beganMs < aloneAfterMs) return;
    if (outcome.kind === "completed" && outcome.replies.length === 0) return;
    const name = this.#held?.name ?? this.#asked.name;
    const early = earlyGuard(this.#start, name, outcome.kind === "failed" ? outcome : undefined);
    await sendAll(this.#ports.mailbox, [early]).catch(() => undefined);
  }
}
