/**
 * What a handler awaits, as a graph that settles deterministically. Leaves settle in the order of the journal's
 * events; every settlement carries the number of its event, and a combinator settles by the smallest (race, any, a
 * failed all) or the largest (all, allSettled) number among its parts. So the winner depends on the journal alone,
 * never on when a combinator was built or on the order of microtasks (D1).
 */
import { asError } from "./errors.ts";
import type { Leaf, Wait } from "./wait.ts";

export type Settled =
  | { readonly ok: true; readonly value: unknown; readonly at: number }
  | { readonly ok: false; readonly error: Error; readonly at: number };

type Combine = "all" | "any" | "race" | "settled";
type Mapper = (value: unknown, error: Error | undefined) => unknown;

export class Future {
  settled: Settled | undefined;
  /** Someone waits for it: only then do its closures start and its mapper run. */
  awaited = false;
  readonly #parts: readonly Future[];
  readonly #listeners: (() => void)[] = [];
  readonly #evaluate: (() => Settled | undefined) | undefined;
  readonly #wait: (() => Wait) | undefined;
  readonly #onAwaited: (() => void) | undefined;

  private constructor(init: {
    parts?: readonly Future[];
    evaluate?: () => Settled | undefined;
    wait?: () => Wait;
    onAwaited?: () => void;
  }) {
    this.#parts = init.parts ?? [];
    this.#evaluate = init.evaluate;
    this.#wait = init.wait;
    this.#onAwaited = init.onAwaited;
    for (const part of this.#parts) part.onSettled(() => this.#reevaluate());
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
      parts,
      evaluate: () => RULES[kind](parts),
      wait: () => [kind, parts.filter((part) => !part.settled).map((part) => part.wait())],
    });
  }

  /** Runs `mapper` once, when the part has settled and the result is awaited. `fatal` hears of what is no terminal error. */
  static map(
    part: Future,
    mapper: Mapper,
    isTerminal: (error: Error) => boolean,
    fatal: (error: Error) => void,
  ): Future {
    const evaluate = (): Settled | undefined => {
      if (!part.settled) return undefined;
      const { at } = part.settled;
      try {
        const value = part.settled.ok
          ? mapper(part.settled.value, undefined)
          : mapper(undefined, part.settled.error);
        return { ok: true, value, at };
      } catch (thrown) {
        const error = asError(thrown);
        if (!isTerminal(error)) fatal(error);
        return { ok: false, error, at };
      }
    };
    return new Future({ parts: [part], evaluate, wait: () => ["~", [part.wait()]] });
  }

  settle(settled: Settled): void {
    if (this.settled) return;
    this.settled = settled;
    for (const listener of this.#listeners.splice(0)) listener();
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
    return this.#wait?.() ?? ["race", []];
  }

  /** Only once it is awaited, and so all its parts are: a part that is mapped settles no sooner. */
  #reevaluate(): void {
    if (this.settled || !this.#evaluate || !this.awaited) return;
    const settled = this.#evaluate();
    if (settled) this.settle(settled);
  }
}

const settledOf = (parts: readonly Future[]): Settled[] =>
  parts.flatMap((part) => (part.settled ? [part.settled] : []));
const first = (among: readonly Settled[]): Settled | undefined =>
  among.reduce<Settled | undefined>(
    (best, next) => (best === undefined || next.at < best.at ? next : best),
    undefined,
  );
const latest = (among: readonly Settled[]): number => among.reduce((at, next) => Math.max(at, next.at), 0);

const RULES: Record<Combine, (parts: readonly Future[]) => Settled | undefined> = {
  all(parts) {
    const settled = settledOf(parts);
    const failed = first(settled.filter((part) => !part.ok));
    if (failed) return failed;
    if (settled.length < parts.length) return undefined;
    return {
      ok: true,
      value: settled.map((part) => (part.ok ? part.value : undefined)),
      at: latest(settled),
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
      at: latest(settled),
    };
  },
  race: (parts) => first(settledOf(parts)),
  settled(parts) {
    const settled = settledOf(parts);
    if (settled.length < parts.length) return undefined;
    const value = settled.map((part) =>
      part.ok ? { status: "fulfilled", value: part.value } : { status: "rejected", reason: part.error },
    );
    return { ok: true, value, at: latest(settled) };
  },
};
