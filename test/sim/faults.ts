/**
 * What can go wrong, and how often in this run.
 *
 * Swarm testing: each run first draws which kinds of faults it has at all. Otherwise common faults would hide rare
 * combinations. Every fault that strikes has a number, by which shrinking leaves it out.
 */
import { Prng } from "../../lib/prng.ts";

export const FAULT_KINDS = [
  /** A store or queue refuses to work, before anything happened. */
  "throttled",
  "unavailable",
  /** It took effect, and the answer was lost. */
  "answer-lost",
  /** The caller was told of a failure; it takes effect seconds later. */
  "late-effect",
  /** The answer comes after seconds: a pause of the process or the network. */
  "stall",
  /** Some messages of a batch are refused. */
  "entries-refused",
  /** A handler's function dies at one of its requests, before or after it takes effect. */
  "handler-crash",
  "handler-out-of-memory",
  /** It dies after the turn ended, before the answer is out. */
  "handler-crash-at-end",
  "handler-timeout",
  /** The connection to a running turn is lost; the turn goes on. */
  "invoke-lost",
  "invoke-throttled",
  /** A dispatcher dies at one of its requests; the turn that it awaits goes on. */
  "dispatcher-crash",
  /** It has handled everything, but its acknowledgements never arrive. */
  "ack-lost",
  /** Messages become visible again while they are being handled. */
  "visibility-lapsed",
  /** Only the first message of a group does, while later ones are still hidden. */
  "early-redelivery",
  /** A message is delivered again after it was deleted. */
  "redelivered",
  "timer-late",
  "timer-doubled",
  "timer-early",
  "clock-skew",
  "stale-scan",
  "cold-start",
  "redeployment",
  "reconciler",
  /** A read that may lag shows the item as it was before its last write. */
  "stale-look",
  /** A process of the ingress dies at one of its requests; the turn that it awaits goes on. */
  "door-crash",
  /** It has answered, and does nothing more. */
  "door-frozen",
  /** A source door dies at one of its requests; its source hears nothing. */
  "source-crash",
  /** The door has answered, and its source hears nothing. */
  "source-answer-lost",
  /** What was acknowledged comes again a while later: all of it, a part, or from earlier on. */
  "source-again",
  /** Two doors have the same records at once: a rebalance, a message whose visibility lapses. */
  "source-doubled",
  /** A batch comes in two halves. */
  "source-split",
  /** A batch begins before what was acknowledged. */
  "source-shifted",
  /** The door has hardly any time. */
  "source-hurried",
  /** A transaction meets another one. */
  "transaction-conflict",
  /** The timers' function dies at one of its requests; what it forwards is delivered again. */
  "timers-crash",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];
/** Not in runs with transactions alone. */
export const isEverywhere = (kind: FaultKind): boolean => kind !== "transaction-conflict";
export const isSourceFault = (kind: FaultKind): boolean => kind.startsWith("source-");

/** Faults stop after so long; long sleeps end after it. */
export const FAULTS_MS = 4 * 60_000;

/** How often each is drawn where it may strike, when the run has it. */
const RATES: Record<FaultKind, readonly [number, number]> = {
  throttled: [0.002, 0.05],
  unavailable: [0.002, 0.05],
  "answer-lost": [0.002, 0.06],
  "late-effect": [0.002, 0.04],
  stall: [0.002, 0.03],
  "entries-refused": [0.01, 0.2],
  "handler-crash": [0.02, 0.4],
  "handler-out-of-memory": [0.02, 0.1],
  "handler-crash-at-end": [0.02, 0.3],
  "handler-timeout": [0.01, 0.1],
  "invoke-lost": [0.02, 0.2],
  "invoke-throttled": [0.01, 0.2],
  "dispatcher-crash": [0.02, 0.4],
  "ack-lost": [0.02, 0.3],
  "visibility-lapsed": [0.02, 0.4],
  "early-redelivery": [0.02, 0.4],
  redelivered: [0.01, 0.2],
  "timer-late": [0.1, 0.6],
  "timer-doubled": [0.05, 0.5],
  "timer-early": [0.05, 0.4],
  "clock-skew": [1, 1],
  "stale-scan": [0.3, 0.8],
  "cold-start": [0.05, 0.5],
  redeployment: [1, 1],
  reconciler: [1, 1],
  "stale-look": [0.2, 0.9],
  "door-crash": [0.05, 0.6],
  "door-frozen": [0.1, 0.9],
  "source-crash": [0.05, 0.5],
  "source-answer-lost": [0.02, 0.3],
  "source-again": [0.05, 0.4],
  "source-doubled": [0.05, 0.5],
  "source-split": [0.05, 0.5],
  "source-shifted": [0.05, 0.5],
  "source-hurried": [0.02, 0.2],
  "transaction-conflict": [0.05, 0.4],
  "timers-crash": [0.02, 0.4],
};

