/**
 * The lock of an exclusive invocation's key: who may run a turn now (W1), who is parked and in which order (W2), and
 * how the key passes on (R5, R6). lib/model/lock.ts has the lock's format and its writes.
 *
 * Crash points
 * - Parking writes the head, then the lock. A head without its place in the lock is found by its own message, which is
 *   still there.
 * - A hand-off is one conditional write. The lock then names the message at hand, and says who sees to the new owner (R23):
 *   it runs under that message, or, with `isWoken`, a message goes to it. Only what has itself ended the owner before runs the
 *   new one.
 *   - `isWoken`, and the message was never sent: the message at hand was not deleted either. It comes again, in doubt. It meets
 *     a pending owner that is `isWoken`, in `enter` or in `lookAfter`, and sends the message. Or the message at hand had drained
 *     others before, and goes: then a wake `of` it goes to the last one that it ran. That finds that its key has moved on, in a
 *     hand-off by the message that it acts for. So it does not matter whether that one knew of the hand-off: its answer may have
 *     been lost, and its effect may come later than the wake.
 *   - Runs under it, and the dispatcher dies: the message that is named comes again. `lookAfter` finds the owner, whatever it has
 *     come to by then: its turn, timers and outputs may be missing. It asks for a look at it, by a message behind the others.
 *   - Named by a zombie, whose message its twin has deleted: the twin was in doubt. If it found the owner before, it has sent a
 *     message `of` its own, which sees to what the zombie hands the key to later, and what that sends is `of` the same. Any other
 *     delivery in doubt that comes by wakes a pending owner, whatever the lock says. If none comes, the reconciler does. A zombie that
 *     finds the owner at rest, after a turn under the twin's message, leaves it and hands on nothing (progress.ts).
 *   - Runs under a note, and that note is delivered again together with later ones, which go by the last one's name (R17): the owner's
 *     head, or the lock, names an earlier one. All of them are deleted together, so what names any of them is left by them. The look
 *     goes out `of` the last one, and acts for each that came before that in its lane: whoever had that at hand, they were gone.
 *   - From a place in an item of its own: the item is deleted after that. Dead before: the lock does not count it any more, and it goes
 *     when the lock is freed. Slow before: the lock may have been freed and taken anew, and the place may be another one's, that the
 *     lock counts. So an item is deleted only while it is of the one that was handed the key. That one has begun: it is not parked anew.
 * - An owner does not take the lock that it was handed once more: the lock would not say any more how it came by it. If it was
 *   taken all the same, by a zombie, what finds itself or an earlier message of its lane named as the voucher of a running owner
 *   looks after that.
 * - An invocation that never rested has ended, and its state could not be written. It has no lock: its message alone holds its lane,
 *   and a mailbox that has delivered the message too often gives it up. The next one of the lane would read what is not as the log
 *   says, and the state would be written after that (W3). So a handling that fails leaves such a one the lock. The next one meets an
 *   owner that has ended, and settles it before it begins; or the message itself comes again, does the outputs, and passes the key on.
 *   - The dispatcher dies before that: the message comes again, in doubt, and does the outputs or comes to the same point. That must
 *     succeed once in the message's many deliveries (`QUEUE_RECEIVES_MAX`).
 *   - A later one runs already, since a copy of the message was deleted: its token is later, and it takes the lock when it rests.
 * - The owner is cancelled or killed between the hand-off and its message: the message finds that it has ended, and passes the
 *   key on. So does whoever ended it.
 * - A hand-off whose answer was lost looks refused. What then finds another owner is in doubt, and looks after that.
 *
 * Bound. A newcomer parks and wakes nobody. So wakes are sent only for a hand-off, for an end whose key was passed on already,
 * and for a delivery in doubt: one each. A wake for what is not the owner, or not pending, causes nothing. One that acts for a
 * message looks after the next owner only if that message itself has handed the key over: it follows that one's hand-offs, each
 * once, and no other's. A wake that looked after whatever owner there is would go along a busy queue for ever, and each doubt
 * would add one.
 */
