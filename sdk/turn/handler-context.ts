/**
 * The context of one turn: turns the user's calls into commands of the journal, and their completions back into
 * values. One class serves all kinds of handlers; the types in `context.ts` say what each may use, and what is not
 * theirs is refused at run time too.
 */
import { readState, readStateNames, type StateSubject } from "../../lib/store/state-store.ts";
import { peekPromise } from "../../lib/store/promise-store.ts";
import { type Duration, toMs } from "../../lib/duration.ts";
import type { CommandEntry, GetEntry, PeekEntry, RunEntry, StateKeysEntry } from "../../lib/model/entry.ts";
import { asError, TerminalError } from "../../lib/errors.ts";
import { Future, type Mapped } from "../../lib/turn/future.ts";
import { awakeableId, parseAwakeableId } from "../../lib/model/ids.ts";
import { isExclusive, type ServiceType } from "../../lib/model/manifest.ts";
import { encodeOutcome, failure, type Outcome } from "../../lib/model/outcome.ts";
import type { TurnRequest } from "../../lib/protocol.ts";
import type { Completion } from "../../lib/turn/turn-machine.ts";
import type { Value } from "../../lib/model/value.ts";
import type { Leaf, SleepLeaf } from "../../lib/model/wait.ts";
import type {
  ContextDate,
  InvocationRequest,
  Rand,
  RunAction,
  RunOptions,
  WorkflowPromise,
} from "../context.ts";
import { assertName, bytesOf, decodeHeld, failureOf, limited } from "./checked-value.ts";
import { currentTurn } from "./current-turn.ts";
import { DurablePromise } from "../durable-promise.ts";
import type { PromiseOwner, Root } from "./promise-owner.ts";
import type { AttemptHooks } from "../hooks.ts";
import type { TurnLog } from "../logger.ts";
import { SeededRandom } from "./random.ts";
import type { Serde } from "../serde.ts";
import { StateView } from "./state-view.ts";
import { executeStep } from "./step.ts";
import type { TurnDriver } from "./turn-driver.ts";
import type { TurnPorts } from "./turn-ports.ts";

export interface ContextOptions {
  readonly serviceType: ServiceType;
  readonly serde: Serde<unknown>;
  readonly asTerminalError: (error: unknown) => TerminalError | undefined;
  readonly request: InvocationRequest;
  readonly hooks: AttemptHooks;
  readonly log: TurnLog;
}

/** Awakeables are numbered from here, as Restate's are. */
const FIRST_AWAKEABLE = 17;

export class HandlerContext implements PromiseOwner {
  readonly rand: Rand;
  readonly console: Console;
  readonly date: ContextDate;
  protected readonly driver: TurnDriver;
  protected readonly ports: TurnPorts;
  protected readonly turnRequest: TurnRequest;
  readonly #options: ContextOptions;
  readonly #state = new StateView();
  #awakeables = FIRST_AWAKEABLE;

  constructor(driver: TurnDriver, ports: TurnPorts, request: TurnRequest, options: ContextOptions) {
    this.driver = driver;
    this.ports = ports;
    this.turnRequest = request;
    this.#options = options;
    this.rand = new SeededRandom(request.id, request.incarnation);
    this.console = options.log.console;
    this.date = {
      now: async () => await this.run("date.now", () => ports.clock.now()),
      toJSON: async () => new Date(await this.date.now()).toJSON(),
    };
  }

  request(): InvocationRequest {
    return this.#options.request;
  }

  // --- promises ----------------------------------------------------------------------------------------------

  await(root: Root): void {
    this.driver.await(root);
  }
  fail(error: Error): void {
    this.driver.fail(error);
  }
  runMapper(mapper: () => Mapped): Mapped {
    return this.driver.awaited.runMapper(this, mapper);
  }
  get event(): number {
    return this.driver.event;
  }
  assertOutsideRun(operation: string): void {
    this.driver.assertOutsideRun(operation);
  }

