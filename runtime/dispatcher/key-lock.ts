/**
 * The lock of an exclusive invocation's key: who may run a turn now (W1), who is parked and in which order (W2), and
 * how the key passes on (R5, R6).
 *
 * Boundary: lib/model/lock.ts has the lock's format and its writes.
 *
 * Crash points
 * - Parking writes the head, then the lock. A head without its place in the lock is found by its own message, which is
 *   still there.
 * - A hand-off is one conditional write, then a message to the new owner. Between the two the old owner's message is still
 *   there. Its handler finds that the new owner is pending, and sends the message again (R6).
 */
import { park as parkHead } from "../../lib/store/head/transitions.ts";
import { readHead } from "../../lib/store/head-store.ts";
import { afresh, outgoing, sendAll } from "../../lib/store/send.ts";
import { invariant, OperationalError } from "../../lib/errors.ts";
import { type Head, isExpired } from "../../lib/model/head.ts";
import type { ItemKey } from "../../lib/model/item.ts";
import { CONFLICT_ATTEMPTS_MAX, HEAD_OUTLIVES_MS, SETTLE_STEPS_MAX } from "../../lib/limits.ts";
import {
  handOff,
  type Holder,
  INBOX_PREFIX,
  inboxKey,
  isParkedInline,
  type Lock,
  lockKey,
  park,
  parseInboxItem,
  parseLock,
  sameInvocation,
  takeLock,
} from "../../lib/model/lock.ts";
import type { Target } from "../../lib/model/message.ts";
import { ON } from "../../lib/model/status-table.ts";
import type { DispatcherPorts } from "./delivery.ts";
import type { Invocation } from "./invocation.ts";
import { repeatLastOutputs } from "../../lib/store/last-outputs.ts";

export class KeyLock {
  readonly #ports: DispatcherPorts;

  constructor(ports: DispatcherPorts) {
    this.#ports = ports;
  }