import { fence, moveBack, parkHead } from "../../lib/store/head/transitions.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { afresh, outgoing, sendAll } from "../../lib/store/send.ts";
import { invariant, OperationalError } from "../../lib/errors.ts";
import { tokenOf } from "../../lib/model/fence.ts";
import { type Head } from "../../lib/model/head.ts";
import { isExpired } from "../../lib/model/head-age.ts";
import { type InvocationId, isExclusiveId } from "../../lib/model/ids.ts";
import type { ItemKey } from "../../lib/model/item.ts";
import { CONFLICT_ATTEMPTS_MAX, HEAD_OUTLIVES_MS, SETTLE_STEPS_MAX } from "../../lib/limits.ts";
import {
  handOff,
  type Holder,
  INBOX_PREFIX,
  inboxKey,
  isParkedInline,
  leave,
  type Lock,
  LOCK_NONCE_BYTES,
  lockKey,
  park,
  parseInboxItem,
  parseLock,
  sameInvocation,
  takeLock,
  wokenBy,
} from "../../lib/model/lock.ts";
import type { Target } from "../../lib/model/message.ts";
import { ON } from "../../lib/model/status-table.ts";
import { nonce } from "../../lib/entropy.ts";
import type { Delivery, DispatcherPorts } from "./delivery.ts";
import { actedFor, isBegunByOther, isHandedBy, isUntold, wasPassed } from "./handed-over.ts";
import type { Invocation } from "./invocation.ts";
import { isBeforeFirstAppend, isTakenLate } from "./taken-late.ts";
import { repeatLastOutputs, writesState } from "../../lib/store/last-outputs.ts";

type Entered = Holder | "free" | "parked" | "not-owner" | "look-again";

export class KeyLock {
  readonly #ports: DispatcherPorts;
  readonly #epoch: number;

  constructor(ports: DispatcherPorts, mailboxEpoch: number) {
    this.#ports = ports;
    this.#epoch = mailboxEpoch;
  }

  /**
   * Read strongly, immediately before a turn. Passes on what finished owners have left, and parks behind a living one.
   * A holder: it may run, and the lock is its own, with this token. `free`: it may run, and there is no lock; so may what is not exclusive.
   * `parked`: it will be woken when its turn comes. `not-owner`: the lock does not name it, and under this message it may not
   * begin: in a note lane (R19), since the order of a key's invocations is that of the lane that their Starts come in; or as one
   * that was handed the key (R23); or since another message has handed it the key, and begins it. `look-again`: it may run, and its head
   * has changed: it was about to park.
   */
  async enter(invocation: Invocation, delivery: Delivery): Promise<Entered> {
    const me = invocation.holder;
    if (!me) return "free";
    const { service, key: name } = invocation.target;
    const key = lockKey(service, name ?? "");
    const so = { inDoubt: delivery.inDoubt, hasParked: false };
    for (let step = 0; step < SETTLE_STEPS_MAX; step++) {
      const entered = await this.#tryToEnter(key, me, invocation, delivery, so);
      if (entered) return entered;
    }
    throw new OperationalError("unavailable", `the lock of ${service}/${name} did not settle`);
  }

