/**
 * One turn of an invocation, as a pure machine. The SDK tells it what happens, and does what it says.
 *
 * Job: numbers the commands, replays the log, and decides what is appended next and when a note is consumed.
 * Boundary: no I/O, no clock but to stamp new entries with. sdk/turn/turn-driver.ts runs the user's code over it.
 *
 * Invariants
 * - D1: the code must issue every recorded command again, the same. Events are delivered one at a time, in the log's
 *   order. Between two of them the code comes to rest.
 * - J2: the code gets a result at once. But nothing may happen outside because of it until an append that contains it
 *   was won. `mustAppend` says when that is due; before it the driver starts no closure and sends nothing.
 * - R9: notes are consumed one at a time, when the code is at rest. They enter the log in that order.
 * - R4: reads ride in the next append. They never cause one.
 * - P1: a large result stays in its own item until it is about to be delivered. `needs` names it, `provide` brings it,
 *   and only the code keeps it. The entry of a note refers to what the note refers to, which is stored already.
 * - The code learns a callee's id once the call is in the log (J2): when it is at rest, and before any event. So a turn that is
 *   asked for one appends first. A replay knows the id at once, and tells it at the same point (D1).
 */
import {
  type CallEntry,
  type CancelledEntry,
  type CommandEntry,
  type Entry,
  type EventEntry,
  isCommand,
  type Note,
  type ReadEntry,
  resultIn,
  type RunEntry,
  type SignalKey,
} from "../model/entry.ts";
import { isPart } from "../model/entry-parts.ts";
import { invariant, JournalFullError, type JournalMismatchError } from "../errors.ts";
import { JOURNAL_ENTRIES_MAX, JOURNAL_ENTRIES_WARNED, NOTES_TAKEN_MAX } from "../limits.ts";
import type { BegunCommand } from "../model/begun.ts";
import { CarriedNotes } from "./carried-notes.ts";
import { BegunCommands } from "./begun-commands.ts";
import { isWhole, mustAppend } from "./entry-order.ts";
import { ListParts } from "./list-parts.ts";
import { assertSameCommand, missingCommand, stalledBefore } from "./mismatch.ts";
import { PendingEntries } from "./pending-entries.ts";
import { RecordedCommands } from "./recorded-commands.ts";
import { type Completion, entryOf, leaveIn, SignalQueues, type SignalWait } from "./signal-queues.ts";
import type { Value } from "../model/value.ts";

export type { Completion };

export type Step =
  /** It delivered an event of the log, or a note. Let the code run, then ask again. */
  | "delivered"
  /** The next event of the log belongs to a command that the code has not issued yet. */
  | "stalled"
  /** Nothing is left to deliver. */
  | "idle";

/** What is cancelled with what the code awaits. */
export interface Cancelled {
  /** Open calls. */
  readonly calls: readonly CallEntry[];
  /** Steps that the code awaited and that the log has no result of, with the failures that are to be recorded. */
  readonly steps: readonly RunEntry[];
}

interface Issued {
  /** Dropped afterwards, because it keeps the result in memory. */
  complete: Completion | undefined;
  settled: boolean;
}

export class TurnMachine {
  readonly #log: readonly Entry[];
  readonly #recorded: RecordedCommands;
  readonly #begun: BegunCommands;
  readonly #issued: Issued[] = [];
  #last: CommandEntry | undefined;
  readonly carried: CarriedNotes;
  #notes: Note[];
  #next = 0;
  #event = 0;
  readonly #pending: PendingEntries;
  #taken = 0;
  readonly #seen = new Set<string>();
  /** The value of the next event. */
  #provided: { readonly to: Entry | Note; readonly bytes: Uint8Array } | undefined;
  readonly #parts = new ListParts();
  readonly #signals = new SignalQueues();
  readonly #cancel: () => Cancelled;
  /** Steps that were cancelled, whose failures are recorded and have yet to be delivered. */
  #cancelledSteps: RunEntry[] = [];
  readonly #cancellable: () => boolean;
  readonly #cancelled = new Map<CancelledEntry, readonly CallEntry[]>();

