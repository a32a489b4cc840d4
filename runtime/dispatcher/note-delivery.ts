/**
 * Delivers notes: replies, timers, signals, cancellations.
 *
 * A note that wakes the invocation rides in its message into the turn, which saves a write. Any other is added to the head's
 * list. A note whose message is in doubt is added first (docs/decisions/0003-notes-ride.md).
 */
import { addNotes, release } from "../../lib/store/head/transitions.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { afresh, outgoing } from "../../lib/store/send.ts";
import { copyValue, placeOf } from "../../lib/store/value-store.ts";
import { largeValueOf, type Note } from "../../lib/model/entry.ts";
import type { Notify } from "../../lib/model/message.ts";
import { canGoOn, ON } from "../../lib/model/status-table.ts";
import { endWithoutCode } from "./cascade.ts";
import type { Delivery, DispatcherPorts, Verdict } from "./delivery.ts";
import { Invocation, type StoredInvocation } from "./invocation.ts";
import type { Progress } from "./progress.ts";

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
    // A late message never creates a head (R10).
    if (!stored) return "done";
    const invocation = Invocation.stored(id, stored, this.#progress.tokenFor(id, stored.head, delivery));
    const { status } = invocation.head;
    const notes = ON.note[status] === "drop" ? [] : await this.#due(messages, invocation);
    if (notes.length === 0) return delivery.inDoubt ? await this.#progress.lookAt(id, delivery) : "done";
    const action = ON[hasCancellation(notes) ? "cancellation" : "note"][status];
    if (action === "end") {
      await endWithoutCode(this.#ports, invocation, "cancelled");
      return "done";
    }
    const rides = action === "ride" || (action === "ride-if-it-can" && canGoOn(invocation.head, notes));
    if (rides && !delivery.inDoubt) return await this.#progress.advance(invocation, notes, delivery);
    return await this.#add(invocation, notes, delivery);
  }

  async #add({ id, head }: StoredInvocation, notes: readonly Note[], delivery: Delivery): Promise<Verdict> {
    const added = await addNotes(this.#ports, id, head, notes);
    if (!added) return delivery.inDoubt ? await this.#progress.lookAt(id, delivery) : "done";
    const action = ON[hasCancellation(notes) ? "cancellationAdded" : "noteAdded"][added.head.status];
    if (action === "release") await release(this.#ports, id, added.head);
    const canMove = action === "release" || (action === "look-if-it-can" && canGoOn(added.head));
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
