/**
 * Takes one invocation as far as it can go under the message at hand: by its status, through its key's lock, to a turn and to
 * what comes after the turn.
 *
 * Boundary: lib/model/status-table.ts says what a status calls for, key-lock.ts who may run, attempts.ts runs the turns.
 *
 * What is in doubt (R2) is done again first. The next owner of a key runs under the message of the one before it (R6): that
 * saves a busy key a message each. It goes on while there is time, since the message's group waits.
 */
import { addNotes, keepInput } from "../../lib/store/head/transitions.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { repeatLastOutputs } from "../../lib/store/last-outputs.ts";
import { afresh, outgoing } from "../../lib/store/send.ts";
import type { Note } from "../../lib/model/entry.ts";
import { tokenOf } from "../../lib/model/fence.ts";
import type { Head } from "../../lib/model/head.ts";
import { type InvocationId, isExclusiveId } from "../../lib/model/ids.ts";
import { DRAIN_MS_MIN, INLINE_DRAIN_MAX } from "../../lib/limits.ts";
import type { Holder } from "../../lib/model/lock.ts";
import { canGoOn, isDue, ON } from "../../lib/model/status-table.ts";
import type { Attempts } from "./attempts.ts";
import type { Delivery, DispatcherPorts, Verdict } from "./delivery.ts";
import { Invocation, type StoredInvocation } from "./invocation.ts";
import type { KeyLock } from "./key-lock.ts";

/** What one invocation's step leaves: the verdict on the message, or the owner that its key was handed to. */
type Step = Verdict | Holder;

export class Progress {
  readonly #ports: DispatcherPorts;
  readonly #locks: KeyLock;
  readonly #attempts: Attempts;
  readonly #epoch: number;

  constructor(ports: DispatcherPorts, parts: { locks: KeyLock; attempts: Attempts; mailboxEpoch: number }) {
    this.#ports = ports;
    this.#locks = parts.locks;
    this.#attempts = parts.attempts;
    this.#epoch = parts.mailboxEpoch;
  }

