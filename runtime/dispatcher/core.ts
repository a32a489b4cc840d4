/**
 * The dispatcher: handles mailbox messages. Groups of a batch run side by side, messages of a group one after the
 * other, and the next one only when what came before is durably at rest (R7). A message is `done` only when
 * everything that it causes is durable (M1); anything else gives it, and all later ones of its group, back.
 */
import { readHead } from "../../core/head-store.ts";
import { outgoing } from "../../core/send.ts";
import { tokenOf } from "../../lib/fence.ts";
import { asError, OperationalError } from "../../lib/errors.ts";
import { type Head, isExpired } from "../../lib/head.ts";
import { type InvocationId, isExclusiveId } from "../../lib/ids.ts";
import { INLINE_DRAIN_MAX, RECEIVES_MAX } from "../../lib/limits.ts";
import type { Holder } from "../../lib/lock.ts";
import {
  decodeMessage,
  type Incoming,
  type Message,
  type Notify,
  type Resume,
  type Start,
} from "../../lib/message.ts";
import { failure } from "../../lib/outcome.ts";
import { canProgress } from "../../lib/wait.ts";
import { Cascade } from "./cascade.ts";
import type { Delivery, DispatcherPorts, Verdict } from "./delivery.ts";
import { InvocationWriter, type Known } from "./invocation-writer.ts";
import { KeyLock } from "./key-lock.ts";
import { repeatLastOutputs, reply } from "./output-repeater.ts";
import { type Rested, TurnRunner } from "./turn-runner.ts";

export interface DispatcherOptions {
  /** Grows when the mailbox is replaced: sequence numbers start anew, tokens must not. */
  readonly mailboxEpoch?: number;
}

/** Parked invocations are run under another's message only while this much time is left, milliseconds. */
const DRAIN_MARGIN_MS = 10_000;

export class Dispatcher {
  readonly #ports: DispatcherPorts;
  readonly #writer: InvocationWriter;
  readonly #locks: KeyLock;
  readonly #turns: TurnRunner;
  readonly #cascade: Cascade;
  readonly #epoch: number;

  constructor(ports: DispatcherPorts, options: DispatcherOptions = {}) {
    this.#ports = ports;
    this.#writer = new InvocationWriter(ports);
    this.#locks = new KeyLock(ports);
    this.#turns = new TurnRunner(ports, this.#writer);
    this.#cascade = new Cascade(ports, this.#writer);
    this.#epoch = options.mailboxEpoch ?? 0;
  }

  /** Handles a batch within `remainingMs`. Answers the ids of the messages that are to be delivered again. */
  async handle(batch: readonly Incoming[], remainingMs: number): Promise<readonly string[]> {
    const deadlineMs = this.#ports.clock.now() + remainingMs;
    const groups = Map.groupBy(batch, ({ group }) => group);
    const failed = await Promise.all(
      [...groups.values()].map((messages) => this.#handleGroup(messages, deadlineMs)),
    );
    return failed.flat();
  }

  async #handleGroup(messages: readonly Incoming[], deadlineMs: number): Promise<readonly string[]> {
    for (let from = 0; from < messages.length;) {
      const unit = this.#unitAt(messages, from);
      const verdict = await this.#handleUnit(unit.incoming, unit.messages, deadlineMs);
      if (verdict === "retry") return messages.slice(from).map(({ messageId }) => messageId);
      from += unit.incoming.length;
    }
    return [];
  }

