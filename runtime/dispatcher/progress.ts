/**
 * Takes one invocation as far as it can go under the message at hand: by its status, through its key's lock, to a turn and to
 * what comes after the turn.
 *
 * Boundary: lib/model/status-table.ts says what a status calls for, key-lock.ts who may run, attempts.ts runs the turns.
 *
 * What is in doubt (R2) is done again first. The next owner of a key runs under the message that has ended the one before it
 * (R6, R23): that saves a busy key a message each. It goes on while there is time, since the message's group waits.
 */
import { hold, release, takeOver, unpause } from "../../lib/store/head/rest.ts";
import { addNotes, keepInput, tells } from "../../lib/store/head/transitions.ts";
import { readHead, readHeadOrStub } from "../../lib/store/head-store.ts";
import { asError } from "../../lib/errors.ts";
import { repeatLastOutputs } from "../../lib/store/last-outputs.ts";
import { afresh, outgoing, sendAll } from "../../lib/store/send.ts";
import type { Note } from "../../lib/model/entry.ts";
import { tokenOf } from "../../lib/model/fence.ts";
import { type Head, isCancelled } from "../../lib/model/head.ts";
import { type InvocationId, isExclusiveId } from "../../lib/model/ids.ts";
import { DRAIN_MS_MIN, INLINE_DRAIN_MAX, REFUSALS_MAX } from "../../lib/limits.ts";
import { type Holder, wokenBy } from "../../lib/model/lock.ts";
import type { Resume, Target } from "../../lib/model/message.ts";
import { canGoOn, isDue, isUnbegun, ON } from "../../lib/model/status-table.ts";
import { whoVouches } from "../../lib/model/voucher.ts";
import { endUnbegunCancelled } from "./cascade.ts";
import type { Attempts, Refused } from "./attempts.ts";
import { type Delivery, type DispatcherPorts, leftMs, type Verdict } from "./delivery.ts";
import { Invocation, isStored, type StoredInvocation } from "./invocation.ts";
import type { KeyLock } from "./key-lock.ts";
import { isInPlace, isWithoutPlace, losePlace } from "./place.ts";
import { isOtherLanes, mayActOn, missingOutputs } from "./vouched.ts";

