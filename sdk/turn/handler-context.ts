/**
 * The context of one turn. It makes commands of the journal from the user's calls, and values from their completions. One class
 * serves all kinds of handlers. The types in `context.ts` say what each may use; the rest is refused at run time, too.
 */
import { readState, readStateNames, type StateSubject } from "../../lib/store/state-store.ts";
import { peekPromise } from "../../lib/store/promise-store.ts";
import type { Duration } from "../../lib/duration.ts";
import type { CommandEntry, GetEntry, PeekEntry, RunEntry, StateKeysEntry } from "../../lib/model/entry.ts";
import { TerminalError } from "../../lib/errors.ts";
import type { Future } from "../../lib/turn/future.ts";
import { isExclusive } from "../../lib/model/manifest.ts";
import { encodeOutcome, type Outcome } from "../../lib/model/outcome.ts";
import type { Value } from "../../lib/model/value.ts";
import type { SleepLeaf } from "../../lib/model/wait.ts";
import type {
  ContextDate,
  InvocationRequest,
  Rand,
  RunOptions,
  StepAction,
  TransactWork,
  TransactWrite,
  WorkflowPromise,
} from "../context.ts";
import { assertName, bytesOf, durationMs, failureOf, serialized } from "./checked-value.ts";
import type { PromiseOwner } from "./current-turn.ts";
import { DurablePromise } from "../durable-promise.ts";
import { asHeld, HELD, type Held, unlessStored } from "../held.ts";
import type { Attempt, HandlerCode } from "./handler-code.ts";
import { OpenStep } from "./open-steps.ts";
import { SeededRandom } from "./random.ts";
import type { Serde } from "../serde.ts";
import { StateView } from "./state-view.ts";
import { startStep } from "./live-step.ts";
import { needsFunction } from "./step.ts";
import { TurnContext } from "./turn-context.ts";
import type { TurnDriver } from "./turn-driver.ts";

export class HandlerContext extends TurnContext implements PromiseOwner {
  readonly date: ContextDate;
  readonly #code: HandlerCode;
  readonly #attempt: Attempt;
  readonly #state: StateView | undefined;
  #rand: Rand | undefined;

  constructor(driver: TurnDriver, code: HandlerCode, attempt: Attempt) {
    super(driver);
    this.#code = code;
    this.#attempt = attempt;
    this.#state = code.serviceType === "service" ? undefined : new StateView();
    const held: Held = { is: "ctx.date", advice: "store what `await ctx.date.now()` gives" };
    const date: ContextDate = {
      now: async () => await this.run("date.now", () => this.ports.clock.now()),
      toJSON: unlessStored(held, async () => new Date(await date.now()).toJSON()),
    };
    this.date = Object.defineProperty(date, HELD, { value: held });
  }

  /**
   * The context asks, for it has the log. A function that the turn's operations held for that would keep all of the turn with it until the
   * next large garbage collection: a third of the time of a call without steps.
   */
  protected override late(entry: CommandEntry): void {
    this.#code.forgotten.late(entry, (text) => this.#attempt.log.warn(text));
  }

  request(): InvocationRequest {
    return this.#attempt.request;
  }