  /** An exclusive invocation's token: from its head, else from the message that starts it (R3). */
  tokenFor(id: InvocationId, head: Head | undefined, { sequence }: Delivery): string | undefined {
    return isExclusiveId(id) ? (head?.token ?? tokenOf(this.#epoch, sequence)) : undefined;
  }

  /** Begins one that has no head. */
  async begin(invocation: Invocation, delivery: Delivery): Promise<Verdict> {
    return await this.#drain(await this.#enter(invocation, [], delivery), delivery);
  }

  /** Looks at an invocation as it now stands. */
  async lookAt(id: InvocationId, delivery: Delivery): Promise<Verdict> {
    return await this.#drain(await this.#look(id, delivery), delivery);
  }

  /** What its status calls for. `carried`: notes with which it can progress, and that are in no list yet. */
  async advance(
    invocation: StoredInvocation,
    carried: readonly Note[],
    delivery: Delivery,
  ): Promise<Verdict> {
    return await this.#drain(await this.#advance(invocation, carried, delivery), delivery);
  }

  /** R6: the parked invocations that become owners run at once, one after the other. */
  async #drain(first: Step, delivery: Delivery): Promise<Verdict> {
    if (typeof first === "string") return first;
    let step: Step = first;
    for (let drained = 0; typeof step !== "string"; drained++) {
      const next: Holder = step;
      const leftMs = delivery.deadlineMs - this.#ports.clock.now();
      if (leftMs < DRAIN_MS_MIN || drained === INLINE_DRAIN_MAX) {
        await this.#locks.wake(next);
        return "done";
      }
      step = await this.#look(next.id, { ...delivery, inDoubt: false });
      // This message will be deleted: what the turn left in doubt is the next message's.
      if (step === "retry") await this.#locks.wake(next, true);
    }
    return "done";
  }

  async #look(id: InvocationId, delivery: Delivery): Promise<Step> {
    const stored = await readHead(this.#ports.items, id);
    if (!stored) return "done";
    const token = this.tokenFor(id, stored.head, delivery);
    return await this.#advance(Invocation.stored(id, stored, token), [], delivery);
  }

  async #advance(invocation: StoredInvocation, carried: readonly Note[], delivery: Delivery): Promise<Step> {
    const { head, id } = invocation;
    if (delivery.inDoubt || ON.outputs[head.status] === "again") {
      await repeatLastOutputs(this.#ports, id, head, delivery.sentAtMs);
    }
    if (carried.length > 0) return await this.#enter(invocation, carried, delivery);
    switch (ON.look[head.status]) {
      case "run":
        return await this.#enter(invocation, [], delivery);
      case "run-if-due":
        return isDue(head, this.#ports.clock.now())
          ? await this.#enter(invocation, [], delivery)
          : await this.#wakeWhenDue(invocation);
      case "run-if-it-can":
        return canGoOn(head) ? await this.#enter(invocation, [], delivery) : "done";
      case "hold":
        return await this.#hold(invocation);
      case "pass-on":
        return await this.passOn(invocation);
    }
  }

  /** A timer that is in doubt is set again. */
  async #wakeWhenDue({ id, incarnation, head: { dueAtMs = 0 } }: StoredInvocation): Promise<Verdict> {
    const message = outgoing({ kind: "resume", id, incarnation, dueAtMs }, afresh(this.#ports, "again"));
    await this.#ports.timers.schedule({ atMs: dueAtMs, message });
    return "done";
  }

  /** One that was paused while it ran has neither its input in the head nor its key's lock yet (R5). */
  async #hold(invocation: StoredInvocation): Promise<Verdict> {
    await keepInput(this.#ports, invocation);
    const { holder, target } = invocation;
    if (holder) await this.#locks.take(target, holder);
    return "done";
  }

  /** Runs turns when the key allows it (W1). */
  async #enter(invocation: Invocation, carried: readonly Note[], delivery: Delivery): Promise<Step> {
    const entered = await this.#locks.enter(invocation);
    if (entered === "parked") {
      this.#ports.meter?.measure("parked");
      await keepInput(this.#ports, invocation);
      // What rode in the message must outlive it.
      const { id, head } = invocation;
      if (head && carried.length > 0) await addNotes(this.#ports, id, head, carried);
      return "done";
    }
    switch (await this.#attempts.run(invocation, carried, entered === "owner", delivery)) {
      case "waiting":
      case "ended":
        return "done";
      case "ended-as-owner":
        return await this.#handOn(invocation);
      case "lost":
        return await this.#afterLoss(invocation, delivery);
    }
  }

  async #handOn(invocation: Invocation): Promise<Step> {
    if (!invocation.holder) return "done";
    const passed = await this.#locks.pass(invocation.target, invocation);
    if (passed === "not-mine") return await this.passOn(invocation);
    return passed === "free" ? "done" : passed;
  }

  /** The head has moved on without the turn. If it has not ended, the message comes again. */
  async #afterLoss(invocation: Invocation, { sentAtMs }: Delivery): Promise<Verdict> {
    const { id } = invocation;
    const stored = await readHead(this.#ports.items, id);
    if (stored?.head.status !== "completed") return "retry";
    await repeatLastOutputs(this.#ports, id, stored.head, sentAtMs);
    return await this.passOn(invocation);
  }

  /** A completed invocation's key goes on. If another handler of this message has passed it on before, that one may
   * have died since, and this message is about to be deleted: the new owner is looked after once more. */
  async passOn({ id, incarnation, target }: Invocation): Promise<Verdict> {
    if (!isExclusiveId(id)) return "done";
    const passed = await this.#locks.pass(target, { id, incarnation });
    if (passed === "not-mine") await this.#locks.settleAfter(target);
    else if (passed !== "free") await this.#locks.wake(passed);
    return "done";
  }
}
