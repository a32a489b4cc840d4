/**
 * Drives one turn: runs the user's handler over the pure machine of `lib/turn/turn-machine.ts` and does what that says, against
 * the ports. It owns the order of things:
 *
 *   let the code come to rest → deliver one event → again; when nothing is left to deliver:
 *   append what must be durable → its outputs → start the closures that are awaited; or suspend; or end.
 *
 * Invariants
 * - A lost append stops the turn at once (W3).
 * - The lock is taken before a suspension is appended, never after (R5).
 *
 * Crash points
 * 1. Before an append: nothing has happened.
 * 2. Between an append and its outputs: it is not known whether they were done. The next one to act on the invocation does them
 *    again (R2).
 */
import type { Journal } from "../../lib/store/journal.ts";
import type { ReadAhead } from "../../lib/store/read-ahead.ts";
import { ZombieError } from "../../lib/store/state-store.ts";
import type { CommandEntry } from "../../lib/model/entry.ts";
import { asError, isTooLarge, JournalFullError, OperationalError } from "../../lib/errors.ts";
import { stopwatchOf } from "../../lib/ports.ts";
import type { Future, Mapped } from "../../lib/turn/future.ts";
import { REPLAY_STALL_MS } from "../../lib/limits.ts";
import type { TurnFailure, TurnOutcome, TurnRequest } from "../../lib/protocol.ts";
import { type Cancelled, type Completion, TurnMachine } from "../../lib/turn/turn-machine.ts";
import { begunOn } from "../../lib/model/begun.ts";
import type { Serde } from "../serde.ts";
import { Cancellations } from "./cancellations.ts";
import { currentTurn, type PromiseOwner, type Root } from "./current-turn.ts";
import {
  failureDetailsOf,
  type Ended,
  endOf,
  type FailureDetails,
  FULL,
  located,
  MISMATCH,
  notRecorded,
  outOfTime,
  turnFailure,
  type TurnOptions,
  usedInStep,
} from "./ending.ts";
import { OpenOperations } from "./open-operations.ts";
import { type OpenStep, OpenSteps } from "./open-steps.ts";
import { ShortWaits } from "./short-waits.ts";
import { StepTransactions } from "./step-transactions.ts";
import { TurnTimers } from "./timers.ts";
import type { History, TurnPorts } from "./turn-ports.ts";
import { type Filler, TurnWriter } from "./turn-writer.ts";
import { Activity, atRest, Awaited, Peeks } from "./waiting.ts";
import type { Written } from "./written.ts";

