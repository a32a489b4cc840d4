/**
 * One turn of an invocation, as a pure machine: the SDK feeds it what happens and does what it says.
 *
 * The machine owns the numbering of commands, the replay of the log, what is to be appended next, and which note is
 * consumed when. It does no I/O and knows no clock. Its rules:
 *
 * - D1: a command that the log has recorded must be issued again, the same; events are delivered one by one in the
 *   log's order, and the code comes to rest between two of them.
 * - J2: a result is given to the code at once, but nothing outside may happen on its account before an append that
 *   contains it was won: `mustAppend` says so, and the driver starts no closure and sends nothing before it.
 * - R9: notes are consumed one at a time, when the code is at rest, and enter the log in that order.
 * - R4: reads ride in the next append and never cause one.
 * - P1: a result that is kept apart stays there until it is about to be delivered: `needs` names it, `provide` brings it, and
 *   only the code keeps it. A note's entry refers to what the note refers to, which is stored already.
 * - Ids of callees are told once their call is in the log (J2), when the code is at rest and before any event: a turn
 *   that is asked for one appends first, and so a replay, which knows it at once, tells it at the same point (D1).
 */
import {
  type CallEntry,
  type CancelledEntry,
  type CommandEntry,
  type Entry,
  type EventEntry,
  isCommand,
  isRead,
  type Note,
  type ReadEntry,
  type RunEntry,
  type SendEntry,
  type SignalKey,
} from "../model/entry.ts";
import { invariant, JournalMismatchError } from "../errors.ts";
import { JOURNAL_ENTRIES_MAX } from "../limits.ts";
import { assertSameCommand, describeCommand, missingCommand } from "./mismatch.ts";
import type { Value } from "../model/value.ts";

/** How a command is told of its completion. `at`: the number of the event, for combinators. */
export type Completion = (result: { readonly value: Value; readonly at: number }) => void;
export type Step =
  /** An event of the log, or a note, was delivered: let the code run, then ask again. */
  | "delivered"
  /** The log's next event belongs to a command that the code has not issued yet. */
  | "stalled"
  /** Nothing is left to deliver. */
  | "idle";

/**
 * Entries that have effects outside, or that a closure or a send must not precede. Consumed notes are among them:
 * they are durable where they are, but not their place in the log, and with it not who has won a race (J2).
 */
const mustAppend = (entry: Entry): boolean => !MAY_WAIT.has(entry.kind);
const MAY_WAIT: ReadonlySet<Entry["kind"]> = new Set<Entry["kind"]>([
  ...(["get", "stateKeys", "peek"] as const),
  ...(["sleep", "signal", "promise.get"] as const),
]);
/** A command's only entry, written when it had completed. */
const isWhole = (entry: Entry): entry is RunEntry | ReadEntry => entry.kind === "run" || isRead(entry);

interface Issued {
  /** Until then: it holds on to the result. */
  complete: Completion | undefined;
  settled: boolean;
}

export class TurnMachine {
  readonly #log: readonly Entry[];
  readonly #recorded = new Map<number, CommandEntry>();
  readonly #issued: Issued[] = [];
  #last: CommandEntry | undefined;
  readonly #carried: Note[];
  #notes: Note[];
  #next = 0;
  #event = 0;
  #pending: Entry[] = [];
  #taken = 0;
  readonly #seen = new Set<string>();
  /** The value of the next event. */
  #provided: { readonly to: Entry | Note; readonly bytes: Uint8Array } | undefined;
  /** Calls and sends that this turn has appended. */
  readonly #appendedCalls = new Map<number, CallEntry | SendEntry>();
  #untold: { readonly command: number; readonly tell: (entry: CommandEntry) => void }[] = [];
  readonly #signals = new Map<
    string,
    { readonly buffered: { value: Value; at: number }[]; readonly waiting: Completion[] }
  >();
  readonly #cancel: () => readonly CallEntry[];
  readonly #cancellable: () => boolean;
  readonly #cancelled = new Map<CancelledEntry, readonly CallEntry[]>();