  constructor(init: {
    log: readonly Entry[];
    notes: readonly Note[];
    carried: readonly Note[];
    /** What a failed attempt had begun that is not in the log. */
    begun?: readonly BegunCommand[];
    /** Delivers a cancellation to what the code awaits. Returns the open calls, which are cancelled with it. */
    cancel: () => Cancelled;
    /** Whether the code awaits anything that a cancellation can reject. */
    cancellable: () => boolean;
    now?: () => number;
  }) {
    this.#log = init.log;
    this.#notes = [...init.notes];
    this.carried = new CarriedNotes(init.carried);
    this.#cancel = init.cancel;
    this.#cancellable = init.cancellable;
    this.#recorded = new RecordedCommands(init.log);
    this.#begun = new BegunCommands(init.begun ?? []);
    this.#pending = new PendingEntries(init.now);
  }

  /** The number of the next command. */
  get nextCommand(): number {
    return this.#issued.length;
  }

  /** It is near the most operations that a journal holds, and this turn has come there first. */
  get isNearlyFull(): boolean {
    return this.#recorded.size < JOURNAL_ENTRIES_WARNED && this.#issued.length >= JOURNAL_ENTRIES_WARNED;
  }

  get event(): number {
    return this.#event;
  }

  /** Whether the code still does what the log has recorded, or what a failed attempt had begun. */
  get replaying(): boolean {
    return this.#next < this.#log.length || !this.#hasIssuedAll;
  }

