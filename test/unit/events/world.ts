/** A source door, a FIFO mailbox, a dispatcher and handlers, in memory. Any write or send can fail, before it takes effect or after. */
import { OperationalError } from "../../../lib/errors.ts";
import { MESSAGE_PAYLOAD_BYTES_MAX } from "../../../lib/limits.ts";
import type { Attributes, ItemKey, Write, WriteResult } from "../../../lib/model/item.ts";
import type { Outgoing } from "../../../lib/model/message.ts";
import { silentLogger } from "../../../lib/ports.ts";
import { systemEntropy } from "../../../lib/entropy.ts";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { Dispatcher } from "../../../runtime/dispatcher/dispatcher.ts";
import { claimRejected, type RejectedRecord, rejectedOf } from "../../../runtime/events/rejected.ts";
import { type BatchOutcome, SourceDoor, type SourceDoorPorts } from "../../../runtime/events/source-door.ts";
import { parseSubscription, type Subscription } from "../../../runtime/events/subscription.ts";
import { type Endpoint, createEndpoint } from "../../../sdk/endpoint.ts";
import { handlers, object, type Serde, serde, service, workflow } from "../../../sdk/index.ts";
import type { ObjectContext, ObjectSharedContext, WorkflowContext } from "../../../sdk/index.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { Fifo } from "../dispatcher/fifo.ts";
import { ManualClock } from "../local/manual-clock.ts";

export const DAY_MS = 24 * 60 * 60 * 1000;
const DOOR_MS = 60_000;
/** Of an input as long as a message may carry, in base64. */
const MESSAGE_BYTES_MAX = 1.4 * MESSAGE_PAYLOAD_BYTES_MAX;
const HIDDEN_MS = 30_000;

/** The end of a process: what it has begun may or may not have taken effect. */
export class Died extends Error {
  override readonly name = "Died";
}

/** Where the door dies: at its n-th write, send or read, counted from 0. */
export interface Death {
  readonly at: number;
  readonly effect: "before" | "after";
}

/** What the door asks for. Once it is dead, nothing has an effect any more. */
class DoorRequests {
  count = 0;
  death: Death | undefined;
  #dead = false;

  reset(death?: Death): void {
    this.count = 0;
    this.death = death;
    this.#dead = false;
  }

  async of<T>(request: () => Promise<T>): Promise<T> {
    if (this.#dead) throw new Died();
    const isLast = this.death?.at === this.count++;
    if (isLast && this.death?.effect === "before") return this.#die();
    const answer = await request();
    return isLast ? this.#die() : answer;
  }

  #die(): never {
    this.#dead = true;
    throw new Died();
  }
}

export interface Ran {
  readonly handler: string;
  readonly key: string;
  readonly value: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

export class EventsWorld {
  readonly clock = new ManualClock(Date.UTC(2030, 0, 1, 1));
  readonly items = new MemoryItemStore();
  readonly mailbox = new Fifo(this.clock);
  readonly requests = new DoorRequests();
  /** Handlers that ran, in their order. */
  readonly ran: Ran[] = [];
  /** Sends that are refused as a whole, from now on. */
  refusals = 0;
  /** Of the dispatcher, which may die as well. */
  readonly dispatches = new DoorRequests();
  /** Whether handlers with a schema take a value. */
  isTaken: (value: unknown) => boolean = () => true;
  beforeSend: () => void = () => undefined;
  readonly registry = new ItemRegistry(this.items, this.clock, 0);
  readonly #dispatcher: Dispatcher;
  readonly #door: SourceDoor;
  /** Whoever uses them may die. */
  readonly doorPorts: SourceDoorPorts;

  private constructor() {
    const { items, clock, mailbox, registry } = this;
    const endpoint = this.#endpoint();
    const shared = { items, clock, registry, mailbox, entropy: systemEntropy, logger: silentLogger };
    this.#dispatcher = new Dispatcher({
      ...shared,
      items: this.#mortal(this.dispatches),
      timers: { schedule: async () => await Promise.resolve() },
      invoker: { invoke: async (_, request) => await endpoint.runTurn(request, { ...shared, items }) },
    });
    this.doorPorts = { ...shared, items: this.#mortal(this.requests), mailbox: this.#doorMailbox() };
    this.#door = new SourceDoor(this.doorPorts);
  }

  static async start(): Promise<EventsWorld> {
    const world = new EventsWorld();
    await world.registry.register({
      ...{ id: "dp_1", address: "here", createdAtMs: 0 },
      services: world.#endpoint().discover().services,
    });
    return world;
  }

