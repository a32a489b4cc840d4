/**
 * What a handler awaits, as a graph that settles deterministically. Leaves settle in the order of the journal's
 * events; every settlement carries the number of its event, and a combinator settles by the smallest (race, any, a
 * failed all) or the largest (all, allSettled) number among its parts. So the winner depends on the journal alone,
 * never on when a combinator was built or on the order of microtasks (D1). A mapper that is asynchronous settles at
 * the event at which its own promise does: at that of its part if it awaits nothing durable, at a later one if it does.
 */
import { asError } from "../errors.ts";
import type { Leaf, Wait } from "../model/wait.ts";

/** `layers`: of combinators and mappers between the event and this; 0 unless it says more. */
export type Settled = { readonly at: number; readonly layers?: number } & (
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: Error }
);

type Combine = "all" | "any" | "race" | "settled";
type Mapper = (value: unknown, error: Error | undefined) => unknown;
/** What a mapper answered: a value, or a promise. */
export type Mapped = { readonly value: unknown } | { readonly later: Promise<unknown> };
/** What a mapped future needs to know of the turn that its mapper runs in. */
export interface MapperHost {
  /** Runs the mapper where what it awaits is known to be a mapper's. */
  run(mapper: () => Mapped): Mapped;
  /** The number of the last event. */
  readonly event: number;
  /** Whether a mapper takes this failure; it passes by unmapped otherwise. */
  takes(error: Error): boolean;
  /** Whether a mapper may throw this; anything else is `fatal`. */
  isTerminal(error: Error): boolean;
  fatal(error: Error): void;
}

const NEVER: Wait = { kind: "race", parts: [] };

/** What a layer adds. One event may settle several parts of a race: as with native promises, of which Restate's are made,
 * the one with the fewest layers is first, and a mapper counts for three. */
const COMBINED = 1;
const MAPPED = 3;

/** Settlements of one event, on their way up: lower layers first. */
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
  /** Someone waits for it: only then do its closures start and its mapper run. */
  awaited = false;
  readonly #kind: Combine | undefined;
  readonly #parts: readonly Future[];
  readonly #listeners: (() => void)[] = [];
  readonly #parents: Future[] = [];
  readonly #cost: number;
  readonly #evaluate: (() => Settled | undefined) | undefined;
  readonly #wait: (() => Wait) | undefined;
  readonly #onAwaited: (() => void) | undefined;

  private constructor(init: {
    kind?: Combine;
    parts?: readonly Future[];
    evaluate?: () => Settled | undefined;
    wait?: () => Wait;
    onAwaited?: () => void;
  }) {
    this.#kind = init.kind;
    this.#parts = init.parts ?? [];
    this.#evaluate = init.evaluate;
    this.#wait = init.wait;
    this.#onAwaited = init.onAwaited;
    this.#cost = init.kind === undefined ? MAPPED : COMBINED;
    for (const part of this.#parts) if (!part.settled) part.#parents.push(this);
    this.#reevaluate();
  }

  /** A command of the journal. `leaf` says what a suspended invocation would wait for; a run or a read, which only
   * its own turn can settle, has none. */
  static leaf(options: { leaf?: Leaf; onAwaited?: () => void } = {}): Future {
    const { leaf, onAwaited } = options;
    return new Future({ ...(leaf ? { wait: () => leaf } : {}), ...(onAwaited ? { onAwaited } : {}) });
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

  /** Runs `mapper` once, when the part has settled and the result is awaited, and settles with what it answers, or
   * with what the promise that it answers settles with. Never settles once the mapper threw what is not terminal:
   * the attempt is over then. */
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
    // While the mapper runs, nothing that this future waits for is outside: what the mapper awaits is awaited by itself.
    const wait = (): Wait => (isRunning ? NEVER : { kind: "mapped", parts: [part.wait()] });
    const future = new Future({ parts: [part], evaluate, wait });
    return future;
  }

  /** Whether it can settle at all: a race of nothing cannot. */
  get canSettle(): boolean {
    if (this.settled || this.#parts.length === 0) return this.settled !== undefined || this.#kind !== "race";
    return this.#kind === "all" || this.#kind === "settled"
      ? this.#parts.every((part) => part.canSettle)
      : this.#parts.some((part) => part.canSettle);
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

  /** Marks it and its parts as awaited. */
  markAwaited(): void {
    if (this.awaited) return;
    for (const part of this.#parts) part.markAwaited();
    this.awaited = true;
    this.#onAwaited?.();
    this.#reevaluate();
  }

  /** The tree of what is missing; only of an unsettled future. */
  wait(): Wait {
    return this.#wait?.() ?? NEVER;
  }

  /** Only once it is awaited, and so all its parts are: a part that is mapped settles no sooner. */
  #reevaluate(): void {
    if (this.settled || !this.#evaluate || !this.awaited) return;
    const settled = this.#evaluate();
    if (!settled) return;
    const isCombined = this.#kind !== undefined;
    this.settle(isCombined ? { ...settled, layers: (settled.layers ?? 0) + COMBINED } : settled);
  }
}

/** `undefined`: it was fatal. */
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
/** When all of them have: with the last event, and the most layers that it went through. */
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