  constructor(init: {
    log: readonly Entry[];
    notes: readonly Note[];
    /** Notes that ride in the message being handled. */
    carried: readonly Note[];
    /** Delivers a cancellation to what the code awaits; answers the open calls, which are cancelled with it. */
    cancel: () => readonly CallEntry[];
    /** Whether the code awaits anything that a cancellation can reject. */
    cancellable: () => boolean;
  }) {
    this.#log = init.log;
    this.#notes = [...init.notes];
    this.#carried = [...init.carried];
    this.#cancel = init.cancel;
    this.#cancellable = init.cancellable;
    for (const entry of init.log) {
      if (isCommand(entry) && !this.#recorded.has(entry.command)) this.#recorded.set(entry.command, entry);
    }
  }

  /** The number that the next command will get. */
  get nextCommand(): number {
    return this.#issued.length;
  }

  /** The number of the last event that was delivered. */
  get event(): number {
    return this.#event;
  }

  /** Whether the code still does what the log recorded. */
  get replaying(): boolean {
    return this.#next < this.#log.length || this.#recorded.has(this.#issued.length);
  }

  /**
   * The code issues its next command. Answers the recorded entry when there is one. Otherwise a descriptor is to be
   * appended; runs and reads are not, since their one entry is written when they complete.
   * Throws {@link JournalMismatchError} when the log recorded something else (D1).
   */
  issue(entry: CommandEntry, complete?: Completion): { readonly recorded: CommandEntry | undefined } {
    const command = this.#issued.length;
    invariant(entry.command === command, "D1", `command ${entry.command} issued as number ${command}`);
    if (command >= JOURNAL_ENTRIES_MAX) {
      throw new JournalMismatchError(
        `the journal is full: an invocation has at most ${JOURNAL_ENTRIES_MAX} operations`,
      );
    }
    const recorded = this.#recorded.get(command);
    if (recorded) assertSameCommand(recorded, entry, this.#recorded.size);
    this.#issued.push({ complete, settled: false });
    this.#last = entry;
    if (!recorded && !isWhole(entry)) this.#pending.push(entry);
    return { recorded };
  }

  /** A run or a read, issued before, has its result: its entry is to be appended, and the code may go on. */
  finish(entry: RunEntry | ReadEntry): void {
    this.#pending.push(entry);
    this.#complete(entry.command, resultIn(entry));
  }

  /** A command's completion that needs no message: a timer of this turn, a promise that was found completed. */
  finishFromOutside(command: number, value: Value): void {
    if (this.#issued[command]?.settled !== false) return;
    this.#pending.push({ kind: "completion", command, outcome: value });
    this.#complete(command, value);
  }

  /** Waits for the next delivery to a signal (by name) or awakeable (by index), or takes one that came early. */
  onSignal(key: SignalKey, complete: Completion): void {
    const queue = this.#signalQueue(key);
    const early = queue.buffered.shift();
    if (early) complete(early);
    else queue.waiting.push(complete);
  }

  /** The name of the value without which the next event cannot be delivered. */
  get needs(): string | undefined {
    const next = this.#upcoming();
    if (next === undefined || next === this.#provided?.to) return undefined;
    const result = resultIn(next);
    return typeof result === "string" ? result : undefined;
  }

  /** What {@link needs} has named. */
  provide(bytes: Uint8Array): void {
    const to = this.#upcoming();
    if (to) this.#provided = { to, bytes };
  }

  #upcoming(): Entry | Note | undefined {
    for (let at = this.#next; at < this.#log.length; at++) {
      const entry = this.#log[at];
      if (entry && (!isCommand(entry) || isWhole(entry))) return entry;
    }
    const isNews = (note: Note): boolean => this.#isNews(note);
    return this.#notes.find(isNews) ?? this.#carried.find(isNews);
  }

  /** The result that an event brings: its own, or the value that was provided for it. */
  #resultOf(event: Entry | Note): Value {
    const result = resultIn(event);
    if (typeof result !== "string") return result;
    const provided = this.#provided;
    invariant(provided?.to === event, "P1", `${result} was not loaded before it was delivered`);
    this.#provided = undefined;
    return provided.bytes;
  }

  /** Delivers at most one thing: the log's next event, or when the log is at its end a note. */
  step(): Step {
    const replayed = this.#replay();
    return replayed === "idle" ? this.#takeNote() : replayed;
  }

  #replay(): Step {
    for (; this.#next < this.#log.length; this.#next++) {
      const entry = this.#log[this.#next] as Entry;
      if (!isCommand(entry)) {
        if (!this.#canDeliver(entry)) return "stalled";
        this.#next++;
        this.#deliver(entry);
        return "delivered";
      }
      if (isWhole(entry)) {
        if (entry.command >= this.#issued.length) return "stalled";
        this.#next++;
        this.#complete(entry.command, this.#resultOf(entry));
        return "delivered";
      }
    }
    // A note may be for a command that was recorded and has yet to be issued again: not before that is it looked at.
    return this.#recorded.has(this.#issued.length) ? "stalled" : "idle";
  }

  /** Wants to be told the entry of a call, issued before, once it is in the log. */
  onRecorded(command: number, tell: (entry: CommandEntry) => void): void {
    this.#untold.push({ command, tell });
  }

  get canTell(): boolean {
    return this.#untold.some(({ command }) => this.#inLog(command) !== undefined);
  }

  /** Tells one that wants to know an entry which is in the log; the code is at rest. `false`: there is none. */
  tell(): boolean {
    const next = this.#untold.find(({ command }) => this.#inLog(command) !== undefined);
    const entry = next && this.#inLog(next.command);
    if (!entry) return false;
    this.#untold = this.#untold.filter((other) => other !== next);
    next.tell(entry);
    return true;
  }

  #inLog(command: number): CommandEntry | undefined {
    return this.#recorded.get(command) ?? this.#appendedCalls.get(command);
  }

  /** Somebody waits for an entry that is pending to be in the log. */
  get awaitsRecord(): boolean {
    return this.#untold.some(({ command }) => this.#inLog(command) === undefined);
  }

  #canDeliver(entry: EventEntry): boolean {
    if (entry.kind === "completion") return entry.command < this.#issued.length;
    return entry.kind === "signalled" || this.#cancellable();
  }

  #takeNote(): Step {
    for (;;) {
      // What is in the list came before what a message brings now.
      const listed = this.#notes[0];
      const note = listed ?? this.#carried[0];
      if (!note) return "idle";
      const news = this.#isNews(note);
      if (news && note.kind === "cancellation" && !this.#cancellable()) return "idle";
      if (listed) {
        this.#notes.shift();
        this.#taken++;
      } else this.#carried.shift();
      if (!news) continue;
      if (note.kind === "cancellation") {
        const { delivery } = note;
        const entry: CancelledEntry = { kind: "cancelled", delivery, callees: [] };
        this.#pending.push(entry);
        this.#cancelled.set(entry, this.#cancelNow(delivery));
      } else {
        this.#pending.push(note);
        this.#deliver(note);
      }
      return "delivered";
    }
  }

  /** At-least-once delivery: what the log has seen already is no news. */
  #isNews(note: Note): boolean {
    if (note.kind === "completion") return this.#issued[note.command]?.settled === false;
    return !this.#seen.has(note.delivery);
  }

