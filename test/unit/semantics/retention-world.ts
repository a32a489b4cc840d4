/** The engine in memory, with a clock that can jump, and a view of its tables. */
import { storedId } from "../../../lib/model/shown-id.ts";
import { Admin } from "../../../runtime/admin/admin.ts";
import { Dispatcher } from "../../../runtime/dispatcher/dispatcher.ts";
import type { HttpResponse } from "../../../runtime/http/message.ts";
import { Ingress } from "../../../runtime/ingress/ingress.ts";
import { systemClock } from "../../../lib/clock.ts";
import { systemEntropy } from "../../../lib/entropy.ts";
import { type LocalDatabase, openDatabase } from "../../../runtime/local/database.ts";
import { LocalItemStore } from "../../../runtime/local/item-store.ts";
import { LocalMailbox } from "../../../runtime/local/mailbox.ts";
import { LocalTimers } from "../../../runtime/local/timers.ts";
import { Reconciler } from "../../../runtime/reconciler/reconciler.ts";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import type { Outgoing } from "../../../lib/model/message.ts";
import { type Clock, silentLogger } from "../../../lib/ports.ts";
import { createEndpoint } from "../../../sdk/endpoint.ts";

export const HOUR_MS = 60 * 60 * 1000;
export const DAY_MS = 24 * HOUR_MS;

interface Waiting {
  readonly dueMs: number;
  readonly callback: () => void;
  cancel: () => void;
}

/** Runs as fast as the real one, and can be put forward. */
export class JumpingClock implements Clock {
  #aheadMs: number;
  readonly #waiting = new Set<Waiting>();

  constructor(aheadMs = 0) {
    this.#aheadMs = aheadMs;
  }

  now(): number {
    return systemClock.now() + this.#aheadMs;
  }
  after(ms: number, callback: () => void): () => void {
    const waiting: Waiting = { dueMs: this.now() + ms, callback, cancel: () => undefined };
    this.#waiting.add(waiting);
    this.#arm(waiting);
    return () => {
      waiting.cancel();
      this.#waiting.delete(waiting);
    };
  }
  jump(ms: number): void {
    this.#aheadMs += ms;
    for (const waiting of this.#waiting) {
      waiting.cancel();
      this.#arm(waiting);
    }
  }
  #arm(waiting: Waiting): void {
    waiting.cancel = systemClock.after(Math.max(0, waiting.dueMs - this.now()), () => {
      this.#waiting.delete(waiting);
      waiting.callback();
    });
  }
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly id: string;
  readonly headers: Readonly<Record<string, string>>;
}

export class RetentionWorld {
  readonly clock = new JumpingClock();
  readonly items: LocalItemStore;
  readonly mailbox: LocalMailbox;
  /** Everything that was sent. */
  readonly sent: Outgoing[] = [];
  readonly #timers: LocalTimers;
  readonly #ingress: Ingress;
  readonly #admin: Admin;
  readonly #reconciler: Reconciler;
  readonly #database: LocalDatabase;
  readonly #registered: Promise<void>;

  constructor(services: readonly unknown[]) {
    const { clock } = this;
    const database = openDatabase(":memory:");
    this.items = new LocalItemStore(database, clock);
    this.mailbox = new LocalMailbox(database, clock);
    this.#timers = new LocalTimers(database, this.mailbox, clock);
    const registry = new ItemRegistry(this.items, clock, 0);
    const endpoint = createEndpoint(services);
    const mailbox = {
      sendBatch: async (batch: readonly Outgoing[]) => {
        this.sent.push(...batch);
        return await this.mailbox.sendBatch(batch);
      },
    };
    const ports = {
      ...{ items: this.items, watch: this.items, mailbox, timers: this.#timers, registry, clock },
      ...{ entropy: systemEntropy, logger: silentLogger, shortWaitMs: 0 },
    };
    const invoker = { invoke: async (_: unknown, request: never) => await endpoint.runTurn(request, ports) };
    const dispatcher = new Dispatcher({ ...ports, invoker });
    this.#ingress = new Ingress(ports);
    this.#admin = new Admin(ports, { version: "0.0.0", ingressEndpoint: "http://localhost" });
    this.#reconciler = new Reconciler(ports);
    this.#registered = registry
      .register({ id: "dp", address: "", createdAtMs: 0, services: endpoint.discover().services })
      .then(() => this.mailbox.consume(async (batch) => await dispatcher.handle(batch, 60_000)));
    this.#database = database;
  }

  /** `POST /Service/handler`, and the like. */
  async ask(line: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    await this.#registered;
    return replyOf(await this.#ingress.handle(requestOf(line, body, headers)));
  }

  async admin(line: string, body?: unknown): Promise<Reply> {
    await this.#registered;
    return replyOf(await this.#admin.handle(requestOf(line, body, {})));
  }

  /** Sends, and returns the id. */
  /** Returns the stored id. */
  async send(line: string, body?: unknown, headers: Record<string, string> = {}): Promise<string> {
    const { body: answer } = await this.ask(`${line}/send`, body, headers);
    return storedId((answer as { invocationId: string }).invocationId) ?? "";
  }

  jump(ms: number): void {
    this.clock.jump(ms);
  }

  async reconcile(): Promise<{ readonly poked: number; readonly renewed: number }> {
    const { poked, renewed } = await this.#reconciler.run();
    await this.rest();
    return { poked, renewed };
  }

  /** Deletes what has expired, as DynamoDB and the local engine do some time later. Returns what is left. */
  async sweep(): Promise<string[]> {
    await this.items.deleteExpired(100_000);
    return await this.left();
  }

  /** All messages are handled. */
  async rest(): Promise<void> {
    for (let idle = 0; idle < 3;) {
      await new Promise((resolve) => setTimeout(resolve, 3));
      idle = this.mailbox.depth() === 0 ? idle + 1 : 0;
    }
  }

  /** The sort keys of everything in journal and state. */
  async left(): Promise<string[]> {
    await this.rest();
    const rows = this.#database.prepare("SELECT pk, sk FROM items WHERE tbl IN ('journal', 'state')").all();
    return rows.map(({ pk, sk }) => `${String(pk).split(".")[1]} ${String(sk)}`).toSorted();
  }

  async stop(): Promise<void> {
    this.#timers.stop();
    await this.mailbox.stop(1000);
    this.#database.close();
  }
}

export function requestOf(line: string, body: unknown, headers: Record<string, string>) {
  const [method = "", target = ""] = line.split(" ");
  const [path = "", search = ""] = target.split("?");
  return {
    ...{ method, path, query: new URLSearchParams(search) },
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    body: body === undefined ? new Uint8Array(0) : new TextEncoder().encode(JSON.stringify(body)),
  };
}

export function replyOf({ status, headers, body }: HttpResponse): Reply {
  const text = new TextDecoder().decode(body);
  let parsed: unknown = text === "" ? undefined : text;
  try {
    parsed = JSON.parse(text) as unknown;
  } catch {
    // As it is.
  }
  return { status, headers, body: parsed, id: headers["x-restate-id"] ?? "" };
}
