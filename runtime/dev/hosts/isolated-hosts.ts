/**
 * Processes for suspects: each turn in one of its own, so that only the guilty one is hurt when it dies. A turn that has
 * run for a second without harm counts as harmless enough to let another one in, or a few long turns would block all others.
 */
import type { TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import type { HostProcess } from "./host-process.ts";

/** Processes of one deployment at most. */
const LANES_MAX = 4;
/** A turn that has run this long makes room for the next suspect. */
const PAROLE_MS = 1_000;
/** A lane without a turn is kept this long for the next suspect. */
const IDLE_MS_MAX = 2_000;

interface Lane {
  readonly deployment: string;
  readonly starting: Promise<HostProcess>;
  /** Once it is there. */
  host?: HostProcess;
  lastStartMs: number;
  turns: number;
  idleSinceMs: number;
}

interface Waiting {
  readonly deployment: string;
  readonly enter: (lane: Lane) => void;
  readonly reject: (error: Error) => void;
}

export class Quarantine {
  readonly #start: (deployment: string) => Promise<HostProcess>;
  readonly #lanes = new Set<Lane>();
  #waiting: Waiting[] = [];

  constructor(start: (deployment: string) => Promise<HostProcess>) {
    this.#start = start;
  }

  async run(request: TurnRequest): Promise<TurnOutcome> {
    const lane = await this.#enter(request.deployment);
    try {
      lane.host = await lane.starting;
      return await lane.host.turn(request);
    } finally {
      lane.turns--;
      lane.idleSinceMs = performance.now();
      if (lane.host?.alive !== true) this.#lanes.delete(lane);
      this.#admit();
    }
  }

  /** To be called about once a second: lets suspects in beside long turns, and ends lanes that nobody needs. */
  tick(): void {
    for (const lane of this.#lanes) {
      if (lane.turns === 0 && performance.now() - lane.idleSinceMs > IDLE_MS_MAX) this.#close(lane);
    }
    this.#admit();
  }

  stop(reason: Error): void {
    for (const { reject } of this.#waiting) reject(reason);
    this.#waiting = [];
  }

  #enter(deployment: string): Promise<Lane> {
    return new Promise((enter, reject) => {
      this.#waiting.push({ deployment, enter, reject });
      this.#admit();
    });
  }

  #admit(): void {
    while (this.#waiting.length > 0) {
      const admitted = this.#waiting.findIndex((waiting) => {
        const lane = this.#laneFor(waiting.deployment);
        if (lane === undefined) return false;
        lane.turns++;
        lane.lastStartMs = performance.now();
        waiting.enter(lane);
        return true;
      });
      if (admitted < 0) return;
      this.#waiting.splice(admitted, 1);
    }
  }

  #laneFor(deployment: string): Lane | undefined {
    const now = performance.now();
    const lanes = [...this.#lanes].filter(
      (lane) => lane.deployment === deployment && lane.host?.alive !== false,
    );
    const free = lanes.find((lane) => lane.turns === 0);
    if (free !== undefined) return free;
    if (lanes.length >= LANES_MAX) return lanes.find((lane) => now - lane.lastStartMs > PAROLE_MS);
    const lane = {
      deployment,
      starting: this.#start(deployment),
      lastStartMs: now,
      turns: 0,
      idleSinceMs: now,
    };
    this.#lanes.add(lane);
    return lane;
  }

  #close(lane: Lane): void {
    this.#lanes.delete(lane);
    void lane.host?.stop();
  }
}