  #endpoint(): Endpoint {
    const note = (handler: string, key: string, ctx: { request(): { headers: unknown } }, value: unknown) => {
      const headers = ctx.request().headers as ReadonlyMap<string, string>;
      this.ran.push({ handler, key, value, headers: Object.fromEntries(headers) });
    };
    return createEndpoint([
      service({
        name: "Plain",
        handlers: {
          take: async (ctx, value: unknown) => note("Plain/take", "", ctx, value),
          strict: handlers.handler({ input: this.#schema() }, async (ctx, value: unknown) =>
            note("Plain/strict", "", ctx, value),
          ),
          hidden: handlers.handler({ ingressPrivate: true }, async (ctx, value: unknown) =>
            note("Plain/hidden", "", ctx, value),
          ),
        },
      }),
      object({
        name: "Account",
        handlers: {
          add: async (ctx: ObjectContext, value: unknown) => note("Account/add", ctx.key, ctx, value),
          strict: handlers.object.exclusive({ input: this.#schema() }, async (ctx, value: unknown) =>
            note("Account/strict", ctx.key, ctx, value),
          ),
          look: handlers.object.shared(async (ctx: ObjectSharedContext, value: unknown) =>
            note("Account/look", ctx.key, ctx, value),
          ),
        },
      }),
      workflow({
        name: "Order",
        handlers: {
          run: async (ctx: WorkflowContext, value: unknown) => note("Order/run", ctx.key, ctx, value),
        },
      }),
    ]);
  }

  #schema(): Serde<unknown> {
    return {
      ...serde.json,
      serialize: (value) => serde.json.serialize(value),
      deserialize: (bytes) => {
        const value = serde.json.deserialize(bytes);
        if (!this.isTaken(value)) throw new TypeError(`${JSON.stringify(value)} is not taken`);
        return value;
      },
    };
  }

  #mortal(requests: DoorRequests) {
    const { items } = this;
    return {
      get: (key: ItemKey): Promise<Attributes | undefined> => requests.of(() => items.get(key)),
      write: (write: Write): Promise<WriteResult> => requests.of(() => items.write(write)),
      query: items.query.bind(items),
      scan: items.scan.bind(items),
    };
  }

  #doorMailbox() {
    return {
      sendBatch: async (messages: readonly Outgoing[]): Promise<readonly number[]> => {
        this.beforeSend();
        for (const { body } of messages)
          if (Buffer.byteLength(body) > MESSAGE_BYTES_MAX) throw new Error("a message is too long");
        if (this.refusals > 0) {
          this.refusals--;
          throw new OperationalError("throttled", "the mailbox is throttled");
        }
        return await this.requests.of(() => this.mailbox.sendBatch(messages));
      },
    };
  }

  subscription(
    source: string,
    sink: string,
    options: Readonly<Record<string, string>> = {},
    name = "main",
  ): Subscription {
    const parsed = parseSubscription({ name, source, sink: `service://${sink}`, options }, this.clock.now());
    if ("reason" in parsed) throw new Error(`${parsed.field} ${parsed.reason}`);
    return parsed;
  }

  async deliver(
    to: Subscription,
    event: unknown,
    death?: Death,
    remainingMs = DOOR_MS,
  ): Promise<BatchOutcome> {
    this.requests.reset(death);
    const outcome = await this.#door.deliver(to, event, remainingMs);
    this.requests.death = undefined;
    return outcome;
  }

  async retry(of: Subscription, { id, record }: RejectedRecord) {
    this.requests.reset();
    return await this.#door.retry(
      of,
      record,
      async (key) => await claimRejected({ items: this.items }, of.name, id, key),
    );
  }

  /** Until the mailbox is empty. `then`: after each batch. */
  async run(then: () => void | Promise<void> = () => undefined): Promise<void> {
    for (let rounds = 0; this.mailbox.depth > 0; rounds++) {
      if (rounds > 10_000) throw new Error("the mailbox does not become empty");
      const batch = this.mailbox.receive(HIDDEN_MS);
      const failed = await this.#dispatcher.handle(batch, DOOR_MS).catch((error: unknown) => {
        if (error instanceof Died) return batch.map(({ messageId }) => messageId);
        throw error;
      });
      this.mailbox.settle(batch, failed, 0);
      await then();
    }
  }

  /** Values that ran, in their order. */
  values(key?: string): unknown[] {
    return this.ran.filter((each) => key === undefined || each.key === key).map(({ value }) => value);
  }

  async rejected(subscription: Subscription): Promise<readonly RejectedRecord[]> {
    return (await rejectedOf({ items: this.items }, subscription.name, { limit: 100 })).records;
  }
}