  get rand(): Rand {
    const { id, incarnation } = this.turnRequest;
    return (this.#rand ??= new SeededRandom(id, incarnation));
  }

  get console(): Console {
    return this.#attempt.log.console;
  }

  /** Whether a handler is one that waits until this one ends. */
  protected waitsForThis({
    service,
    handler,
    key,
  }: {
    service: string;
    handler: string;
    key: string | null;
  }): boolean {
    const { target, handlerKind } = this.turnRequest;
    const isHere = target.key !== undefined && service === target.service && key === target.key;
    return isHere && isExclusive(handlerKind) && this.#code.isExclusive(handler);
  }

  protected serdeOf<T>(serde: Serde<T> | undefined): Serde<T> {
    return serde ?? (this.#code.serde as Serde<T>);
  }

  // --- steps and time ----------------------------------------------------------------------------------------

  run<T>(
    nameOrAction: string | StepAction<T>,
    maybeAction?: StepAction<T>,
    options: RunOptions<T> = {},
  ): DurablePromise<T> {
    const [name, action] =
      typeof nameOrAction === "string" ? [nameOrAction, maybeAction] : [nameOrAction.name, nameOrAction];
    if (typeof action !== "function") throw new TerminalError(needsFunction("run", name, action));
    assertName(name, "step name");
    const entry: RunEntry = { kind: "run", command: this.driver.machine.nextCommand, name, outcome: null };
    return this.#step(entry, action, options);
  }

  transact<T>(
    name: string,
    action: StepAction<readonly TransactWrite[] | TransactWork<T>>,
    options: RunOptions<T> = {},
  ): DurablePromise<T> {
    if (typeof action !== "function") throw new TerminalError(needsFunction("transact", name, action));
    assertName(name, "step name");
    const command = this.driver.machine.nextCommand;
    return this.#step({ kind: "run", command, name, outcome: null, writes: 0 }, action, options);
  }

  #step<T>(entry: RunEntry, action: StepAction<unknown>, options: RunOptions<T>): DurablePromise<T> {
    const serde = this.serdeOf(options.serde);
    const { future, recorded } = this.command(
      entry,
      undefined,
      (value) => serde.deserialize(bytesOf(value)),
      () => {
        if (recorded) return;
        const step = new OpenStep(entry, future);
        this.driver.opened(step);
        this.driver.whenDurable(() => {
          if (step.isCancelled) return;
          startStep({ owner: this, driver: this.driver, code: this.#code, attempt: this.#attempt }, step, {
            ...{ closure: action, options, serde },
          });
        });
      },
    );
    const operation = entry.writes === undefined ? "run" : "transact";
    return new DurablePromise<T>(future, this, `ctx.${operation}(${JSON.stringify(entry.name)})`);
  }

  sleep(duration: Duration, name = ""): DurablePromise<void> {
    return new DurablePromise<void>(this.sleepFuture(duration, name), this, "ctx.sleep(...)");
  }

  sleepFuture(duration: Duration, name = ""): Future {
    assertName(name, "sleep name");
    const command = this.driver.machine.nextCommand;
    const dueAtMs = this.ports.clock.now() + durationMs(duration);
    const entry: CommandEntry = { kind: "sleep", command, dueAtMs, name };
    const leaf: SleepLeaf = { kind: "sleep", command, dueAtMs };
    const { future, recorded } = this.command(entry, leaf, () => undefined);
    // The first attempt's clock decides (T1): a replay must not push the timer back.
    if (recorded?.kind === "sleep") leaf.dueAtMs = recorded.dueAtMs;
    this.driver.timers.add(leaf, future);
    return future;
  }

  // --- state -------------------------------------------------------------------------------------------------

  get key(): string {
    const { key } = this.turnRequest.target;
    if (key === undefined) throw this.#unkeyed("key", "no key");
    return key;
  }

  /** Throws a TerminalError in a service. */
  #stateFor(operation: string): StateView {
    if (!this.#state) throw this.#unkeyed(operation, "no state");
    return this.#state;
  }

  #unkeyed(operation: string, has: string): TerminalError {
    const { service, handler } = this.turnRequest.target;
    return new TerminalError(
      `${service}/${handler} used ctx.${operation}, but a service has ${has}. Make it an object or a workflow.`,
    );
  }

