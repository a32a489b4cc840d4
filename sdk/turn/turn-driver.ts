/**
 * Drives one turn: runs the user's handler over the pure machine of `lib/turn/turn-machine.ts` and does what that says, against
 * the ports. It owns the order of things:
 *
 *   let the code come to rest → deliver one event → again; when nothing is left to deliver:
 *   append what must be durable → its outputs → start the closures that are awaited; or suspend; or end.
 *
 * Crash points: before an append nothing has happened; between an append and its outputs the append is in doubt,
 * and whoever acts next does its outputs again (R2); a lost append stops the turn at once (W3). The lock is taken
 * before a suspension is appended (R5), never after.
 */
import type { Journal } from "../../lib/store/journal.ts";
import type { ReadAhead } from "../../lib/store/read-ahead.ts";
import { ZombieError } from "../../lib/store/state-store.ts";
import type { CallEntry, CommandEntry, ReadEntry, RunEntry } from "../../lib/model/entry.ts";
import { asError, JournalMismatchError, OperationalError } from "../../lib/errors.ts";
import type { Future } from "../../lib/turn/future.ts";
import { REPLAY_STALL_MS } from "../../lib/limits.ts";
import { type Outcome, encodeOutcome } from "../../lib/model/outcome.ts";
import type { TurnFailure, TurnOutcome, TurnRequest } from "../../lib/protocol.ts";
import { type Completion, TurnMachine } from "../../lib/turn/turn-machine.ts";
import { leavesOf, type SleepLeaf, type Wait } from "../../lib/model/wait.ts";
import { Activity, atRest } from "./activity.ts";
import { Awaited } from "./awaited.ts";
import { Cancellations } from "./cancellations.ts";
import { currentTurn } from "./current-turn.ts";
import type { Root } from "./promise-owner.ts";
import { Sleeps } from "./sleeps.ts";
import { TimeLimit } from "./time-limit.ts";
import type { History, TurnPorts } from "./turn-ports.ts";
import { type Ended, endingOf } from "./turn-ending.ts";
import {
  type FailureDetails,
  located,
  mismatchVerdict,
  outOfTime,
  turnFailure,
  type TurnOptions,
} from "./turn-failure.ts";
import { type Filler, TurnWriter, type Written } from "./turn-writer.ts";

export class TurnDriver {
  readonly #request: TurnRequest;
  readonly #ports: TurnPorts;
  readonly #journal: Journal;
  readonly #turn: TurnMachine;
  readonly awaited: Awaited;
  readonly cancellations: Cancellations;
  readonly #local: (() => void)[] = [];
  readonly #closures: (() => void)[] = [];
  /** Calls whose results this turn knows to be missing, for cancellation. */
  readonly #openCalls = new Map<number, CallEntry>();
  #running = 0;
  #reading = 0;
  #ended: Ended | undefined;
  #failure: TurnFailure | undefined;
  readonly #onMismatch: "pause" | "kill" | undefined;
  readonly #activity: Activity;
  readonly #sleeps: Sleeps;
  readonly #writer: TurnWriter;
  readonly #values: ReadAhead;
  #fill: Filler = async () => await Promise.reject(new Error("the turn has not begun"));
  #over = false;
  #limit: TimeLimit | undefined;

