/**
 * What a handler awaits, as a graph that settles deterministically (D1).
 *
 * Leaves settle in the order of the journal's events, and each settlement carries the number of its event. A combinator
 * settles by the numbers of its parts: by the smallest (race, any, an all that fails) or by the largest (all, allSettled).
 * So the winner depends on the journal alone. It depends neither on when a combinator was built nor on the order of
 * microtasks.
 *
 * An asynchronous mapper settles at the event at which its promise settles. That is the event of its part if the mapper
 * awaits nothing durable, and a later one otherwise.
 */
import { asError } from "../errors.ts";
import type { Leaf, Wait } from "../model/wait.ts";

/** `layers`: how many layers of combinators and mappers are between the event and this. Absent: none. */
export type Settled = { readonly at: number; readonly layers?: number } & (
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: Error }
);

type Combine = "all" | "any" | "race" | "settled";
type Mapper = (value: unknown, error: Error | undefined) => unknown;
/** What a mapper returned: a value, or a promise. */
export type Mapped = { readonly value: unknown } | { readonly later: Promise<unknown> };
/** What a mapped future needs from the turn that its mapper runs in. */
export interface MapperHost {
  /** Runs the mapper so that the turn knows that a mapper awaits what is awaited in it. */
  run(mapper: () => Mapped): Mapped;
  /** The number of the last event. */
  readonly event: number;
  /** Whether mappers see this failure. Otherwise it passes them unmapped. */
  takes(error: Error): boolean;
  /** Whether a mapper may throw this. Any other error is `fatal`. */
  isTerminal(error: Error): boolean;
  fatal(error: Error): void;
}

const NEVER: Wait = { kind: "race", parts: [] };

/** What a layer adds. One event may settle several parts of a race. As with native promises, which Restate uses, the part
 * with the fewest layers is first, and a mapper counts for three. */
const COMBINED = 1;
const MAPPED = 3;

/** The settlements that one event causes in the graph, lower layers first. */
class Wave {
  #steps: { readonly layers: number; readonly run: () => void }[] = [];
  #runs = false;

  add(layers: number, run: () => void): void {
    const at = this.#steps.findIndex((step) => step.layers > layers);
    this.#steps.splice(at < 0 ? this.#steps.length : at, 0, { layers, run });
  }

