/**
 * A turn that came by the queue and runs long makes itself known, and takes the place of its message (R26). Then its guard is its
 * own: it renews it, and at its end it does what ends it. docs/decisions/0025-long-turns-are-let-go.md has the rules and crash points.
 *
 * The order: the key's lock, the guard, the append that names it. Until that is won the message vouches, and whoever runs the turn
 * waits for it. At the end: outputs, replies, then the guard, early.
 */
import { OperationalError } from "../../lib/errors.ts";
import { RELAY_AFTER_MS, RELAY_KEY_AFTER_MS, RELAY_RETRY_MS } from "../../lib/limits.ts";
import { decodeWait, leavesOf } from "../../lib/model/wait.ts";
import type { AskedRelay, Guard, TurnOutcome, TurnRequest } from "../../lib/protocol.ts";
import { earlyRelay, relayName, relayTimer } from "../../lib/store/guard.ts";
import { reply } from "../../lib/store/outputs.ts";
import { sendAll } from "../../lib/store/send.ts";
import { GuardsOfTurn } from "./guards-of-turn.ts";
import type { TurnPorts } from "./turn-ports.ts";

type Subject = Pick<TurnRequest, "id" | "incarnation" | "token">;

export class Relay {
  /** A head names a guard of this turn. */
  isNamed = false;
  readonly #subject: Subject;
  readonly #asked: AskedRelay;
  readonly #ports: TurnPorts;
  readonly #guards: GuardsOfTurn;
  #tryAtMs: number;
  #whenNamed: (limitMs: number) => void = () => undefined;

  private constructor(subject: Subject, asked: AskedRelay, ports: TurnPorts) {
    this.#subject = subject;
    this.#asked = asked;
    this.#ports = ports;
    this.#tryAtMs = ports.clock.now() + (subject.token === undefined ? RELAY_AFTER_MS : RELAY_KEY_AFTER_MS);
    this.#guards = new GuardsOfTurn(ports, {
      name: (number) => relayName(asked.name, number),
      timer: (guard) => relayTimer(subject, guard),
    });
  }

  /** `undefined`: whoever has asked for the turn waits for it. */
  static of(request: TurnRequest, ports: TurnPorts): Relay | undefined {
    return request.relay && new Relay(request, request.relay, ports);
  }

  /** `told`: how long the turn may take then. */
  whenNamed(told: (limitMs: number) => void): void {
    this.#whenNamed = told;
  }

  /** When the head has to name a guard, or a later one. */
  get vouchInMs(): number {
    return this.isNamed ? this.#guards.renewalInMs : this.#tryAtMs - this.#ports.clock.now();
  }

  /** The guard that the next append is to name. `undefined`: none yet, or it cannot be set now. */
  async guard(): Promise<Guard | undefined> {
    if (this.isNamed) return await this.#guards.hold();
    if (this.vouchInMs > 0) return undefined;
    try {
      return await this.#guards.hold();
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      this.#tryAtMs = this.#ports.clock.now() + RELAY_RETRY_MS;
      return undefined;
    }
  }

  /** The append that names it was won. */
  named(): void {
    if (this.isNamed) return;
    this.isNamed = true;
    this.#whenNamed(this.#asked.remainingMs);
  }

  /** The turn has ended. Tells who is to be told, and has a dispatcher see to the rest, now. Never throws: what cannot be done is done
   * when the guard is due. `mark`: of its last append, whose outputs are done if it has ended well. */
  async leave(outcome: TurnOutcome, mark: string | undefined): Promise<TurnOutcome> {
    const { held } = this.#guards;
    if (!held) return outcome;
    const isTold = await this.#tell(outcome);
    const isLeft = isTold && (!this.#needsMore(outcome) || (await this.#send(held, outcome, mark)));
    if (!isTold) await this.#send(held, outcome, undefined);
    // If nobody knows whether it is named, whoever waits has to look.
    if (!this.isNamed) return outcome;
    return { ...outcome, left: isLeft ? { needless: held } : {} };
  }

  async #tell(outcome: TurnOutcome): Promise<boolean> {
    if (outcome.kind !== "completed" || !outcome.outcome) return true;
    try {
      await reply(this.#ports, this.#subject.id, outcome.replies, outcome.outcome);
      return true;
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      return false;
    }
  }

  /** A key is to be passed on, timers are to be set, promises to be asked, an attempt is to be counted. */
  #needsMore(outcome: TurnOutcome): boolean {
    if (outcome.kind === "completed") return this.#subject.token !== undefined;
    if (outcome.kind !== "suspended") return true;
    return leavesOf(decodeWait(outcome.wait)).some(({ kind }) => kind === "sleep" || kind === "promise.get");
  }

  async #send({ name }: Guard, outcome: TurnOutcome, mark: string | undefined): Promise<boolean> {
    const isDone = outcome.kind === "completed" || outcome.kind === "suspended";
    const early = earlyRelay(this.#subject, name, {
      ended: outcome.kind === "failed" ? outcome : undefined,
      settled: isDone ? mark : undefined,
    });
    return await sendAll(this.#ports.mailbox, [early]).then(
      () => true,
      () => false,
    );
  }
}
