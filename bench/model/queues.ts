/**
 * SQS and EventBridge Scheduler, as the light clients ask them. So the adapters are the product's, and their requests are what
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
import { RestService } from "../../lib/aws/rest-service.ts";
import type { HttpAnswer, ServiceRequest } from "../../lib/aws/signed-http.ts";
import { sqsRequests, type SqsRequests } from "../../lib/aws/sqs-requests.ts";
import type { Incoming } from "../../lib/model/message.ts";
import type { Meter } from "./bill.ts";
import type { Latency } from "./latency.ts";
import { ModelMailbox, requestsOf, type SentEntry } from "./mailbox.ts";
import type { VirtualTime } from "./virtual-time.ts";

export const MAILBOX_URL = "http://127.0.0.1/mailbox.fifo";
export const DELAY_QUEUE_URL = "http://127.0.0.1/timers";

const BATCH_MAX = 10;
export interface Consumers {
  /** `url`: of the mailbox. Returns the ids of the messages to deliver again. */
  readonly mailbox: (batch: readonly Incoming[], url: string) => Promise<readonly string[]>;
  readonly timers: (bodies: readonly string[]) => Promise<void>;
}

export interface QueueParts {
  readonly time: VirtualTime;
  readonly meter: Meter;
  readonly latency: Latency;
  /** Batches of the mailbox that are handled at the same time. */
  readonly concurrencyMax?: number;
  /** The same, of a mailbox of a service's own. */
  readonly ownConcurrencyMax?: number;
}

export class Queues {
  readonly sqs: SqsRequests;
  readonly scheduler: RestService;
  /** Set before anything is sent. */
  consumers: Consumers | undefined;
  readonly #parts: QueueParts;
  readonly #mailboxes = new Map<string, ModelMailbox>();
  readonly #delayed: string[] = [];
  #forwarding = false;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    this.sqs = sqsRequests({ call: async (operation, input) => await this.#request(operation, input) });
    this.scheduler = new RestService({ send: async (request) => await this.#scheduled(request) });
  }

  /** Messages that wait or are handled. */
  get depth(): number {
    let depth = 0;
    for (const mailbox of this.#mailboxes.values()) depth += mailbox.depth;
    return depth;
  }

  #mailbox(url: string): ModelMailbox {
    const known = this.#mailboxes.get(url);
    if (known) return known;
    const { concurrencyMax, ownConcurrencyMax, ...parts } = this.#parts;
    const most = url === MAILBOX_URL ? concurrencyMax : (ownConcurrencyMax ?? concurrencyMax);
    const consume = async (batch: readonly Incoming[]): Promise<readonly string[]> =>
      (await this.consumers?.mailbox(batch, url)) ?? [];
    const made = new ModelMailbox({
      ...parts,
      consume,
      ...(most === undefined ? {} : { concurrencyMax: most }),
    });
    this.#mailboxes.set(url, made);
    return made;
  }

  async #request(name: string, input: unknown): Promise<unknown> {
    const { time, latency } = this.#parts;
    if (name === "SendMessageBatch") {
      const { QueueUrl, Entries } = input as { QueueUrl: string; Entries: SentEntry[] };
      return await this.#mailbox(QueueUrl).sendBatch(Entries);
    }
    if (name === "SendMessage") {
      const { MessageBody, DelaySeconds } = input as { MessageBody: string; DelaySeconds: number };
      this.#bill("standardRequests", [MessageBody]);
      await time.pause(latency("sqs.send"));
      this.#delay(MessageBody, DelaySeconds * 1000);
      return {};
    }
    if (name === "ChangeMessageVisibilityBatch" || name === "DeleteMessageBatch") {
      this.#parts.meter.add("fifoRequests");
      await time.pause(latency("sqs.send"));
      if (name === "DeleteMessageBatch")
        this.#deleteFrom(input as { QueueUrl: string; Entries: { ReceiptHandle: string }[] });
      return {};
    }
    throw new TypeError(`the model has no ${name}`);
  }

  async #scheduled({ method = "POST", body }: ServiceRequest): Promise<HttpAnswer> {
    const { time, latency } = this.#parts;
    if (method !== "POST") throw new TypeError(`the model's Scheduler has no ${method}`);
    const { ScheduleExpression, Target } = JSON.parse(body) as {
      ScheduleExpression: string;
      Target: { Input: string };
    };
    await time.pause(latency("sqs.send"));
    this.#schedule(Date.parse(`${ScheduleExpression.slice("at(".length, -1)}Z`), Target.Input);
    return { status: 200, headers: {}, body: '{"ScheduleArn":"arn"}' };
  }

  #bill(count: "standardRequests", bodies: readonly string[]): void {
    this.#parts.meter.add(count, requestsOf(bodies));
  }

  #deleteFrom({ QueueUrl, Entries }: { QueueUrl: string; Entries: { ReceiptHandle: string }[] }): void {
    this.#mailbox(QueueUrl).delete(Entries);
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
