/**
 * The dispatcher: handles mailbox messages.
 *
 * - Groups of a batch run side by side. Messages of a group run one after the other, and the next one only when what came
 *   before it is durably at rest (R7).
 * - A message is `done` only when everything that it causes is durable (M1). Otherwise it is given back, with all later ones of
 *   its group.
 *
 * Boundary: notes are delivered in note-delivery.ts, attachments in attachment.ts. progress.ts takes an invocation on.
 */
import { reincarnateHead, scheduleHead } from "../../lib/store/head/births.ts";
import { endAsItIs, killStub, tells } from "../../lib/store/head/transitions.ts";
import { readHead, readHeadOrStub, type StoredHead, storeInput } from "../../lib/store/head-store.ts";
import { afresh, outgoing, sendAll, startTimerOf } from "../../lib/store/send.ts";
import { coded } from "../../lib/error-codes.ts";
import { asError, isTooLarge } from "../../lib/errors.ts";
import { type Head, isCancelled, isForLife, type Stub } from "../../lib/model/head.ts";
import { isExpired } from "../../lib/model/head-age.ts";
import { type InvocationId, noteGroupOf } from "../../lib/model/ids.ts";
import { CLOCK_SKEW_MS } from "../../lib/limits.ts";
import {
  type Incoming,
  type Kill,
  type Message,
  type Notify,
  type Resume,
  type Start,
} from "../../lib/model/message.ts";
import { failure } from "../../lib/model/outcome.ts";
import { ON } from "../../lib/model/status-table.ts";
import { voucherOf } from "../../lib/model/voucher.ts";
import { answerLater, attach, refuseAttach, tellLater } from "./attachment.ts";
import { Attempts } from "./attempts.ts";
import { endUnbegunCancelled, endWithoutCode, killCallees } from "./cascade.ts";
import type { Delivery, DispatcherPorts, Keeper, Verdict } from "./delivery.ts";
import { isBetweenLives, sendBehindStarts } from "./between-lives.ts";
import { KeyLock } from "./key-lock.ts";
import { Invocation } from "./invocation.ts";
import { LetGo } from "./let-go.ts";
import { NoteDelivery } from "./note-delivery.ts";
import { forgetTimers, repeatLastOutputs } from "../../lib/store/last-outputs.ts";
import { reply } from "../../lib/store/outputs.ts";
import { isEarly, underGuard } from "./guarded-start.ts";
import { isBesideTurn } from "./living-turn.ts";
import { OwnFailures } from "./own-failures.ts";
import { Progress } from "./progress.ts";
import { Resumption } from "./resumption.ts";
import { type Unit, unitAt } from "./unit.ts";
import { handlerPolicyOf } from "../../lib/store/handler-policy.ts";
import { stopwatchOf } from "../../lib/ports.ts";

export interface DispatcherOptions {
  /** Grows when the mailbox is replaced: sequence numbers start anew, tokens and vouchers must not. */
  readonly mailboxEpoch?: number;
}

/** For queues that hide what is worked on themselves. */
export const noKeeper: Keeper = { holds: () => true, finish: () => undefined };

export class Dispatcher {
  readonly #ports: DispatcherPorts;
  readonly #attempts: Attempts;
  readonly #locks: KeyLock;
  readonly #progress: Progress;
  readonly #notes: NoteDelivery;
  readonly #letGo: LetGo;
  readonly #resumption: Resumption;
  readonly #failures = new OwnFailures();
  readonly #epoch: number;

  constructor(ports: DispatcherPorts, { mailboxEpoch = 0 }: DispatcherOptions = {}) {
    this.#ports = ports;
    this.#epoch = mailboxEpoch;
    this.#letGo = new LetGo(ports);
    const locks = new KeyLock(ports, mailboxEpoch);
    this.#locks = locks;
    this.#attempts = new Attempts(ports, locks);
    this.#progress = new Progress(ports, { locks, attempts: this.#attempts, mailboxEpoch });
    this.#notes = new NoteDelivery(ports, this.#progress);
    this.#resumption = new Resumption(ports, { progress: this.#progress, letGo: this.#letGo });
  }