/** What one invocation's step leaves: the verdict on the message, or the owner that its key was handed to, to run under it. */
type Step = Verdict | Next;
interface Next {
  readonly owner: Holder;
  readonly target: Target;
}

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

  /** Whether its key's lock names it. */
  async ownsKey(invocation: Invocation): Promise<boolean> {
    return await this.#locks.isOwner(invocation);
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

  /** It is paused or backs off, and shall go on: by an operator, or since it is cancelled. */
  async release(invocation: StoredInvocation, delivery: Delivery): Promise<Verdict> {
    const { id, head } = invocation;
    if (whoVouches(head, delivery.voucher) === "other") {
      if (head.status !== "paused") return "done";
      return (await unpause(this.#ports, id, head)) ? "done" : "retry";
    }
    if (delivery.isNote && !(await this.#locks.isOwner(invocation))) {
      await enter(this.#ports, { id, incarnation: head.incarnation, byOperator: true });
      return "done";
    }
    if (isOtherLanes(head, [], delivery))
      await repeatLastOutputs(this.#ports, id, head, delivery.sentAtMs, { isBeside: !delivery.inDoubt });
    const losesPlace = await isWithoutPlace(this.#locks, invocation, delivery);
    const released = await release(this.#ports, id, head, delivery.voucher.name, losesPlace);
    if (!released) return "retry";
    const token = losesPlace ? this.tokenFor(id, released.head, delivery) : invocation.token;
    return await this.advance(Invocation.stored(id, released, token, invocation.start), [], delivery);
  }

  /** Its turn has died, and what vouched for it as well. */
  async takeOver(invocation: StoredInvocation, delivery: Delivery): Promise<Verdict> {
    return await this.#drain(await this.#takeOver(invocation, delivery), delivery);
  }

  /** R23: a message says that the key was handed to it. `of`: it may have run under another message, and what its turn has caused
   * may be missing. */
  async wake({ id, incarnation, of }: Resume, delivery: Delivery): Promise<Verdict> {
    const stored = await readHead(this.#ports.items, id);
    if (!stored) return "done";
    const { head } = stored;
    const asOwner: Delivery = { ...delivery, asOwner: true };
    if (incarnation !== undefined && incarnation !== head.incarnation)
      return await this.passOn({ id, incarnation, target: head.target }, asOwner);
    const isFirst = !delivery.inDoubt && of === undefined;
    if (isFirst && ON.handed[head.status] === "leave") return "done";
    const token = this.tokenFor(id, head, delivery);
    return await this.advance(Invocation.stored(id, stored, token), [], asOwner);
  }

  /** R6: the parked invocations that become owners run at once, one after the other. */
  async #drain(first: Step, delivery: Delivery): Promise<Verdict> {
    let step: Step = first;
    const { name } = delivery.voucher;
    for (let drained = 1; typeof step !== "string"; drained++) {
      const { owner, target }: Next = step;
      // It begins anew: neither doubt nor failures of the message are its own, nor how another one's turn has ended (R26).
      const own = { inDoubt: false, receives: 1, voucher: { name }, ended: undefined };
      const its: Delivery = { ...delivery, ...own, asOwner: true, drained };
      step = await this.#tryNext(owner, target, its);
      if (step !== "retry") continue;
      // A guard vouches for it, and is sent at once (R26): to any other message it is another's.
      if (its.voucher.guard !== undefined) return "retry";
      // What the turn left in doubt is the next message's: this one may be gone already, if its handler is a zombie.
      await this.#locks.wake(owner, name);
      return "done";
    }
    return step;
  }

  /** What it cannot do now is tried again under a message of its own, which counts its failures. */
  async #tryNext(owner: Holder, target: Target, delivery: Delivery): Promise<Step> {
    try {
      return await this.#runNext(owner, target, delivery);
    } catch (error) {
      const { message: reason, stack } = asError(error);
      const fields = { invocation: owner.id, reason, stack };
      this.#ports.logger.log("warn", "what was handed the key gets a message of its own", fields);
      return "retry";
    }
  }

  async #runNext(owner: Holder, target: Target, delivery: Delivery): Promise<Step> {
    const stored = await readHead(this.#ports.items, owner.id);
    if (stored?.head.incarnation !== owner.incarnation)
      return await this.passOn({ ...owner, target }, delivery);
    if (hasRunSince(stored.head)) return "done";
    return await this.#advance(Invocation.stored(owner.id, stored, owner.token), [], delivery);
  }

  async #look(id: InvocationId, delivery: Delivery): Promise<Step> {
    const stored = await readHead(this.#ports.items, id);
    if (!stored) return "done";
    const token = this.tokenFor(id, stored.head, delivery);
    return await this.#advance(Invocation.stored(id, stored, token), [], delivery);
  }

  async #advance(invocation: StoredInvocation, carried: readonly Note[], delivery: Delivery): Promise<Step> {
    const { head, id } = invocation;
    const vouched = whoVouches(head, delivery.voucher);
    if (head.status !== "completed" && !mayActOn(head, vouched, delivery)) return "done";
    const missing = missingOutputs(head, carried, delivery);
    const how = { isBeside: missing === "beside" };
    if (missing) await repeatLastOutputs(this.#ports, id, head, delivery.sentAtMs, how);
    if (carried.length > 0) return await this.#enter(invocation, carried, delivery);
    // What has not begun is another lane's (R19).
    if (delivery.isNote && !delivery.asOwner && ON.noteLane[head.status] === "enter") return "done";
    if (isUnbegun(head) && isCancelled(head)) {
      return (await endUnbegunCancelled(this.#ports, invocation))
        ? await this.passOn(invocation, delivery, true)
        : "retry";
    }
    return await this.#byStatus(invocation, delivery);
  }

  async #byStatus(invocation: StoredInvocation, delivery: Delivery): Promise<Step> {
    const { head } = invocation;
    switch (ON.look[head.status]) {
      case "run":
        return head.guard === undefined
          ? await this.#enter(invocation, [], delivery)
          : await this.#takeOver(invocation, delivery);
      case "run-if-due":
        return await this.#backingOff(invocation, delivery);
      case "run-if-it-can":
        return delivery.isNote && canGoOn(head) ? await this.#enter(invocation, [], delivery) : "done";
      case "hold":
        return await this.#hold(invocation, delivery);
      case "pass-on":
        return await this.passOn(invocation, delivery);
    }
  }

  async #takeOver(invocation: StoredInvocation, delivery: Delivery): Promise<Step> {
    const { id, head, token, start } = invocation;
    if (delivery.isNote && !(await this.ownsKey(invocation))) {
      // It may have taken the key too late.
      if (head.token === undefined) await enter(this.#ports, { id, incarnation: head.incarnation });
      return "done";
    }
    // Its input is with its Start alone: that comes again, or is given up with it, and redriven (R16).
    if (start === undefined && head.input === undefined) return "done";
    const taken = await takeOver(this.#ports, id, head, delivery.voucher.name);
    return taken ? await this.#enter(Invocation.stored(id, taken, token, start), [], delivery) : "retry";
  }

  /** A back-off, or a delayed start. A Start that comes again leaves a back-off to its timer, which is set again: that comes in
   * another lane, and one of the two has to run it. */
  async #backingOff(invocation: StoredInvocation, delivery: Delivery): Promise<Step> {
    const { head, start } = invocation;
    const isMine = head.voucher !== undefined;
    const isTimers = head.status === "backing-off" && start !== undefined && !isMine;
    return isMine || (isDue(head, this.#ports.clock.now()) && !isTimers)
      ? await this.#enter(invocation, [], delivery)
      : await this.#wakeWhenDue(invocation, delivery);
  }

  /** A timer that is in doubt is set again. */
  async #wakeWhenDue({ id, incarnation, head }: StoredInvocation, delivery: Delivery): Promise<Verdict> {
    await losePlace(this.#ports, id, head, delivery);
    const { dueAtMs = 0, status } = head;
    const enters = status === "scheduled" ? { enters: true as const } : {};
    const resume = { kind: "resume", id, incarnation, dueAtMs, ...enters } as const;
    await this.#ports.timers.schedule({
      atMs: dueAtMs,
      message: outgoing(resume, afresh(this.#ports, "again")),
    });
    return "done";
  }

  /** One that was paused while it ran has neither its input in the head nor its key's lock yet (R5). A cancellation that came
   * while it was being paused by its policy lets it go on. */
  async #hold(invocation: StoredInvocation, delivery: Delivery): Promise<Step> {
    const { holder, target, head } = invocation;
    const isMine = head.voucher !== undefined || head.guard !== undefined;
    if (isMine && head.notes.some(({ kind }) => kind === "cancellation"))
      return await this.release(invocation, delivery);
    if (!isMine && delivery.isNote) return "done";
    // Else it takes its place when it is resumed (place.ts). A restart has a log before it begins, and no token.
    const hasBegun = head.length > 0 && head.token !== undefined;
    if (holder && hasBegun) await this.#locks.takeFromNone(target, holder);
    else if (holder && isInPlace(head, delivery)) await this.#locks.takeFree(target, holder);
    return (await hold(this.#ports, invocation)) ? "done" : "retry";
  }

  /** Runs turns when the key allows it (W1). */
  async #enter(invocation: Invocation, carried: readonly Note[], delivery: Delivery): Promise<Step> {
    const entered = await this.#locks.enter(invocation, delivery);
    if (entered === "not-owner" || entered === "parked" || entered === "look-again")
      return await this.#unrun(entered, invocation, carried, delivery);
    const owner = typeof entered === "string" ? undefined : entered;
    const entering = owner ? invocation.ordered(owner.token) : invocation;
    const rested = await this.#attempts.run(entering, carried, owner !== undefined, delivery);
    if (typeof rested !== "string") return await this.#afterRefusal(entering, carried, delivery, rested);
    switch (rested) {
      case "waiting":
      case "ended":
        return "done";
      case "ended-as-owner":
        return await this.#handOn(invocation, delivery);
      case "lost":
        return await this.#afterLoss(invocation, delivery);
    }
  }

  /** It must not run now, or not as it is known. */
  async #unrun(
    why: "not-owner" | "parked" | "look-again",
    invocation: Invocation,
    carried: readonly Note[],
    delivery: Delivery,
  ): Promise<Step> {
    if (why === "not-owner")
      return delivery.asOwner ? "done" : await this.#withoutKey(invocation, carried, delivery);
    if (why === "look-again") {
      const now = invocation.reread(await readHead(this.#ports.items, invocation.id));
      return isStored(now) ? await this.#advance(now, carried, delivery) : "retry";
    }
    this.#ports.meter?.measure("parked");
    await keepInput(this.#ports, invocation);
    // What rode in the message must outlive it.
    const { id, head } = invocation;
    if (head && carried.length > 0) await addNotes(this.#ports, id, head, carried);
    return "done";
  }

  /** The lock does not name it, and a note lane must not begin it: it has ended, or it has to enter where Starts come (R19). */
  async #withoutKey(
    { id, head, token }: Invocation,
    carried: readonly Note[],
    delivery: Delivery,
  ): Promise<Verdict> {
    if (head && carried.length > 0) await addNotes(this.#ports, id, head, carried);
    const stored = await readHead(this.#ports.items, id);
    if (!stored) return "done";
    const now = Invocation.stored(id, stored, token);
    const { status, incarnation } = now.head;
    if (status === "completed") {
      await repeatLastOutputs(this.#ports, id, now.head, delivery.sentAtMs);
      return await this.passOn(now, delivery);
    }
    if (status === "backing-off") await enter(this.#ports, { id, incarnation });
    return status === "suspended" ? "retry" : "done";
  }

  /** The message at hand has ended it. The next one runs under the same message while there is time. */
  async #handOn({ id, incarnation, target, holder }: Invocation, delivery: Delivery): Promise<Step> {
    if (!holder) return "done";
    const { drained = 0, voucher } = delivery;
    if (leftMs(this.#ports, delivery) < DRAIN_MS_MIN || drained >= INLINE_DRAIN_MAX || voucher.isGone)
      return await this.passOn({ id, incarnation, target }, delivery, true);
    const passed = await this.#locks.pass(target, { id, incarnation }, voucher.name);
    if (typeof passed !== "string") return { owner: passed, target };
    if (passed !== "free") await this.#locks.lookAfter(target, delivery, true);
    return "done";
  }

  /** The head has moved on without the turn. If it has not ended, the message comes again. */
  async #afterLoss(invocation: Invocation, delivery: Delivery): Promise<Verdict> {
    const stored = await readHead(this.#ports.items, invocation.id);
    if (stored?.head.status !== "completed") return "retry";
    // It was invoked by its caller as well, and made its head so (R28): the Start tells the caller when it comes again.
    const { replyTo } = invocation.start ?? {};
    if (replyTo && !tells(stored.head, replyTo)) return "retry";
    await repeatLastOutputs(this.#ports, invocation.id, stored.head, delivery.sentAtMs);
    return await this.passOn(invocation, delivery);
  }

  /** Nobody knows whether waiting mends it. If nothing else has moved the head, the third time is the last (R16). A stub that has
   * come meanwhile is adopted by the message when that comes again, or ends it (R21). */
  async #afterRefusal(
    invocation: Invocation,
    carried: readonly Note[],
    delivery: Delivery,
    { reason }: Refused,
  ): Promise<Verdict> {
    const isLast = delivery.receives >= REFUSALS_MAX;
    const { stored: now, stub } = isLast ? await readHeadOrStub(this.#ports.items, invocation.id) : {};
    const isStuck = isLast && stub === undefined && !invocation.hasMoved(now);
    if (!isStuck) return await this.#afterLoss(invocation, delivery);
    const why = { invocation: invocation.id, receives: delivery.receives, reason };
    this.#ports.logger.log("error", "a turn is refused again and again; its invocation is paused", why);
    const failed = { code: 500, message: reason };
    return (await this.#attempts.pause(invocation.reread(now), failed, carried)) ? "done" : "retry";
  }

  /** An ended invocation's key goes on. If somebody has passed it on before, that one may have died since: what has itself ended
   * the invocation, or is in doubt, looks after the new owner. */
  async passOn(
    { id, incarnation, target }: Pick<Invocation, "id" | "incarnation" | "target">,
    delivery: Delivery,
    hasEnded = false,
  ): Promise<Verdict> {
    if (!isExclusiveId(id)) return "done";
    const passed = await this.#locks.pass(target, { id, incarnation }, wokenBy(delivery.voucher.name));
    if (typeof passed !== "string") await this.#locks.wake(passed);
    else if (passed !== "free")
      await this.#locks.lookAfter(target, delivery, hasEnded || delivery.inDoubt || passed === "moved");
    return "done";
  }
}

/**
 * What is handed a key has not begun. If it rests after a turn, it has run since, under another message: its timers and notes take it
 * further, and what runs it then hands its key on. So this dispatcher was slow, and its message has come again, and may be gone. If it
 * ran the owner and handed the key on in that message's name, and died, nobody would look after the next one.
 */
const hasRunSince = ({ status, voucher }: Head): boolean =>
  status === "suspended" || (status === "backing-off" && voucher === undefined);

/** It may have to begin: where Starts come (R19). */
export async function enter(
  ports: DispatcherPorts,
  { id, incarnation, dueAtMs, byOperator, poke }: Omit<Resume, "kind">,
): Promise<void> {
  const resume: Resume = {
    ...{ kind: "resume", id, enters: true },
    ...(incarnation === undefined ? {} : { incarnation }),
    ...(dueAtMs === undefined ? {} : { dueAtMs }),
    ...(byOperator ? { byOperator } : {}),
    ...(poke ? { poke } : {}),
  };
  await sendAll(ports.mailbox, [outgoing(resume, afresh(ports, "enter"))]);
}
