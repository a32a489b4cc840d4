/**
 * When the code of a turn is at rest, and what it then waits for. A turn suspends when all that its code awaits is outside. So
 * it must know whether anything has happened, and which asynchronous mappers await nothing durable and continue by themselves.
 */
import { CancelledError } from "../../lib/errors.ts";
import type { Clock } from "../../lib/ports.ts";
import type { Future, Mapped } from "../../lib/turn/future.ts";
import type { Leaf, Wait } from "../../lib/model/wait.ts";
import { currentTurn, type PromiseOwner, type Root } from "./current-turn.ts";

/** The code has done all that it can without an event: microtasks are drained before a macrotask runs. */
export const atRest = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Whether anything has happened since it was last looked at: a command, an await, the end of some work. */
export class Activity {
  readonly #clock: Clock;
  #happened = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get happened(): boolean {
    return this.#happened;
  }

  touch(): void {
    this.#happened = true;
    this.#wake?.();
  }

  clear(): void {
    this.#happened = false;
  }

  /** Resolves when something has happened since the last `clear`, or after at most `maxMs`. */
  next(maxMs?: number): Promise<void> {
    if (this.#happened) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = maxMs === undefined ? undefined : this.#clock.after(maxMs, () => this.#wake?.());
      this.#wake = () => {
        this.#wake = undefined;
        cancel?.();
        resolve();
      };
    });
  }
}

type Delivery = (() => void) | undefined;

/** Reads what the code awaits and what sends the turn no note. Answers what delivers it, if it is there. */
interface Peek {
  readonly future: Future;
  readonly peek: () => Promise<Delivery>;
}

export class Peeks {
  readonly #peeks = new Set<Peek>();

  add(peek: Peek): void {
    this.#peeks.add(peek);
    peek.future.onSettled(() => this.#peeks.delete(peek));
  }

  /** One that fails is tried again with the next look. */
  wanted(): Promise<Delivery>[] {
    const wanted = [...this.#peeks].filter(({ future }) => future.isWanted);
    return wanted.map(async ({ peek }) => await peek().catch(() => undefined));
  }
}

const isOutside = (wait: Wait): boolean => !("parts" in wait) && wait.kind !== "sleep";

/** What the code awaits. */
export class Awaited {
  readonly #activity: Activity;
  /** The mapper that awaits it, if it is one. */
  readonly #roots = new Map<Root, { readonly mapper: object | undefined; readonly hearsOutside: boolean }>();
  /** Asynchronous mappers that have not ended. */
  readonly #mappers = new Set<object>();

  constructor(activity: Activity) {
    this.#activity = activity;
  }

  /** Nothing durable is awaited. */
  get isNothing(): boolean {
    return this.#roots.size === 0;
  }

  /** The code, or one of its mappers, awaits only things that are not durable: nothing outside can wake it. */
  get isOwn(): boolean {
    if (this.isNothing) return true;
    const awaiting = new Set([...this.#roots.values()].map(({ mapper }) => mapper));
    return [...this.#mappers].some((mapper) => !awaiting.has(mapper));
  }

  /** Something that is awaited comes from outside: not from this turn, nor from the clock. */
  get hearsOutside(): boolean {
    return [...this.#roots.values()].some((root) => root.hearsOutside);
  }

  /** Whether one of those that are awaited at last is such a leaf. */
  some(is: (leaf: Leaf) => boolean): boolean {
    return [...this.leaves].some((future) => {
      const wait = future.wait();
      return !("parts" in wait) && is(wait);
    });
  }

  add(root: Root): void {
    const hearsOutside = root.future.leaves.some((leaf) => isOutside(leaf.wait()));
    this.#roots.set(root, { mapper: currentTurn.getStore()?.mapper, hearsOutside });
    root.future.roots++;
    root.future.onSettled(() => this.#roots.delete(root));
    this.#activity.touch();
  }

  /** Runs a mapper of `owner`. If it returns a promise, this does not wait for it. */
  runMapper(owner: PromiseOwner, mapper: () => Mapped): Mapped {
    const running = {};
    const mapped = currentTurn.run({ owner, mapper: running }, mapper);
    if ("later" in mapped) {
      const ended = (): void => {
        this.#mappers.delete(running);
        this.#activity.touch();
      };
      this.#mappers.add(running);
      mapped.later.then(ended, ended);
    }
    return mapped;
  }

  /** What is awaited, at last. */
  get leaves(): ReadonlySet<Future> {
    return new Set([...this.#roots.keys()].flatMap(({ future }) => future.leaves));
  }

  /** Rejects all that is awaited now. */
  cancel(): void {
    const roots = [...this.#roots.keys()];
    this.#roots.clear();
    for (const root of roots) {
      root.future.roots--;
      root.reject(new CancelledError());
    }
  }

  /** The first thing that happens of what the code awaits wakes it. */
  get wait(): Wait {
    const waits = [...this.#roots.keys()].map((root) => root.future.wait());
    return waits.length === 1 && waits[0] ? waits[0] : { kind: "race", parts: waits };
  }
}