/** Faults that are worst together, at their highest rates: zombies; deaths; a store that answers badly. */
const THEMES: readonly (readonly FaultKind[])[] = [
  ["visibility-lapsed", "early-redelivery", "stall"],
  ["visibility-lapsed", "dispatcher-crash", "invoke-lost", "stall"],
  ["handler-crash", "dispatcher-crash", "handler-crash-at-end", "ack-lost"],
  ["answer-lost", "late-effect", "unavailable"],
];

export interface FaultPlan {
  /** Kinds that never strike. */
  readonly without?: readonly FaultKind[];
  /** Ordinals of strikes that are left out: shrinking. */
  readonly skip?: readonly number[];
  readonly none?: boolean;
  /** These alone, as often as it says, whatever the seed draws. */
  readonly only?: Readonly<Partial<Record<FaultKind, number>>>;
}

export class Faults {
  readonly counts: Partial<Record<FaultKind, number>> = {};
  /** Faults stop for good: what can end must now end (L1). */
  stopped = false;
  /** Strikes so far, those that were left out included. */
  struck = 0;
  readonly #rates = new Map<FaultKind, number>();
  readonly #skip: ReadonlySet<number>;
  readonly #prng: Prng;
  /** Of its own: it strikes only what may lag, and leaves all other draws of a seed as they are. */
  readonly #looks: Prng;
  /** The same for transactions. */
  readonly #conflicts: Prng;

  constructor(seed: number, plan: FaultPlan) {
    const swarm = new Prng(seed, "swarm");
    this.#prng = new Prng(seed, "faults");
    this.#looks = new Prng(seed, "looks");
    this.#conflicts = new Prng(seed, "conflicts");
    this.#skip = new Set(plan.skip);
    // A third of the runs have few kinds of faults, a third many.
    const share = swarm.pick([0.15, 0.35, 0.6]);
    const theme = swarm.chance(0.25) ? swarm.pick(THEMES) : [];
    for (const kind of FAULT_KINDS) {
      const [low, high] = RATES[kind];
      const isTheme = theme.includes(kind);
      const rate = isTheme ? high : low * (high / low) ** swarm.unit();
      const has = swarm.chance(share) || isTheme;
      const drawn = plan.only ? plan.only[kind] : has ? rate : undefined;
      if (drawn !== undefined && plan.none !== true && plan.without?.includes(kind) !== true)
        this.#rates.set(kind, drawn);
    }
  }

  /** Whether the run has this kind at all. */
  has(kind: FaultKind): boolean {
    return this.#rates.has(kind);
  }
  get kinds(): FaultKind[] {
    return [...this.#rates.keys()];
  }

  #streamOf(kind: FaultKind): Prng {
    if (kind === "stale-look") return this.#looks;
    return kind === "transaction-conflict" ? this.#conflicts : this.#prng;
  }

  /** Whether it strikes now. */
  strike(kind: FaultKind): boolean {
    const rate = this.#rates.get(kind);
    const prng = this.#streamOf(kind);
    if (this.stopped || rate === undefined || !prng.chance(rate)) return false;
    if (this.#skip.has(this.struck++)) return false;
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    return true;
  }
}
