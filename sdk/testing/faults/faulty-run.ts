/**
 * One run of a test with faults: which requests of handlers there are, what goes wrong at which, and in which order requests happen. All
 * environments that the test starts belong to it.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { Prng } from "../../../lib/prng.ts";
import type { Entropy } from "../../../lib/ports.ts";
import type { EnvironmentOutcome } from "./outcome.ts";
import { type ChosenFault, type Fault, type FaultPoint, FAULTS, type Strike } from "./fault.ts";

export interface RunPlan {
  readonly seed: number;
  /** The next request is drawn among those that wait. Otherwise it is the one that has waited longest. */
  readonly drawsOrder: boolean;
  /** At the request of this number. */
  readonly at?: { readonly number: number; readonly fault: Fault };
  /** How likely each fault is at each request. */
  readonly rate?: number;
  /** These, and none that is drawn. */
  readonly faults?: readonly ChosenFault[];
  /** A failing run tells what has happened. */
  readonly tells?: boolean;
}

const current = new AsyncLocalStorage<FaultyRun>();

export class FaultyRun {
  /** Where the test stands within one. */
  static get current(): FaultyRun | undefined {
    return current.getStore();
  }

  readonly plan: RunPlan;
  readonly points: FaultPoint[] = [];
  readonly strikes: Strike[] = [];
  readonly outcomes: EnvironmentOutcome[] = [];
  /** What happened, as text: of each environment. */
  readonly timelines: string[] = [];
  /** How often the closure of each step was begun, by its name. */
  readonly steps = new Map<string, number>();
  readonly #order: Prng;
  readonly #faults: Prng;
  readonly #hang = Promise.withResolvers<never>();
  #isEndless = false;
  readonly #stops = new Set<() => Promise<void>>();
  /** By target and what is asked for. */
  readonly #occurrences = new Map<string, number>();

  constructor(plan: RunPlan) {
    this.plan = plan;
    this.#order = new Prng(plan.seed, "order");
    this.#faults = new Prng(plan.seed, "faults");
    this.#hang.promise.catch(() => undefined);
  }

  /** Runs the test as a part of this run. */
  within<T>(test: () => Promise<T>): Promise<T> {
    return current.run(this, test);
  }

  /** Which of so many requests is next. */
  pick(count: number): number {
    return this.plan.drawsOrder && count > 1 ? this.#order.int(0, count - 1) : 0;
  }

  /** What goes wrong at this request. */
  faultAt(asked: Omit<FaultPoint, "number" | "occurrence">): Fault | undefined {
    const name = `${asked.target} ${asked.what}`;
    const occurrence = this.#occurrences.get(name) ?? 0;
    this.#occurrences.set(name, occurrence + 1);
    const point = { ...asked, number: this.points.length, occurrence };
    this.points.push(point);
    const fault = this.#chosen(point) ?? this.#draw();
    if (fault !== undefined) this.strikes.push({ fault, point });
    return fault;
  }

  #chosen({ number, target, what, occurrence }: FaultPoint): Fault | undefined {
    const { at, faults = [] } = this.plan;
    if (at?.number === number) return at.fault;
    return faults.find(
      (each) => each.target === target && each.what === what && each.occurrence === occurrence,
    )?.fault;
  }

  #draw(): Fault | undefined {
    const { rate, faults } = this.plan;
    if (rate === undefined || faults !== undefined || !this.#faults.chance(rate)) return undefined;
    return this.#faults.pick(FAULTS);
  }

  /** Rejects when it is found that the test never ends. */
  get hang(): Promise<never> {
    return this.#hang.promise;
  }

  /** `words`: why, and what has not ended. */
  endless(words: () => Promise<string>): void {
    if (this.#isEndless) return;
    this.#isEndless = true;
    words().then((text) => this.#hang.reject(new Error(text)), this.#hang.reject);
  }

  stepBegins(name: string): void {
    this.steps.set(name, (this.steps.get(name) ?? 0) + 1);
  }

  /** Each use has a stream of its own: what one party draws changes nothing for the others. */
  entropy(of: string): Entropy {
    const prng = new Prng(this.plan.seed, of);
    return { bytes: (count) => prng.bytes(count) };
  }

  /** What stops an environment, if the test does not get there. */
  opened(stop: () => Promise<void>): void {
    this.#stops.add(stop);
  }
  closed(stop: () => Promise<void>): void {
    this.#stops.delete(stop);
  }

  /** Stops the environments that the test has left. */
  async end(): Promise<void> {
    for (const stop of this.#stops) await stop().catch(() => undefined);
  }
}
