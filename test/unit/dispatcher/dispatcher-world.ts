/** A dispatcher and handlers over a store in memory; a test delivers each message itself, and may come between any two writes. */
import { systemEntropy } from "../../../lib/entropy.ts";
import { LiveTurns } from "../../../lib/live-turns.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import type { Head } from "../../../lib/model/head.ts";
import type { Write, WriteResult } from "../../../lib/model/item.ts";
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type Outgoing,
  type Start,
} from "../../../lib/model/message.ts";
import type { CallInvoker } from "../../../lib/ports.ts";
import type { AskedGuard, TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import { guardedRequest } from "../../../lib/store/guarded-turn.ts";
import { readHead } from "../../../lib/store/head-store.ts";
import { laneOf } from "../../../lib/store/send.ts";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import type { DispatcherPorts } from "../../../runtime/dispatcher/delivery.ts";
import { Dispatcher, type DispatcherOptions } from "../../../runtime/dispatcher/dispatcher.ts";
import { createEndpoint, type Endpoint } from "../../../sdk/endpoint.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { ManualClock } from "../local/manual-clock.ts";

const nothing = async (): Promise<void> => await Promise.resolve();

class HeldStore extends MemoryItemStore {
  beforeWrite: (write: Write) => Promise<void> = nothing;

  override async write(write: Write): Promise<WriteResult> {
    await this.beforeWrite(write);
    return await super.write(write);
  }
}

export interface Delivered {
  readonly receiveCount?: number;
  readonly remainingMs?: number;
  /** Of one that is delivered once more. */
  readonly sequence?: string;
}

interface WorldOptions extends DispatcherOptions {
  /** The clock of the world may jump. */
  readonly stopwatch?: ManualClock;
  /** Turns may invoke what they call (R28). */
  readonly calls?: CallInvoker;
}

export class DispatcherWorld {
  readonly clock = new ManualClock(Date.UTC(2030, 0, 1));
  readonly items = new HeldStore();
  /** Messages that the mailbox took. */
  readonly sent: Message[] = [];
  /** What their doubles are known by. */
  readonly dedups: string[] = [];
  /** Timers that were set. */
  readonly scheduled: { readonly atMs: number; readonly message: Message; readonly name: string }[] = [];
  /** The engine's log: levels and messages. */
  readonly logged: string[] = [];
  /** Instead of the handlers. */
  invoke: ((request: TurnRequest) => Promise<TurnOutcome>) | undefined;
  /** May throw what the mailbox would. */
  beforeSend: (message: Message) => void = () => undefined;
  /** May throw what the timers would. */
  beforeSchedule: (message: Message) => void = () => undefined;
  /** Whether the dispatcher hears of turns that it has let go of. */
  staysInTouch = false;
  /** Whether it hears of the end of each turn, as on one machine: then it knows which ones live. */
  hearsOfEnds = false;
  /** Ends each turn, if it is there first. */
  beside: Promise<never> | undefined;
  readonly #dispatcher: Dispatcher;
  readonly #registered: Promise<unknown>;
  readonly #live = new LiveTurns();
  readonly #run: (request: TurnRequest) => Promise<TurnOutcome>;
  #sequence = 0;

  constructor(services: readonly unknown[], { stopwatch, calls, ...options }: WorldOptions = {}) {
    const { items, clock } = this;
    const endpoint: Endpoint = createEndpoint(services);
    const registry = new ItemRegistry(items, clock, 0);
    this.#registered = registry.register({
      ...{ id: "dp_1", address: "here", createdAtMs: 0 },
      services: endpoint.discover().services,
    });
    const sendBatch = async (batch: readonly Outgoing[]): Promise<number[]> => {
      const messages = batch.map(({ body }) => decodeMessage(body));
      for (const message of messages) this.beforeSend(message);
      this.sent.push(...messages);
      this.dedups.push(...batch.map(({ dedup }) => dedup));
      return await Promise.resolve([]);
    };
    const ports = {
      ...{ items, clock, registry, mailbox: { sendBatch }, entropy: systemEntropy },
      ...(stopwatch ? { stopwatch } : {}),
      logger: { log: (level: string, message: string) => void this.logged.push(`${level} ${message}`) },
      timers: {
        schedule: async ({ atMs, message }: { atMs: number; message: Outgoing }) => {
          this.beforeSchedule(decodeMessage(message.body));
          this.scheduled.push({ atMs, message: decodeMessage(message.body), name: message.dedup });
          await Promise.resolve();
        },
      },
    };
    this.#run = async (request) => {
      const end = this.#live.begins(request.id);
      try {
        const turn = this.invoke?.(request) ?? endpoint.runTurn(request, { ...ports, invoker: calls });
        return await (this.beside ? Promise.race([turn, this.beside]) : turn);
      } finally {
        end();
      }
    };
    const staysInTouch = (): boolean => this.staysInTouch;
    const dispatcherPorts: DispatcherPorts = {
      ...ports,
      runs: (id) => this.hearsOfEnds && this.#live.has(id),
      invoker: {
        invoke: async (_, request) => await this.#run(request),
        get staysInTouch() {
          return staysInTouch();
        },
      },
    };
    this.#dispatcher = new Dispatcher(dispatcherPorts, options);
  }

  /** Answers whether it is done, and may be deleted. */
  async deliver(
    message: Message,
    { receiveCount = 1, remainingMs = 60_000, ...again }: Delivered = {},
  ): Promise<boolean> {
    await this.#registered;
    const sequence = again.sequence ?? String(++this.#sequence);
    const incoming = { messageId: `m${sequence}`, group: laneOf(message), sequence, receiveCount };
    const failed = await this.#dispatcher.handle(
      [{ ...incoming, body: encodeMessage(message) }],
      remainingMs,
    );
    return failed.length === 0;
  }

  /** Runs a first turn behind a guard, under no message (R25). */
  async runGuarded(start: Start, guard: AskedGuard): Promise<TurnOutcome> {
    const served = { deployment: { id: "dp_1" }, kind: "plain" } as const;
    const kept = { retentionMs: 0, journalRetentionMs: 0 };
    return await this.#run(guardedRequest({ start, guard, served }, kept, 60_000));
  }

  /** Delivers what a group holds. Answers the ids of what is given back: `m0` and so on. */
  async deliverTexts(bodies: readonly string[], group: string): Promise<readonly string[]> {
    const batch = bodies.map((body, at) => {
      const sequence = String(++this.#sequence);
      return { messageId: `m${at}`, group, sequence, receiveCount: 1, body };
    });
    return await this.#dispatcher.handle(batch, 60_000);
  }

  async head(id: InvocationId): Promise<Head | undefined> {
    return (await readHead(this.items, id))?.head;
  }

  /** What was sent to an invocation. */
  to(id: InvocationId): Message[] {
    return this.sent.filter((message) => message.id === id);
  }
}
