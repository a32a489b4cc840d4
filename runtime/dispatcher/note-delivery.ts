/**
 * Delivers notes: replies, timers, signals, cancellations.
 *
 * A note that wakes the invocation rides in its message into the turn, which saves a write. Any other is added to the head's
 * list. A note whose message is in doubt is added first (docs/decisions/0003-notes-ride.md).
 */
import { addNotes, addToStub } from "../../lib/store/head/transitions.ts";
import { readHead } from "../../lib/store/head-store.ts";
import {
  CLOCK_SKEW_MS,
  MAILBOX_RETENTION_MS,
  NOTES_RETRY_MS,
  NOTES_RETRY_MS_MAX,
  REFUSALS_MAX,
} from "../../lib/limits.ts";
import { afresh, outgoing } from "../../lib/store/send.ts";
import { copyValue, placeOf } from "../../lib/store/value-store.ts";
import { largeValueOf, type Note, noteKey } from "../../lib/model/entry.ts";
import type { Head, Stub } from "../../lib/model/head.ts";
import type { Incarnation, InvocationId } from "../../lib/model/ids.ts";
import { isTooLarge } from "../../lib/errors.ts";
import type { Notify } from "../../lib/model/message.ts";
import { canGoOn, isDue, isFull, ON } from "../../lib/model/status-table.ts";
import { whoVouches } from "../../lib/model/voucher.ts";
import { isBetweenLives, sendBehindStarts } from "./between-lives.ts";
import { endUnbegunCancelled } from "./cascade.ts";
import type { Delivery, DispatcherPorts, Verdict } from "./delivery.ts";
import { Invocation, type StoredInvocation } from "./invocation.ts";
import type { Progress } from "./progress.ts";

/** A head, or a stub, whose list is full. */
interface Full extends Pick<Head, "notes" | "modifiedAtMs"> {
  readonly status: string;
}

const hasCancellation = (notes: readonly Note[]): boolean =>
  notes.some(({ kind }) => kind === "cancellation");

export class NoteDelivery {
  readonly #ports: DispatcherPorts;
  readonly #progress: Progress;

  constructor(ports: DispatcherPorts, progress: Progress) {
    this.#ports = ports;
    this.#progress = progress;
  }

