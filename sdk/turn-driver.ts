/**
 * Drives one turn: runs the user's handler over the pure machine of `lib/turn.ts` and does what that says, against
 * the ports. It owns the order of things:
 *
 *   let the code come to rest → deliver one event → again; when nothing is left to deliver:
 *   append what must be durable → its outputs → start the closures that are awaited; or suspend; or end.
 *
 * Crash points: before an append nothing has happened; between an append and its outputs the append is in doubt,
 * and whoever acts next does its outputs again (R2); a lost append stops the turn at once (W3). The lock is taken
 * before a suspension is appended (R5), never after.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Journal } from "../core/journal.ts";
import { type OutputSubject, performOutputs } from "../core/outputs.ts";
import { ZombieError } from "../core/state-store.ts";
import { loadResults } from "../core/value-store.ts";
import type { CallEntry, ClearAllEntry, CommandEntry, Entry, Note, SendEntry } from "../lib/entry.ts";
import { asError, CancelledError, OperationalError, TerminalError } from "../lib/errors.ts";
import { REPLAY_STALL_MS } from "../lib/limits.ts";
import { lockKey, takeLock } from "../lib/lock.ts";
import { type Outcome, encodeOutcome, failure } from "../lib/outcome.ts";
import type { Clock, Entropy, ItemStore, Logger, Mailbox, Registry } from "../lib/ports.ts";
import type { RunAttempts, TurnFailure, TurnOutcome, TurnRequest } from "../lib/protocol.ts";
import { type Completion, Turn } from "../lib/turn.ts";
import { leavesOf, type Wait } from "../lib/wait.ts";
import type { Root } from "./durable-promise.ts";

/** What a turn needs of the world. */
export interface TurnPorts {
  readonly items: ItemStore;
  readonly mailbox: Mailbox;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly logger: Logger;
}

/** Completes an entry that could not be whole when it was issued: a callee's id, the names that `clearAll` clears. */
export type Filler = (
  entry: CallEntry | SendEntry | ClearAllEntry,
  before: readonly Entry[],
) => Promise<void>;

interface Closure {
  start(): void;
}

/** What the turn begins with; values that were kept apart are loaded. */
export interface History {
  readonly log: readonly Entry[];
  readonly notes: readonly Note[];
  /** Notes that ride in the message being handled. */
  readonly carried: readonly Note[];
}

/** How the user's function ended. */
type Ended =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "error"; readonly error: unknown };

const insideRun = new AsyncLocalStorage<{ readonly driver: TurnDriver; readonly name: string }>();

/** A margin in which a turn that runs out of time still says so, milliseconds. */
const TIME_LIMIT_MARGIN_MS = 250;

export class TurnDriver {
  readonly #request: TurnRequest;
  readonly #ports: TurnPorts;
  readonly #journal: Journal;
  readonly #turn: Turn;
  readonly #roots = new Set<Root>();
  readonly #local: (() => void)[] = [];
  readonly #closures: Closure[] = [];
  readonly #timers = new Map<number, () => void>();
  /** Calls whose results this turn knows to be missing, for cancellation. */
  readonly #openCalls = new Map<number, CallEntry>();
  #running = 0;
  #ended: Ended | undefined;
  #failure: TurnFailure | undefined;
  #signal: (() => void) | undefined;
  #activity = false;
  #ownsLock: boolean;
  #progress = false;
  #over = false;
  #timeUp = false;