  get #hasIssuedAll(): boolean {
    const issued = this.#issued.length;
    return !this.#recorded.isBehind(issued) && !this.#begun.isBehind(issued);
  }

  /**
   * The code issues its next command. Returns the recorded entry if there is one. Otherwise the entry is to be appended,
   * unless it is a run or a read: their only entry is written when they complete ({@link finish}).
   * Throws {@link JournalMismatchError} if the log has recorded something else (D1), {@link JournalFullError} if it is full.
   */
  issue(entry: CommandEntry, complete?: Completion): { readonly recorded: CommandEntry | undefined } {
    const command = this.#issued.length;
    invariant(entry.command === command, "D1", `command ${entry.command} issued as number ${command}`);
    if (command >= JOURNAL_ENTRIES_MAX) {
      throw new JournalFullError("operations", JOURNAL_ENTRIES_MAX);
    }
    const recorded = this.#recorded.issued(entry);
    if (recorded) assertSameCommand(recorded, entry, this.#recorded.size);
    else this.#begun.issue(entry);
    this.#issued.push({ complete, settled: false });
    this.#last = entry;
    if (!recorded && !isWhole(entry)) this.#pending.add(entry);
    return { recorded };
  }

  /** A run or a read that was issued before has its result. Its entry is to be appended, and the code goes on. */
  finish(entry: RunEntry | ReadEntry): void {
    if (this.#issued[entry.command]?.settled) return;
    this.#pending.add(entry);
    this.#complete(entry.command, resultIn(entry));
  }

  /** A step's entry was appended behind the first `count` pending ones (X1): the code goes on. */
  finishAppended(entry: RunEntry, notes: readonly Note[], count: number): void {
    this.appended(notes, count, [entry]);
    this.#complete(entry.command, resultIn(entry));
  }

  /** A command has completed without a message: by a timer of this turn, or a promise that was found completed. */
  finishFromOutside(command: number, value: Value): void {
    if (this.#issued[command]?.settled !== false) return;
    this.#pending.add({ kind: "completion", command, outcome: value });
    this.#complete(command, value);
  }

  /** A read was answered by what every attempt knows. It needs no entry. */
  needsNoEntry(command: number): void {
    this.#begun.drop(command);
    this.#recorded.needsNoEntry(command);
  }

  /** The code is at rest, and goes on waiting, or starts closures. */
  rests(): void {
    if (this.#pending.all.every((entry) => isCommand(entry) && !isWhole(entry)))
      this.#begun.keep(this.#issued.length);
  }

  /** What this attempt has begun that is not in the log, for the next one. */
  get begun(): readonly BegunCommand[] {
    return this.#begun.now;
  }

  /** Takes the next delivery to a signal or an awakeable: one that came early, or else the next that comes. */
  onSignal(key: SignalKey, wait: SignalWait): void {
    this.#signals.join(key, wait);
  }

  /** The number that the log has recorded for the awakeable which is this command. */
  awakeableAt(command: number): number | undefined {
    const recorded = this.#recorded.get(command);
    return recorded?.kind === "signal" && typeof recorded.signal === "number" ? recorded.signal : undefined;
  }

  /** The code awaits a signal that it has asked for, once more. */
  awaitsSignal(command: number): void {
    this.#signals.await(command);
  }

  /** The name of the value that must be loaded before the next event is delivered. */
  get needs(): string | undefined {
    const next = this.#upcoming();
    if (next === undefined || next === this.#provided?.to) return undefined;
    const result = resultIn(next);
    return typeof result === "string" ? result : undefined;
  }

  /** Brings the value that {@link needs} has named. */
  provide(bytes: Uint8Array): void {
    const to = this.#upcoming();
    if (to) this.#provided = { to, bytes };
  }

  /** A note waits that can be delivered now. */
  get hasNews(): boolean {
    if (this.replaying) return false;
    const next = this.#upcoming();
    return next !== undefined && (next.kind !== "cancellation" || this.#cancellable());
  }

  #upcoming(): Entry | Note | undefined {
    for (let at = this.#next; at < this.#log.length; at++) {
      const entry = this.#log[at];
      if (entry && !isPart(entry) && (!isCommand(entry) || isWhole(entry))) return entry;
    }
    const isNews = (note: Note): boolean => this.#isNews(note);
    return this.#notes.find(isNews) ?? this.carried.find(isNews);
  }

  /** The result that an event brings: its own, or the value that was loaded for it. */
  #resultOf(event: Entry | Note): Value {
    const result = resultIn(event);
    if (typeof result !== "string") return result;
    const provided = this.#provided;
    invariant(provided?.to === event, "P1", `${result} was not loaded before it was delivered`);
    this.#provided = undefined;
    return provided.bytes;
  }

  /** Delivers at most one thing: the next event of the log, or a note when the log is at its end. */
  step(): Step {
    const replayed = this.#replay();
    return replayed === "idle" ? this.#takeNote() : replayed;
  }

  #replay(): Step {
    for (; this.#next < this.#log.length; this.#next++) {
      const entry = this.#log[this.#next] as Entry;
      if (isPart(entry)) {
        this.#parts.take(entry);
        continue;
      }
      if (!isCommand(entry)) {
        if (!this.#canDeliver(entry)) return "stalled";
        this.#next++;
        this.#deliver(entry);
        return "delivered";
      }
      if (isWhole(entry)) {
        if (entry.command >= this.#issued.length) return "stalled";
        this.#next++;
        const names = entry.kind === "stateKeys" ? this.#parts.before(entry.command) : [];
        this.#complete(
          entry.command,
          entry.kind === "stateKeys" ? [...names, ...entry.names] : this.#resultOf(entry),
        );
        return "delivered";
      }
    }
    // A note may be for a recorded command that the code has not issued again yet. So notes wait until all are issued.
    return this.#hasIssuedAll ? "idle" : "stalled";
  }

  /** Delivers the failure of a step that was cancelled, before anything else, as on a replay. `false`: there is none. */
  deliverCancelled(): boolean {
    const entry = this.#cancelledSteps.shift();
    if (entry) this.#complete(entry.command, resultIn(entry));
    return entry !== undefined;
  }

  /** See {@link RecordedCommands}. */
  get recorded(): Pick<RecordedCommands, "onRecorded" | "canTell" | "tell" | "awaitsRecord" | "missesRead"> {
    return this.#recorded;
  }

  #canDeliver(entry: EventEntry): boolean {
    if (entry.kind === "completion") {
      const isLeave = this.#recorded.get(entry.command)?.kind === "signal";
      return isLeave ? this.#signals.canLeave(leaveIn(entry)) : entry.command < this.#issued.length;
    }
    return entry.kind === "signalled" || this.#cancellable();
  }

  #takeNote(): Step {
    for (;;) {
      // The notes in the list came before those that the message brings.
      const listed = this.#notes[0];
      const note = listed ?? this.carried.first;
      if (!note || (listed && this.hasTakenAll)) return "idle";
      const news = this.#isNews(note);
      if (news && note.kind === "cancellation" && !this.#cancellable()) return "idle";
      if (listed) {
        this.#notes.shift();
        this.#taken++;
      } else this.carried.take();
      if (!news) continue;
      if (note.kind === "cancellation") {
        const entry: CancelledEntry = { kind: "cancelled", delivery: note.delivery, callees: [] };
        this.#record(entry, listed);
        this.#cancelled.set(entry, this.#cancelNow(note.delivery));
      } else {
        if (note.kind === "signalled") this.#clearTheWayFor(note.signal);
        this.#record(note, listed);
        this.#deliver(note);
      }
      return "delivered";
    }
  }

  #record(entry: Entry, listed: Note | undefined): void {
    this.#pending.add(entry);
    if (!listed) this.carried.became(entry);
  }

  /** Waits that the code has given up leave the queue. The log says so by completing their commands, before the delivery. */
  #clearTheWayFor(signal: SignalKey): void {
    for (const leave of this.#signals.givenUp(signal)) {
      this.#pending.add(entryOf(leave));
      this.#signals.leave(leave);
    }
  }

  /** Whether the log does not have it yet. Notes are delivered at least once, so one may come again. */
  #isNews(note: Note): boolean {
    if (note.kind === "completion") return this.#issued[note.command]?.settled === false;
    return !this.#seen.has(note.delivery);
  }

  #deliver(entry: EventEntry): void {
    if (entry.kind === "completion") {
      const isLeave = this.#recorded.get(entry.command)?.kind === "signal";
      if (isLeave) this.#signals.leave(leaveIn(entry));
      else this.#complete(entry.command, this.#resultOf(entry));
    } else if (entry.kind === "cancelled") this.#cancelNow(entry.delivery);
    else {
      this.#seen.add(entry.delivery);
      this.#signals.deliver(entry.signal, { value: this.#resultOf(entry), at: ++this.#event });
    }
  }

  /**
   * Steps that it rejects are recorded as failed behind it (R22). An append in parts can part them from it, and a turn can die in
   * between: a replay must not start what was cancelled, and records what is missing.
   */
  #cancelNow(delivery: string): readonly CallEntry[] {
    this.#seen.add(delivery);
    this.#event++;
    const { calls, steps } = this.#cancel();
    for (const step of steps) this.#pending.add(step);
    this.#cancelledSteps.push(...steps);
    return calls;
  }

  #complete(command: number, value: Value): void {
    const issued = this.#issued[command];
    if (!issued || issued.settled) return;
    const { complete } = issued;
    issued.settled = true;
    issued.complete = undefined;
    complete?.({ value, at: ++this.#event });
  }

  /** Whether there must be an append before the next closure or send (J2, R1). */
  get mustAppend(): boolean {
    return this.hasTakenAll || this.#pending.all.some((entry) => mustAppend(entry));
  }

  /** One append takes no more notes off the list than these (P1). The others are delivered after it. */
  get hasTakenAll(): boolean {
    return this.#taken >= NOTES_TAKEN_MAX;
  }

  /** How many notes of the head's list were consumed since the last append. */
  get taken(): number {
    return this.#taken;
  }

  /** The entries to append now, in order. */
  pending(atEnd = false): readonly Entry[] {
    this.#assertAllIssued(atEnd ? "ends" : "goes on");
    return this.#pending.all;
  }

  /** Whether calls are cancelled by what is not in the log yet. */
  get cancelsCalls(): boolean {
    return [...this.#cancelled.values()].some(({ length }) => length > 0);
  }

  /** Fills in the callees of cancellations. Their ids are known now, also of calls issued since the last append. */
  fillCancelled(): void {
    for (const [entry, calls] of this.#cancelled) entry.callees = calls.map(({ callee }) => callee);
    this.#cancelled.clear();
  }

  /** An append of all pending entries was won. `notes`: the head's list as it is now. */
  appended(notes: readonly Note[], count?: number, behind: readonly Entry[] = []): void {
    const appended = [...this.#pending.appended(count), ...behind];
    this.#recorded.appended(appended);
    this.#begun.recorded(appended);
    this.carried.appended(appended);
    this.#taken = 0;
    this.#notes = [...notes];
  }

  /** Notes have come in. `notes`: the head's list as it is now; the first `taken` of them are consumed. */
  notesAre(notes: readonly Note[]): void {
    // A read that lags answers an older list. Lists grow only at their end.
    if (notes.length - this.#taken > this.#notes.length) this.#notes = notes.slice(this.#taken);
  }

  /** D1: when the code is at rest or has ended, it must have issued everything recorded. */
  #assertAllIssued(doing: string): void {
    if (!this.#hasIssuedAll) throw this.#missing(doing);
  }

  /** The error to fail with when `step` has returned "stalled" for too long. It says what the log waits for. */
  stalled(): JournalMismatchError {
    const isBefore = this.#next < this.#log.length && !this.#recorded.isBehind(this.#issued.length);
    return isBefore ? stalledBefore(this.#log[this.#next]) : this.#missing("came to rest");
  }

  #missing(doing: string): JournalMismatchError {
    const { length: issued } = this.#issued;
    const recorded = this.#recorded.behind(issued);
    if (!recorded) return this.#begun.missing(issued, doing);
    return missingCommand(recorded, this.#recorded.size, { doing, last: this.#last });
  }
}