  #stateSubject(): StateSubject {
    const { target, token } = this.turnRequest;
    const { serviceType: type } = this.#code;
    return token === undefined ? { target, type } : { target, type, token };
  }

  get<T>(name: string, serde?: Serde<T>): DurablePromise<T | null> {
    const state = this.#stateFor(`get(${JSON.stringify(name)})`);
    assertName(name, "state key", 1);
    const decode = (value: Value): T | null =>
      value === null ? null : this.serdeOf(serde).deserialize(bytesOf(value));
    const known = state.get(name);
    const entry: GetEntry = { kind: "get", command: this.driver.machine.nextCommand, name, value: null };
    const { future, recorded } = this.command(entry, undefined, (value) => {
      if (value instanceof Uint8Array || value === null) state.learned(name, value);
      return decode(value);
    });
    const promise = new DurablePromise<T | null>(future, this, `ctx.get(${JSON.stringify(name)})`);
    if (recorded) return promise;
    // A value that this turn has read or written before needs no entry: a replay knows it at the same point.
    if (known !== undefined) {
      this.driver.machine.needsNoEntry(entry.command);
      this.settle(future, decode)({ value: known, at: 0 });
    } else {
      const reading = readState(this.ports, this.#stateSubject(), name, this.driver.journal.length);
      this.driver.read(reading, (value) => this.driver.machine.finish({ ...entry, value }));
    }
    return promise;
  }

  stateKeys(): DurablePromise<string[]> {
    const state = this.#stateFor("stateKeys()");
    const entry: StateKeysEntry = { kind: "stateKeys", command: this.driver.machine.nextCommand, names: [] };
    const { future, recorded } = this.command(entry, undefined, (value) => value as string[]);
    if (!recorded) {
      const reading = readStateNames(this.ports, this.#stateSubject(), this.driver.journal.length);
      const namesNow = state.namesNow();
      this.driver.read(reading, (stored) =>
        this.driver.machine.finish({ ...entry, names: namesNow(stored) }),
      );
    }
    return new DurablePromise<string[]>(future, this, "ctx.stateKeys()");
  }

  set<T>(name: string, value: T, serde?: Serde<T>): void {
    const state = this.#writableState(`set(${JSON.stringify(name)})`);
    assertName(name, "state key", 1);
    const bytes = serialized(this.serdeOf(serde), value, `the value of state key "${name}"`);
    this.issue({ kind: "set", command: this.driver.machine.nextCommand, name, value: bytes });
    state.set(name, bytes);
  }

  clear(name: string): void {
    const state = this.#writableState(`clear(${JSON.stringify(name)})`);
    assertName(name, "state key", 1);
    this.issue({ kind: "clear", command: this.driver.machine.nextCommand, name });
    state.set(name, null);
  }

  clearAll(): void {
    const state = this.#writableState("clearAll()");
    this.issue({ kind: "clearAll", command: this.driver.machine.nextCommand, names: [] });
    state.clearAll();
  }

  /** The names that `clearAll` clears: the store's, and those that this turn has yet to write. */
  async namesToClear(pendingSets: readonly string[]): Promise<string[]> {
    const stored = await readStateNames(this.ports, this.#stateSubject(), this.driver.journal.length);
    return [...new Set([...stored, ...pendingSets])].toSorted();
  }

  /** Throws a TerminalError in a service, and in a handler that only reads. */
  #writableState(operation: string): StateView {
    const state = this.#stateFor(operation);
    if (isExclusive(this.turnRequest.handlerKind)) return state;
    const { service, handler } = this.turnRequest.target;
    throw new TerminalError(
      `${service}/${handler} used ctx.${operation}, but it is a shared handler, which only reads its key's state. ` +
        "Write it in an exclusive handler.",
    );
  }

  // --- promises of a workflow -------------------------------------------------------------------------------

  promise<T>(name: string, serde?: Serde<T>): WorkflowPromise<T> {
    if (!this.#state) throw this.#unkeyed(`promise(${JSON.stringify(name)})`, "no promises");
    assertName(name, "promise name", 1);
    const get = (): DurablePromise<T> => this.#awaitPromise(name, this.serdeOf(serde));
    const promise: WorkflowPromise<T> = {
      get,
      // oxlint-disable-next-line unicorn/no-thenable -- a durable promise is awaited as it is
      then: (onfulfilled, onrejected) => get().then(onfulfilled, onrejected),
      peek: async () => await this.#peekPromise(name, this.serdeOf(serde)),
      resolve: (value) => {
        const bytes = serialized(this.serdeOf(serde), value as T, `the value of promise "${name}"`);
        return this.#completePromise(name, { ok: true, value: bytes });
      },
      reject: (reason) => this.#completePromise(name, failureOf(reason)),
    };
    return asHeld(promise, {
      is: "a promise",
      advice: `was "await" forgotten before ctx.promise(${JSON.stringify(name)})?`,
    });
  }

  #awaitPromise<T>(name: string, serde: Serde<T>): DurablePromise<T> {
    const command = this.driver.machine.nextCommand;
    const entry = { kind: "promise.get", command, name } as const;
    const { future, recorded } = this.command(entry, entry, (value) => serde.deserialize(bytesOf(value)));
    const peek = (): Promise<Outcome | undefined> => peekPromise(this.ports, this.turnRequest, name);
    const found = (outcome: Outcome): void =>
      this.driver.machine.finishFromOutside(command, encodeOutcome(outcome));
    // The promise may be completed already. If not, the suspension registers this invocation as a waiter.
    if (!recorded) this.driver.read(peek(), (outcome) => outcome && found(outcome));
    this.driver.peeks.add({
      future,
      peek: async () => {
        const outcome = await peek();
        return outcome && (() => found(outcome));
      },
    });
    return new DurablePromise<T>(future, this, `ctx.promise(${JSON.stringify(name)})`);
  }

  #peekPromise<T>(name: string, serde: Serde<T>): DurablePromise<T | undefined> {
    const entry: PeekEntry = { kind: "peek", command: this.driver.machine.nextCommand, name, outcome: null };
    const decode = (value: Value): T | undefined =>
      value === null ? undefined : serde.deserialize(bytesOf(value));
    const { future, recorded } = this.command(entry, undefined, decode);
    if (!recorded) {
      this.driver.read(peekPromise(this.ports, this.turnRequest, name), (outcome) =>
        this.driver.machine.finish({ ...entry, outcome: outcome ? encodeOutcome(outcome) : null }),
      );
    }
    return new DurablePromise<T | undefined>(future, this, `ctx.promise(${JSON.stringify(name)}).peek()`);
  }

  #completePromise(name: string, outcome: Outcome): DurablePromise<void> {
    const { future, recorded } = this.command(
      {
        ...{ kind: "promise.complete", command: this.driver.machine.nextCommand, name },
        ...{ outcome: encodeOutcome(outcome) },
      },
      undefined,
      () => undefined,
    );
    if (recorded) {
      this.driver.whenDurable(() => {
        if (!future.settled) this.driver.repeatOutputs(recorded);
      });
    }
    const completed = new DurablePromise<void>(future, this, `ctx.promise(${JSON.stringify(name)})`);
    // Code that does not await it does not ask whether the promise was completed before.
    completed.catch(() => undefined);
    return completed;
  }
}
