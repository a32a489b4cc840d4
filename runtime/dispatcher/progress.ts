/**
 * Takes one invocation as far as it can go under the message at hand: by its status, through its key's lock, to a turn
 * and to what comes after it. Whatever is in doubt (R2) is done again first.
 */
import { addNotes, keepInput } from "../../lib/store/head/transitions.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { afresh, outgoing } from "../../lib/store/send.ts";
import type { Note } from "../../lib/model/entry.ts";
import { tokenOf } from "../../lib/model/fence.ts";
import type { Head } from "../../lib/model/head.ts";
import { type InvocationId, isExclusiveId } from "../../lib/model/ids.ts";
import { INLINE_DRAIN_MAX } from "../../lib/limits.ts";
import type { Holder } from "../../lib/model/lock.ts";
import { canGoOn, isDue, ON } from "../../lib/model/status-table.ts";
import type { Delivery, DispatcherPorts, Verdict } from "./delivery.ts";
import type { KeyLock } from "./key-lock.ts";
import { Invocation, type StoredInvocation } from "./invocation.ts";
import { repeatLastOutputs } from "../../lib/store/last-outputs.ts";
import type { Rested, TurnRunner } from "./turn-runner.ts";

/** Parked invocations are run under another's message only while this much time is left, milliseconds. */
const DRAIN_MARGIN_MS = 10_000;

export class Progress {
  readonly #ports: DispatcherPorts;
  readonly #locks: KeyLock;
  readonly #turns: TurnRunner;
  readonly #epoch: number;

  constructor(ports: DispatcherPorts, parts: { locks: KeyLock; turns: TurnRunner; mailboxEpoch: number }) {
    this.#ports = ports;
    this.#locks = parts.locks;
    this.#turns = parts.turns;
    this.#epoch = parts.mailboxEpoch;
  }

  /** An exclusive invocation's token: from its head, else from the message that starts it (R3). */
  tokenFor(id: InvocationId, head: Head | undefined, { sequence }: Delivery): string | undefined {
    return isExclusiveId(id) ? (head?.token ?? tokenOf(this.#epoch, sequence)) : undefined;
  }

  /** Looks at an invocation as it now stands. */
  async lookAt(id: InvocationId, delivery: Delivery): Promise<Verdict> {
    const stored = await readHead(this.#ports.items, id);
    if (!stored) return "done";
    return await this.advance(
      Invocation.stored(id, stored, this.tokenFor(id, stored.head, delivery)),
      [],
      delivery,
    );
  }

  /** What its status calls for. `carried`: notes with which it can progress, and that are in no list yet. */
  async advance(known: StoredInvocation, carried: readonly Note[], delivery: Delivery): Promise<Verdict> {
    const { head, id } = known;
    if (delivery.inDoubt || ON.outputs[head.status] === "again") {
      await repeatLastOutputs(this.#ports, id, head, delivery.sentAtMs);
    }
    if (carried.length > 0) return await this.enter(known, carried, delivery);
    switch (ON.look[head.status]) {
      case "run":
        return await this.enter(known, [], delivery);
      case "run-if-due":
        return isDue(head, this.#ports.clock.now())
          ? await this.enter(known, [], delivery)
          : await this.#wakeWhenDue(known);
      case "run-if-it-can":
        return canGoOn(head) ? await this.enter(known, [], delivery) : "done";
      case "hold":
        return await this.#hold(known);
      case "pass-on":
        return await this.passOn(known);
    }
  }

  /** A timer that is in doubt is set again. */
  async #wakeWhenDue({ id, incarnation, head: { dueAtMs = 0 } }: StoredInvocation): Promise<Verdict> {
    const message = outgoing({ kind: "resume", id, incarnation, dueAtMs }, afresh(this.#ports, "again"));
    await this.#ports.timers.schedule({ atMs: dueAtMs, message });
    return "done";
  }

  /** One that was paused while it ran has neither its input in the head nor its key's lock yet (R5). */
  async #hold(known: StoredInvocation): Promise<Verdict> {
    await keepInput(this.#ports, known);
    const { holder } = known;
    if (holder) await this.#locks.take(known.target, holder);
    return "done";
  }

  /** Runs a turn when the key allows it (W1), and what was parked behind it. */
  async enter(known: Invocation, carried: readonly Note[], delivery: Delivery): Promise<Verdict> {
    const gate = await this.#locks.enter(known);
    if (gate.kind === "run") {
      return await this.#after(
        known,
        await this.#turns.run(known, carried, gate.ownsLock, delivery),
        delivery,
      );
    }
    this.#ports.meter?.measure("parked");
    await keepInput(this.#ports, known);
    // What rode in the message must outlive it.
    if (known.head && carried.length > 0) await addNotes(this.#ports, known.id, known.head, carried);
    return "done";
  }

  async #after(known: Invocation, rested: Rested, delivery: Delivery): Promise<Verdict> {
    if (rested.kind === "waiting") return "done";
    if (rested.kind === "lost") {
      const stored = await readHead(this.#ports.items, known.id);
      if (stored?.head.status !== "completed") return "retry";
      await repeatLastOutputs(this.#ports, known.id, stored.head, delivery.sentAtMs);
      return await this.passOn(known);
    }
    if (!rested.ownsLock || known.holder === undefined) return "done";
    const passed = await this.#locks.pass(known.target, known);
    if (passed.kind === "next") return await this.#drain(passed.next, delivery);
    return passed.kind === "free" ? "done" : await this.passOn(known);
  }

  /** R6: the next parked invocation runs at once, under the message that is at hand, so that a busy key does not pay
   * for a message each; within a time budget, since the message's group waits. */
  async #drain(next: Holder, delivery: Delivery): Promise<Verdict> {
    const leftMs = delivery.deadlineMs - this.#ports.clock.now();
    const drained = delivery.drained + 1;
    if (leftMs < DRAIN_MARGIN_MS || drained > INLINE_DRAIN_MAX) {
      await this.#locks.wake(next);
      return "done";
    }
    const verdict = await this.lookAt(next.id, { ...delivery, inDoubt: false, drained });
    // This message will be deleted: whatever the turn left in doubt is the next one's.
    if (verdict === "retry") await this.#locks.wake(next, true);
    return "done";
  }

  /** A completed invocation's key goes on. If another handler of this message has passed it on before, that one may
   * have died since, and this message is about to be deleted: the new owner is looked after once more. */
  async passOn({ id, incarnation, target }: Invocation): Promise<Verdict> {
    if (!isExclusiveId(id)) return "done";
    const passed = await this.#locks.pass(target, { id, incarnation });
    if (passed.kind === "next") await this.#locks.wake(passed.next);
    if (passed.kind === "not-mine") await this.#locks.settleAfter(target);
    return "done";
  }
}
