/**
 * Sends spans, beside what the process does and never in its way: nothing waits for it but a flush, and that for a bounded time. What
 * does not fit, or cannot be sent, is dropped and counted.
 */
import {
  SPANS_DROPPED_SAID_MS,
  SPANS_GATHERED_MS,
  SPANS_QUEUED_MAX,
  SPANS_RESEND_MS,
  SPANS_SENT_MAX,
} from "../limits/tracing.ts";
import { asError } from "../errors.ts";
import { type Clock, elapse, type Logger } from "../ports.ts";
import { type Emitter, encodeSpans } from "./otlp.ts";
import type { Span } from "./span.ts";

/** Sends one request. Throws if there is no answer in time. */
export type PostSpans = (body: string) => Promise<{ readonly status: number }>;

export interface ExporterPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly post: PostSpans;
  /** So many more were dropped. */
  readonly dropped?: (count: number) => void;
}

/** What was dropped, under this name in the log. */
const DROPPED = "perdure.tracing.dropped";

/** Whether the same request may succeed a moment later. */
const mayPass = (status: number): boolean => status === 429 || status >= 500;

export class SpanExporter {
  /** How many were dropped since the process began. */
  dropped = 0;
  readonly #ports: ExporterPorts;
  readonly #emitter: Emitter;
  #queue: Span[] = [];
  #sending: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #unsaid = 0;
  #saidAtMs: number | undefined;

  constructor(ports: ExporterPorts, emitter: Emitter) {
    this.#ports = ports;
    this.#emitter = emitter;
  }

  add(spans: readonly Span[]): void {
    const room = SPANS_QUEUED_MAX - this.#queue.length;
    this.#queue.push(...spans.slice(0, room));
    if (spans.length > room) this.#drop(spans.length - room, "the queue is full");
    if (this.#queue.length >= SPANS_SENT_MAX) void this.#send();
    else if (this.#queue.length > 0) this.#sendLater();
  }

  /** Spans could not be made. */
  failed(error: unknown): void {
    this.#drop(1, asError(error).message);
  }

  /** Sends what there is. Resolves when it is sent or dropped, and no later than in so many milliseconds. */
  async flush(withinMs: number): Promise<void> {
    if (this.#queue.length === 0 && !this.#sending) return;
    let cancel: () => void = () => undefined;
    const late = new Promise<void>((resolve) => (cancel = this.#ports.clock.after(withinMs, resolve)));
    await Promise.race([this.#send(), late]);
    cancel();
  }

  #sendLater(): void {
    this.#cancelTimer ??= this.#ports.clock.after(SPANS_GATHERED_MS, () => {
      this.#cancelTimer = undefined;
      void this.#send();
    });
  }

  /** One request at a time. */
  #send(): Promise<void> {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#sending ??= this.#sendAll().finally(() => (this.#sending = undefined));
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const spans = this.#queue.splice(0, SPANS_SENT_MAX);
      const refused = await this.#sendOne(spans);
      if (refused !== undefined) this.#drop(spans.length, refused);
    }
  }

  /** Why it was refused. Tried again once. */
  async #sendOne(spans: readonly Span[]): Promise<string | undefined> {
    const body = encodeSpans(spans, this.#emitter);
    const first = await this.#posted(body);
    if (first === undefined || !first.mayPass) return first?.reason;
    await elapse(this.#ports.clock, SPANS_RESEND_MS);
    return (await this.#posted(body))?.reason;
  }

  async #posted(body: string): Promise<{ readonly reason: string; readonly mayPass: boolean } | undefined> {
    try {
      const { status } = await this.#ports.post(body);
      if (status >= 200 && status < 300) return undefined;
      return { reason: `the collector answered ${status}`, mayPass: mayPass(status) };
    } catch (error) {
      return { reason: asError(error).message, mayPass: true };
    }
  }

  #drop(count: number, reason: string): void {
    this.dropped += count;
    this.#unsaid += count;
    this.#ports.dropped?.(count);
    const nowMs = this.#ports.clock.now();
    if (this.#saidAtMs !== undefined && nowMs - this.#saidAtMs < SPANS_DROPPED_SAID_MS) return;
    this.#saidAtMs = nowMs;
    this.#ports.logger.log("warn", "spans were dropped", { [DROPPED]: this.#unsaid, reason });
    this.#unsaid = 0;
  }
}
