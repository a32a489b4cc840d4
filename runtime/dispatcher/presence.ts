/**
 * A turn that runs long is made known, and its message is let go of (R26).
 *
 * After `PRESENCE_MS` a turn has a head: it is listed, it can be described, paused, cancelled and killed, in its first turn
 * too. And its message is deleted, so that its lane is free and what comes in it is heard. In the message's place a guard
 * vouches for the turn (lib/model/voucher.ts): a message that comes out of the timers in a while, unless it is renewed.
 *
 * The order of writes: the key's lock (R5); the guard; the head, which names it; only then is the message let go of. The head's
 * mark stays as it is, since the turn goes on. A turn without a head adopts the one that was made here: it knows the mark.
 *
 * Crash points. Before the head is written, the message is what vouches. After it, the guard is: the message finds that another
 * one is named. If the dispatcher dies, the guard takes over when it is due; if it is renewed late, too, and then the turn's next
 * append is refused (R18). After the turn's last append the guard comes as a message that is in doubt.
 */
import { appear, type Appearance, renewGuard } from "../../lib/store/head/presence.ts";
import { freshMark } from "../../lib/store/head/transitions.ts";
import { guardMs, guardName } from "../../lib/store/guard.ts";
import { asError } from "../../lib/errors.ts";
import { PRESENCE_MS } from "../../lib/limits.ts";
import type { Resume } from "../../lib/model/message.ts";
import type { Note } from "../../lib/model/entry.ts";
import { outgoing } from "../../lib/store/send.ts";
import type { Delivery, DispatcherPorts } from "./delivery.ts";
import type { Invocation } from "./invocation.ts";
import type { KeyLock } from "./key-lock.ts";

type Timer = Parameters<DispatcherPorts["timers"]["schedule"]>[0];

export class Presence {
  /** Of the head that is made here, if there is none. */
  readonly mark: string;
  /** The key's lock is its own. One that it was handed must go on to say so (R23). */
  ownsLock: boolean;
  readonly #ports: DispatcherPorts;
  readonly #locks: KeyLock;
  readonly #invocation: Invocation;
  readonly #carried: readonly Note[];
  readonly #delivery: Delivery;
  #work: Promise<void> = Promise.resolve();
  #cancel: (() => void) | undefined;
  #isOver = false;
  #guards = 0;
  #deployment = "";
  #turns: Uint8Array | undefined;
  #timer: Timer | undefined;

  constructor(
    ports: DispatcherPorts,
    locks: KeyLock,
    {
      invocation,
      carried,
      ownsLock,
      delivery,
    }: { invocation: Invocation; carried: readonly Note[]; ownsLock: boolean; delivery: Delivery },
  ) {
    this.#ports = ports;
    this.#locks = locks;
    this.#invocation = invocation;
    this.#carried = carried;
    this.ownsLock = ownsLock;
    this.#delivery = delivery;
    this.mark = freshMark(ports);
  }

  /** A turn begins. `deployment`: what it runs on. The next attempt may run on a newer one. `turns`: this one, and those before it. */
  begin(deployment: string, turns: Uint8Array): void {
    this.#deployment = deployment;
    this.#turns = turns;
    if (this.#cancel || this.#isOver) return;
    this.#after(PRESENCE_MS, () => this.#appear());
  }

  /** What is being written is written. */
  async settled(): Promise<void> {
    await this.#work;
  }

  /** The invocation is at rest. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#cancel?.();
    await this.#work;
    if (this.#timer) await this.#ports.timers.cancel?.(this.#timer);
  }

  #after(ms: number, work: () => Promise<void>): void {
    this.#cancel = this.#ports.clock.after(ms, () => {
      this.#work = work().catch((error: unknown) => {
        const { message: reason } = asError(error);
        this.#ports.logger.log("debug", "a turn could not be made known", { reason });
      });
    });
  }

  async #appear(): Promise<void> {
    const { holder, target, id, incarnation, start, token, head } = this.#invocation;
    if (this.#isOver) return;
    if (holder && !this.ownsLock) {
      if (!(await this.#locks.take(target, holder))) return;
      this.ownsLock = true;
    }
    const guard = await this.#schedule();
    const { name: voucher } = this.#delivery.voucher;
    const deployment = this.#deployment;
    const appearance: Appearance = {
      ...{ id, incarnation, start, token, deployment, voucher, guard },
      ...{ mark: this.mark, from: head, carried: this.#carried, turns: this.#turns },
    };
    if (!(await appear(this.#ports, appearance, this.#delivery.voucher))) return;
    this.#delivery.voucher.guard = guard;
    this.#delivery.voucher.isGone = true;
    this.#delivery.letGo({ id: this.#invocation.id, guard });
    this.#renewLater();
  }

  #renewLater(): void {
    if (this.#isOver) return;
    this.#after(guardMs(this.#guards) / 2, async () => {
      const before = this.#delivery.voucher.guard;
      const was = this.#timer;
      if (before === undefined || this.#isOver) return;
      const guard = await this.#schedule();
      if (!(await renewGuard(this.#ports, this.#invocation, before, guard))) return;
      this.#delivery.voucher.guard = guard;
      this.#delivery.letGo({ id: this.#invocation.id, guard });
      if (was) await this.#ports.timers.cancel?.(was);
      this.#renewLater();
    });
  }

  async #schedule(): Promise<string> {
    const { id, incarnation } = this.#invocation;
    const guard = guardName(this.#ports);
    const atMs = this.#ports.clock.now() + guardMs(++this.#guards);
    const timer = { atMs, message: outgoing(guardOf(id, incarnation, guard, atMs), `guard.${guard}`) };
    await this.#ports.timers.schedule(timer);
    this.#timer = timer;
    return guard;
  }
}

const guardOf = (id: string, incarnation: number, guard: string, dueAtMs: number): Resume => ({
  ...{ kind: "resume", id, incarnation, guard, dueAtMs },
});
