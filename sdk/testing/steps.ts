/** What steps do in a test, by their names: the closure, or something in its place; and how often they did. */
import type { GatedStep, StepGate } from "../../lib/step-gate.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Target } from "../../lib/model/message.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import { asError } from "../../lib/errors.ts";
import { TEST_ATTEMPTS_MAX } from "../../lib/limits/local.ts";

/** An attempt of a step. */
export interface StepAttempt {
  /** The invocation's id. */
  readonly invocation: string;
  readonly service: string;
  readonly handler: string;
  readonly key?: string;
  /** What it answered. Absent: it has not, or it failed. */
  readonly result?: unknown;
  readonly error?: Error;
  /** Its process has died in it, as the test has told it to. */
  readonly died?: true;
}

/** `before`: the closure does not run. `after`: it has run, and nothing of it is recorded. */
export type StepCrash = "before" | "after";

/** Runs in place of a closure, which it may run. */
export type StepReplacement = (
  attempt: StepAttempt & { readonly original: () => Promise<unknown> },
) => unknown;

/** One step's behaviour, from now on and for all invocations. What it returns is recorded as the closure's result would be. */
export class StepControl {
  readonly #hung: HungSteps;
  readonly #attempts: () => readonly StepAttempt[];
  #instead: StepReplacement | undefined;
  /** Something was said of it. */
  isTold = false;
  readonly name: string;
  #failures: { readonly error: unknown; left: number } | undefined;
  #crashes: { readonly when: StepCrash; left: number } | undefined;

  constructor(name: string, hung: HungSteps, attempts: () => readonly StepAttempt[]) {
    this.name = name;
    this.#hung = hung;
    this.#attempts = attempts;
  }

  /** The closure does not run: this is its result. */
  returns(value: unknown): this {
    return this.calls(() => value);
  }

  /** The closure does not run: it fails with this. A TerminalError is the step's result; any other error is retried as the step's or
   * the handler's policy says. `times`: so often, and then what was said before holds. Default: always. */
  throws(error: unknown, { times }: { readonly times?: number } = {}): this {
    this.isTold = true;
    const thrown = typeof error === "string" ? new Error(error) : error;
    if (times !== undefined) {
      this.#failures = { error: thrown, left: times };
      return this;
    }
    return this.calls(() => {
      throw thrown;
    });
  }

  /** The process dies in the step: before its closure runs, or after it and before its result is recorded. So the closure runs again, as
   * it may at any real crash. The attempt counts, and is repeated as the handler's policy says. `times`: so often, and then what was said
   * before holds. Default: once. */
  crashes(when: StepCrash, { times = 1 }: { readonly times?: number } = {}): this {
    this.isTold = true;
    this.#crashes = { when, left: times };
    return this;
  }

  /** The closure does not run, and nothing comes back, until {@link runs} or another of these is said, which is for the attempts after
   * it. Time can be skipped meanwhile. */
  hangs(): this {
    return this.calls(async () => await this.#hung.one());
  }

  /** This runs in place of the closure. */
  calls(replacement: StepReplacement): this {
    this.isTold = true;
    this.#failures = undefined;
    this.#instead = replacement;
    return this;
  }

  /** The closure runs, as without a test. */
  runs(): this {
    this.#failures = undefined;
    this.#crashes = undefined;
    this.#instead = undefined;
    return this;
  }

  /** How often the step was begun since the environment was started, repetitions included. */
  get count(): number {
    return this.attempts.length;
  }

  /** Each time that it was begun, in order. */
  get attempts(): readonly StepAttempt[] {
    return this.#attempts();
  }

  /** A process may die in it. */
  get canCrash(): boolean {
    return this.#crashes !== undefined && this.#crashes.left > 0;
  }

  /** Whether the next attempt's process dies. */
  nextCrash(): StepCrash | undefined {
    const crashes = this.#crashes;
    if (!crashes || !this.canCrash) return undefined;
    crashes.left--;
    return crashes.when;
  }

  /** What the next attempt runs. `undefined`: its closure. */
  next(): StepReplacement | undefined {
    const failures = this.#failures;
    if (failures === undefined || failures.left <= 0) return this.#instead;
    failures.left--;
    return () => {
      throw failures.error;
    };
  }
}

/** Steps that hang: no turn that waits for one of them goes on by itself. */
export class HungSteps {
  readonly #ends = new Set<(error: Error) => void>();
  readonly #begun = Promise.withResolvers<void>();