  run(): void {
    if (this.#runs) return;
    this.#runs = true;
    try {
      for (let step = this.#steps.shift(); step; step = this.#steps.shift()) step.run();
    } finally {
      this.#runs = false;
      this.#steps = [];
    }
  }
}
const wave = new Wave();

export class Future {
  settled: Settled | undefined;
  /** Something awaits it. Only then do its closures start and its mapper run. */
  awaited = false;
  /** Combinators and mappers within each other, this one included, that had not settled when it was made. */
  readonly depth: number;
  /** How often the code awaits it now, itself and not as a part. */
  roots = 0;
  readonly #kind: Combine | undefined;
  readonly #parts: readonly Future[];
  readonly #listeners: (() => void)[] = [];
  readonly #parents: Future[] = [];
  readonly #cost: number;
  readonly #evaluate: (() => Settled | undefined) | undefined;
  readonly #wait: (() => Wait) | undefined;
  readonly #onAwaited: (() => void) | undefined;
  readonly #onEachAwait: (() => void) | undefined;
  /** It or one of its parts has an `onEachAwait`. */
  readonly #hearsAwaits: boolean;

  private constructor(init: {
    kind?: Combine;
    parts?: readonly Future[];
    evaluate?: () => Settled | undefined;
    wait?: () => Wait;
    onAwaited?: () => void;
    onEachAwait?: () => void;
  }) {
    this.#kind = init.kind;
    this.#parts = init.parts ?? [];
    this.#evaluate = init.evaluate;
    this.#wait = init.wait;
    this.#onAwaited = init.onAwaited;
    this.#onEachAwait = init.onEachAwait;
    this.#hearsAwaits = init.onEachAwait !== undefined || this.#parts.some((part) => part.#hearsAwaits);
    this.depth = this.#parts.reduce((depth, part) => Math.max(depth, part.settled ? 0 : part.depth + 1), 0);
    this.#cost = init.kind === undefined ? MAPPED : COMBINED;
    for (const part of this.#parts) if (!part.settled) part.#parents.push(this);
    this.#reevaluate();
  }

  /** A command of the journal. `leaf`: what a suspended invocation waits for. A run or a read has none, because only its own
   * turn can settle it. `onEachAwait` is called whenever the code awaits it, alone or as a part. */
  static leaf(options: { leaf?: Leaf; onAwaited?: () => void; onEachAwait?: () => void } = {}): Future {
    const { leaf, ...hooks } = options;
    return new Future({ ...(leaf ? { wait: () => leaf } : {}), ...hooks });
  }

  static settledWith(settled: { ok: true; value: unknown } | { ok: false; error: Error }): Future {
    const future = new Future({});
    future.settle({ ...settled, at: 0 });
    return future;
  }

  static combine(kind: Combine, parts: readonly Future[]): Future {
    return new Future({
      kind,
      parts,
      evaluate: () => RULES[kind](parts),
      wait: () => ({ kind, parts: parts.filter((part) => !part.settled).map((part) => part.wait()) }),
    });
  }

  /** Runs `mapper` once, when the part has settled and the result is awaited. Settles with what the mapper returns; if that
   * is a promise, with what the promise settles with. If the mapper throws an error that is not terminal, this never
   * settles, and the attempt is over. */
  static map(part: Future, mapper: Mapper, host: () => MapperHost): Future {
    let isRunning = false;
    const evaluate = (): Settled | undefined => {
      const { settled } = part;
      if (!settled || isRunning) return undefined;
      isRunning = true;
      const at = settled.at;
      const layers = (settled.layers ?? 0) + MAPPED;
      const turn = host();
      if (!settled.ok && !turn.takes(settled.error)) return settled;
      try {
        const mapped = turn.run(() => {
          const result = settled.ok ? mapper(settled.value, undefined) : mapper(undefined, settled.error);
          return isThenable(result) ? { later: Promise.resolve(result) } : { value: result };
        });
        if ("value" in mapped) return { ok: true, value: mapped.value, at, layers };
        mapped.later.then(
          (value) => future.settle({ ok: true, value, at: Math.max(at, host().event) }),
          (thrown: unknown) => {
            const failed = mapperFailure(thrown, Math.max(at, host().event), turn);
            if (failed) future.settle(failed);
          },
        );
        return undefined;
      } catch (thrown) {
        const failed = mapperFailure(thrown, at, turn);
        return failed && { ...failed, layers };
      }
    };
    // While the mapper runs, this future waits for nothing outside. What the mapper awaits is a root of its own.
    const wait = (): Wait => (isRunning ? NEVER : { kind: "mapped", parts: [part.wait()] });
    const future = new Future({ parts: [part], evaluate, wait });
    return future;
  }

  /** What it waits for at last: itself, or what its parts wait for. */
  get leaves(): readonly Future[] {
    if (this.settled) return [];
    return this.#parts.length === 0 ? [this] : this.#parts.flatMap((part) => part.leaves);
  }

  /** Whether it can settle at all. A race of nothing cannot. */
  get canSettle(): boolean {
    if (this.settled || this.#parts.length === 0) return this.settled !== undefined || this.#kind !== "race";
    return this.#kind === "all" || this.#kind === "settled"
      ? this.#parts.every((part) => part.canSettle)
      : this.#parts.some((part) => part.canSettle);
  }

  /** Whether it can settle only when that one has. */
  needs(other: Future): boolean {
    if (this === other || this.settled || this.#parts.length === 0) return this === other;
    const isRace = this.#kind === "race" || this.#kind === "any";
    return isRace
      ? this.#parts.every((part) => part.needs(other))
      : this.#parts.some((part) => part.needs(other));
  }

  settle(settled: Settled): void {
    if (this.settled) return;
    this.settled = settled;
    for (const parent of this.#parents.splice(0)) {
      wave.add((settled.layers ?? 0) + parent.#cost, () => parent.#reevaluate());
    }
    for (const listener of this.#listeners.splice(0)) listener();
    wave.run();
  }

  onSettled(listener: () => void): void {
    if (this.settled) listener();
    else this.#listeners.push(listener);
  }

  /** Nothing that it depends on is missing: it settles as soon as it is awaited, unless a mapper takes its time. */
  get isDecided(): boolean {
    return (
      this.settled !== undefined || (this.#parts.length > 0 && this.#parts.every((part) => part.isDecided))
    );
  }

  /** The code awaits something that it is a part of, or it itself. */
  get isWanted(): boolean {
    return this.roots > 0 || this.#parents.some((parent) => !parent.settled && parent.isWanted);
  }

  /** Tells its leaves that the code awaits it, also if it has settled by others. */
  tellAwait(): void {
    if (!this.#hearsAwaits) return;
    this.#onEachAwait?.();
    for (const part of this.#parts) part.tellAwait();
  }

  /** Marks it and its parts as awaited. */
  markAwaited(): void {
    if (this.awaited) return;
    for (const part of this.#parts) part.markAwaited();
    this.awaited = true;
    this.#onAwaited?.();
    this.#reevaluate();
  }

  /** The tree of what is missing. Only for a future that has not settled. */
  wait(): Wait {
    return this.#wait?.() ?? NEVER;
  }

  /** Only when it is awaited. Then all its parts are too, and a mapped part settles no sooner. */
  #reevaluate(): void {
    if (this.settled || !this.#evaluate || !this.awaited) return;
    const settled = this.#evaluate();
    if (!settled) return;
    const isCombined = this.#kind !== undefined;
    this.settle(isCombined ? { ...settled, layers: (settled.layers ?? 0) + COMBINED } : settled);
  }
}

/** `undefined`: the error was fatal. */
function mapperFailure(thrown: unknown, at: number, turn: MapperHost): Settled | undefined {
  const error = asError(thrown);
  if (turn.isTerminal(error)) return { ok: false, error, at };
  turn.fatal(error);
  return undefined;
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  ((typeof value === "object" && value !== null) || typeof value === "function") &&
  typeof (value as { readonly then?: unknown }).then === "function";

const settledOf = (parts: readonly Future[]): Settled[] =>
  parts.flatMap((part) => (part.settled ? [part.settled] : []));
const first = (among: readonly Settled[]): Settled | undefined =>
  among.reduce<Settled | undefined>(
    (best, next) => (best === undefined || isBefore(next, best) ? next : best),
    undefined,
  );
const isBefore = (one: Settled, other: Settled): boolean =>
  one.at < other.at || (one.at === other.at && (one.layers ?? 0) < (other.layers ?? 0));
/** When all of them have settled: with the last event, and the most layers that it has passed. */
function latest(among: readonly Settled[]): { readonly at: number; readonly layers: number } {
  const at = among.reduce((last, next) => Math.max(last, next.at), 0);
  return { at, layers: Math.max(0, ...among.map((part) => (part.at === at ? (part.layers ?? 0) : 0))) };
}

const RULES: Record<Combine, (parts: readonly Future[]) => Settled | undefined> = {
  all(parts) {
    const settled = settledOf(parts);
    const failed = first(settled.filter((part) => !part.ok));
    if (failed) return failed;
    if (settled.length < parts.length) return undefined;
    return {
      ok: true,
      value: settled.map((part) => (part.ok ? part.value : undefined)),
      ...latest(settled),
    };
  },
  any(parts) {
    const settled = settledOf(parts);
    const winner = first(settled.filter((part) => part.ok));
    if (winner || settled.length < parts.length) return winner;
    const errors = settled.flatMap((part) => (part.ok ? [] : [part.error]));
    return {
      ok: false,
      error: new AggregateError(errors, "All promises were rejected"),
      ...latest(settled),
    };
  },
  race: (parts) => first(settledOf(parts)),
  settled(parts) {
    const settled = settledOf(parts);
    if (settled.length < parts.length) return undefined;
    const value = settled.map((part) =>
      part.ok ? { status: "fulfilled", value: part.value } : { status: "rejected", reason: part.error },
    );
    return { ok: true, value, ...latest(settled) };
  },
};