  /** Issues a command; `decode` turns what completes it into the value that the code sees. */
  protected command<T>(
    entry: CommandEntry,
    leaf: Leaf | undefined,
    decode: (value: Value) => T,
    onAwaited?: () => void,
  ) {
    const future = Future.leaf({ ...(leaf ? { leaf } : {}), ...(onAwaited ? { onAwaited } : {}) });
    const recorded = this.driver.issue(entry, this.settle(future, decode));
    return { future, recorded };
  }

  /** Settles the future with a completion; a value that is kept apart is loaded first. */
  protected settle<T>(future: Future, decode: (value: Value) => T): Completion {
    return ({ value, at }) => {
      try {
        const held = decodeHeld(value);
        if (held && !held.ok) {
          const { code, message, metadata } = held.failure;
          const error = new TerminalError(message, {
            errorCode: code,
            ...(metadata === undefined ? {} : { metadata }),
          });
          future.settle({ ok: false, error, at });
        } else future.settle({ ok: true, value: decode(value), at });
      } catch (thrown) {
        // A result that cannot be understood is retried, not taken for a failure of the operation.
        this.driver.fail(asError(thrown));
      }
    };
  }

  protected serdeOf<T>(serde: Serde<T> | undefined): Serde<T> {
    return serde ?? (this.#options.serde as Serde<T>);
  }

  // --- steps and time ----------------------------------------------------------------------------------------

  run<T>(
    nameOrAction: string | RunAction<T>,
    maybeAction?: RunAction<T>,
    options: RunOptions<T> = {},
  ): DurablePromise<T> {
    const [name, action] =
      typeof nameOrAction === "string" ? [nameOrAction, maybeAction] : [nameOrAction.name, nameOrAction];
    if (typeof action !== "function") throw new TypeError(`ctx.run("${name}") needs a function`);
    assertName(name, "step name");
    const serde = this.serdeOf(options.serde);
    const entry: RunEntry = { kind: "run", command: this.driver.nextCommand, name, outcome: null };
    const step = (): void => this.#startStep(entry, action, options, serde);
    const { future, recorded } = this.command(
      entry,
      undefined,
      (value) => serde.deserialize(bytesOf(value)),
      () => {
        if (!recorded) this.driver.whenDurable(step);
      },
    );
    return new DurablePromise<T>(future, this);
  }

  #startStep<T>(entry: RunEntry, action: RunAction<T>, options: RunOptions<T>, serde: Serde<T>): void {
    const { command, name } = entry;
    const before = this.turnRequest.attempt.run;
    const work = currentTurn.run({ owner: this, step: name }, () =>
      executeStep(
        {
          command,
          action: this.#options.hooks.aroundStep(name, action as () => T | Promise<T>) as RunAction<T>,
          options,
          asTerminal: this.#options.asTerminalError,
          isOver: () => this.driver.over,
          onFailure: (error) => this.#options.log.say("warn", `Step "${name}" failed.`, error),
          ...(before?.command === command ? { before } : {}),
        },
        this.ports.clock,
      ),
    );
    this.driver.work(work, (result) => {
      if (result.kind === "attempt-failed") {
        const { error, retryAfterMs, run, verdict } = result;
        this.driver.fail(error, {
          step: { entry, name },
          ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
          ...(run === undefined ? {} : { run }),
          ...(verdict === undefined ? {} : { verdict }),
        });
        return;
      }
      try {
        const outcome: Outcome =
          result.kind === "done"
            ? { ok: true, value: limited(serde.serialize(result.value), `the result of step "${name}"`) }
            : failure(result.error.code, result.error.message, result.error.metadata);
        this.driver.finish({ ...entry, outcome: encodeOutcome(outcome) });
      } catch (thrown) {
        // Too large (P1), or a serde's last word: no attempt would do better.
        if (TerminalError.is(thrown)) {
          this.driver.finish({ ...entry, outcome: encodeOutcome(failureOf(thrown)) });
          return;
        }
        const error = asError(thrown);
        this.driver.fail(
          new Error(`the result of step "${name}" cannot be stored: ${error.message}`, { cause: error }),
          { step: { entry, name } },
        );
      }
    });
  }

  sleep(duration: Duration, name = ""): DurablePromise<void> {
    return new DurablePromise<void>(this.sleepFuture(duration, name), this);
  }