  constructor(
    request: TurnRequest,
    ports: TurnPorts,
    journal: Journal,
    history: History,
    options: TurnOptions = {},
  ) {
    const { log, notes, carried, values } = history;
    const isExplicit = options.explicitCancellation === true;
    this.#onMismatch = mismatchVerdict(options);
    this.cancellations = new Cancellations(isExplicit);
    this.#request = request;
    this.#ports = ports;
    this.#journal = journal;
    this.#activity = new Activity(ports.clock);
    this.awaited = new Awaited(this.#activity);
    this.#sleeps = new Sleeps(ports.clock, (command) => {
      this.#local.push(() => this.#turn.finishFromOutside(command, null));
      this.#activity.touch();
    });
    this.#turn = new TurnMachine({
      log,
      notes,
      carried,
      cancel: () => {
        if (isExplicit) this.cancellations.deliver(this.event);
        else this.awaited.cancel();
        return isExplicit ? [] : [...this.#openCalls.values()];
      },
      cancellable: () => isExplicit || !this.awaited.isNothing,
    });
    this.#values = values;
    this.#writer = new TurnWriter(request, ports, {
      journal,
      turn: this.#turn,
      fill: async (entry, before) => await this.#fill(entry, before),
      deliver: (delivery) => {
        this.#local.push(delivery);
        this.#activity.touch();
      },
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

  /** See {@link TurnMachine.issue}; a mismatch fails the turn even if the user's code catches it. */
  issue(entry: CommandEntry, complete?: Completion): CommandEntry | undefined {
    this.assertOutsideRun(`operation ${this.#turn.nextCommand}`);
    try {
      const { recorded } = this.#turn.issue(
        entry,
        complete &&
          ((done) => {
            this.#openCalls.delete(entry.command);
            complete(done);
          }),
      );
      const held = recorded ?? entry;
      if (held.kind === "call") this.#openCalls.set(held.command, held);
      this.#activity.touch();
      return recorded;
    } catch (thrown) {
      const error = located(asError(thrown));
      this.fail(error, { code: 570 });
      throw error;
    }
  }

  /** See {@link TurnMachine.onRecorded}. */
  onRecorded(command: number, tell: (entry: CommandEntry) => void): void {
    this.#turn.onRecorded(command, tell);
    this.#activity.touch();
  }

  onSignal(key: string | number, complete: Completion): void {
    this.#turn.onSignal(key, complete);
  }

  assertOutsideRun(operation: string): void {
    const step = currentTurn.getStore()?.step;
    if (step === undefined) return;
    const error = new Error(
      `ctx was used inside ctx.run("${step}") (${operation}). A step's action must not use the context: ` +
        "its result is recorded as one, so what happens in it cannot be. Return a value from the step and go on outside.",
    );
    this.fail(error);
    throw error;
  }

  /** Fails the attempt, whatever the user's code makes of it. The first failure is kept. */
  fail(error: Error, details: FailureDetails = {}): void {
    const onMismatch = details.code === 570 && this.#onMismatch;
    this.#failure ??= turnFailure(error, onMismatch ? { ...details, verdict: onMismatch } : details);
    this.#activity.touch();
  }

  await(root: Root): void {
    this.awaited.add(root);
  }

  /** The number of the last event. */
  get event(): number {
    return this.#turn.event;
  }

  /** Starts when the log is at its end and all that came before is durable (J2). */
  whenDurable(start: () => void): void {
    this.#closures.push(start);
    this.#activity.touch();
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

  /** Reads end before anything is appended: what they find must not be what comes after them (R4). */
  read<T>(promise: Promise<T>, deliver: (value: T) => void): void {
    this.#reading++;
    this.work(
      promise.finally(() => this.#reading--),
      deliver,
    );
  }

  /** A sleep runs from its command on, awaited or not. */
  openSleep(leaf: SleepLeaf, future: Future): void {
    this.#sleeps.add(leaf, future);
  }

  /** A run's or a read's result. */
  finish(entry: RunEntry | ReadEntry): void {
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
    this.#activity.touch();
  }

  // --- the turn ----------------------------------------------------------------------------------------------

  /** Runs `handler` to its end, its suspension or its failure. `serialize` may throw on what it returned. */
  async run(
    handler: () => Promise<unknown>,
    serialize: (value: unknown) => Uint8Array,
    fill: Filler,
  ): Promise<TurnOutcome> {
    this.#fill = fill;
    const limit = new TimeLimit(this.#ports.clock, this.#request.remainingMs, () => this.#activity.touch());
    this.#limit = limit;
    handler().then(
      (value) => this.#endedWith({ kind: "value", value }),
      (error: unknown) => this.#endedWith({ kind: "error", error }),
    );
    try {
      return await this.#loop(serialize);
    } catch (thrown) {
      if (thrown instanceof ZombieError) return { kind: "lost", reason: thrown.message };
      if (thrown instanceof OperationalError)
        return { kind: "lost", reason: `${thrown.code}: ${thrown.message}` };
      this.fail(asError(thrown), { code: thrown instanceof JournalMismatchError ? thrown.code : 500 });
      return this.#failed();
    } finally {
      this.#over = true;
      limit.stop();
      this.#sleeps.stop();
    }
  }

  #endedWith(ended: Ended): void {
    this.#ended = ended;
    this.#activity.touch();
  }

  async #loop(serialize: (value: unknown) => Uint8Array): Promise<TurnOutcome> {
    for (;;) {
      await atRest();
      if (this.#failure) return await this.#giveUp();
      if (this.#limit?.isUp) return this.#outOfTime();
      const outcome = this.#ended ? await this.#complete(this.#ended, serialize) : await this.#goOn();
      if (outcome) return outcome;
    }
  }

  async #complete(ended: Ended, serialize: (value: unknown) => Uint8Array): Promise<TurnOutcome | undefined> {
    const ending = endingOf(ended, serialize, this.#request.target);
    if (ending.kind === "outcome") return this.#outcomeAfter(await this.#writer.complete(ending.outcome));
    this.fail(ending.error, ending.details);
    return undefined;
  }

  /** Delivers one thing to the code at rest, or acts. */
  async #goOn(): Promise<TurnOutcome | undefined> {
    if (this.#turn.tell()) return undefined;
    const { needs } = this.#turn;
    if (needs !== undefined) this.#turn.provide(await this.#values.take(needs));
    else if (this.#turn.replaying) await this.#replayOne();
    else return await this.#live();
    return undefined;
  }

  async #live(): Promise<TurnOutcome | undefined> {
    // Whoever asks for a callee's id hears of it before anything else happens, as on every replay.
    if (this.#turn.awaitsRecord) return await this.#act();
    const deliver = this.#local.shift();
    if (!deliver) return this.#turn.step() === "delivered" ? undefined : await this.#act();
    deliver();
    return undefined;
  }

  async #replayOne(): Promise<void> {
    this.#activity.clear();
    if (this.#turn.step() !== "stalled") return;
    // Code that waits for something of its own may take its time.
    const { isOwn } = this.awaited;
    await this.#activity.next(isOwn ? undefined : REPLAY_STALL_MS);
    if (!this.#activity.happened && !isOwn) throw this.#turn.stalled();
  }

  /** The code is at rest and nothing is left to deliver. */
  async #act(): Promise<TurnOutcome | undefined> {
    this.#activity.clear();
    const closures = this.#closures.splice(0);
    const busy = closures.length > 0 || this.#running > 0;
    if (!busy && !this.awaited.isOwn) return this.#outcomeAfter(await this.#writer.suspend(this.#waitTree()));
    if (this.#mustFlush(closures.length > 0)) {
      if (this.#reading > 0) {
        this.#closures.push(...closures);
        await this.#activity.next();
        return undefined;
      }
      const outcome = this.#outcomeAfter(await this.#writer.flush());
      if (outcome || this.#failure) return outcome;
    }
    return await this.#begin(closures);
  }

  async #begin(closures: readonly (() => void)[]): Promise<TurnOutcome | undefined> {
    if (closures.length > 0 && this.#writer.progress && this.#limit?.isEnding) {
      if (this.#running === 0) return { kind: "yielded", length: this.#journal.length };
      this.#closures.push(...closures);
      return await this.#wait();
    }
    for (const start of closures) start();
    this.#sleeps.arm();
    if (this.#turn.canTell) return undefined;
    return closures.length > 0 || this.#activity.happened ? undefined : await this.#wait();
  }

  /** A cancellation that the code waits for needs a head to be noted in while a step runs. */
  #mustFlush(starts: boolean): boolean {
    return this.#turn.mustAppend || (starts && this.cancellations.isAwaited && !this.#journal.hasHead);
  }

  /** Waits until something happens; looks for a cancellation meanwhile, if the code waits for one beside its work. */
  async #wait(): Promise<TurnOutcome | undefined> {
    const looks = this.#running > 0 && this.cancellations.isAwaited;
    await this.#activity.next(looks ? this.cancellations.nextLookMs() : undefined);
    return looks && !this.#activity.happened ? this.#outcomeAfter(await this.#writer.look()) : undefined;
  }

  // --- ends --------------------------------------------------------------------------------------------------

  /** Whatever the code awaits first will do; sleeps that it does not await yet run all the same. */
  #waitTree(): Wait {
    const awaited = this.awaited.wait;
    const others = this.#sleeps.except(leavesOf(awaited));
    return others.length === 0 ? awaited : { kind: "also", parts: [awaited, ...others] };
  }

  /** Answers an outcome if the turn is over; a failure of the attempt is noted. */
  #outcomeAfter(written: Written): TurnOutcome | undefined {
    if (written.kind === "failed") this.fail(written.error);
    return written.kind === "over" ? written.outcome : undefined;
  }

  /** Results that were recorded in this attempt shall not be lost with it. */
  async #giveUp(): Promise<TurnOutcome> {
    if (this.#failure?.code !== 570 && !this.#turn.replaying && this.#turn.mustAppend) {
      const outcome = this.#outcomeAfter(await this.#writer.flush());
      if (outcome) return outcome;
    }
    return this.#failed();
  }

  #failed(): TurnOutcome {
    const failed = this.#failure ?? { code: 500, message: "the turn failed" };
    return { kind: "failed", failure: failed, length: this.#journal.length, progress: this.#writer.progress };
  }

  #outOfTime(): TurnOutcome {
    this.fail(outOfTime(this.#request, this.#running > 0), { code: 504 });
    return this.#failed();
  }

  /** The turn has answered: what the user's code still does has no effect. */
  get over(): boolean {
    return this.#over;
  }

  /** Completing a promise is repeated on replay to learn what it answered: its first answer was not recorded. */
  repeatOutputs(entry: CommandEntry): void {
    this.#closures.push(() => this.work(this.#writer.repeat(entry), () => undefined));
  }
}