  /**
   * Read strongly, immediately before a turn. Passes on what finished owners have left, and parks behind a living one.
   * `owner`: it may run, and the lock is its own. `free`: it may run, and there is no lock; so may what is not exclusive.
   * `parked`: it will be woken when its turn comes. `not-owner`: the lock does not name it, and under this message it may not
   * begin (R19): the order of a key's invocations is that of the lane that their Starts come in.
   */
  async enter(invocation: Invocation, mayBegin: boolean): Promise<"owner" | "free" | "parked" | "not-owner"> {
    const me = invocation.holder;
    if (!me) return "free";
    const { service, key: name } = invocation.target;
    const key = lockKey(service, name ?? "");
    for (let step = 0; step < SETTLE_STEPS_MAX; step++) {
      const lock = await this.#read(key);
      if (lock && sameInvocation(lock.owner, me)) return "owner";
      if (!mayBegin) return "not-owner";
      if (!lock) return "free";
      if (await this.#settle(key, lock)) continue;
      if (await this.#park(key, lock, me, invocation)) return "parked";
    }
    throw new OperationalError("unavailable", `the lock of ${service}/${name} did not settle`);
  }

  /** Whether the lock names it. What is not exclusive needs none. */
  async isOwner({ holder, target }: Invocation): Promise<boolean> {
    if (!holder) return true;
    const lock = await this.#read(lockKey(target.service, target.key ?? ""));
    return lock !== undefined && sameInvocation(lock.owner, holder);
  }

  /** Takes the key for an invocation that is about to rest (R5); harmless if it has it already. `false`: the lock is
   * a later invocation's, so this one is a zombie. */
  async take(target: Target, me: Holder): Promise<boolean> {
    const { won } = await this.#ports.items.write(
      takeLock(lockKey(target.service, target.key ?? ""), me, this.#ports.clock.now()),
    );
    return won;
  }

  /** The invocation has ended: the key goes to the next parked one, which is answered, or is free. `not-mine`: it did not own
   * the lock, or somebody has passed the lock on already. */
  async pass(target: Target, me: Pick<Holder, "id" | "incarnation">): Promise<Holder | "free" | "not-mine"> {
    const key = lockKey(target.service, target.key ?? "");
    for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
      const lock = await this.#read(key);
      if (!lock || !sameInvocation(lock.owner, me)) return "not-mine";
      const next = await this.#handOff(key, lock);
      if (next !== "conflict") return next ?? "free";
    }
    throw new OperationalError("unavailable", `the lock of ${target.service}/${target.key} is contended`);
  }

  /** Asks for a turn of the invocation that the lock was passed to. `of`: it may have run under that message, and its last append's
   * outputs may not have been done. */
  async wake({ id, incarnation }: Pick<Holder, "id" | "incarnation">, of?: string): Promise<void> {
    const doubt = of === undefined ? {} : ({ poke: true, of } as const);
    const resume = { kind: "resume", id, incarnation, enters: true, ...doubt } as const;
    await sendAll(this.#ports.mailbox, [outgoing(resume, afresh(this.#ports, "wake"))]);
  }

  /** R6, for an invocation that has ended under a message that is in doubt: if its key was passed on but the message
   * to the new owner may be missing, that is sent again. */
  async settleAfter(target: Target, message: string): Promise<void> {
    const key = lockKey(target.service, target.key ?? "");
    for (let step = 0; step < SETTLE_STEPS_MAX; step++) {
      const lock = await this.#read(key);
      if (!lock) return;
      if (await this.#settle(key, lock)) continue;
      // It may have run, and died, under the message at hand (see Progress.#drain): nobody else will look at it.
      await this.wake(lock.owner, message);
      return;
    }
  }

  /** Returns whether the lock has moved: its owner has ended, and so its outputs were done again and the key passed on.
   * An owner that has been handed the key but was never woken is woken. */
  async #settle(key: ItemKey, lock: Lock): Promise<boolean> {
    const { owner } = lock;
    const stored = await readHead(this.#ports.items, owner.id);
    if (!stored && !this.#isOrphan(lock)) return false;
    const head = stored?.head.incarnation === owner.incarnation ? stored.head : undefined;
    if (!hasEnded(head, this.#ports.clock.now())) {
      if (head && ON.owner[head.status] === "wake") await this.wake(owner);
      return false;
    }
    if (head?.status === "completed") await repeatLastOutputs(this.#ports, owner.id, head);
    const next = await this.#handOff(key, lock);
    if (next !== "conflict" && next) await this.wake(next);
    return true;
  }

  /**
   * Whether a lock whose owner has no head may be passed on.
   *
   * Usually not. An invocation takes the lock before its first append (R5), so the owner may be about to write its head.
   * It cannot be about to do so in two cases:
   * - The lock was handed to it. That happens only to invocations that have a head.
   * - Its Start is gone from the mailbox by now (`HEAD_OUTLIVES_MS`).
   * Then its head was deleted after its end. What is left was written late: by its zombie, which took the lock, or by
   * whoever parked it, who wrote the place in the inbox.
   */
  #isOrphan({ takenAtMs }: Lock): boolean {
    return takenAtMs === undefined || this.#ports.clock.now() - takenAtMs > HEAD_OUTLIVES_MS;
  }

  async #handOff(key: ItemKey, lock: Lock): Promise<Holder | undefined | "conflict"> {
    const { items } = this.#ports;
    const overflowing = lock.inline.length === 0 && lock.from < lock.to;
    const overflowKey = inboxKey(key, lock.from);
    const parked = overflowing ? await items.get(overflowKey) : undefined;
    if (overflowing && !parked) {
      const now = await this.#read(key);
      invariant(
        !now || now.from !== lock.from,
        "W2",
        `parked item ${overflowKey.sk} of ${key.pk} is missing`,
      );
      return "conflict";
    }
    const { next, write } = handOff(key, lock, parked && parseInboxItem(parked));
    if (write.op === "delete" && lock.from > 0) await this.#sweepInbox(key, lock);
    const { won } = await items.write(write);
    if (!won) return "conflict";
    if (overflowing) await items.write({ op: "delete", key: overflowKey });
    return next;
  }

  /** Who died between a hand-off and the deletion of the place that it had emptied has left it. Those whose places lie
   * before `from` were handed the key and have ended, so none of them is parked there anew. */
  async #sweepInbox(key: ItemKey, lock: Lock): Promise<void> {
    const { items } = this.#ports;
    const page = await items.query(key.table, key.pk, INBOX_PREFIX);
    const end = inboxKey(key, lock.from).sk;
    for (const { sk, attributes } of page.items) {
      const when = { is: "eq", attribute: "i", value: parseInboxItem(attributes).id } as const;
      if (sk < end) await items.write({ op: "delete", key: { ...key, sk }, when });
    }
  }

  /** The head first, then the place in the lock. `false`: the lock has moved, look again. */
  async #park(key: ItemKey, lock: Lock, me: Holder, invocation: Invocation): Promise<boolean> {
    if (isParkedInline(lock, me)) return true;
    if (!(await parkHead(this.#ports, invocation))) {
      throw new OperationalError("unavailable", `${me.id} is being parked by another message`);
    }
    const { item, lock: place } = park(key, lock, me);
    const isMine = item === undefined || (await this.#ports.items.write(item)).won;
    const { won } = await this.#ports.items.write(place);
    return isMine && won;
  }

  async #read(key: ItemKey): Promise<Lock | undefined> {
    const item = await this.#ports.items.get(key);
    return item && parseLock(item);
  }
}

/** Another life of the id means that the owner's has ended long ago. */
const hasEnded = (head: Head | undefined, nowMs: number): boolean =>
  head === undefined || ON.owner[head.status] === "pass-on" || isExpired(head, nowMs);
