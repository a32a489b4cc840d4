/**
 * SQS FIFO as AWS documents it: in order within a group, at least once.
 *
 * - A group's messages are handed out up to the first hidden one. So a message whose visibility has lapsed is
 *   redelivered while later ones of its batch are still hidden.
 * - An outdated receipt deletes nothing, and its holder is not told.
 * - A batch of messages can be refused in part.
 * - A second send with the same deduplication id within five minutes is dropped.
 */
import type { Incoming, Outgoing } from "../../lib/model/message.ts";
import type { Mailbox } from "../../lib/ports.ts";
import type { Actor, Effects } from "./actor.ts";
import type { SentMessage } from "./life.ts";
import type { Observer } from "./observer.ts";
import type { Prng } from "../../lib/prng.ts";

const DEDUP_MS = 5 * 60 * 1000;
const BATCH_MAX = 10;

interface Held extends SentMessage {
  readonly messageId: string;
  receiveCount: number;
  /** Hidden until then; 0: visible. */
  hiddenUntilMs: number;
  /** When it was handed out last. */
  handedMs: number;
  receipt: number;
  deleted: boolean;
  readonly sentAtMs: number;
  /** Who was handed it last. */
  holder?: { readonly alive: boolean };
  /** All that were handed it and have not answered: one that was slow may still work on it. */
  readonly workers: Set<{ readonly alive: boolean }>;
}
export interface Received {
  readonly message: Held;
  readonly receipt: number;
}

/** What is told of a queue's messages, and asked about them. */
export type QueueWatcher = Pick<
  Observer,
  "accepted" | "swallowed" | "deleted" | "restored" | "gaveUp" | "undelivered" | "tables"
> & { readonly messages: Pick<Observer["messages"], "doubt"> };

export class Queue {
  readonly #groups = new Map<string, Held[]>();
  readonly #dedup = new Map<string, number>();
  readonly #now: () => number;
  readonly #prng: Prng;
  readonly #observer: QueueWatcher;
  #sequence = 0;
  #receipts = 0;
  /** After so many deliveries a message is given up, if nobody works on it any more. */
  receivesMax = Number.POSITIVE_INFINITY;
  deadLetters: { readonly body: string; readonly sinceMs: number; readonly group: string }[] = [];
  /** Called when a message may have become available. */
  onAvailable: () => void = () => undefined;

  constructor(parts: { now: () => number; prng: Prng; observer: QueueWatcher }) {
    this.#now = parts.now;
    this.#prng = parts.prng;
    this.#observer = parts.observer;
  }

