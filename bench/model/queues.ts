/**
 * SQS and EventBridge Scheduler, as clients of the AWS SDK. So the adapters are the product's, and their requests are what
 * is counted. The model has the semantics that the engine uses:
 *
 * - the FIFO mailbox: order within a group, one batch of a group at a time, batches of up to ten messages that may mix
 *   groups, partial failures, deletions before a batch is through, deduplication of sends
 * - a standard queue with delays
 * - schedules that fire within their minute
 *
 * A request is billed for each 64 KB that it carries. Long polls that find nothing are not counted, because an event source
 * mapping makes them even when nothing happens (docs/benchmarks.md has what they cost).
 */
import type { SchedulerClient } from "@aws-sdk/client-scheduler";
import type { SQSClient } from "@aws-sdk/client-sqs";
import type { Incoming } from "../../lib/model/message.ts";
import { type Meter, PRICES } from "./bill.ts";
import type { Latency } from "./latency.ts";
import type { VirtualTime } from "./virtual-time.ts";

export const MAILBOX_URL = "http://127.0.0.1/mailbox.fifo";
export const DELAY_QUEUE_URL = "http://127.0.0.1/timers";

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

interface SentEntry {
  readonly MessageGroupId: string;
  readonly MessageDeduplicationId: string;
  readonly MessageBody: string;
}

export interface Consumers {
  /** Returns the ids of the messages to deliver again. */
  readonly mailbox: (batch: readonly Incoming[]) => Promise<readonly string[]>;
  readonly timers: (bodies: readonly string[]) => Promise<void>;
}

export interface QueueParts {
  readonly time: VirtualTime;
  readonly meter: Meter;
  readonly latency: Latency;
  /** Batches of the mailbox that are handled at the same time. */
  readonly concurrencyMax?: number;
}

export class Queues {
  readonly sqs: SQSClient;
  readonly scheduler: SchedulerClient;
  /** Set before anything is sent. */
  consumers: Consumers | undefined;
  readonly #parts: QueueParts;
  readonly #groups = new Map<string, Group>();
  /** Groups that may have a message and that no consumer handles. */
  readonly #waiting = new Set<Group>();
  /** The groups of the messages that are handled, by message. */
  readonly #out = new Map<string, Group>();
  readonly #sentAtMs = new Map<string, number>();
  readonly #delayed: string[] = [];
  #sequence = 0;
  #handling = 0;
  #pumping = false;
  #forwarding = false;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    const client = {
      send: async (command: { readonly constructor: { readonly name: string }; readonly input: unknown }) =>
        await this.#request(command.constructor.name, command.input),
      destroy: () => undefined,
    };
    this.sqs = client as unknown as SQSClient;
    this.scheduler = client as unknown as SchedulerClient;
  }

  /** Messages that wait or are handled. */
  get depth(): number {
    let depth = 0;
    for (const { messages } of this.#groups.values()) depth += messages.length;
    return depth;
  }

  async #request(name: string, input: unknown): Promise<unknown> {
    const { time, latency } = this.#parts;
    if (name === "SendMessageBatchCommand")
      return await this.#sendBatch((input as { Entries: SentEntry[] }).Entries);
    if (name === "SendMessageCommand") {
      const { MessageBody, DelaySeconds } = input as { MessageBody: string; DelaySeconds: number };
      this.#bill("standardRequests", [MessageBody]);
      await time.pause(latency("sqs.send"));
      this.#delay(MessageBody, DelaySeconds * 1000);
      return {};
    }
    if (name === "CreateScheduleCommand") {
      const { ScheduleExpression, Target } = input as {
        ScheduleExpression: string;
        Target: { Input: string };
      };
      await time.pause(latency("sqs.send"));
      this.#schedule(Date.parse(`${ScheduleExpression.slice("at(".length, -1)}Z`), Target.Input);
      return { ScheduleArn: "arn" };
    }
    if (name === "ChangeMessageVisibilityBatchCommand" || name === "DeleteMessageBatchCommand") {
      this.#parts.meter.add("fifoRequests");
      await time.pause(latency("sqs.send"));
      if (name === "DeleteMessageBatchCommand")
        this.#delete((input as { Entries: { ReceiptHandle: string }[] }).Entries);
      return {};
    }
    throw new TypeError(`the model has no ${name}`);
  }

  #bill(count: "fifoRequests" | "standardRequests", bodies: readonly string[]): void {
    const bytes = bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0);
    this.#parts.meter.add(count, Math.max(1, Math.ceil(bytes / (PRICES.sqs.billedChunkKb * 1024))));
  }

  // --- the mailbox -------------------------------------------------------------------------------------------

  async #sendBatch(entries: readonly SentEntry[]): Promise<unknown> {
    const { time, latency, meter } = this.#parts;
    this.#bill(
      "fifoRequests",
      entries.map(({ MessageBody }) => MessageBody),
    );
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
    this.#bill(
      "fifoRequests",
      incoming.map(({ body }) => body),
    );
    const failed = new Set(await this.consumers?.mailbox(incoming));
    if (failed.size < incoming.length) meter.add("fifoRequests");
    this.#handling--;
    for (const [group, held] of batch) this.#settle(group, held, failed);
    if (this.#waiting.size > 0) this.#pumpSoon();
  }

  /** The group of messages that are deleted before their batch is through goes on at once. The model's receipts are ids. */
  #delete(entries: readonly { readonly ReceiptHandle: string }[]): void {
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

  // --- timers ------------------------------------------------------------------------------------------------

  #delay(body: string, ms: number): void {
    const { time, latency } = this.#parts;
    time.after(ms + latency("sqs.standard.delivery"), () => {
      this.#delayed.push(body);
      if (this.#forwarding) return;
      this.#forwarding = true;
      time.after(0, () => {
        this.#forwarding = false;
        while (this.#delayed.length > 0) void this.#forward(this.#delayed.splice(0, BATCH_MAX));
      });
    });
  }

  async #forward(bodies: readonly string[]): Promise<void> {
    this.#bill("standardRequests", bodies);
    await this.consumers?.timers(bodies);
    this.#parts.meter.add("standardRequests");
  }

  #schedule(atMs: number, body: string): void {
    const { time, latency, meter } = this.#parts;
    time.after(atMs - time.exactMs + latency("scheduler.precision"), () => {
      meter.add("schedules");
      this.#bill("standardRequests", [body]);
      this.#delay(body, 0);
    });
  }
}
