/**
 * Delivers notes: replies, timers, signals, cancellations. One that wakes the invocation rides in its message into the
 * turn, one write less; any other is added to the head's list. When there is doubt, it is written first (see
 * docs/decisions/0003-notes-ride.md).
 */
import { addNotes, release } from "../../lib/store/head/transitions.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { afresh, outgoing } from "../../lib/store/send.ts";
import { copyValue, placeOf } from "../../lib/store/value-store.ts";
import type { Note } from "../../lib/model/entry.ts";
import type { Head } from "../../lib/model/head.ts";
import { sizeOfValue } from "../../lib/model/item.ts";
import { NOTES_BYTES_MAX, NOTES_MAX } from "../../lib/limits.ts";
import type { Notify } from "../../lib/model/message.ts";
import { canProgress } from "../../lib/model/wait.ts";
import type { Cascade } from "./cascade.ts";
import type { Delivery, DispatcherPorts, Verdict } from "./delivery.ts";
import { Invocation, type StoredInvocation } from "./invocation.ts";
import type { Progress } from "./progress.ts";

const hasCancellation = (notes: readonly Note[]): boolean => notes.some((note) => note[0] === "x");

/** Nothing of its code has run: a cancellation ends it at once (24). */
const notStarted = ({ status }: Head): boolean =>
  status === "scheduled" || status === "accepted" || status === "pending";

function wakes({ status, wait, notes: listed }: Head, notes: readonly Note[]): boolean {
  if (status === "backing-off") return hasCancellation(notes);
  // A turn takes them into the log, from where they go to pages: the list must not outgrow the item (P1).
  if (status === "suspended" && isMuch(listed, notes)) return true;
  return status === "suspended" && wait !== undefined && canProgress(wait, [...listed, ...notes]);
}

/** Few notes are never much, however long: each refers to what is longer than `INLINE_VALUE_BYTES_MAX`. */
const FEW_NOTES = 64;

function isMuch(listed: readonly Note[], notes: readonly Note[]): boolean {
  const count = listed.length + notes.length;
  if (count < FEW_NOTES) return false;
  return count >= NOTES_MAX || sizeOfValue([...listed, ...notes]) >= NOTES_BYTES_MAX;
}

export class NoteDelivery {
  readonly #ports: DispatcherPorts;
  readonly #cascade: Cascade;
  readonly #progress: Progress;

  constructor(ports: DispatcherPorts, parts: { cascade: Cascade; progress: Progress }) {
    this.#ports = ports;
    this.#cascade = parts.cascade;
    this.#progress = parts.progress;
  }

  /** Consecutive messages for one invocation. */
  async deliver(messages: readonly [Notify, ...Notify[]], delivery: Delivery): Promise<Verdict> {
    const { id } = messages[0];
    const stored = await readHead(this.#ports.items, id);
    // A late message never creates a head (R10).
    if (!stored) return "done";
    const known = Invocation.stored(id, stored, this.#progress.tokenFor(id, stored.head, delivery));
    const notes = known.head.status === "completed" ? [] : await this.#due(messages, known);
    if (notes.length === 0) return delivery.inDoubt ? await this.#progress.lookAt(id, delivery) : "done";
    if (hasCancellation(notes) && notStarted(known.head)) {
      await this.#cascade.end(known, "cancelled");
      return "done";
    }
    if (!delivery.inDoubt && wakes(known.head, notes)) {
      return await this.#progress.advance(known, notes, delivery, true);
    }
    return await this.#note(known, notes, delivery);
  }

  async #note({ id, head }: StoredInvocation, notes: readonly Note[], delivery: Delivery): Promise<Verdict> {
    const noted = await addNotes(this.#ports, id, head, notes);
    if (!noted) return delivery.inDoubt ? await this.#progress.lookAt(id, delivery) : "done";
    const { status } = noted.head;
    const released = hasCancellation(notes) && (status === "paused" || status === "backing-off");
    if (released) await release(this.#ports, id, noted.head);
    // It may have suspended since it was read: no lost wake-up. And an earlier handling of this message may have
    // woken it, and died.
    const missed = released || delivery.inDoubt || wakes(noted.head, []);
    return missed ? await this.#progress.lookAt(id, delivery) : "done";
  }

  /** The note, after what it refers to has been made the invocation's own (P1): the sender's may expire before this ends. */
  async #own({ id, note, from }: Notify): Promise<Note> {
    const result = note[0] === "n" ? note[2] : note[0] === "i" ? note[3] : null;
    if (from !== undefined && typeof result === "string") {
      await copyValue(this.#ports, placeOf(from), placeOf(id), result);
    }
    return note;
  }

  /** The notes that are for this life of the invocation and due. T1: a timer before its time is scheduled again. */
  async #due(messages: readonly Notify[], { incarnation }: StoredInvocation): Promise<Note[]> {
    const nowMs = this.#ports.clock.now();
    const due: Note[] = [];
    for (const message of messages) {
      if (message.incarnation !== undefined && message.incarnation !== incarnation) continue;
      if (message.dueAtMs === undefined || message.dueAtMs <= nowMs) due.push(await this.#own(message));
      else {
        const again = outgoing(message, afresh(this.#ports, "early"));
        await this.#ports.timers.schedule({ atMs: message.dueAtMs, message: again });
      }
    }
    return due;
  }
}
