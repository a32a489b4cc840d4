/** All ports of ingress and admin, in memory. The clock moves only when a test moves it. */
import type { IngressPorts } from "../../../runtime/ingress/ports.ts";
import { Ingress, type IngressOptions } from "../../../runtime/ingress/ingress.ts";
import { OperationalError } from "../../../lib/errors.ts";
import { inputAttributes, newHead, retentionAttributes } from "../../../lib/model/head.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import type { Attributes, ItemKey, Write, WriteResult } from "../../../lib/model/item.ts";
import type { Deployment, RegisteredService } from "../../../lib/model/manifest.ts";
import { decodeMessage, type Message, type Outgoing, type Start } from "../../../lib/model/message.ts";
import { encodeOutcome, type Outcome } from "../../../lib/model/outcome.ts";
import type { Clock, Entropy, LogLevel } from "../../../lib/ports.ts";
import type { HttpRequest, HttpResponse } from "../../../runtime/http/message.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";

export const NOW = Date.UTC(2026, 10, 22, 15, 48, 42, 688);
const DAY_MS = 24 * 60 * 60 * 1000;

export const DEPLOYMENT: Deployment = {
  id: "dp_1",
  address: "arn:aws:lambda:eu-west-1:123456789012:function:greeter:7",
  createdAtMs: NOW - DAY_MS,
  services: [
    {
      name: "T",
      type: "service",
      handlers: [
        { name: "hello", kind: "plain" },
        { name: "send", kind: "plain" },
        { name: "hidden", kind: "plain", ingressPrivate: true },
        { name: "json", kind: "plain", accept: "application/json" },
        { name: "image", kind: "plain", accept: "image/*, text/plain", outputContentType: "image/png" },
      ],
    },
    {
      name: "O",
      type: "object",
      handlers: [
        { name: "add", kind: "exclusive" },
        { name: "send", kind: "exclusive" },
        { name: "get", kind: "shared" },
      ],
    },
    {
      name: "W",
      type: "workflow",
      handlers: [
        { name: "run", kind: "workflow" },
        { name: "look", kind: "shared" },
      ],
    },
    { name: "P", type: "service", ingressPrivate: true, handlers: [{ name: "hello", kind: "plain" }] },
  ],
};

export class ManualClock implements Clock {
  #nowMs = NOW;
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves the clock timer by timer, and waits until everything has reacted to each one. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (!next || next.atMs > untilMs) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = next.atMs;
      next.callback();
      await settle();
    }
    this.#nowMs = untilMs;
    await settle();
  }
}

/** Waits until only the clock can make something happen. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
};

/** Tells watchers of every write. Fails when a test says so, before or after the write's effect. */
export class WatchedItemStore extends MemoryItemStore {
  readonly #watchers = new Map<string, Set<() => void>>();
  #faults: ("before" | "after" | "read")[] = [];

  fail(...faults: ("before" | "after" | "read")[]): void {
    this.#faults = faults;
  }

  watch(key: ItemKey, callback: () => void): void {
    const name = `${key.table} ${key.pk} ${key.sk}`;
    this.#watchers.set(name, (this.#watchers.get(name) ?? new Set()).add(callback));
  }