  get count(): number {
    return this.#ends.size;
  }

  /** Resolves when one hangs. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  one(): Promise<never> {
    this.#begun.resolve();
    return new Promise((_, reject) => void this.#ends.add(reject));
  }

  /** The environment stops. */
  end(): void {
    for (const end of this.#ends) end(new Error("the test environment was stopped while this step hung"));
    this.#ends.clear();
  }
}

/** All steps of an environment. */
export class TestSteps implements StepGate {
  readonly hung = new HungSteps();
  readonly #controls = new Map<string, StepControl>();
  /** By the step's name. */
  readonly #attempts = new Map<string, StepAttempt[]>();
  readonly #targets = new Map<InvocationId, Target>();
  #running = 0;
  /** The process dies in which an invocation runs. */
  onCrash: (id: InvocationId) => void = () => undefined;

  /** `service`: of this service alone. It goes before what is said of all. */
  control(name: string, service: string | undefined): StepControl {
    const known = this.#controls.get(placeOf(name, service));
    if (known) return known;
    const attempts = (): readonly StepAttempt[] => {
      const all = this.#attempts.get(name) ?? [];
      return service === undefined ? all : all.filter((attempt) => attempt.service === service);
    };
    const made = new StepControl(name, this.hung, attempts);
    this.#controls.set(placeOf(name, service), made);
    return made;
  }

  /** Names that were told what to do, and were never begun. */
  get unused(): readonly string[] {
    const controls = [...this.#controls.values()].filter(({ isTold, count }) => isTold && count === 0);
    return [...new Set(controls.map(({ name }) => name))];
  }

  /** A process may die in one of them. */
  get canCrash(): boolean {
    return [...this.#controls.values()].some((control) => control.canCrash);
  }

  /** Names of those that were begun. */
  get begun(): readonly string[] {
    return [...this.#attempts.keys()];
  }

  /** A turn of it is about to run. */
  runs(id: InvocationId, target: Target): void {
    this.#targets.set(id, target);
  }

  /** Closures that run, and do not hang. */
  get working(): number {
    return this.#running - this.hung.count;
  }

  /** Every step that runs hangs. */
  get areHung(): boolean {
    return this.hung.count > 0 && this.hung.count === this.#running;
  }

  begins(): undefined {
    this.#running++;
  }

  ends(): void {
    this.#running--;
  }

  async instead<T>({ id, name }: GatedStep, closure: () => T | Promise<T>): Promise<T> {
    const target = this.#targets.get(id);
    if (!target) return await closure();
    const { service, handler, key } = target;
    const about = { invocation: shownId(id), service, handler, ...(key === undefined ? {} : { key }) };
    const original = async (): Promise<T> => await closure();
    const own = this.#controls.get(placeOf(name, service)) ?? this.#controls.get(placeOf(name, undefined));
    const crash = own?.nextCrash();
    const replacement = own?.next();
    const run = async (): Promise<unknown> =>
      await (replacement ? replacement({ ...about, original }) : original());
    if (crash !== undefined) return await this.#dies(id, name, about, crash === "after" ? run : undefined);
    return (await this.#attempt(name, about, run)) as T;
  }

  /** `run`: what the process has done before it dies. */
  async #dies(
    id: InvocationId,
    name: string,
    about: StepAttempt,
    run: (() => Promise<unknown>) | undefined,
  ): Promise<never> {
    await this.#attempt(name, { ...about, died: true }, async () => await run?.()).catch(() => undefined);
    this.ends();
    this.onCrash(id);
    return await new Promise<never>(() => undefined);
  }

  async #attempt(name: string, about: StepAttempt, run: () => Promise<unknown>): Promise<unknown> {
    const attempts = this.#attempts.get(name) ?? [];
    this.#attempts.set(name, attempts);
    if (attempts.length >= TEST_ATTEMPTS_MAX) return await run();
    const at = attempts.push(about) - 1;
    try {
      const result = await run();
      attempts[at] = { ...about, result };
      return result;
    } catch (thrown) {
      attempts[at] = { ...about, error: asError(thrown) };
      throw thrown;
    }
  }
}

const placeOf = (name: string, service: string | undefined): string => `${service ?? ""}/${name}`;