  /** Consecutive messages for one invocation. */
  async deliver(messages: readonly [Notify, ...Notify[]], delivery: Delivery): Promise<Verdict> {
    const { id } = messages[0];
    const stored = await readHead(this.#ports.items, id);
    if (!stored) return await this.#early(messages, delivery);
    const invocation = Invocation.stored(id, stored, this.#progress.tokenFor(id, stored.head, delivery));
    const { status } = invocation.head;
    const nowMs = this.#ports.clock.now();
    const early = messages.filter((message) => isBetweenLives(message, invocation.head, nowMs));
    if (early.length > 0) await sendBehindStarts(this.#ports, early);
    const due = ON.note[status] === "drop" ? [] : await this.#due(messages, invocation);
    const notes = due.map(({ note }) => note);
    if (notes.length === 0) return delivery.inDoubt ? await this.#progress.lookAt(id, delivery) : "done";
    const action = ON[hasCancellation(notes) ? "cancellation" : "note"][status];
    if (await this.#endsNow(action, invocation)) return await this.#end(invocation, delivery);
    const rides = action === "ride-if-it-can" && canGoOn(invocation.head, notes);
    if (rides && !delivery.inDoubt) return await this.#progress.advance(invocation, notes, delivery);
    return await this.#addOrWait(invocation, due, delivery);
  }

  /** A cancellation never waits, but for an item that has no room left at all. */
  async #addOrWait(
    invocation: StoredInvocation,
    messages: readonly Notify[],
    delivery: Delivery,
  ): Promise<Verdict> {
    const due = unknownTo(invocation.head, messages);
    const isTooMuch = isFull(
      invocation.head,
      due.map(({ note }) => note),
    );
    const isAdded = ({ note }: Notify): boolean => !isTooMuch || note.kind === "cancellation";
    const added = due.filter(isAdded);
    const waiting = due.filter((message) => !isAdded(message));
    // Its turn takes them soon: then they are given back. Not for long: the turn may have died, and what takes over from it (a
    // guard, a poke) comes behind them.
    const isRunning = invocation.head.status === "running";
    const isSoon = waiting.length > 0 && isRunning && delivery.receives < REFUSALS_MAX;
    const { id } = invocation;
    if (isSoon) this.#say(id, invocation.head, waiting);
    else if (waiting.length > 0) await this.#wait(id, invocation.head, waiting);
    try {
      const notes = added.map(({ note }) => note);
      const verdict = await this.#add(invocation, notes, delivery);
      return isSoon ? "retry" : verdict;
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      await this.#wait(id, invocation.head, added);
      return "done";
    }
  }

  /**
   * The list is full (P1), and nothing takes from it now. So a note waits in the timers, and comes again: if it was given back
   * instead, it would stand before the message that lets the invocation go on.
   *
   * Crash points: before a timer is set, the message is there still. After it the note comes twice, and is taken once.
   *
   * Bound: a note has one name at each time that it comes again, so its copies become one. They could not double with each
   * crash and each timer that fires twice, for as long as a pause lasts. No name is used twice by one that follows the other: a
   * message is handled when it is due, and the next time is later.
   */
  async #wait(id: InvocationId, full: Full, waiting: readonly Notify[]): Promise<void> {
    this.#say(id, full, waiting);
    const atMs = comesAgainAtMs(full, this.#ports.clock.now());
    for (const message of waiting) {
      const again = outgoing({ ...message, dueAtMs: atMs }, `full.${noteKey(message.note)}.${atMs}`);
      await this.#ports.timers.schedule({ atMs, message: again });
    }
  }

  #say(id: InvocationId, { status, notes }: Full, waiting: readonly Notify[]): void {
    const fields = { invocation: id, status, notes: notes.length, waiting: waiting.length };
    this.#ports.logger.log("warn", "an invocation has too many notes; those that come now wait", fields);
  }

  /** There is no head. What may come before it waits for it in a stub (R21); anything else is late, and creates no head (R10). */
  async #early(messages: readonly Notify[], delivery: Delivery): Promise<Verdict> {
    for (const [index, message] of messages.entries()) {
      const { id, incarnation = 0, note } = message;
      if (note.kind === "completion") continue;
      const added = await addToStub(this.#ports, id, incarnation, await this.#own(message));
      if (added === "there is a head") {
        const [first, ...others] = messages.slice(index);
        return first ? await this.deliver([first, ...others], delivery) : "done";
      }
      if (added !== "added") await this.#waitForStart(message, added);
    }
    return "done";
  }

  /** The stub is full (P1). When no Start can follow any more, nothing can take the note. */
  async #waitForStart(message: Notify, { notes, madeAtMs }: Stub): Promise<void> {
    const { id } = message;
    const mayStart = this.#ports.clock.now() - madeAtMs < MAILBOX_RETENTION_MS + CLOCK_SKEW_MS;
    if (mayStart)
      return await this.#wait(id, { status: "not begun", notes, modifiedAtMs: madeAtMs }, [message]);
    const fields = { invocation: id, notes: notes.length };
    this.#ports.logger.log("warn", "a note for what nothing has started is dropped", fields);
  }

  /**
   * Cancelled, and no turn of it can run: it is not due yet, or waits for its key. Elsewhere a turn may run that has written nothing,
   * and whose code has done something: it must hear of the cancellation, to compensate. If none runs, the message that begins it
   * is on its way (a Start, a timer, a hand-off), finds the note in the list and ends it.
   *
   * Crash points: before the note is added, this message is there still. After it, what begins the turn is, as without a note.
   */
  async #endsNow(action: string, invocation: StoredInvocation): Promise<boolean> {
    if (action === "end-if-early") return !isDue(invocation.head, this.#ports.clock.now());
    return action === "end-if-parked" && !(await this.#progress.ownsKey(invocation));
  }

  /** It may have been handed its key meanwhile, so that goes on. */
  async #end(invocation: StoredInvocation, delivery: Delivery): Promise<Verdict> {
    if (!(await endUnbegunCancelled(this.#ports, invocation))) return "retry";
    return await this.#progress.passOn(invocation, delivery, true);
  }

  async #add(invocation: StoredInvocation, notes: readonly Note[], delivery: Delivery): Promise<Verdict> {
    const { id, head } = invocation;
    if (notes.length === 0) {
      const isMine = delivery.inDoubt || whoVouches(head, delivery.voucher) === "this";
      return isMine ? await this.#progress.lookAt(id, delivery) : "done";
    }
    const added = await addNotes(this.#ports, id, head, notes);
    if (!added) return delivery.inDoubt ? await this.#progress.lookAt(id, delivery) : "done";
    const now = Invocation.stored(id, added, invocation.token);
    const action = ON[hasCancellation(notes) ? "cancellationAdded" : "noteAdded"][added.head.status];
    if (action === "release") return await this.#progress.release(now, delivery);
    if (await this.#endsNow(action, now)) return await this.#end(now, delivery);
    const canMove =
      (action === "look-if-it-can" && canGoOn(added.head)) ||
      (added.head.status === "running" && whoVouches(added.head, delivery.voucher) === "this");
    // An earlier handling of a message that is in doubt may have woken it, and died.
    return canMove || delivery.inDoubt ? await this.#progress.lookAt(id, delivery) : "done";
  }

  /** The note, after what it refers to has been made the invocation's own (P1): the sender's may expire before this ends. */
  async #own({ id, note, from }: Notify): Promise<Note> {
    const result = largeValueOf(note);
    if (from !== undefined && typeof result === "string") {
      await copyValue(this.#ports, placeOf(from), placeOf(id), result);
    }
    return note;
  }

  /** The notes that are for this life of the invocation and due. T1: a timer before its time is scheduled again. */
  async #due(messages: readonly Notify[], { incarnation }: StoredInvocation): Promise<Notify[]> {
    const nowMs = this.#ports.clock.now();
    const due: Notify[] = [];
    for (const message of messages) {
      if (!isFor(message, incarnation)) continue;
      if (message.dueAtMs === undefined || message.dueAtMs <= nowMs)
        due.push({ ...message, note: await this.#own(message) });
      else {
        const again = outgoing(message, afresh(this.#ports, "early"));
        await this.#ports.timers.schedule({ atMs: message.dueAtMs, message: again });
      }
    }
    return due;
  }
}

/** A completion answers a command, so whoever sends it knows the life that has issued it (0024). */
const isFor = ({ incarnation, note }: Notify, current: Incarnation): boolean =>
  incarnation === undefined ? note.kind !== "completion" : incarnation === current;

/** Without those that it has: a copy is not kept twice. A cancellation counts each time, since what follows from the first one may
 * be missing. A turn that comes to rest sees the list, so what is in the list wakes it (R9). */
function unknownTo({ notes, tail }: Head, messages: readonly Notify[]): readonly Notify[] {
  const known = new Set([...notes, ...tail].map(noteKey));
  return messages.filter(({ note }) => {
    const key = noteKey(note);
    const isNew = note.kind === "cancellation" || !known.has(key);
    known.add(key);
    return isNew;
  });
}

/** When a note that the list is too full for comes again: about as long from now as the invocation has stood still, between a
 * minute and an hour. So a long pause is asked about rarely. The times are those of a grid, and all copies meet on it. */
function comesAgainAtMs({ modifiedAtMs }: Full, nowMs: number): number {
  const stillMs = Math.min(Math.max(nowMs - modifiedAtMs, NOTES_RETRY_MS), NOTES_RETRY_MS_MAX);
  const everyMs = NOTES_RETRY_MS * 2 ** Math.floor(Math.log2(stillMs / NOTES_RETRY_MS));
  return (Math.floor(nowMs / everyMs) + 1) * everyMs;
}
