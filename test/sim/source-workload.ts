/** Draws what event sources hold and deliver (`source-plan.ts`). */
import { Prng } from "../../lib/prng.ts";
import type { Callee, Instruction, Program } from "./program.ts";
import type { Workload } from "./requests.ts";
import {
  type Decision,
  formOf,
  type Interval,
  isFifo,
  isKafka,
  isKeyed,
  isMarked,
  isRun,
  type PlannedRecord,
  SOURCE_KINDS,
  type SourceKind,
  type SourcePlan,
  type SubscriptionPlan,
  type Wrong,
} from "./source-plan.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** Two seeds in 64. No seed that is kept, or that catches a planted bug among all runs, is one of them. */
const SEEDS: readonly number[] = [10, 46];
export const isOfSources = (seed: number): boolean => SEEDS.includes(seed % 64);

/** How long after it was accepted a record may come again, and is known (docs/decisions/0042-events.md). */
const MARKED_AGAIN_MS = [5 * DAY_MS, 20 * DAY_MS];
const QUEUE_AGAIN_MS = [3 * DAY_MS, 10 * DAY_MS, 13 * DAY_MS];
const OTHER_AGAIN_MS = [3 * DAY_MS, 7 * DAY_MS];

const KEY_WRONGS: readonly Wrong[] = ["no-key", "empty-key", "bad-key"];
function wrongsOf(kind: SourceKind): readonly Wrong[] {
  if (isKafka(kind)) return [...KEY_WRONGS, "headers", "unreadable"];
  if (kind.startsWith("kinesis")) return [...KEY_WRONGS, "unreadable"];
  if (isFifo(kind)) return ["headers"];
  if (kind === "s3") return [];
  if (kind === "s3-queue") return ["unreadable"];
  if (kind === "sqs" || kind === "sns" || kind === "sns-queue") return [...KEY_WRONGS, "headers"];
  return kind.endsWith("-queue") ? [...KEY_WRONGS, "unreadable"] : KEY_WRONGS;
}

/** `kinds`: of these alone. `roots`: what clients ask for meanwhile. */
export function sourceWorkload(
  seed: number,
  { kinds = SOURCE_KINDS, others }: { kinds?: readonly SourceKind[]; others?: () => Workload } = {},
): Workload {
  return new SourceGenerator(seed, kinds).workload(others);
}

class SourceGenerator {
  readonly #prng: Prng;
  /** Of their own, so that what else a seed draws stays as it was. */
  readonly #skips: Prng;
  readonly #kinds: readonly SourceKind[];
  readonly #spreadMs: number;
  readonly #wrong: number;
  readonly #long: number;
  #subscriptions = 0;
  #records = 0;
  #steps = 0;

  constructor(seed: number, kinds: readonly SourceKind[]) {
    this.#prng = new Prng(seed, "sources");
    this.#skips = new Prng(seed, "skips");
    this.#kinds = kinds;
    this.#spreadMs = this.#prng.pick([10, 2000, 30_000]);
    this.#wrong = this.#prng.pick([0, 0.15, 0.4]);
    this.#long = this.#prng.pick([0, 0, 0.3]);
  }

