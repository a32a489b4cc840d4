/**
 * A mailbox: a FIFO queue, and what hands its messages to the dispatcher. As {@link Queues}, it counts every request that a message
 * causes.
 */
import type { Incoming } from "../../lib/model/message.ts";
import { type Meter, PRICES } from "./bill.ts";
import type { Latency } from "./latency.ts";
import type { VirtualTime } from "./virtual-time.ts";

const BATCH_MAX = 10;
const DEDUP_MS = 5 * 60 * 1000;
/** A message that a consumer gives back becomes visible again after so long. */
const VISIBILITY_MS = 1000;

interface Held {
  readonly messageId: string;
  readonly sequence: string;
  readonly body: string;
  readonly readyAtMs: number;
  receiveCount: number;
}
interface Group {
  readonly name: string;
  readonly messages: Held[];
  busy: boolean;
}

export interface SentEntry {
  readonly MessageGroupId: string;
  readonly MessageDeduplicationId: string;
  readonly MessageBody: string;
}

export interface MailboxParts {
  readonly time: VirtualTime;
  readonly meter: Meter;
  readonly latency: Latency;
  /** Batches that are handled at the same time. */
  readonly concurrencyMax?: number;
  /** Returns the ids of the messages to deliver again. */
  readonly consume: (batch: readonly Incoming[]) => Promise<readonly string[]>;
}

/** By size: a request of more bytes is billed as several. */
export const requestsOf = (bodies: readonly string[]): number => {
  const bytes = bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0);
  return Math.max(1, Math.ceil(bytes / (PRICES.sqs.billedChunkKb * 1024)));
};

export class ModelMailbox {
  readonly #parts: MailboxParts;
  readonly #groups = new Map<string, Group>();
  /** Groups that may have a message and that no consumer handles. */
  readonly #waiting = new Set<Group>();
  /** The groups of the messages that are handled, by message. */
  readonly #out = new Map<string, Group>();
  readonly #sentAtMs = new Map<string, number>();
  #sequence = 0;
  #handling = 0;
  #pumping = false;

  constructor(parts: MailboxParts) {
    this.#parts = parts;
  }

  /** Messages that wait or are handled. */
  get depth(): number {
    let depth = 0;
    for (const { messages } of this.#groups.values()) depth += messages.length;
    return depth;
  }

  async sendBatch(entries: readonly SentEntry[]): Promise<unknown> {
    const { time, latency, meter } = this.#parts;
    meter.add("fifoRequests", requestsOf(entries.map(({ MessageBody }) => MessageBody)));
    const startMs = time.exactMs;
    await time.pause(latency("sqs.send"));
    for (const entry of entries) {
      meter.add("messages");
      // The latency is from the send to the handler, so it includes the send.
      this.#accept(entry, Math.max(time.exactMs, startMs + latency("sqs.fifo.delivery")));
    }
    return {};
  }

  #accept({ MessageGroupId, MessageDeduplicationId, MessageBody }: SentEntry, readyAtMs: number): void {
    const { time } = this.#parts;
    const name = `${MessageGroupId} ${MessageDeduplicationId}`;
    const sentAtMs = this.#sentAtMs.get(name);
    if (sentAtMs !== undefined && time.exactMs - sentAtMs < DEDUP_MS) return;
    this.#sentAtMs.set(name, time.exactMs);
    let group = this.#groups.get(MessageGroupId);
    if (!group)
      this.#groups.set(MessageGroupId, (group = { name: MessageGroupId, messages: [], busy: false }));
    const number = ++this.#sequence;
    const sequence = String(number).padStart(20, "0");
    group.messages.push({ messageId: `m${number}`, sequence, body: MessageBody, readyAtMs, receiveCount: 0 });
    this.#awake(group);
  }

  /** Hands the group out when its first message is there. */
  #awake(group: Group): void {
    const [first] = group.messages;
    if (!first || group.busy) return;
    this.#parts.time.after(first.readyAtMs - this.#parts.time.exactMs, () => {
      if (group.busy || group.messages.length === 0) return;
      this.#waiting.add(group);
      this.#pumpSoon();
    });
  }

  /** Runs after everything that is due at the same moment, so that one batch gets all of it. */
  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#parts.time.after(0, () => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    const { concurrencyMax = Number.POSITIVE_INFINITY } = this.#parts;
    while (this.#waiting.size > 0 && this.#handling < concurrencyMax) {
      const batch = this.#receive();
      if (batch.size > 0) void this.#deliver(batch);
    }
  }

  #receive(): Map<Group, readonly Held[]> {
    const nowMs = this.#parts.time.exactMs;
    const batch = new Map<Group, readonly Held[]>();
    let left = BATCH_MAX;
    for (const group of this.#waiting) {
      if (left === 0) break;
      this.#waiting.delete(group);
      const end = group.messages.findIndex(({ readyAtMs }) => readyAtMs > nowMs);
      const taken = group.messages.slice(0, Math.min(left, end === -1 ? group.messages.length : end));
      if (taken.length === 0) continue;
      left -= taken.length;
      group.busy = true;
      batch.set(group, taken);
      for (const { messageId } of taken) this.#out.set(messageId, group);
    }
    return batch;
  }

  async #deliver(batch: ReadonlyMap<Group, readonly Held[]>): Promise<void> {
    const { meter } = this.#parts;
    const incoming = [...batch].flatMap(([group, held]) =>
      held.map((message) => {
        const { messageId, sequence, body } = message;
        return { messageId, group: group.name, sequence, body, receiveCount: ++message.receiveCount };
      }),
    );
    this.#handling++;
    meter.add("fifoRequests", requestsOf(incoming.map(({ body }) => body)));
    const failed = new Set(await this.#parts.consume(incoming));
    if (failed.size < incoming.length) meter.add("fifoRequests");
    this.#handling--;
    for (const [group, held] of batch) this.#settle(group, held, failed);
    if (this.#waiting.size > 0) this.#pumpSoon();
  }

  /** The group of messages that are deleted before their batch is through goes on at once. The model's receipts are ids. */
  delete(entries: readonly { readonly ReceiptHandle: string }[]): void {
    for (const { ReceiptHandle } of entries) {
      const group = this.#out.get(ReceiptHandle);
      if (group === undefined) continue;
      this.#out.delete(ReceiptHandle);
      group.messages.shift();
      if (![...this.#out.values()].includes(group)) this.#free(group);
    }
  }

  #free(group: Group): void {
    group.busy = false;
    if (group.messages.length === 0) this.#groups.delete(group.name);
    else this.#awake(group);
  }

  #settle(group: Group, held: readonly Held[], failed: ReadonlySet<string>): void {
    const again = held.filter(({ messageId }) => failed.has(messageId));
    const visibleMs = this.#parts.time.exactMs + VISIBILITY_MS;
    const out = held.filter(({ messageId }) => this.#out.delete(messageId));
    if (out.length === 0) return;
    group.messages.splice(0, out.length, ...again.map((message) => ({ ...message, readyAtMs: visibleMs })));
    this.#free(group);
  }
}