  sleepFuture(duration: Duration, name = ""): Future {
    const command = this.driver.nextCommand;
    const dueAtMs = this.ports.clock.now() + toMs(duration);
    const entry: CommandEntry = { kind: "sleep", command, dueAtMs, name };
    const leaf: SleepLeaf = { kind: "sleep", command, dueAtMs };
    const { future, recorded } = this.command(entry, leaf, () => undefined);
    // The first attempt's clock decides (T1): a replay must not push the timer back.
    if (recorded?.kind === "sleep") leaf.dueAtMs = recorded.dueAtMs;
    this.driver.openSleep(leaf, future);
    return future;
  }

  // --- state -------------------------------------------------------------------------------------------------

  get key(): string {
    const { key } = this.turnRequest.target;
    if (key === undefined)
      throw new TerminalError("this handler has no key: it is neither an object's nor a workflow's");
    return key;
  }

  #stateSubject(): StateSubject {
    const { target, token } = this.turnRequest;
    const { serviceType: type } = this.#options;
    return token === undefined ? { target, type } : { target, type, token };
  }

  get<T>(name: string, serde?: Serde<T>): DurablePromise<T | null> {
    void this.key;
    assertName(name, "state key", 1);
    const decode = (value: Value): T | null =>
      value === null ? null : this.serdeOf(serde).deserialize(bytesOf(value));
    const known = this.#state.get(name);
    const entry: GetEntry = { kind: "get", command: this.driver.nextCommand, name, value: null };
    const { future, recorded } = this.command(entry, undefined, (value) => {
      if (value instanceof Uint8Array || value === null) this.#state.learned(name, value);
      return decode(value);
    });
    if (recorded) return new DurablePromise<T | null>(future, this);
    // What this turn has read or written before needs no entry: a replay knows it at the same point.
    if (known !== undefined) this.settle(future, decode)({ value: known, at: 0 });
    else {
      const reading = readState(this.ports, this.#stateSubject(), name, this.driver.length);
      this.driver.read(reading, (value) => this.driver.finish({ ...entry, value }));
    }
    return new DurablePromise<T | null>(future, this);
  }

  stateKeys(): DurablePromise<string[]> {
    void this.key;
    const entry: StateKeysEntry = { kind: "stateKeys", command: this.driver.nextCommand, names: [] };
    const { future, recorded } = this.command(entry, undefined, (value) => value as string[]);
    if (!recorded) {
      const reading = readStateNames(this.ports, this.#stateSubject(), this.driver.length);
      const namesNow = this.#state.namesNow();
      this.driver.read(reading, (stored) => this.driver.finish({ ...entry, names: namesNow(stored) }));
    }
    return new DurablePromise<string[]>(future, this);
  }

  set<T>(name: string, value: T, serde?: Serde<T>): void {
    this.#assertWriter("set");
    assertName(name, "state key", 1);
    const bytes = limited(this.serdeOf(serde).serialize(value), `the value of state key "${name}"`);
    this.driver.issue({ kind: "set", command: this.driver.nextCommand, name, value: bytes });
    this.#state.set(name, bytes);
  }

  clear(name: string): void {
    this.#assertWriter("clear");
    assertName(name, "state key", 1);
    this.driver.issue({ kind: "clear", command: this.driver.nextCommand, name });
    this.#state.set(name, null);
  }

  clearAll(): void {
    this.#assertWriter("clearAll");
    this.driver.issue({ kind: "clearAll", command: this.driver.nextCommand, names: [] });
    this.#state.clearAll();
  }

  /** The names that `clearAll` clears: the store's, and those that this turn has yet to write. */
  async namesToClear(pendingSets: readonly string[]): Promise<string[]> {
    const stored = await readStateNames(this.ports, this.#stateSubject(), this.driver.length);
    return [...new Set([...stored, ...pendingSets])].toSorted();
  }

  #assertWriter(operation: string): void {
    void this.key;
    if (isExclusive(this.turnRequest.handlerKind)) return;
    throw new TerminalError(
      `ctx.${operation} needs an exclusive handler: this one is shared and only reads its key's state`,
    );
  }

  // --- awakeables and promises -------------------------------------------------------------------------------

  awakeable<T>(serde?: Serde<T>): { id: string; promise: DurablePromise<T> } {
    const { id, incarnation } = this.turnRequest;
    const index = this.#awakeables++;
    this.driver.issue({ kind: "signal", command: this.driver.nextCommand, signal: index });
    const future = Future.leaf({ leaf: { kind: "signal", signal: index } });
    const decode = (value: Value): T => this.serdeOf(serde).deserialize(bytesOf(value));
    this.driver.onSignal(index, this.settle(future, decode));
    return { id: awakeableId({ id, incarnation, index }), promise: new DurablePromise<T>(future, this) };
  }

  resolveAwakeable<T>(id: string, payload?: T, serde?: Serde<T>): void {
    // A missing payload is JSON's null, as in Restate; an explicit serde says what it makes of `undefined`.
    const value = payload === undefined && serde === undefined ? (null as T) : (payload as T);
    const bytes = limited(this.serdeOf(serde).serialize(value), "the payload of an awakeable");
    this.#completeAwakeable(id, { ok: true, value: bytes });
  }

  rejectAwakeable(id: string, reason: string | TerminalError): void {
    this.#completeAwakeable(id, failureOf(reason));
  }

  #completeAwakeable(id: string, outcome: Outcome): void {
    const address = parseAwakeableId(id);
    if (!address) throw new TerminalError(`not an awakeable id: ${JSON.stringify(id)}`, { errorCode: 400 });
    const { index: signal, ...to } = address;
    const command = this.driver.nextCommand;
    this.driver.issue({ kind: "sendSignal", command, ...to, signal, outcome: encodeOutcome(outcome) });
  }

  promise<T>(name: string, serde?: Serde<T>): WorkflowPromise<T> {
    void this.key;
    assertName(name, "promise name", 1);
    const get = (): DurablePromise<T> => this.#awaitPromise(name, this.serdeOf(serde));
    return {
      get,
      // oxlint-disable-next-line unicorn/no-thenable -- a durable promise is awaited as it is
      then: (onfulfilled, onrejected) => get().then(onfulfilled, onrejected),
      peek: async () => await this.#peekPromise(name, this.serdeOf(serde)),
      resolve: (value) => {
        const bytes = limited(this.serdeOf(serde).serialize(value as T), `the value of promise "${name}"`);
        return this.#completePromise(name, { ok: true, value: bytes });
      },
      reject: (reason) => this.#completePromise(name, failureOf(reason)),
    };
  }

  #awaitPromise<T>(name: string, serde: Serde<T>): DurablePromise<T> {
    const command = this.driver.nextCommand;
    const entry = { kind: "promise.get", command, name } as const;
    const { future, recorded } = this.command(entry, entry, (value) => serde.deserialize(bytesOf(value)));
    if (!recorded) {
      // Perhaps it is completed already. If not, the suspension registers whom to wake.
      this.driver.read(peekPromise(this.ports, this.turnRequest, name), (outcome) => {
        if (outcome) this.driver.finishFromOutside(command, outcome);
      });
    }
    return new DurablePromise<T>(future, this);
  }

  #peekPromise<T>(name: string, serde: Serde<T>): DurablePromise<T | undefined> {
    const entry: PeekEntry = { kind: "peek", command: this.driver.nextCommand, name, outcome: null };
    const decode = (value: Value): T | undefined =>
      value === null ? undefined : serde.deserialize(bytesOf(value));
    const { future, recorded } = this.command(entry, undefined, decode);
    if (!recorded) {
      this.driver.read(peekPromise(this.ports, this.turnRequest, name), (outcome) =>
        this.driver.finish({ ...entry, outcome: outcome ? encodeOutcome(outcome) : null }),
      );
    }
    return new DurablePromise<T | undefined>(future, this);
  }

  #completePromise(name: string, outcome: Outcome): DurablePromise<void> {
    const { future, recorded } = this.command(
      {
        ...{ kind: "promise.complete", command: this.driver.nextCommand, name },
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
    const completed = new DurablePromise<void>(future, this);
    // Whoever does not await it does not care that it was completed before.
    completed.catch(() => undefined);
    return completed;
  }
}