  override async get(key: ItemKey): Promise<Attributes | undefined> {
    if (this.#take("read")) throw new OperationalError("throttled", "the read was throttled");
    return super.get(key);
  }

  override async write(write: Write): Promise<WriteResult> {
    if (this.#take("before")) throw new OperationalError("throttled", "the write was throttled");
    const result = await super.write(write);
    const { table, pk, sk } = write.key;
    const name = `${table} ${pk} ${sk}`;
    for (const callback of this.#watchers.get(name) ?? []) callback();
    this.#watchers.delete(name);
    if (this.#take("after")) throw new OperationalError("unavailable", "the answer was lost");
    return result;
  }

  #take(fault: "before" | "after" | "read"): boolean {
    if (this.#faults[0] !== fault) return false;
    this.#faults.shift();
    return true;
  }
}

export interface Sent {
  readonly group: string;
  readonly dedup: string;
  readonly message: Message;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed if it is JSON, else text. */
  readonly body: unknown;
}

export class World {
  readonly clock = new ManualClock();
  readonly items = new WatchedItemStore();
  readonly logs: { readonly level: LogLevel; readonly message: string }[] = [];
  readonly services = new Map<string, RegisteredService>();
  readonly deployments: Deployment[] = [];
  readonly ports: IngressPorts & { readonly registry: { deployments(): Promise<readonly Deployment[]> } };
  readonly ingress: Ingress;
  mailboxFails = false;
  /** What others do once a message is there. */
  onSend: (() => Promise<void>) | undefined;
  #sent: Sent[] = [];
  #drawn = 0;

  constructor(options: IngressOptions = {}) {
    const entropy: Entropy = { bytes: (count) => new Uint8Array(count).fill(++this.#drawn) };
    this.ports = {
      items: this.items,
      clock: this.clock,
      entropy,
      mailbox: { sendBatch: (messages) => this.#send(messages) },
      registry: {
        service: async (name) => this.services.get(name),
        deployment: async (id) => this.deployments.find((deployment) => deployment.id === id),
        services: async () => [...this.services.values()],
        deployments: async () => this.deployments,
      },
      watch: { changed: (key, maxMs) => this.#changed(key, maxMs) },
      logger: { log: (level, message) => void this.logs.push({ level, message }) },
    };
    this.ingress = new Ingress(this.ports, options);
    this.register(DEPLOYMENT);
  }

  register(deployment: Deployment): void {
    this.deployments.push(deployment);
    for (const manifest of deployment.services) {
      const revision = (this.services.get(manifest.name)?.revision ?? 0) + 1;
      this.services.set(manifest.name, { ...manifest, deployment: deployment.id, revision });
    }
  }

  async #send(messages: readonly Outgoing[]): Promise<readonly number[]> {
    if (this.mailboxFails) throw new OperationalError("unavailable", "the mailbox is away");
    for (const { group, dedup, body } of messages)
      this.#sent.push({ group, dedup, message: decodeMessage(body) });
    await this.onSend?.();
    return [];
  }

  #changed(key: ItemKey, maxMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.items.watch(key, resolve);
      this.clock.after(maxMs, resolve);
    });
  }

  /** What was sent since the last look. */
  takeSent(): Sent[] {
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }

  /** The one Start that was sent since the last look. */
  takeStart(): Start {
    const [only, ...more] = this.takeSent();
    if (only?.message.kind !== "start" || more.length > 0) throw new Error("not exactly one Start was sent");
    return only.message;
  }

  async head(id: InvocationId): Promise<Attributes | undefined> {
    return this.items.get(headKey(id));
  }

  /** Puts a head as the first append would, with these attributes added. */
  async putHead(start: Start, attributes: Attributes): Promise<void> {
    const first = {
      ...newHead(start, { deployment: "dp_1" }),
      ...inputAttributes(start),
      u: this.clock.now(),
    };
    await this.items.write({ op: "put", key: headKey(start.id), attributes: { ...first, ...attributes } });
  }

  /** Does what dispatcher and SDK would do, up to the invocation's end. */
  async complete(start: Start, outcome: Outcome, retentionMs = DAY_MS): Promise<void> {
    const end = retentionAttributes(this.clock.now(), { retentionMs });
    await this.putHead(start, { s: "completed", x: encodeOutcome(outcome), ...end });
  }

  request(
    line: string,
    body: string | Uint8Array = "",
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    return withoutCors(answerOf(this.ingress.handle(requestOf(line, body, headers))));
  }
}

/** Every answer has these headers, so the tests do not name them. */
async function withoutCors(answer: Promise<Answer>): Promise<Answer> {
  const { headers, ...rest } = await answer;
  const { vary, ...own } = headers;
  if (!vary?.startsWith("origin")) throw new Error("an answer without CORS headers");
  return { ...rest, headers: own };
}

/** From a line like `POST /T/hello?delay=1s`. */
export function requestOf(
  line: string,
  body: string | Uint8Array = "",
  headers: Record<string, string> = {},
): HttpRequest {
  const [method = "", target = ""] = line.split(" ");
  const [path = "", query = ""] = target.split("?");
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  return { method, path, query: new URLSearchParams(query), headers, body: bytes };
}

export async function answerOf(response: Promise<HttpResponse>): Promise<Answer> {
  const { status, headers, body } = await response;
  const text = new TextDecoder().decode(body);
  const isJson = headers["content-type"] === "application/json" && text !== "";
  return { status, headers, body: isJson ? JSON.parse(text) : text };
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** As {@link answerOf}, but `undefined` while there is no answer. */
export function pendingAnswer(answer: Promise<Answer>): { current: Answer | undefined } {
  const held: { current: Answer | undefined } = { current: undefined };
  void answer.then((answered) => (held.current = answered));
  return held;
}