  /** `undefined`: the lock has moved, look again. */
  async #tryToEnter(
    key: ItemKey,
    me: Holder,
    invocation: Invocation,
    delivery: Delivery,
    so: { inDoubt: boolean; hasParked: boolean },
  ): Promise<Entered | undefined> {
    const lock = await this.#read(key);
    if (lock && sameInvocation(lock.owner, me))
      return await this.#asOwner(key, lock, invocation, delivery, so.hasParked);
    if (delivery.isNote || delivery.asOwner) return "not-owner";
    await this.#moveBack(invocation, delivery, lock);
    if (!lock) return so.hasParked ? "look-again" : "free";
    const owner = await this.#ownerOf(lock);
    if (owner.isOver) {
      if ((await this.#settle(key, lock, owner.head, delivery)) === "conflict") so.inDoubt = true;
      return undefined;
    }
    if (so.inDoubt && isUntold(lock, owner.head, delivery)) {
      await this.wake(lock.owner, actedFor(lock, delivery));
      so.inDoubt = false;
    }
    if (await this.#park(key, lock, me, invocation, so.hasParked)) return "parked";
    so.hasParked = invocation.head?.status !== "pending";
    return undefined;
  }

  /** The lock names it. `hasParked`: its head was changed meanwhile. One that may have taken the key too late enters where Starts come. */
  async #asOwner(
    key: ItemKey,
    lock: Lock,
    invocation: Invocation,
    delivery: Delivery,
    hasParked: boolean,
  ): Promise<Entered> {
    if (isBegunByOther(lock, invocation, delivery)) return "not-owner";
    if (hasParked) return "look-again";
    if (delivery.isNote && isBeforeFirstAppend(lock, invocation)) return "not-owner";
    if (!this.#isTakenLate(lock, invocation, delivery)) return lock.owner;
    await this.#takeLaterPlace(key, lock, invocation, delivery);
    return "look-again";
  }

  /** The sequence of another lane orders nothing here. */
  #isTakenLate(lock: Lock, invocation: Invocation, { asOwner, sequence }: Delivery): boolean {
    return !asOwner && isTakenLate(lock, invocation, tokenOf(this.#epoch, sequence));
  }

  /** The next one gets the key, and this one the place of the message at hand. If nobody is parked that is the first place. A hand-off that
   * seems refused may have been won, its answer lost. */
  async #takeLaterPlace(key: ItemKey, lock: Lock, invocation: Invocation, delivery: Delivery): Promise<void> {
    const { id, head, start, length, target } = invocation;
    if (!(await fence(this.#ports, { id, head, start, length }, delivery.voucher.name))) return;
    if (lock.inline.length === 0 && lock.from === lock.to) {
      await this.take(target, { ...lock.owner, token: tokenOf(this.#epoch, delivery.sequence) });
      return;
    }
    const next = await this.#handOff(key, lock, wokenBy(delivery.voucher.name));
    if (next === "conflict") await this.lookAfter(target, delivery, true);
    else if (next) await this.wake(next);
  }

  /** If it was passed, it takes the place of the message at hand, when that comes again. */
  async #moveBack({ id, head }: Invocation, { sequence }: Delivery, lock: Lock | undefined): Promise<void> {
    const own = tokenOf(this.#epoch, sequence);
    if (!head || !wasPassed(id, head, own, lock)) return;
    await moveBack(this.#ports, id, head, own);
    throw new OperationalError("unavailable", `${id} was passed: it takes a later place`);
  }

  /** Whether the lock names it. What is not exclusive needs none. Not one that took it before its first append, and has made none: it may
   * have taken the key too late, so it has to enter where Starts come. */
  async isOwner({ holder, head, target }: Invocation): Promise<boolean> {
    if (!holder) return true;
    const lock = await this.#read(lockKey(target.service, target.key ?? ""));
    return lock !== undefined && sameInvocation(lock.owner, holder) && !isBeforeFirstAppend(lock, { head });
  }

  /** Whether the lock names it, as the owner or as a parked one. */
  async hasPlace({ target }: Pick<Invocation, "target">, me: Holder): Promise<boolean> {
    const key = lockKey(target.service, target.key ?? "");
    const lock = await this.#read(key);
    if (!lock) return false;
    if (sameInvocation(lock.owner, me) || isParkedInline(lock, me)) return true;
    for (let place = lock.from; place < lock.to; place++) {
      const parked = await this.#ports.items.get(inboxKey(key, place));
      if (parked && sameInvocation(parseInboxItem(parked), me)) return true;
    }
    return false;
  }

  /** Takes the key for an invocation that is about to rest (R5); harmless if it has it already. `false`: the lock is
   * a later invocation's, so this one is a zombie. */
  async take(target: Target, me: Holder): Promise<boolean> {
    const { won } = await this.#ports.items.write(
      takeLock(
        lockKey(target.service, target.key ?? ""),
        me,
        this.#ports.clock.now(),
        nonce(this.#ports.entropy, LOCK_NONCE_BYTES),
      ),
    );
    return won;
  }

  /** The same, of one that has not begun, as far as its head says. A message that resumed it may vouch for it, that never came to the
   * lock: its token is later than the owner's, which may be alive. So it leaves a key that another one has. */
  async takeFree(target: Target, me: Holder): Promise<void> {
    const lock = await this.#read(lockKey(target.service, target.key ?? ""));
    if (!lock || sameInvocation(lock.owner, me)) await this.take(target, me);
  }

  /** The same, while no other has the key that has not ended. One that the mailbox had given up may have gone on since: it has the key
   * then, with an older token. */
  async takeFromNone(target: Target, me: Holder): Promise<void> {
    const lock = await this.#read(lockKey(target.service, target.key ?? ""));
    if (lock && sameInvocation(lock.owner, me)) return;
    if (!lock || (await this.#ownerOf(lock)).isOver) await this.take(target, me);
  }

  /** R6: one that has ended keeps its key while its state may not be written: see the head of this file. Where that fails, too, the
   * message at hand comes again. */
  async keep(id: InvocationId): Promise<void> {
    if (!isExclusiveId(id)) return;
    try {
      const head = (await readHead(this.#ports.items, id))?.head;
      if (head?.token === undefined || head.status !== "completed" || !writesState(head)) return;
      const { target, incarnation, token } = head;
      await this.takeFromNone(target, { id, incarnation, token });
    } catch (thrown) {
      if (!(thrown instanceof OperationalError)) throw thrown;
    }
  }

  /**
   * The invocation has ended: the key goes to the next parked one, which is answered, or is free. `by`: the message that the next
   * one runs under, or {@link wokenBy} it. `not-mine`: it did not own the lock, or somebody has passed the lock on already; `moved`:
   * that may have been this very call.
   */
  async pass(
    target: Target,
    me: Pick<Holder, "id" | "incarnation">,
    by: string,
  ): Promise<Holder | "free" | "not-mine" | "moved"> {
    const key = lockKey(target.service, target.key ?? "");
    for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
      const lock = await this.#read(key);
      if (!lock || !sameInvocation(lock.owner, me)) return attempt === 0 ? "not-mine" : "moved";
      const next = await this.#handOff(key, lock, by);
      if (next !== "conflict") return next ?? "free";
    }
    throw new OperationalError("unavailable", `the lock of ${target.service}/${target.key} is contended`);
  }

  /** Asks for a turn of the invocation that the lock was handed to. `of`: it may have run under that message, and what its turn
   * has caused may not have been done. */
  async wake({ id, incarnation }: Pick<Holder, "id" | "incarnation">, of?: string): Promise<void> {
    const doubt = of === undefined ? {} : ({ of, poke: true } as const);
    const resume = { kind: "resume", id, incarnation, enters: true, wake: true, ...doubt } as const;
    await sendAll(this.#ports.mailbox, [outgoing(resume, afresh(this.#ports, "wake"))]);
  }

  /** R23, of an invocation that has ended: its key has another owner. Whether nobody sees to that one. `isLiable`: the message
   * at hand has ended the invocation, or may have passed its key on. */
  async lookAfter(target: Target, delivery: Delivery, isLiable: boolean): Promise<void> {
    const key = lockKey(target.service, target.key ?? "");
    for (let step = 0; step < SETTLE_STEPS_MAX; step++) {
      const lock = await this.#read(key);
      if (!lock || !(isLiable || isHandedBy(lock, delivery.voucher.of))) return;
      const owner = await this.#ownerOf(lock);
      if (owner.isOver) {
        if ((await this.#settle(key, lock, owner.head, delivery)) === "moved") return;
        continue;
      }
      if (isUntold(lock, owner.head, delivery)) await this.wake(lock.owner, actedFor(lock, delivery));
      return;
    }
  }

  /** The head of the lock's owner, and whether its life is over. */
  async #ownerOf(lock: Lock): Promise<{ readonly head: Head | undefined; readonly isOver: boolean }> {
    const { owner } = lock;
    const stored = await readHead(this.#ports.items, owner.id);
    const head = stored?.head.incarnation === owner.incarnation ? stored.head : undefined;
    const isThere = stored !== undefined || this.#isOrphan(lock);
    return { head, isOver: isThere && hasEnded(head, this.#ports.clock.now()) };
  }

  /** The owner has ended: its outputs are done again, and the key is passed on. `conflict`: the lock has moved without that, or it
   * seems so. */
  async #settle(
    key: ItemKey,
    lock: Lock,
    head: Head | undefined,
    { voucher: { name } }: Delivery,
  ): Promise<"moved" | "conflict"> {
    if (head?.status === "completed") await repeatLastOutputs(this.#ports, lock.owner.id, head);
    const next = await this.#handOff(key, lock, wokenBy(name));
    if (next === "conflict") return "conflict";
    if (next) await this.wake(next);
    return "moved";
  }

  /**
   * Whether a lock whose owner has no head may be passed on. Usually not: an invocation takes the lock before its first append (R5), so the
   * owner may be about to write its head. But if the lock was handed to it, it had a head; and if its Start is gone from the mailbox by now
   * (`HEAD_OUTLIVES_MS`), too. That head was deleted after its end. What is left was written late: by its zombie, which took the lock, or by
   * the one that parked it, which wrote the place in the inbox. Not while its turn lives: then the clock has jumped (living-turn.ts).
   */
  #isOrphan({ owner, takenAtMs }: Lock): boolean {
    if (this.#ports.runs?.(owner.id)) return false;
    return takenAtMs === undefined || this.#ports.clock.now() - takenAtMs > HEAD_OUTLIVES_MS;
  }

  async #handOff(key: ItemKey, lock: Lock, by: string): Promise<Holder | undefined | "conflict"> {
    const { items } = this.#ports;
    const overflowing = lock.inline.length === 0 && lock.from < lock.to;
    const overflowKey = inboxKey(key, lock.from);
    const parked = overflowing ? await items.get(overflowKey) : undefined;
    if (overflowing && !parked) {
      const now = await this.#read(key);
      invariant(
        !now || now.from !== lock.from || !sameInvocation(now.owner, lock.owner),
        "W2",
        `parked item ${overflowKey.sk} of ${key.pk} is missing`,
      );
      return "conflict";
    }
    const nextParked = parked && parseInboxItem(parked);
    const { next, write } = handOff(key, lock, by, nextParked);
    if (write.op === "delete" && lock.from > 0) await this.#sweepInbox(key, lock);
    const { won } = await items.write(write);
    if (!won) return "conflict";
    if (nextParked) await items.write(leave(overflowKey, nextParked));
    return next;
  }

  /** Who died between a hand-off and the deletion of the place that it had emptied has left it. Those whose places lie
   * before `from` were handed the key and have ended, so none of them is parked there anew. */
  async #sweepInbox(key: ItemKey, lock: Lock): Promise<void> {
    const { items } = this.#ports;
    const page = await items.query(key.table, key.pk, INBOX_PREFIX);
    const end = inboxKey(key, lock.from).sk;
    for (const { sk, attributes } of page.items) {
      if (sk < end) await items.write(leave({ ...key, sk }, parseInboxItem(attributes)));
    }
  }

  /** The head first, then the place in the lock. `hasHead`: that was done. `false`: the lock has moved, or may have, look again. */
  async #park(
    key: ItemKey,
    lock: Lock,
    me: Holder,
    invocation: Invocation,
    hasHead: boolean,
  ): Promise<boolean> {
    const isParked = isParkedInline(lock, me);
    const { status = "pending" } = invocation.head ?? {};
    if (isParked && (hasHead || status === "pending")) return true;
    if (!(await parkHead(this.#ports, invocation))) {
      throw new OperationalError("unavailable", `${me.id} is being parked by another message`);
    }
    // It was resumed since. It may have been handed the key before its head said so.
    if (isParked) return false;
    const { item, lock: place } = park(key, lock, me);
    const isMine = item === undefined || (await this.#ports.items.write(item)).won;
    return (await this.#ports.items.write(place)).won && isMine;
  }

  async #read(key: ItemKey): Promise<Lock | undefined> {
    const item = await this.#ports.items.get(key);
    return item && parseLock(item);
  }
}

/** Another life of the id means that the owner's has ended long ago. */
const hasEnded = (head: Head | undefined, nowMs: number): boolean =>
  head === undefined || ON.owner[head.status] === "pass-on" || isExpired(head, nowMs);