export class TurnDriver {
  readonly request: TurnRequest;
  readonly ports: TurnPorts;
  readonly journal: Journal;
  /** For what needs none of this driver's rules. Commands are issued here: {@link issue}. */
  readonly machine: TurnMachine;
  readonly timers: TurnTimers;
  readonly peeks = new Peeks();
  /** The turn has answered: what the user's code still does has no effect. */
  isOver = false;
  readonly #options: TurnOptions;
  readonly #awaited: Awaited;
  #cancellations: Cancellations | undefined;
  readonly #local: { readonly deliver: () => void; readonly isSleep: boolean }[] = [];
  readonly #waits: ShortWaits;
  /** The head was looked at since the next sleep was over. */
  #hasLooked = false;
  readonly #closures: (() => void)[] = [];
  /** Steps whose functions have said what they write (X1). */
  readonly transactions = new StepTransactions(() => this.#activity.touch());
  readonly open = new OpenOperations();
  #running = 0;
  #reading = 0;
  #ended: Ended | undefined;
  #failure: TurnFailure | undefined;
  readonly #steps = new OpenSteps();
  readonly #activity: Activity;
  readonly writer: TurnWriter;
  readonly #values: ReadAhead;

  constructor(
    request: TurnRequest,
    ports: TurnPorts,
    journal: Journal,
    { log, notes, carried, values }: History,
    options: TurnOptions,
  ) {
    this.request = request;
    this.ports = ports;
    this.journal = journal;
    this.#options = options;
    const stopwatch = stopwatchOf(ports);
    this.#activity = new Activity(stopwatch);
    this.#awaited = new Awaited(this.#activity);
    this.timers = new TurnTimers(ports.clock, stopwatch, {
      timeIsUp: () => this.#activity.touch(),
      sleepIsOver: (command) => this.#later(() => this.machine.finishFromOutside(command, null), true),
    });
    this.machine = new TurnMachine({
      log,
      notes,
      carried,
      cancel: () => this.#cancel(),
      cancellable: () => this.isExplicit || !this.#awaited.isNothing,
      begun: begunOn(request.deployment, request.attempt.begun),
      now: () => ports.clock.now(),
    });
    this.#values = values;
    this.writer = new TurnWriter(request, ports, journal, this.machine, (delivery) => this.#later(delivery));
    this.#waits = new ShortWaits(ports, this, this.#awaited);
  }

  // --- what contexts and promises call -----------------------------------------------------------------------

  /** The handler listens to cancellations itself. */
  get isExplicit(): boolean {
    return this.#options.explicitCancellation === true;
  }

  get cancellations(): Cancellations {
    return (this.#cancellations ??= new Cancellations(this.isExplicit));
  }

  #cancel(): Cancelled {
    if (this.isExplicit) {
      this.cancellations.deliver(this.event);
      return { calls: [], steps: [] };
    }
    const steps = this.#steps.cancel(this.#awaited.leaves, this.ports.clock.now());
    this.#awaited.cancel();
    return { calls: this.open.calls, steps };
  }

  /** A step that the code awaits and that has no result yet. */
  opened(step: OpenStep): void {
    this.#steps.add(step);
  }

  /** See {@link TurnMachine.issue}; a mismatch fails the turn even if the user's code catches it. */
  issue(entry: CommandEntry, complete?: Completion, future?: Future): CommandEntry | undefined {
    this.assertOutsideRun(`operation ${this.machine.nextCommand}`);
    try {
      const { recorded } = this.machine.issue(entry, complete && this.open.settling(entry, complete));
      if (future) this.open.add(recorded ?? entry, future);
      this.#activity.touch();
      return recorded;
    } catch (thrown) {
      const error = located(asError(thrown));
      this.fail(error, error instanceof JournalFullError ? FULL : MISMATCH);
      throw error;
    }
  }

  /** See {@link TurnMachine.onRecorded}. */
  onRecorded(command: number, tell: (entry: CommandEntry) => void): void {
    this.machine.recorded.onRecorded(command, tell);
    this.#activity.touch();
  }

  assertOutsideRun(operation: string): void {
    const step = currentTurn.getStore()?.step;
    if (step === undefined) return;
    const error = usedInStep(step, operation);
    // No attempt would do better.
    this.fail(error, { verdict: "kill" });
    throw error;
  }

  /** Fails the attempt, even if the user's code catches the error. The first failure is kept. */
  fail(error: Error, details: FailureDetails = {}): void {
    this.#failure ??= turnFailure(error, details, this.#options);
    this.#activity.touch();
  }

  await(root: Root): void {
    this.#awaited.add(root);
    const endless = this.open.endlessIn(root.future);
    // No attempt would do better.
    if (endless) this.fail(endless, { verdict: "kill" });
  }

  runMapper(owner: PromiseOwner, mapper: () => Mapped): Mapped {
    return this.#awaited.runMapper(owner, mapper);
  }

  get event(): number {
    return this.machine.event;
  }

  /** Starts when the log is at its end and all that came before is durable (J2). */
  whenDurable(start: () => void): void {
    this.#closures.push(start);
    this.#activity.touch();
  }

  /** Work that will end in an event: a closure, a read. `deliver` is called in its turn. Answers what ends the wait for it. */
  work<T>(promise: Promise<T>, deliver: (value: T) => void): () => void {
    this.#running++;
    let isOpen = true;
    const end = (): boolean => {
      if (!isOpen) return false;
      isOpen = false;
      this.#running--;
      return true;
    };
    promise.then(
      (value) => this.#later(() => end() && deliver(value)),
      (error: unknown) =>
        this.#later(() => {
          if (end()) throw error;
        }),
    );
    return end;
  }

  /** Reads end before anything is appended: what they find must not be what comes after them (R4). */
  read<T>(promise: Promise<T>, deliver: (value: T) => void): void {
    this.#reading++;
    this.work(promise, (value) => {
      this.#reading--;
      deliver(value);
    });
  }