  /** Handles a batch within `remainingMs`. Returns the ids of the messages that are to be delivered again. */
  async handle(
    batch: readonly Incoming[],
    remainingMs: number,
    keeper: Keeper = noKeeper,
  ): Promise<readonly string[]> {
    const deadlineMs = stopwatchOf(this.#ports).now() + remainingMs;
    const groups = Map.groupBy(batch, ({ group }) => group);
    const failed = await Promise.all(
      [...groups].map(async ([group, messages]) => {
        const done = await this.#handleGroup(messages, deadlineMs, () => keeper.holds(group));
        const givenBack = messages.slice(done);
        keeper.finish(messages.slice(0, done), givenBack);
        return givenBack.map(({ messageId }) => messageId);
      }),
    );
    // Only then: it costs a request, and a batch without such a turn is answered, and deleted, now.
    if (keeper.release && this.#letGo.some) {
      keeper.release();
      await this.settled();
    }
    return failed.flat();
  }

  /** No turn is under way whose message was let go of. */
  async settled(): Promise<void> {
    await this.#letGo.settled();
  }

  /** Returns how many of the group's messages are done. */
  async #handleGroup(
    messages: readonly Incoming[],
    deadlineMs: number,
    holds: () => boolean,
  ): Promise<number> {
    let from = 0;
    while (from < messages.length && holds()) {
      const unit = unitAt(messages, from, this.#ports.logger);
      if ((await this.#handleUnit(unit, deadlineMs)) === "retry") break;
      from += unit.incoming.length;
    }
    return from;
  }

  async #handleUnit(unit: Unit, deadlineMs: number): Promise<Verdict> {
    return await this.#letGo.handle(async (letGo) => await this.#deliver(unit, deadlineMs, letGo));
  }

  async #deliver(
    { incoming, messages }: Unit,
    deadlineMs: number,
    letGo: Delivery["letGo"],
  ): Promise<Verdict> {
    if (messages === "later") return "retry";
    const [first, message] = [incoming[0], messages[0]];
    if (!first || !message) return "done";
    const receives = Math.max(...incoming.map(({ receiveCount }) => receiveCount));
    const inDoubt = receives > 1;
    const { sequence, sentAtMs, group } = first;
    const voucher = {
      // The last one of several: any of them may be named by a head, and the earlier ones are no later (R17).
      name: voucherOf(group, lastSequence(incoming), this.#epoch),
      ...(message.kind === "resume" ? actsFor(message) : {}),
    };
    const delivery: Delivery = {
      ...{
        sequence,
        inDoubt,
        receives,
        deadlineMs,
        voucher,
        letGo,
        follow: (id, end) => this.#letGo.follow(id, end),
        isNote: group === noteGroupOf(message.id),
      },
      ...(sentAtMs === undefined ? {} : { sentAtMs }),
    };
    this.#measure(messages, inDoubt);
    try {
      if (!delivery.isNote && (message.kind === "notify" || message.kind === "kill"))
        return await this.#sendOn(message.id, messages, delivery);
      if (message.kind === "notify") {
        return await this.#notes.deliver(messages as unknown as [Notify, ...Notify[]], delivery);
      }
      if (message.kind === "start") return await this.#start(message, delivery);
      if (message.kind === "attach") return await attach(this.#ports, message);
      return message.kind === "resume"
        ? await this.#resumption.handle(message, delivery)
        : await this.#kill(message, delivery);
    } catch (error) {
      return await this.#giveBack(message, first, error, delivery);
    }
  }

  /** To the note lane: an earlier version sent it where Starts come (R19), and may have run a turn under it, whose outputs may be
   * missing (R2). */
  async #sendOn(id: InvocationId, messages: readonly Message[], delivery: Delivery): Promise<Verdict> {
    if (delivery.inDoubt && (await this.#progress.lookAt(id, delivery)) === "retry") return "retry";
    const afterwards = (each: Message) => outgoing(each, afresh(this.#ports, "note"));
    await sendAll(this.#ports.mailbox, messages.map(afterwards));
    return "done";
  }

  #measure(messages: readonly Message[], inDoubt: boolean): void {
    const { meter, clock } = this.#ports;
    if (!meter) return;
    for (const message of messages) {
      if (message.kind === "start" && !isRepeat(message) && !inDoubt) meter.measure("accepted");
      if (message.kind !== "notify" && message.kind !== "resume") continue;
      const lateMs = clock.now() - (message.dueAtMs ?? Number.POSITIVE_INFINITY);
      if (lateMs >= 0) meter.measure("timerLateness", lateMs);
    }
  }

  /** A message that fails again and again, for a reason that waiting does not mend, would block its group. Its invocation is
   * visibly paused instead, and the message is done (R16). */
  async #giveBack(
    message: Message,
    incoming: Incoming,
    error: unknown,
    delivery: Delivery,
  ): Promise<Verdict> {
    const { message: reason, stack } = asError(error);
    const { receiveCount } = incoming;
    this.#ports.meter?.measure("givenBack");
    const fields = { kind: message.kind, invocation: message.id, receiveCount, reason, stack };
    if (!this.#failures.isOneTooMany(incoming, error)) {
      this.#ports.logger.log("warn", "a message is given back", fields);
      if (!delivery.isNote) await this.#locks.keep(message.id);
      return "retry";
    }
    if (message.kind === "attach") return await refuseAttach(this.#ports, message, reason);
    this.#ports.logger.log("error", "a message failed too often; its invocation is paused", fields);
    const { id } = message;
    const start = message.kind === "start" ? message : undefined;
    try {
      const stored = await readHead(this.#ports.items, id);
      const token = this.#progress.tokenFor(id, stored?.head, delivery);
      const invocation = stored
        ? Invocation.stored(id, stored, token, start)
        : start && Invocation.begun(start, token);
      const why = isTooLarge(error)
        ? { code: 413, message: coded("RT0003", reason) }
        : { code: 500, message: reason };
      return !invocation || (await this.#attempts.pause(invocation, why)) ? "done" : "retry";
    } catch {
      return "retry";
    }
  }

  // --- starts ------------------------------------------------------------------------------------------------

  async #start(start: Start, given: Delivery): Promise<Verdict> {
    if (await isEarly(this.#ports, start)) return await tellLater(this.#ports, start);
    const { stored, stub } = mayExist(start, given) ? await readHeadOrStub(this.#ports.items, start.id) : {};
    const delivery = underGuard(start, stored?.head, given);
    if (stored && isExpired(stored.head, this.#ports.clock.now())) {
      return await this.#reincarnate(start, stored.head, delivery);
    }
    if (start.dueAtMs !== undefined) return await this.#schedule(start, start.dueAtMs, stored?.head);
    if (!stored) return await this.#begin(await this.#withInput(start), stub, delivery);
    const { head } = stored;
    if (head.origin !== start.origin) return await this.#attach(start, head);
    await this.#tellCaller(start, head);
    const own = ON.look[head.status] === "pass-on" ? start : await this.#withInput(start);
    return await this.#progress.advance(this.#invocation(stored, own, delivery), [], delivery);
  }

  /** Its caller has invoked it itself, and does not wait for that any more (R28). */
  async #tellCaller({ id, replyTo }: Start, head: Head): Promise<void> {
    if (replyTo && !tells(head, replyTo)) await answerLater(this.#ports, id, head, replyTo);
  }

  async #begin(own: Start, stub: Stub | undefined, delivery: Delivery): Promise<Verdict> {
    if (isBesideTurn(this.#ports, own)) return "retry";
    if (stub) return await this.#meetStub(own, stub, delivery);
    // An id that can be asked for again has its head before it runs (R11), also if its guard is faster than its request.
    if (own.guard !== undefined && own.accepted) return await this.#bear(own, delivery);
    const invocation = Invocation.begun(own, this.#progress.tokenFor(own.id, undefined, delivery));
    return await this.#progress.begin(invocation, delivery);
  }

  /** What has come before the head is adopted first: an earlier version of the handler's could not (R21). What has come for
   * another life gives way. */
  async #meetStub(start: Start, stub: Stub, delivery: Delivery): Promise<Verdict> {
    if (isForLife(stub, start) && isCancelled(stub)) return await this.#endStub(start, stub, delivery);
    return await this.#bear(start, delivery);
  }

  async #bear(start: Start, delivery: Delivery): Promise<Verdict> {
    const born = await scheduleHead(this.#ports, start);
    return born
      ? await this.#progress.advance(this.#invocation(born, start, delivery), [], delivery)
      : "retry";
  }

  /** It was killed or cancelled before its Start could make its head (R21). */
  async #endStub(start: Start, { killed }: Stub, delivery: Delivery): Promise<Verdict> {
    const token = this.#progress.tokenFor(start.id, undefined, delivery);
    const invocation = Invocation.begun(start, token);
    const retention = await handlerPolicyOf(this.#ports.registry, invocation);
    const outcome = failure(409, killed ? "killed" : "cancelled");
    const ended = await endAsItIs(this.#ports, invocation, outcome, retention);
    if (!ended) return "retry";
    this.#ports.traces?.ended(start.id, ended, outcome, start);
    await reply(this.#ports, start.id, ended.replies, ended.outcome ?? outcome);
    return await this.#progress.passOn(invocation, delivery);
  }

  /** A turn reads only what its own invocation has. An input that its caller's log holds is copied first (P1). */
  async #withInput(start: Start): Promise<Start> {
    return start.inputFrom === undefined ? start : await storeInput(this.#ports, start);
  }

  #invocation(stored: StoredHead, start: Start, delivery: Delivery) {
    return Invocation.stored(
      start.id,
      stored,
      this.#progress.tokenFor(start.id, stored.head, delivery),
      start,
    );
  }

  async #reincarnate(start: Start, expired: Head, delivery: Delivery): Promise<Verdict> {
    // A late repeat of the life that has expired is not a new one (R10). With no retention it has expired at once,
    // purged or not, and its outputs and its key are still this message's when it comes back (R2, M1).
    if (expired.origin === start.origin) {
      await this.#tellCaller(start, expired);
      return delivery.inDoubt ? await this.#progress.lookAt(start.id, delivery) : "done";
    }
    if (isSuperseded(start, expired)) return "done";
    if (!(await reincarnateHead(this.#ports, start, expired))) return "retry";
    if (start.dueAtMs === undefined) return await this.#progress.lookAt(start.id, delivery);
    return await this.#schedule(start, start.dueAtMs, undefined);
  }

  /** A delayed start joins its group's queue when it is due. */
  async #schedule(start: Start, dueAtMs: number, head: Head | undefined): Promise<Verdict> {
    if (head && ON.register[head.status] === "leave") return "done";
    // Refused if a new life of a derived id has just been registered.
    const born = head ? undefined : await scheduleHead(this.#ports, start);
    // A cancellation or a kill has come before it (R21).
    if (born && isCancelled(born.head)) {
      await endUnbegunCancelled(this.#ports, Invocation.stored(start.id, born, undefined));
      return "done";
    }
    const incarnation = head?.incarnation ?? start.incarnation;
    await this.#ports.timers.schedule(
      startTimerOf({ id: start.id, incarnation, origin: start.origin }, dueAtMs),
    );
    return "done";
  }

  /** The id exists already, made by another request. This caller gets the same result; a workflow runs only once. */
  async #attach({ id, target, replyTo }: Start, head: Head): Promise<Verdict> {
    if (!replyTo) return "done";
    const service = await this.#ports.registry.service(target.service);
    if (service?.type === "workflow") {
      await reply(this.#ports, id, [replyTo], failure(409, "the workflow method was already invoked"));
      return "done";
    }
    await answerLater(this.#ports, id, head, replyTo);
    return "done";
  }

  // --- resumes and kills -------------------------------------------------------------------------------------

  async #kill(kill: Kill, delivery: Delivery): Promise<Verdict> {
    const { id, incarnation } = kill;
    const stored = await readHead(this.#ports.items, id);
    if (!stored) {
      const isKept = await killStub(this.#ports, id, incarnation ?? 0);
      // There is a head by now, and there will be one.
      return isKept ? "done" : await this.#kill(kill, delivery);
    }
    if (incarnation !== undefined && incarnation !== stored.head.incarnation) return "done";
    if (isBetweenLives(kill, stored.head, this.#ports.clock.now())) {
      await sendBehindStarts(this.#ports, [kill]);
      return "done";
    }
    const invocation = Invocation.stored(id, stored, stored.head.token);
    // Its last append's outputs are in doubt, and nobody else will do them again. But for calls: to send them again would begin what is
    // killed next, and may run now, for the second time.
    await repeatLastOutputs(this.#ports, id, invocation.head, delivery.sentAtMs, { areCallsKilled: true });
    // The admin API has ended it already, as a rule, so that a running turn learns of it (R12).
    if (ON.kill[invocation.head.status] === "end") await endWithoutCode(this.#ports, invocation, "killed");
    else await forgetTimers(this.#ports, invocation, invocation.head);
    await killCallees(this.#ports, id);
    return await this.#progress.passOn(invocation, delivery, true);
  }
}

const lastSequence = (incoming: readonly Incoming[]): string => incoming.at(-1)?.sequence ?? "";

/** Whether there may be a head, so that it must be read. */
const mayExist = (start: Start, { inDoubt }: Delivery): boolean =>
  inDoubt || start.accepted === true || start.resent === true || start.incarnation !== 0;

/** Of what was counted when it was accepted, or will be when it is due. */
const isRepeat = ({ dueAtMs, guard }: Start): boolean => dueAtMs !== undefined || guard !== undefined;

/**
 * Whether the life that the Start is for has come and gone before the one that has expired now, so that running it would
 * be a second time (R10). One from the door had its head before it was sent. Another was handled before whatever the
 * mailbox took later; who accepted it may have had another clock, so what is close in time is taken for new.
 */
const isSuperseded = (start: Start, { acceptedAtMs }: Head): boolean =>
  start.accepted === true || start.acceptedAtMs < acceptedAtMs - CLOCK_SKEW_MS;

const actsFor = ({ of, guard }: Resume) => ({
  ...(of === undefined ? {} : { of }),
  ...(guard === undefined ? {} : { guard }),
});