  #deliver(entry: EventEntry): void {
    if (entry.kind === "completion") this.#complete(entry.command, this.#resultOf(entry));
    else if (entry.kind === "cancelled") this.#cancelNow(entry.delivery);
    else {
      this.#seen.add(entry.delivery);
      const delivery = { value: this.#resultOf(entry), at: ++this.#event };
      const queue = this.#signalQueue(entry.signal);
      const waiting = queue.waiting.shift();
      if (waiting) waiting(delivery);
      else queue.buffered.push(delivery);
    }
  }

  #cancelNow(delivery: string): readonly CallEntry[] {
    this.#seen.add(delivery);
    this.#event++;
    return this.#cancel();
  }

  #complete(command: number, value: Value): void {
    const issued = this.#issued[command];
    if (!issued || issued.settled) return;
    const { complete } = issued;
    issued.settled = true;
    issued.complete = undefined;
    complete?.({ value, at: ++this.#event });
  }

  #signalQueue(key: SignalKey) {
    const name = JSON.stringify(key);
    let queue = this.#signals.get(name);
    if (!queue) this.#signals.set(name, (queue = { buffered: [], waiting: [] }));
    return queue;
  }

  /** Whether something waits for an append that no closure or send may precede (J2, R1). */
  get mustAppend(): boolean {
    return this.#pending.some((entry) => mustAppend(entry));
  }

  /** Notes of the head's list that were consumed since the last append. */
  get taken(): number {
    return this.#taken;
  }

  /** What is to be appended now, in order. `atEnd`: with the completion, after which nobody replays: without reads (R4). */
  pending(atEnd = false): readonly Entry[] {
    this.#assertAllIssued(atEnd ? "ends" : "goes on");
    return atEnd ? this.#pending.filter((entry) => !isRead(entry)) : this.#pending;
  }

  /** The callees' ids are known by now: a call may have been issued since the last append. */
  fillCancelled(): void {
    for (const [entry, calls] of this.#cancelled) entry.callees = calls.map(({ callee }) => callee);
    this.#cancelled.clear();
  }

  /** An append of all of `pending()` was won; the head's list of notes is now this. */
  appended(notes: readonly Note[]): void {
    for (const entry of this.#pending) {
      if (entry.kind === "call" || entry.kind === "send") this.#appendedCalls.set(entry.command, entry);
    }
    this.#pending = [];
    this.#taken = 0;
    this.#notes = [...notes];
  }

  /** An append was refused because notes had come in: the list as it is now, of which `taken` are consumed. */
  notesAre(notes: readonly Note[]): void {
    this.#notes = notes.slice(this.#taken);
  }

  /** D1: at rest and at the end, everything recorded has been issued. */
  #assertAllIssued(doing: string): void {
    const missing = this.#recorded.get(this.#issued.length);
    if (missing) throw this.#missing(missing, doing);
  }

  /** What the log waits for the code to do, when `step` has said "stalled" for too long. */
  stalled(): JournalMismatchError {
    const missing = this.#recorded.get(this.#issued.length);
    if (missing) return this.#missing(missing, "came to rest");
    const event = this.#log[this.#next];
    const what = event && isCommand(event) ? describeCommand(event) : `event ${JSON.stringify(event?.kind)}`;
    return new JournalMismatchError(
      `Journal mismatch: the code came to rest before ${what}, which the journal recorded next`,
    );
  }

  #missing(recorded: CommandEntry, doing: string): JournalMismatchError {
    return missingCommand(recorded, this.#recorded.size, { doing, last: this.#last });
  }
}

/** What an entry or a note says of a result, if it says anything. */
export function resultIn(entry: Entry | Note): Value {
  const { kind } = entry;
  if (kind === "run" || kind === "peek" || kind === "completion" || kind === "signalled")
    return entry.outcome;
  if (kind === "stateKeys") return [...entry.names];
  return kind === "get" ? entry.value : null;
}
