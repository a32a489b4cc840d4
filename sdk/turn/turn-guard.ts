/**
 * The guard of a turn that runs where its call was accepted (R25, R27).
 *
 * It is durable before the turn starts a closure and before each append but a completion, which names it. A turn that does neither
 * needs none.
 */
import { PRESENCE_MS } from "../../lib/limits.ts";
import type { Start } from "../../lib/model/message.ts";
import type { AskedGuard, Guard, TurnOutcome, TurnRequest } from "../../lib/protocol.ts";
import { stopwatchOf } from "../../lib/ports.ts";
import { earlyGuard, guardName, guardTimer } from "../../lib/store/guard.ts";
import { sendAll } from "../../lib/store/send.ts";
import { GuardsOfTurn } from "./guards-of-turn.ts";
import type { TurnPorts } from "./turn-ports.ts";

export class TurnGuard {
  readonly #start: Start;
  readonly #asked: AskedGuard;
  readonly #ports: TurnPorts;
  readonly #beganMs: number;
  /** The same by the stopwatch: for how long somebody has waited for it. */
  readonly #setOutMs: number;
  readonly #guards: GuardsOfTurn;

  private constructor(start: Start, asked: AskedGuard, ports: TurnPorts) {
    this.#start = start;
    this.#asked = asked;
    this.#ports = ports;
    this.#beganMs = ports.clock.now();
    this.#setOutMs = stopwatchOf(ports).now();
    const { name, atMs } = asked;
    this.#guards = new GuardsOfTurn(ports, {
      name: (number) => (number === 1 ? name : guardName(ports)),
      timer: (guard) => guardTimer(start, guard),
    });
    if (atMs !== undefined) this.#guards.isSet({ name, atMs });
  }

  /** `undefined`: a message vouches for the turn. */
  static of({ start, guard }: TurnRequest, ports: TurnPorts): TurnGuard | undefined {
    return start && guard && new TurnGuard(start, guard, ports);
  }

  get held(): Guard | undefined {
    return this.#guards.held;
  }

  /** See {@link GuardsOfTurn.hold}. */
  async hold(): Promise<Guard> {
    return await this.#guards.hold();
  }

  /** When the head has to name a guard anew; or when the turn has to be known, if it has no head. */
  vouchInMs(hasHead: boolean): number {
    return hasHead ? this.#guards.renewalInMs : this.#beganMs + PRESENCE_MS - this.#ports.clock.now();
  }

  /** The turn has ended after nobody waited for it any more: what follows is seen to under its guard, now. Never throws: if it
   * cannot be sent, it comes when it is due. */
  async leave(outcome: TurnOutcome): Promise<void> {
    const { aloneAfterMs = Number.POSITIVE_INFINITY } = this.#asked;
    if (stopwatchOf(this.#ports).now() - this.#setOutMs < aloneAfterMs) return;
    if (outcome.kind === "completed" && outcome.replies.length === 0) return;
    const name = this.held?.name ?? this.#asked.name;
    const early = earlyGuard(this.#start, name, outcome.kind === "failed" ? outcome : undefined);
    await sendAll(this.#ports.mailbox, [early]).catch(() => undefined);
  }
}