  /** A message, or consecutive notes of one invocation: they are one write, or wake it once. */
  #unitAt(
    messages: readonly Incoming[],
    from: number,
  ): { incoming: Incoming[]; messages: (Message | undefined)[] } {
    const incoming: Incoming[] = [];
    const decoded: (Message | undefined)[] = [];
    for (const message of messages.slice(from)) {
      const next = this.#decode(message);
      const first = decoded[0];
      const joins = first?.kind === "notify" && next?.kind === "notify" && first.id === next.id;
      if (incoming.length > 0 && !joins) break;
      incoming.push(message);
      decoded.push(next);
    }
    return { incoming, messages: decoded };
  }

  /** What is no message can never be handled: it is logged and dropped, since giving it back would block its group. */
  #decode(incoming: Incoming): Message | undefined {
    try {
      return decodeMessage(incoming.body);
    } catch (error) {
      this.#ports.logger.log("error", "a mailbox message cannot be read and is dropped", {
        group: incoming.group,
        error: asError(error).message,
        body: incoming.body.slice(0, 500),
      });
      return undefined;
    }
  }

  async #handleUnit(
    incoming: readonly Incoming[],
    messages: readonly (Message | undefined)[],
    deadlineMs: number,
  ): Promise<Verdict> {
    const [first, message] = [incoming[0], messages[0]];
    if (!first || !message) return "done";
    const inDoubt = incoming.some(({ receiveCount }) => receiveCount > 1);
    const delivery: Delivery = { sequence: first.sequence, inDoubt, deadlineMs, drained: 0 };
    try {
      if (message.kind === "notify") return await this.#notify(messages as Notify[], delivery);
      if (message.kind === "start") return await this.#start(message, delivery);
      if (message.kind === "resume") return await this.#resume(message, delivery);
      return await this.#kill(message.id, message.incarnation);
    } catch (error) {
      return await this.#giveBack(message, first, error, delivery);
    }
  }

  /** What fails again and again for a reason that waiting does not mend would block its group: then its invocation is
   * visibly paused instead, and the message has done what it can. */
  async #giveBack(
    message: Message,
    { receiveCount }: Incoming,
    error: unknown,
    delivery: Delivery,
  ): Promise<Verdict> {
    const { message: reason, stack } = asError(error);
    const fields = { kind: message.kind, invocation: message.id, receiveCount, reason, stack };
    if (error instanceof OperationalError || receiveCount < RECEIVES_MAX) {
      this.#ports.logger.log("warn", "a message is given back", fields);
      return "retry";
    }
    this.#ports.logger.log("error", "a message failed too often; its invocation is paused", fields);
    const stored = await readHead(this.#ports.items, message.id).catch(() => undefined);
    const known: Known = {
      id: message.id,
      ...stored,
      ...(message.kind === "start" ? { start: message } : {}),
      ...this.#tokenOf(message.id, stored?.head, delivery),
    };
    return (await this.#turns.pause(known, { code: 500, message: reason })) ? "done" : "retry";
  }

  // --- starts ------------------------------------------------------------------------------------------------

  async #start(start: Start, delivery: Delivery): Promise<Verdict> {
    const mayExist =
      delivery.inDoubt || start.accepted === true || start.resent === true || start.incarnation !== 0;
    const stored = mayExist ? await readHead(this.#ports.items, start.id) : undefined;
    const head = stored?.head;
    if (start.dueAtMs !== undefined) return await this.#schedule(start, start.dueAtMs, head);
    const token = this.#tokenOf(start.id, head, delivery);
    if (!stored || !head) return await this.#enter({ id: start.id, start, ...token }, [], delivery);
    if (isExpired(head, this.#ports.clock.now())) {
      // A late repeat of the life that has expired is not a new one (R10).
      if (head.origin === start.origin) return "done";
      return (await this.#writer.reincarnate(start, head)) ? await this.#lookAt(start.id, delivery) : "retry";
    }
    if (head.origin !== start.origin) return await this.#attach(start, head);
    return await this.#advance({ id: start.id, start, ...stored, ...token }, [], delivery);
  }

  /** A delayed start joins its group's queue when it is due. */
  async #schedule(start: Start, dueAtMs: number, head: Head | undefined): Promise<Verdict> {
    const { id, incarnation } = start;
    if (head && head.status !== "scheduled") return "done";
    if (!head) await this.#writer.schedule(start, dueAtMs);
    const message = outgoing(
      { kind: "resume", id, incarnation: head?.incarnation ?? incarnation, dueAtMs },
      `due.${start.origin}`,
    );
    await this.#ports.timers.schedule({ atMs: dueAtMs, message });
    return "done";
  }

  /** The id exists already, made by another request: its caller gets the same result. A workflow runs only once (7). */
  async #attach(start: Start, head: Head): Promise<Verdict> {
    const { replyTo } = start;
    if (!replyTo) return "done";
    const service = await this.#ports.registry.service(start.target.service);
    if (service?.type === "workflow") {
      await reply(this.#ports, start.id, [replyTo], failure(409, "the workflow method was already invoked"));
      return "done";
    }
    if (await this.#writer.addReply(start.id, head.incarnation, replyTo)) return "done";
    const completed = await readHead(this.#ports.items, start.id);
    if (completed?.head.outcome) await reply(this.#ports, start.id, [replyTo], completed.head.outcome);
    return "done";
  }

  #tokenOf(id: InvocationId, head: Head | undefined, { sequence }: Delivery): { token?: string } {
    if (!isExclusiveId(id)) return {};
    return { token: head?.token ?? tokenOf(this.#epoch, sequence) };
  }

  // --- notes -------------------------------------------------------------------------------------------------

  async #notify(messages: readonly Notify[], delivery: Delivery): Promise<Verdict> {
    const [first] = messages;
    if (!first) return "done";
    const stored = await readHead(this.#ports.items, first.id);
    // A late message never creates a head (R10).
    if (!stored) return "done";
    const { head } = stored;
    if (head.status === "completed")
      return delivery.inDoubt ? await this.#lookAt(first.id, delivery) : "done";
    const current = messages.filter(
      ({ incarnation }) => incarnation === undefined || incarnation === head.incarnation,
    );
    const due = await this.#scheduleEarly(current);
    if (due.length === 0) return delivery.inDoubt ? await this.#lookAt(first.id, delivery) : "done";
    const notes = due.map(({ note }) => note);
    const cancelled = notes.some((note) => note[0] === "x");
    if (
      cancelled &&
      (head.status === "scheduled" || head.status === "accepted" || head.status === "pending")
    ) {
      return await this.#end({ id: first.id, head }, failure(409, "cancelled"));
    }
    const wakes =
      (head.status === "suspended" &&
        head.wait !== undefined &&
        canProgress(head.wait, [...head.notes, ...notes])) ||
      (cancelled && head.status === "backing-off");
    // They ride in the message until the turn's next append: one write less.
    if (wakes && !delivery.inDoubt) {
      const token = this.#tokenOf(first.id, head, delivery);
      return await this.#advance({ id: first.id, ...stored, ...token }, notes, delivery, true);
    }
    const noted = await this.#writer.addNotes(first.id, head, notes);
    if (!noted) return "done";
    if (cancelled && noted.head.status === "paused") {
      await this.#writer.release(first.id, noted.head);
      return await this.#lookAt(first.id, delivery);
    }
    // An earlier handling of this message may have woken it, and died.
    if (delivery.inDoubt) return await this.#lookAt(first.id, delivery);
    // It may have suspended since it was read: no lost wake-up.
    const { wait, status } = noted.head;
    const missed = status === "suspended" && wait !== undefined && canProgress(wait, noted.head.notes);
    return missed ? await this.#lookAt(first.id, delivery) : "done";
  }

  /** T1: a timer that comes before its time is scheduled again. */
  async #scheduleEarly(messages: readonly Notify[]): Promise<Notify[]> {
    const nowMs = this.#ports.clock.now();
    const due: Notify[] = [];
    for (const message of messages) {
      if (message.dueAtMs === undefined || message.dueAtMs <= nowMs) due.push(message);
      else {
        const again = outgoing(message, `early.${message.dueAtMs}.${nowMs}`);
        await this.#ports.timers.schedule({ atMs: message.dueAtMs, message: again });
      }
    }
    return due;
  }

  // --- resumes and kills -------------------------------------------------------------------------------------

  async #resume(resume: Resume, delivery: Delivery): Promise<Verdict> {
    const { id, incarnation, dueAtMs } = resume;
    const stored = await readHead(this.#ports.items, id);
    if (!stored || (incarnation !== undefined && incarnation !== stored.head.incarnation)) return "done";
    const nowMs = this.#ports.clock.now();
    if (dueAtMs !== undefined && dueAtMs > nowMs && stored.head.status !== "completed") {
      await this.#ports.timers.schedule({
        atMs: dueAtMs,
        message: outgoing(resume, `early.${dueAtMs}.${nowMs}`),
      });
      return "done";
    }
    const released = resume.byOperator === true ? await this.#writer.release(id, stored.head) : undefined;
    const known = released ?? stored;
    const inDoubt = delivery.inDoubt || resume.poke === true;
    return await this.#advance({ id, ...known, ...this.#tokenOf(id, known.head, delivery) }, [], {
      ...delivery,
      inDoubt,
    });
  }

  async #kill(id: InvocationId, incarnation: number | undefined): Promise<Verdict> {
    const stored = await readHead(this.#ports.items, id);
    if (!stored || (incarnation !== undefined && incarnation !== stored.head.incarnation)) return "done";
    const { head } = stored;
    // Its last append's outputs are in doubt, and nobody else will do them again.
    await repeatLastOutputs(this.#ports, id, head);
    if (head.status !== "completed") await this.#end({ id, head }, failure(409, "killed"));
    await this.#cascade.killCallees(id);
    await this.#passOn(id, head);
    return "done";
  }

  /** Ends what has not started, or shall not go on, without its code. */
  async #end(known: Known & { head: Head }, outcome: ReturnType<typeof failure>): Promise<Verdict> {
    await this.#cascade.end(known, outcome);
    // It may have ended otherwise in between: whoever waits is told what it ended with.
    const stored = await readHead(this.#ports.items, known.id);
    if (stored?.head.outcome) await reply(this.#ports, known.id, stored.head.replies, stored.head.outcome);
    return "done";
  }

  // --- turns -------------------------------------------------------------------------------------------------

  /** Looks at an invocation as it now stands. */
  async #lookAt(id: InvocationId, delivery: Delivery): Promise<Verdict> {
    const stored = await readHead(this.#ports.items, id);
    if (!stored) return "done";
    return await this.#advance({ id, ...stored, ...this.#tokenOf(id, stored.head, delivery) }, [], delivery);
  }

  /** What its status calls for. `woken`: the caller knows that it can progress. */
  async #advance(
    known: Known & { head: Head },
    carried: Notify["note"][],
    delivery: Delivery,
    woken = false,
  ): Promise<Verdict> {
    const { head, id } = known;
    const nowMs = this.#ports.clock.now();
    // `running` at this point: a turn has died after an append, whose outputs may not have been done.
    if (delivery.inDoubt || head.status === "completed" || head.status === "running")
      await repeatLastOutputs(this.#ports, id, head);
    switch (head.status) {
      case "completed":
        return await this.#passOn(id, head);
      case "paused":
        await this.#writer.keepInput(known);
        if (known.token !== undefined)
          await this.#locks.hold(head.target, { id, incarnation: head.incarnation, token: known.token });
        return "done";
      case "scheduled":
      case "backing-off":
        if (!woken && head.dueAtMs !== undefined && head.dueAtMs > nowMs) {
          const message = outgoing(
            { kind: "resume", id, incarnation: head.incarnation, dueAtMs: head.dueAtMs },
            `again.${nowMs}`,
          );
          await this.#ports.timers.schedule({ atMs: head.dueAtMs, message });
          return "done";
        }
        return await this.#enter(known, carried, delivery);
      case "suspended":
        if (!woken && !(head.wait && canProgress(head.wait, head.notes))) return "done";
        return await this.#enter(known, carried, delivery);
      case "accepted":
      case "pending":
      case "running":
        return await this.#enter(known, carried, delivery);
    }
  }

  /** Runs a turn when the key allows it (W1), and what was parked behind it. */
  async #enter(known: Known, carried: Notify["note"][], delivery: Delivery): Promise<Verdict> {
    const { id, start, head, token } = known;
    const target = head?.target ?? start?.target;
    if (token === undefined || target === undefined)
      return await this.#verdict(known, await this.#turns.run(known, carried, false, delivery), delivery);
    const incarnation = head?.incarnation ?? start?.incarnation ?? 0;
    const gate = await this.#locks.enter(
      target,
      { id, incarnation, token },
      { ...(start ? { start } : {}), ...(head ? { head } : {}) },
    );
    if (gate.kind === "parked") {
      await this.#writer.keepInput(known);
      // What rode in the message must outlive it.
      if (head && carried.length > 0) await this.#writer.addNotes(id, head, carried);
      return "done";
    }
    return await this.#verdict(
      known,
      await this.#turns.run(known, carried, gate.ownsLock, delivery),
      delivery,
    );
  }

  async #verdict({ id, head, start }: Known, rested: Rested, delivery: Delivery): Promise<Verdict> {
    if (rested.kind === "waiting") return "done";
    if (rested.kind === "lost") {
      const stored = await readHead(this.#ports.items, id);
      if (stored?.head.status !== "completed") return "retry";
      await repeatLastOutputs(this.#ports, id, stored.head);
    }
    const target = head?.target ?? start?.target;
    const isFree = rested.kind === "completed" && !rested.ownsLock;
    if (isFree || !isExclusiveId(id) || !target) return "done";
    const next = await this.#locks.pass(target, {
      id,
      incarnation: head?.incarnation ?? start?.incarnation ?? 0,
    });
    return next ? await this.#drain(next, delivery) : "done";
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
    const verdict = await this.#lookAt(next.id, { ...delivery, inDoubt: false, drained });
    if (verdict === "retry") await this.#locks.wake(next);
    return "done";
  }

  /** A completed invocation's key goes on; if it went on before, its new owner is woken once more. */
  async #passOn(id: InvocationId, head: Head): Promise<Verdict> {
    if (!isExclusiveId(id)) return "done";
    const next = await this.#locks.pass(head.target, { id, incarnation: head.incarnation });
    if (next) await this.#locks.wake(next);
    else await this.#locks.settleAfter(head.target);
    return "done";
  }
}