  workload(others?: () => Workload): Workload {
    const prng = this.#prng;
    const laterMs = prng.chance(0.25) ? prng.pick([...MARKED_AGAIN_MS, ...QUEUE_AGAIN_MS]) : undefined;
    const sources = Array.from({ length: prng.pick([1, 1, 2]) }, (_, index) => this.#source(index, laterMs));
    const registeredAtMs = prng.chance(0.15) ? prng.between(10, 20_000) : undefined;
    const beside =
      others && laterMs === undefined && registeredAtMs === undefined && prng.chance(0.4)
        ? others()
        : undefined;
    const isAlone = beside === undefined || beside.laterMs !== undefined;
    return {
      ...(isAlone ? { roots: [], disturbed: false } : beside),
      sources,
      ...(laterMs === undefined ? {} : { laterMs }),
      ...(registeredAtMs === undefined ? {} : { registeredAtMs }),
    };
  }

  #source(index: number, laterMs: number | undefined): SourcePlan {
    const prng = this.#prng;
    const kind = prng.pick(this.#kinds);
    const subscriptions = Array.from({ length: prng.chance(0.35) ? 2 : 1 }, () =>
      this.#subscription(kind, laterMs),
    );
    const setsState = subscriptions.every(({ callee }) => callee === "exclusive" || isRun(callee));
    const lanes = Array.from({ length: prng.int(1, 3) }, (_, lane) => {
      const keys = isFifo(kind) ? 1 : prng.int(1, 2);
      // Some share their key with what clients ask for.
      const keyOf = (at: number): string =>
        lane === 0 && at === 0 && index === 0 ? "k0-1" : `e${index}-${lane}-${at}`;
      const count = prng.int(1, prng.pick([3, 8, 12]));
      const times = Array.from({ length: count }, () => prng.between(0, this.#spreadMs)).toSorted(
        (a, b) => a - b,
      );
      return times.map((atMs): PlannedRecord => {
        const wrong = prng.chance(this.#wrong) ? this.#pickWrong(kind) : undefined;
        return {
          key: keyOf(prng.int(0, keys - 1)),
          program: this.#program(setsState),
          atMs: Math.floor(atMs),
          ...(wrong === undefined ? {} : { wrong }),
        };
      });
    });
    return {
      name: `${kind.split("-")[0]}${index}${isFifo(kind) ? ".fifo" : ""}`,
      kind,
      lanes,
      subscriptions,
    };
  }

  #pickWrong(kind: SourceKind): Wrong | undefined {
    const wrongs = wrongsOf(kind);
    return wrongs.length === 0 ? undefined : this.#prng.pick(wrongs);
  }

  #subscription(kind: SourceKind, laterMs: number | undefined): SubscriptionPlan {
    const prng = this.#prng;
    const callee = prng.pick<Callee>([
      ...(["exclusive", "exclusive", "exclusive", "plain", "shared"] as const),
      ...(["brief", "workflow", "brief-run"] as const),
    ]);
    const again = isMarked(kind)
      ? MARKED_AGAIN_MS
      : formOf(kind) === "queue"
        ? QUEUE_AGAIN_MS
        : OTHER_AGAIN_MS;
    const mayComeAgain = laterMs !== undefined && again.some((ms) => laterMs <= ms);
    const keyIfMissing = isKeyed(callee) && prng.chance(0.25);
    return {
      name: `q${++this.#subscriptions}`,
      callee,
      ...(keyIfMissing ? { keyIfMissing: prng.pick(["random", "constant:missing"] as const) } : {}),
      batchMax: prng.pick([1, 3, 10, 30]),
      consumers: prng.int(1, 2),
      madeAtMs: prng.chance(0.7) ? 0 : prng.between(0, this.#spreadMs),
      ...(prng.chance(0.3) ? { remade: this.#interval() } : {}),
      ...(prng.chance(0.2) ? { paused: this.#interval() } : {}),
      ...(mayComeAgain && prng.chance(0.8) ? { againAtMs: laterMs + prng.between(0, 5000) } : {}),
      ...this.#skipsOf(kind, laterMs),
      decisions: prng.chance(0.5) ? Array.from({ length: prng.int(1, 3) }, () => this.#decision()) : [],
    };
  }

  /** Not of what comes again after heads are gone: a record in a gap is known by its head alone. */
  #skipsOf(kind: SourceKind, laterMs: number | undefined): Pick<SubscriptionPlan, "skips"> {
    const prng = this.#skips;
    if (!isKafka(kind) || laterMs !== undefined || !prng.chance(0.4)) return {};
    const skips = Array.from({ length: prng.int(1, 3) }, () => ({
      atMs: prng.between(0, 2 * this.#spreadMs + 3000),
      lane: prng.int(0, 2),
      by: prng.pick([2, 5, -3, -8]),
    }));
    return { skips };
  }

  #interval = (): Interval => ({
    atMs: this.#prng.between(0, 2 * this.#spreadMs),
    forMs: this.#prng.pick([50, 2000, 20_000]),
  });

  #decision(): Decision {
    const prng = this.#prng;
    const keys = prng.pick([["k-given"], ["k-given", "k-given"], ["k-given", "k-other"]]);
    return {
      atMs: prng.between(0, 60_000),
      does: prng.chance(0.75) ? "retry" : "drop",
      keys,
    };
  }

  #program(setsState: boolean): Program {
    const prng = this.#prng;
    const body = Array.from({ length: prng.int(0, 2) }, () => this.#instruction(setsState));
    if (prng.chance(this.#long)) body.push(longText());
    return { pid: `r${++this.#records}`, callee: "plain", body };
  }

  #instruction(setsState: boolean): Instruction {
    const prng = this.#prng;
    const name = `e${++this.#steps}`;
    const kinds = ["step", "step", "sleep", "throw", ...(setsState ? ["set", "set", "get"] : [])];
    switch (prng.pick(kinds)) {
      case "sleep":
        return { do: "sleep", ms: prng.int(0, prng.pick([5, 300, 4000])) };
      case "throw":
        return { do: "throw", times: prng.int(1, 2), name };
      case "set":
        return { do: "set", name: prng.pick(["a", "b"]) };
      case "get":
        return { do: "get", name: "a" };
      default:
        return { do: "step", name, ms: prng.chance(0.2) ? prng.between(100, 3000) : prng.between(0, 20) };
    }
  }
}

/** So that the record is too long for a message. */
export const longText = (): Instruction => ({
  do: "try",
  body: [],
  recover: [{ do: "throw", name: "x".repeat(1500) }],
});
