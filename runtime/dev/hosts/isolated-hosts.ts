/**
 * Host processes for turns that must run alone (crash-blame.ts), so that a crash hurts no other turn.
 *
 * A deployment has at most {@link ISOLATED_HOSTS_MAX} of them. If all are taken, a turn waits. A few long turns must not block the
 * others for ever, so a turn that has run for a second without a crash lets another one in beside it.
 */
import type { TurnOutcome } from "../../../lib/protocol.ts";
import type { HostProcess } from "./host-process.ts";
import type { OrderedRequest } from "./turn-orders.ts";
import { ISOLATED_HOSTS_MAX, ISOLATED_HOST_IDLE_MS_MAX, TURN_ALONE_MS } from "../../../lib/limits/local.ts";

interface IsolatedHost {
  readonly deployment: string;
  readonly starting: Promise<HostProcess>;
  /** Absent while it starts. */
  process?: HostProcess;
  lastTurnMs: number;
  turns: number;
  idleSinceMs: number;
}

interface WaitingTurn {
  readonly deployment: string;
  readonly enter: (host: IsolatedHost) => void;
  readonly reject: (error: Error) => void;
}

export class IsolatedHosts {
  readonly #start: (deployment: string) => Promise<HostProcess>;
  readonly #hosts = new Set<IsolatedHost>();
  #waiting: WaitingTurn[] = [];

  constructor(start: (deployment: string) => Promise<HostProcess>) {
    this.#start = start;
  }

  async run(request: OrderedRequest): Promise<TurnOutcome> {
    const host = await this.#enter(request.deployment);
    try {
      host.process = await host.starting;
      return await host.process.turn(request);
    } finally {
      host.turns--;
      host.idleSinceMs = performance.now();
      if (host.process?.takesTurns !== true) this.#hosts.delete(host);
      this.#assign();
    }
  }

  /** Call it about once a second: it lets turns in beside long ones, and ends processes that nobody needs. */
  tick(): void {
    for (const host of this.#hosts) {
      if (host.turns === 0 && performance.now() - host.idleSinceMs > ISOLATED_HOST_IDLE_MS_MAX)
        this.#close(host);
    }
    this.#assign();
  }

  stop(reason: Error): void {
    for (const { reject } of this.#waiting) reject(reason);
    this.#waiting = [];
  }

  #enter(deployment: string): Promise<IsolatedHost> {
    return new Promise((enter, reject) => {
      this.#waiting.push({ deployment, enter, reject });
      this.#assign();
    });
  }

  /** Gives waiting turns their processes, as far as there are any. */
  #assign(): void {
    while (this.#waiting.length > 0) {
      const assigned = this.#waiting.findIndex((turn) => {
        const host = this.#hostFor(turn.deployment);
        if (host === undefined) return false;
        host.turns++;
        host.lastTurnMs = performance.now();
        turn.enter(host);
        return true;
      });
      if (assigned < 0) return;
      this.#waiting.splice(assigned, 1);
    }
  }

  #hostFor(deployment: string): IsolatedHost | undefined {
    const now = performance.now();
    const hosts = [...this.#hosts].filter(
      (host) => host.deployment === deployment && host.process?.takesTurns !== false,
    );
    const free = hosts.find((host) => host.turns === 0);
    if (free !== undefined) return free;
    if (hosts.length >= ISOLATED_HOSTS_MAX)
      return hosts.find((host) => now - host.lastTurnMs > TURN_ALONE_MS);
    const starting = this.#start(deployment);
    const host = { deployment, starting, lastTurnMs: now, turns: 0, idleSinceMs: now };
    this.#hosts.add(host);
    return host;
  }

  #close(host: IsolatedHost): void {
    this.#hosts.delete(host);
    void host.process?.stop();
  }
}