  /** Messages that are not deleted. */
  get size(): number {
    let size = 0;
    for (const messages of this.#groups.values()) size += messages.length;
    return size;
  }
  *all(): Generator<Held> {
    for (const messages of this.#groups.values()) yield* messages;
  }

  accept({ group, dedup, body }: Outgoing, by: string): void {
    const name = `${group} ${dedup}`;
    const seenMs = this.#dedup.get(name);
    if (seenMs !== undefined && this.#now() - seenMs < DEDUP_MS) {
      this.#observer.swallowed(by, group, body);
      return;
    }
    this.#dedup.set(name, this.#now());
    const number = ++this.#sequence;
    const message: Held = {
      messageId: `m${number}`,
      group,
      sequence: String(number).padStart(20, "0"),
      body,
      receiveCount: 0,
      workers: new Set(),
      hiddenUntilMs: 0,
      handedMs: 0,
      receipt: 0,
      deleted: false,
      sentAtMs: this.#now(),
    };
    const messages = this.#groups.get(group);
    if (messages) messages.push(message);
    else this.#groups.set(group, [message]);
    this.#observer.accepted(by, message);
    this.onAvailable();
  }

  /** A batch of up to ten, of one or several groups; hidden from now on. */
  receive(visibilityMs: number): Received[] {
    const now = this.#now();
    this.#giveUp(now);
    const batch: Received[] = [];
    const most = this.#prng.chance(0.5) ? BATCH_MAX : this.#prng.int(1, BATCH_MAX);
    const groupsMax = this.#prng.int(1, 5);
    let groups = 0;
    for (const messages of this.#prng.shuffle([...this.#groups.values()])) {
      if (batch.length >= most || groups >= groupsMax) break;
      if (!isVisible(messages[0], now)) continue;
      groups++;
      for (const message of messages) {
        if (batch.length >= most || !isVisible(message, now)) break;
        if (++message.receiveCount > 1) this.#observer.messages.doubt();
        message.hiddenUntilMs = now + visibilityMs;
        message.handedMs = now;
        message.receipt = ++this.#receipts;
        batch.push({ message, receipt: message.receipt });
      }
    }
    return batch;
  }

  /** What was delivered too often goes to the dead letters, if nobody works on it: a Start that is given up while a turn of it lives
   * would be resumed beside that turn. undelivered.ts says what else is not given up. */
  #giveUp(now: number): void {
    if (this.receivesMax === Number.POSITIVE_INFINITY) return;
    for (const [group, messages] of this.#groups) {
      const [first] = messages;
      if (!first || first.receiveCount < this.receivesMax || !isVisible(first, now) || isWorkedOn(first))
        continue;
      if (this.#observer.undelivered.restsOn(first, this.#observer.tables)) continue;
      first.deleted = true;
      this.deadLetters.push({ body: first.body, sinceMs: now, group });
      this.#observer.gaveUp(first);
      if (messages.length === 1) this.#groups.delete(group);
      else this.#groups.set(group, messages.slice(1));
    }
  }

  /** An operator has them delivered once more. */
  redrive(): void {
    for (const { body, group } of this.deadLetters.splice(0))
      this.accept({ group, dedup: `redrive ${this.#sequence}`, body }, "redrive");
  }

  /** Nothing happens if the receipt is not the message's latest. */
  delete({ message, receipt }: Received): void {
    if (message.receipt !== receipt || message.deleted) return;
    message.deleted = true;
    const messages = this.#groups.get(message.group);
    if (!messages) return;
    const left = messages.filter((other) => other !== message);
    if (left.length === 0) this.#groups.delete(message.group);
    else this.#groups.set(message.group, left);
    this.#observer.deleted(message);
    this.onAvailable();
  }

  /** As `ChangeMessageVisibility`: hidden for so long from now. */
  hide({ message, receipt }: Received, ms: number): void {
    if (message.receipt !== receipt || message.deleted) return;
    message.hiddenUntilMs = this.#now() + ms;
  }

  /** At-least-once: a message that was deleted is there once more. */
  restore(message: Held): void {
    if (!message.deleted) return;
    message.deleted = false;
    message.hiddenUntilMs = 0;
    this.#observer.restored(message);
    const messages = [...(this.#groups.get(message.group) ?? []), message];
    this.#groups.set(
      message.group,
      messages.toSorted((a, b) => (a.sequence < b.sequence ? -1 : 1)),
    );
    this.onAvailable();
  }

  /** When the first hidden message becomes visible. */
  get nextVisibleMs(): number | undefined {
    let next: number | undefined;
    const now = this.#now();
    for (const [first] of this.#groups.values()) {
      if (!first) continue;
      const atMs = Math.max(now, first.hiddenUntilMs);
      if (next === undefined || atMs < next) next = atMs;
    }
    return next;
  }
}

const isWorkedOn = ({ workers }: Held): boolean => [...workers].some(({ alive }) => alive);
const isVisible = (message: Held | undefined, now: number): boolean =>
  message !== undefined && message.hiddenUntilMs <= now;

export const incomingOf = ({ message }: Received): Incoming => ({
  messageId: message.messageId,
  group: message.group,
  sequence: message.sequence,
  receiveCount: message.receiveCount,
  body: message.body,
});

/** An actor's access to the mailbox. */
export class SimMailbox implements Mailbox {
  readonly #queue: Queue;
  readonly #effects: Effects;
  readonly #actor: Actor;

  constructor(parts: { queue: Queue; effects: Effects; actor: Actor }) {
    this.#queue = parts.queue;
    this.#effects = parts.effects;
    this.#actor = parts.actor;
  }

  sendBatch(messages: readonly Outgoing[]): Promise<readonly number[]> {
    if (new Set(messages.map(({ group }) => group)).size < messages.length || messages.length > BATCH_MAX) {
      throw new TypeError("a batch holds two messages of a group, or too many (R13)");
    }
    return this.#effects.perform(this.#actor, "send", `${messages.length} messages`, () => {
      const refused: number[] = [];
      messages.forEach((message, index) => {
        if (this.#effects.faults.strike("entries-refused")) refused.push(index);
        else this.#queue.accept(message, this.#actor.name);
      });
      return refused;
    });
  }
}