  /** Queues an event of this turn. The code gets one at a time, at rest. */
  #later(deliver: (() => void) | undefined, isSleep = false): void {
    if (deliver) this.#local.push({ deliver, isSleep });
    this.#activity.touch();
  }

  // --- the turn ----------------------------------------------------------------------------------------------

  /** Runs `handler` to its end, its suspension or its failure. `output` may throw. `fill` completes entries before an append. */
  async run(handler: () => Promise<unknown>, output: Serde<unknown>, fill: Filler): Promise<TurnOutcome> {
    this.writer.fill = fill;
    this.timers.limit(this.request.remainingMs, this.writer.relay);
    handler().then(
      (value) => this.#endedWith({ kind: "value", value }),
      (error: unknown) => this.#endedWith({ kind: "error", error }),
    );
    try {
      return await this.#loop(output);
    } catch (thrown) {
      if (thrown instanceof ZombieError) return { kind: "lost", reason: thrown.message };
      if (thrown instanceof OperationalError) {
        if (isTooLarge(thrown)) return this.#tooLarge(thrown);
        return { kind: "lost", reason: `${thrown.code}: ${thrown.message}` };
      }
      this.fail(asError(thrown), failureDetailsOf(thrown));
      return this.#failed();
    } finally {
      this.isOver = true;
      this.#steps.abort();
      this.timers.stop();
    }
  }

  #endedWith(ended: Ended): void {
    this.#ended = ended;
    this.#activity.touch();
  }

  async #loop(output: Serde<unknown>): Promise<TurnOutcome> {
    for (;;) {
      await atRest();
      if (this.#failure) return await this.#giveUp();
      if (this.timers.isUp) return this.#outOfTime();
      const outcome = this.#ended ? await this.#complete(this.#ended, output) : await this.#goOn();
      if (outcome) return outcome;
    }
  }

  async #complete(ended: Ended, output: Serde<unknown>): Promise<TurnOutcome | undefined> {
    const end = endOf(ended, output, this.request.target);
    if (end.kind === "outcome") return this.#outcomeAfter(await this.writer.complete(end.outcome));
    this.fail(end.error, end.details);
    return undefined;
  }

  /** Delivers one thing to the code at rest, or acts. */
  async #goOn(): Promise<TurnOutcome | undefined> {
    if (this.machine.recorded.tell()) return undefined;
    const { needs } = this.machine;
    if (needs !== undefined) this.machine.provide(await this.#values.take(needs));
    else if (this.machine.replaying) await this.#replayOne();
    else return await this.#live();
    return undefined;
  }

  async #live(): Promise<TurnOutcome | undefined> {
    // Code that asked for a callee's id gets it before any other event, as on every replay.
    if (this.machine.recorded.awaitsRecord) return await this.#act();
    if (this.machine.deliverCancelled()) return undefined;
    const [next] = this.#local;
    const isSleep = next?.isSleep === true && this.#hearsOutside;
    if (isSleep && !this.#hasLooked) return await this.#look(true);
    // What has come from outside before a sleep was over came first.
    if ((isSleep || !next) && this.machine.step() === "delivered") return undefined;
    if (!next) return await this.#act();
    this.#hasLooked = false;
    this.#local.shift();
    next.deliver();
    return undefined;
  }

  async #replayOne(): Promise<void> {
    this.#activity.clear();
    if (this.machine.step() !== "stalled") return;
    // Code that awaits something that is not durable may take long.
    const { isOwn } = this.#awaited;
    await this.#activity.next(isOwn ? undefined : REPLAY_STALL_MS);
    if (!this.#activity.happened && !isOwn) throw this.machine.stalled();
  }

  /** The code is at rest and nothing is left to deliver. */
  async #act(): Promise<TurnOutcome | undefined> {
    this.#activity.clear();
    if (this.machine.hasTakenAll) return await this.#flush();
    if (this.transactions.isDue) return await this.#transact();
    const closures = this.#closures.splice(0);
    const busy = closures.length > 0 || this.#running > 0;
    if (!busy && !this.#awaited.isOwn) {
      if (this.#waits.isDue) return await (this.#waits.mustAppend ? this.#flush() : this.#begin([], true));
      return this.#outcomeAfter(await this.writer.suspend(this.timers.beside(this.#awaited.wait)));
    }
    if (this.#mustFlush(closures.length > 0)) {
      if (this.#reading > 0) {
        this.#closures.push(...closures);
        return await this.#flush();
      }
      const outcome = await this.#flush();
      if (outcome || this.#failure) return outcome;
      // The append's answer may bring a cancellation of what is about to start.
      if (this.machine.hasNews) {
        this.#closures.unshift(...closures);
        return undefined;
      }
    }
    return await this.#begin(closures);
  }

  /** What must be in the log goes first, with its outputs: it may bring a cancellation of the step (X1). */
  async #transact(): Promise<TurnOutcome | undefined> {
    if (this.#reading > 0 || this.machine.mustAppend) return await this.#flush();
    return this.#outcomeAfter(await this.transactions.next(this.writer));
  }

  /** Reads end before anything is appended (R4). */
  async #flush(): Promise<TurnOutcome | undefined> {
    if (this.#reading === 0) return this.#outcomeAfter(await this.writer.flush());
    await this.#activity.next();
    return undefined;
  }

  async #begin(closures: readonly (() => void)[], isShort = false): Promise<TurnOutcome | undefined> {
    if (closures.length > 0 && this.writer.progress && this.timers.isEnding) {
      if (this.#running === 0) return { kind: "yielded", length: this.journal.length };
      this.#closures.push(...closures);
      return await this.#wait();
    }
    this.machine.rests();
    if (closures.length > 0) await this.writer.settle();
    for (const start of closures) start();
    this.timers.arm();
    return closures.length > 0 ? undefined : await this.#wait(isShort);
  }

  /** A cancellation that the code waits for needs a head to be noted in while a step runs. */
  #mustFlush(starts: boolean): boolean {
    return this.machine.mustAppend || (starts && this.#listens && !this.journal.hasHead);
  }

  get #hearsOutside(): boolean {
    return this.#listens || this.#waits.hearsOutside;
  }

  /** The code waits for a cancellation. */
  get #listens(): boolean {
    return this.#cancellations?.isAwaited === true;
  }

  /** Waits until something happens. Looks at the head meanwhile: what comes from outside shall be heard while a step runs (R22). */
  async #wait(isShort = false): Promise<TurnOutcome | undefined> {
    if (this.machine.recorded.canTell) return undefined;
    if (this.writer.vouchInMs <= 0) return await (this.writer.mustFlush ? this.#flush() : this.#look());
    const listening = this.#listens ? this.cancellations : undefined;
    const lookMs = isShort ? this.#waits.shortLookMs(this.#hearsOutside) : this.#waits.lookMs(listening);
    await this.#activity.next(Math.min(lookMs, this.writer.mustActInMs));
    return this.#activity.happened ? this.#waits.happened() : await this.#look();
  }

  /** At the head, and at the promises that the code awaits: nobody tells them to a turn that runs. */
  async #look(isLast = false): Promise<TurnOutcome | undefined> {
    const [written, ...found] = await Promise.all([this.writer.look(), ...this.peeks.wanted()]);
    for (const deliver of found) if (deliver) this.#later(deliver);
    this.#waits.looked();
    this.#hasLooked = isLast;
    return this.#outcomeAfter(written);
  }

  // --- ends --------------------------------------------------------------------------------------------------

  /** The outcome, if the turn is over. Notes a failure of the attempt. */
  #outcomeAfter(written: Written): TurnOutcome | undefined {
    if (written.kind === "failed") this.fail(written.error);
    return written.kind === "over" ? written.outcome : undefined;
  }

  /** Appends what the attempt has recorded, for the next one; not beside an open read (R4), nor if the invocation ends with it. */
  async #giveUp(): Promise<TurnOutcome> {
    const isFinal = this.#failure?.code === MISMATCH.code || this.#failure?.verdict === "kill";
    const isKept = !isFinal && !this.machine.replaying && this.#reading === 0;
    const flushed = isKept && this.machine.mustAppend ? await this.writer.flush() : undefined;
    return (flushed && this.#outcomeAfter(flushed)) ?? this.#failed();
  }

  #failed(): TurnOutcome {
    const failure = this.#failure ?? { code: 500, message: "the turn failed" };
    const { begun: commands } = this.machine;
    const { deployment } = this.request;
    return {
      ...{ kind: "failed", failure, length: this.journal.length, progress: this.writer.progress },
      ...(commands.length === 0 ? {} : { begun: { deployment, commands } }),
    };
  }

  /** P1: no attempt would do better, so somebody must look at it. */
  #tooLarge({ message }: OperationalError): TurnOutcome {
    this.#failure = turnFailure(notRecorded(message), { code: 413, verdict: "pause" }, this.#options);
    return this.#failed();
  }

  #outOfTime(): TurnOutcome {
    this.fail(outOfTime(this.request.target, this.timers.limitMs, this.#running > 0), { code: 500 });
    return this.#failed();
  }

  /** Completing a promise is repeated on replay to learn what it answered: its first answer was not recorded. */
  repeatOutputs(entry: CommandEntry): void {
    this.#closures.push(() => this.work(this.writer.repeat(entry), () => undefined));
  }
}