  constructor(request: TurnRequest, ports: TurnPorts, journal: Journal, history: History) {
    const { log, notes, carried } = history;
    this.#request = request;
    this.#ports = ports;
    this.#journal = journal;
    this.#ownsLock = request.ownsLock;
    this.#turn = new Turn({
      log,
      notes,
      carried,
      cancel: () => this.#cancelRoots(),
      cancellable: () => this.#roots.size > 0,
    });
  }

  get replaying(): boolean {
    return this.#turn.replaying;
  }
  get nextCommand(): number {
    return this.#turn.nextCommand;
  }
  /** The log's length, as this turn knows it: state from beyond it shows that the turn is a zombie. */
  get length(): number {
    return this.#journal.length;
  }

  // --- what contexts and promises call -----------------------------------------------------------------------

  /** See {@link Turn.issue}; a mismatch fails the turn even if the user's code catches it. */
  issue(entry: CommandEntry, complete?: Completion): CommandEntry | undefined {
    this.assertOutsideRun(`operation ${this.#turn.nextCommand}`);
    try {
      const { recorded } = this.#turn.issue(
        entry,
        complete &&
          ((done) => {
            this.#openCalls.delete(entry[1]);
            complete(done);
          }),
      );
      if (entry[0] === "c") this.#openCalls.set(entry[1], (recorded ?? entry) as CallEntry);
      this.#touch();
      return recorded;
    } catch (thrown) {
      this.fail(asError(thrown), { code: 570 });
      throw thrown;
    }
  }

  /** See {@link Turn.onRecorded}. */
  onRecorded(command: number, tell: (entry: CommandEntry) => void): void {
    this.#turn.onRecorded(command, tell);
    this.#touch();
  }

  onSignal(key: string | number, complete: Completion): void {
    this.#turn.onSignal(key, complete);
  }

  assertOutsideRun(operation: string): void {
    const inside = insideRun.getStore();
    if (inside?.driver !== this) return;
    const error = new Error(
      `ctx was used inside ctx.run("${inside.name}") (${operation}). A step's action must not use the context: ` +
        "its result is recorded as one, so what happens in it cannot be. Return a value from the step and go on outside.",
    );
    this.fail(error);
    throw error;
  }

  /** Fails the attempt, whatever the user's code makes of it. The first failure is kept. */
  fail(
    error: Error,
    details: {
      code?: number;
      entry?: CommandEntry;
      retryAfterMs?: number;
      run?: RunAttempts;
      type?: string;
      name?: string;
    } = {},
  ): void {
    const { code = 500, entry, retryAfterMs, run, type = "run", name = "" } = details;
    this.#failure ??= {
      code,
      message: error.message,
      ...(error.stack === undefined ? {} : { stack: error.stack }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...(run === undefined ? {} : { run }),
      ...(entry === undefined ? {} : { command: { index: entry[1], type, name } }),
    };
    this.#touch();
  }

  await(root: Root): void {
    this.#roots.add(root);
    root.future.onSettled(() => this.#roots.delete(root));
    this.#touch();
  }

  /** Starts when the log is at its end and all that came before is durable (J2). */
  whenDurable(start: () => void): void {
    this.#closures.push({ start });
    this.#touch();
  }

  /** Runs a step's action where the context must not be used. */
  inRun<T>(name: string, action: () => T): T {
    return insideRun.run({ driver: this, name }, action);
  }

  /** Work of this turn that will end in an event: a closure, a read. `deliver` is called when it is its turn. */
  work<T>(promise: Promise<T>, deliver: (value: T) => void): void {
    this.#running++;
    promise.then(
      (value) => this.#enqueue(() => deliver(value)),
      (error: unknown) =>
        this.#enqueue(() => {
          throw error;
        }),
    );
  }

  /** A run's or a read's result. */
  finish(entry: CommandEntry): void {
    this.#turn.finish(entry);
  }
  finishFromOutside(command: number, outcome: Outcome): void {
    this.#turn.finishFromOutside(command, encodeOutcome(outcome));
  }

  #enqueue(deliver: () => void): void {
    this.#local.push(() => {
      this.#running--;
      deliver();
    });
    this.#touch();
  }

  #touch(): void {
    this.#activity = true;
    this.#signal?.();
  }

  // --- the turn ----------------------------------------------------------------------------------------------

  /** Runs `handler` to its end, its suspension or its failure. `serialize` may throw on what it returned. */
  async run(
    handler: () => Promise<unknown>,
    serialize: (value: unknown) => Uint8Array,
    fill: Filler,
  ): Promise<TurnOutcome> {
    const { clock } = this.#ports;
    const limitMs = Math.max(0, this.#request.remainingMs - TIME_LIMIT_MARGIN_MS);
    const stopTimer = clock.after(limitMs, () => {
      this.#timeUp = true;
      this.#touch();
    });
    handler().then(
      (value) => this.#endedWith({ kind: "value", value }),
      (error: unknown) => this.#endedWith({ kind: "error", error }),
    );
    try {
      return await this.#loop(serialize, fill);
    } catch (thrown) {
      if (thrown instanceof ZombieError) return { kind: "lost", reason: thrown.message };
      if (thrown instanceof OperationalError)
        return { kind: "lost", reason: `${thrown.code}: ${thrown.message}` };
      this.fail(asError(thrown), {
        code: thrown instanceof Error && "code" in thrown && thrown.code === 570 ? 570 : 500,
      });
      return this.#failed();
    } finally {
      this.#over = true;
      stopTimer();
      for (const cancel of this.#timers.values()) cancel();
    }
  }

  #endedWith(ended: Ended): void {
    this.#ended = ended;
    this.#touch();
  }

  async #loop(serialize: (value: unknown) => Uint8Array, fill: Filler): Promise<TurnOutcome> {
    for (;;) {
      await atRest();
      if (this.#failure) return await this.#giveUp(fill);
      if (this.#timeUp) return this.#outOfTime();
      if (this.#ended) {
        const outcome = await this.#end(this.#ended, serialize, fill);
        if (outcome) return outcome;
        continue;
      }
      if (this.#turn.replaying) {
        await this.#replayOne();
        continue;
      }
      const deliver = this.#local.shift();
      if (deliver) deliver();
      else if (this.#turn.step() !== "delivered") {
        const outcome = await this.#act(fill);
        if (outcome) return outcome;
      }
    }
  }

  async #replayOne(): Promise<void> {
    this.#activity = false;
    if (this.#turn.step() !== "stalled") return;
    // Code that awaits nothing durable waits for something of its own, and may take its time.
    const isOwn = this.#roots.size === 0;
    await this.#nextActivity(isOwn ? undefined : REPLAY_STALL_MS);
    if (!this.#activity && !isOwn) throw this.#turn.stalled();
  }

  /** The code is at rest and nothing is left to deliver. */
  async #act(fill: Filler): Promise<TurnOutcome | undefined> {
    this.#activity = false;
    const closures = this.#closures.splice(0);
    const busy = closures.length > 0 || this.#running > 0;
    if (!busy && this.#roots.size > 0) return await this.#suspend(fill);
    if (this.#turn.mustAppend) {
      const lost = await this.#flush(fill);
      if (lost) return lost;
    }
    for (const closure of closures) closure.start();
    this.#armTimers();
    if (closures.length === 0 && !this.#activity) await this.#nextActivity();
    return undefined;
  }

  /** Sleeps fire in the turn while it runs something else; a suspended one has durable timers. */
  #armTimers(): void {
    for (const root of this.#roots) {
      for (const leaf of leavesOf(root.future.wait())) {
        if (leaf[0] !== "z" || this.#timers.has(leaf[1])) continue;
        const [, command, dueAtMs] = leaf;
        const cancel = this.#ports.clock.after(Math.max(0, dueAtMs - this.#ports.clock.now()), () => {
          this.#local.push(() => this.#turn.finishFromOutside(command, null));
          this.#touch();
        });
        this.#timers.set(command, cancel);
      }
    }
  }

  #nextActivity(maxMs?: number): Promise<void> {
    if (this.#activity) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = maxMs === undefined ? undefined : this.#ports.clock.after(maxMs, () => this.#signal?.());
      this.#signal = () => {
        this.#signal = undefined;
        cancel?.();
        resolve();
      };
    });
  }

  #cancelRoots(): readonly CallEntry[] {
    const roots = [...this.#roots];
    this.#roots.clear();
    for (const root of roots) root.reject(new CancelledError());
    return [...this.#openCalls.values()];
  }

  // --- appends -----------------------------------------------------------------------------------------------

  /** What is to be appended, complete; or the outcome if an entry cannot be completed: then what came before it is
   * appended, so that no recorded result is lost with it. */
  async #prepare(atEnd: boolean, fill: Filler): Promise<readonly Entry[] | TurnOutcome> {
    const entries = this.#turn.pending(atEnd);
    for (const [index, entry] of entries.entries()) {
      if (entry[0] !== "c" && entry[0] !== "o" && entry[0] !== "D") continue;
      try {
        await fill(entry, entries.slice(0, index));
      } catch (thrown) {
        if (thrown instanceof OperationalError || thrown instanceof ZombieError) throw thrown;
        this.fail(asError(thrown));
        return (await this.#append(entries.slice(0, index))) ?? this.#failed();
      }
    }
    this.#turn.fillCancelled();
    return entries;
  }

  /** Appends what is pending and does its outputs. Answers an outcome if the turn is over. */
  async #flush(fill: Filler): Promise<TurnOutcome | undefined> {
    const entries = await this.#prepare(false, fill);
    return isOutcome(entries) ? entries : await this.#append(entries);
  }

  async #append(entries: readonly Entry[]): Promise<TurnOutcome | undefined> {
    const result = await this.#journal.append(entries, this.#turn.taken);
    if (result.kind !== "won")
      return { kind: "lost", reason: result.kind === "lost" ? result.reason : "notes" };
    this.#progress = true;
    this.#local.push(...this.#turn.appended(await this.#load(result.notes)));
    await this.#perform(entries, result.position);
    return undefined;
  }

  async #load(notes: readonly Note[]): Promise<Note[]> {
    return await loadResults(this.#ports.items, this.#request.id, notes);
  }

  async #perform(entries: readonly Entry[], position: number): Promise<void> {
    const results = await performOutputs(this.#ports, this.#outputSubject(), entries, position);
    for (const [command, outcome] of results) {
      this.#local.push(() => this.#turn.finishFromOutside(command, encodeOutcome(outcome)));
    }
    if (results.size > 0) this.#touch();
  }

  #outputSubject(): OutputSubject {
    const { id, incarnation, target, token } = this.#request;
    return { id, incarnation, target, again: false, ...(token === undefined ? {} : { token }) };
  }

  async #suspend(fill: Filler): Promise<TurnOutcome | undefined> {
    const entries = await this.#prepare(false, fill);
    if (isOutcome(entries)) return entries;
    // What completing a promise answers, and the id of a callee, comes from this turn itself.
    if (entries.some((entry) => entry[0] === "v") || this.#turn.awaitsRecord)
      return await this.#append(entries);
    if (!(await this.#lock()))
      return { kind: "lost", reason: "the key's lock belongs to a later invocation" };
    const wait = this.#waitTree();
    const result = await this.#journal.append(entries, this.#turn.taken, { kind: "suspended", wait });
    if (result.kind === "lost") return { kind: "lost", reason: result.reason };
    if (result.kind === "notes") {
      this.#turn.notesAre(await this.#load(result.notes));
      return undefined;
    }
    await this.#perform(entries, result.position);
    return { kind: "suspended", wait };
  }

  /** Whatever the code awaits first will do. */
  #waitTree(): Wait {
    const waits = [...this.#roots].map((root) => root.future.wait());
    return waits.length === 1 && waits[0] ? waits[0] : ["race", waits];
  }

  /** R5: the lock first, so that nobody runs between the suspension and it. */
  async #lock(): Promise<boolean> {
    const { id, incarnation, target, token } = this.#request;
    if (this.#ownsLock || token === undefined) return true;
    const { won } = await this.#ports.items.write(
      takeLock(lockKey(target.service, target.key ?? ""), { id, incarnation, token }),
    );
    this.#ownsLock = won;
    return won;
  }

  async #end(
    ended: Ended,
    serialize: (value: unknown) => Uint8Array,
    fill: Filler,
  ): Promise<TurnOutcome | undefined> {
    const outcome = this.#outcomeOf(ended, serialize);
    if (!outcome) return undefined;
    const entries = await this.#prepare(true, fill);
    if (isOutcome(entries)) return entries;
    const { retentionMs } = this.#request;
    const result = await this.#journal.append(entries, this.#turn.taken, {
      kind: "completed",
      outcome,
      retentionMs,
    });
    if (result.kind !== "won")
      return { kind: "lost", reason: result.kind === "lost" ? result.reason : "notes" };
    await this.#perform(entries, result.position);
    const { replies } = result;
    return {
      kind: "completed",
      ownsLock: this.#ownsLock,
      replies,
      ...(replies.length === 0 ? {} : { outcome }),
    };
  }

  /** `undefined`: the attempt has failed instead. */
  #outcomeOf(ended: Ended, serialize: (value: unknown) => Uint8Array): Outcome | undefined {
    if (ended.kind === "error") {
      const { error } = ended;
      if (TerminalError.is(error)) return failure(error.code, error.message, error.metadata);
      const retryAfterMs = (error as { retryAfterMs?: unknown } | null | undefined)?.retryAfterMs;
      this.fail(asError(error), typeof retryAfterMs === "number" ? { retryAfterMs } : {});
      return undefined;
    }
    try {
      return { ok: true, value: serialize(ended.value) };
    } catch (thrown) {
      const { service, handler } = this.#request.target;
      this.fail(
        new Error(`the result of ${service}/${handler} cannot be stored: ${asError(thrown).message}`, {
          cause: thrown,
        }),
      );
      return undefined;
    }
  }

  /** Results that were recorded in this attempt shall not be lost with it. */
  async #giveUp(fill: Filler): Promise<TurnOutcome> {
    if (this.#failure?.code !== 570 && !this.#turn.replaying && this.#turn.hasNews) {
      const lost = await this.#flush(fill);
      if (lost) return lost;
    }
    return this.#failed();
  }

  #failed(): TurnOutcome {
    const failed = this.#failure ?? { code: 500, message: "the turn failed" };
    return { kind: "failed", failure: failed, length: this.#journal.length, progress: this.#progress };
  }

  #outOfTime(): TurnOutcome {
    const { service, handler } = this.#request.target;
    const what =
      this.#running > 0
        ? "a step was still running"
        : "it was awaiting something that is not durable (not a ctx operation)";
    this.fail(
      new Error(`${service}/${handler} did not end within its ${this.#request.remainingMs} ms: ${what}`),
      { code: 504 },
    );
    return this.#failed();
  }

  /** The turn has answered: what the user's code still does has no effect. */
  get over(): boolean {
    return this.#over;
  }

  /** Completing a promise is repeated on replay to learn what it answered: its first answer was not recorded. */
  repeatOutputs(entry: CommandEntry): void {
    this.#closures.push({
      start: () =>
        this.work(performOutputs(this.#ports, this.#outputSubject(), [entry], 0), (results) => {
          for (const [command, outcome] of results) this.finishFromOutside(command, outcome);
        }),
    });
  }
}

/** All that the code can do without an event has been done: microtasks are drained before a macrotask runs. */
const atRest = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

const isOutcome = (value: readonly Entry[] | TurnOutcome): value is TurnOutcome => !Array.isArray(value);
