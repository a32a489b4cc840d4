/**
 * An AWS account with Perdure in it, in this process. Engine and AWS adapters are the product's; AWS is a model.
 * Time is virtual ({@link VirtualTime}), latencies are drawn from the model, and every request that AWS bills is
 * counted ({@link Meter}).
 */
import { DirectInvoker } from "../../lib/aws/direct-invoker.ts";
import { QueueMailbox } from "../../lib/aws/queue-mailbox.ts";
import type { SignedHttp } from "../../lib/aws/signed-http.ts";
import { LambdaInvoker } from "../../runtime/aws/lambda-invoker.ts";
import { OwnTablesInvoker } from "../../runtime/aws/own-tables-invoker.ts";
import { PollingWatch } from "../../runtime/aws/polling-watch.ts";
import { SqsReceipts } from "../../runtime/aws/sqs-receipts.ts";
import { SqsTimers } from "../../runtime/aws/sqs-timers.ts";
import { parseTimer } from "../../lib/aws/timer-message.ts";
import type { Incoming } from "../../lib/model/message.ts";
import { serviceTag } from "../../lib/model/ids.ts";
import type { Resources } from "../../lib/model/resources.ts";
import { OwnMailboxes } from "../../lib/store/own-mailboxes.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import type { Entropy, Invoker, ItemStore, Logger } from "../../lib/ports.ts";
import { decodeTurnRequest, encodeTurnOutcome } from "../../lib/protocol.ts";
import { Dispatcher } from "../../runtime/dispatcher/dispatcher.ts";
import { Intake } from "../../runtime/dispatcher/intake.ts";
import { QueueKeeper } from "../../runtime/dispatcher/queue-keeper.ts";
import { answerSource, type SourceFunctionPorts } from "../../runtime/events/source-function.ts";
import type { Subscription } from "../../runtime/events/subscription.ts";
import type { HttpResponse } from "../../runtime/http/message.ts";
import { Ingress } from "../../runtime/ingress/ingress.ts";
import { forwardTimer } from "../../runtime/timers/due-timer.ts";
import type { GuardPassPorts } from "../../runtime/timers/guard-pass.ts";
import { GuardTable } from "../../lib/store/guard-table.ts";
import type { Caller } from "../../lib/model/caller.ts";
import { onlyCall } from "../../sdk/direct-door.ts";
import { createEndpoint, type Endpoint, type TurnPorts } from "../../sdk/endpoint.ts";
import { COMPUTE_MS_PER_RECORD, difference, Meter, type Usage } from "./bill.ts";
import { Functions } from "./functions.ts";
import { Guards } from "./guards.ts";
import { distant, MeteredItems } from "./items.ts";
import { type Latency, medians, mulberry32 } from "./latency.ts";
import { DELAY_QUEUE_URL, MAILBOX_URL, Queues } from "./queues.ts";
import { VirtualTime } from "./virtual-time.ts";
import { CALL_WAIT_MS } from "../../lib/limits/http.ts";

export interface AccountOptions {
  readonly services: readonly unknown[];
  readonly latency?: Latency;
  /** Default: in memory, counted by the published rule. */
  readonly items?: (meter: Meter, time: VirtualTime) => ItemStore;
  /** Batches of the mailbox that are handled at the same time. */
  readonly concurrencyMax?: number;
  /** Services with mailboxes of their own, and how many batches of such a one are handled at the same time. */
  readonly own?: { readonly services: readonly string[]; readonly concurrencyMax: number };
  /** The handlers are of an earlier version: dispatchers wait for their long turns. */
  readonly waitsForTurns?: true;
  /** Called after each turn with the real milliseconds that it took and the bytes that it was sent. */
  readonly observeTurn?: (turn: { readonly ms: number; readonly bytes: number }) => void;
}

const RESOURCES: Resources = {
  ...{ journalTable: "journal", stateTable: "state", registryTable: "registry" },
  ...{ mailboxUrl: MAILBOX_URL, delayQueueUrl: DELAY_QUEUE_URL },
};
/** A dispatcher's function may take so long. */
const DISPATCHER_MS = 330_000;
const DOOR_MS = 30_000;
const WARNINGS_ONLY: Logger = {
  log: (level, message, fields) => {
    if (level === "error" || level === "warn")
      process.stderr.write(`${level}: ${message} ${JSON.stringify(fields)}\n`);
  },
};

interface HttpOptions {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly caller?: Caller;
}

export class Account {
  readonly time = new VirtualTime();
  readonly meter = new Meter();
  readonly queues: Queues;
  readonly items: ItemStore;
  readonly #functions: Functions;
  readonly #latency: Latency;
  readonly #ingress: Ingress;
  readonly #observeTurn: AccountOptions["observeTurn"];
  readonly #registries: ItemRegistry[] = [];
  readonly #endpoint: Endpoint;
  /** Environments of the handlers' function that wait for a turn, the last one used on top. */
  readonly #idle: TurnPorts[] = [];
  #seeds = 0;
  #door: SourceFunctionPorts | undefined;
  readonly #mailboxes: OwnMailboxes;
  readonly #guards: Guards;
  readonly #guardTables: GuardTable[] = [];

  private constructor(options: AccountOptions, endpoint: Endpoint) {
    const { time, meter } = this;
    this.#endpoint = endpoint;
    const { latency = medians, items = itemsInMemory(), concurrencyMax } = options;
    this.#latency = latency;
    this.#observeTurn = options.observeTurn;
    this.#functions = new Functions(time, meter);
    this.items = items(meter, time);
    this.#guards = new Guards({
      ...{ time, meter, items: (counted) => items(counted, time) },
      ports: (passing) => this.#passPorts(passing),
    });
    this.#mailboxes = new OwnMailboxes(distant(this.items, time, latency), time, options.own !== undefined);
    this.queues = new Queues({
      time,
      meter,
      latency,
      ...(concurrencyMax === undefined ? {} : { concurrencyMax }),
      ...(options.own ? { ownConcurrencyMax: options.own.concurrencyMax } : {}),
    });
    const dispatcherPorts = { ...this.#ports(), invoker: this.#invoker() };
    // An environment handles one batch at a time.
    const idle: Intake[] = [];
    const forwarding = { ...this.#ports(), timers: this.#timers() };
    this.queues.consumers = {
      mailbox: (batch, url) =>
        this.#functions.invoke("dispatcher", async () => {
          const intake = idle.pop() ?? this.#intake(dispatcherPorts);
          const failed = await this.#handle(intake, batch, url);
          idle.push(intake);
          return failed;
        }),
      timers: (bodies) =>
        this.#functions.invoke("timers", async () => {
          for (const body of bodies) await forwardTimer(forwarding, parseTimer(body));
        }),
    };
    this.#ingress = new Ingress(
      {
        ...this.#ports(),
        watch: new PollingWatch(time),
        invoker: this.#invoker(),
      },
      { callWaitMs: CALL_WAIT_MS },
    );
  }

  static async open(options: AccountOptions): Promise<Account> {
    const endpoint = createEndpoint(options.services);
    const account = new Account(options, endpoint);
    const { time } = account;
    const registration = new ItemRegistry(account.items, time).register({
      id: "dp_1",
      address: "arn:aws:lambda:us-east-1:000000000000:function:handlers:1",
      createdAtMs: time.now(),
      services: endpoint
        .discover()
        .services.map((service) => ({ ...service, relays: options.waitsForTurns !== true })),
    });
    await time.run(registration);
    await time.run(account.#guards.idleMs());
    for (const service of options.own?.services ?? [])
      await time.run(account.#mailboxes.put({ service, url: `${MAILBOX_URL}/${service}`, heldUntilMs: 0 }));
    return account;
  }

  /** A request over the HTTP API; its answer, and how long it took. */
  async http(
    path: string,
    body?: unknown,
    { method = "POST", headers = {}, caller }: HttpOptions = {},
  ): Promise<HttpResponse & { readonly ms: number }> {
    const { time, meter } = this;
    const startMs = time.exactMs;
    meter.add("httpRequests");
    await time.pause(this.#latency("apiGateway.overhead"));
    const [pathname = "", search = ""] = path.split("?");
    const response = await this.#functions.invoke("ingress", () =>
      this.#ingress.handle({
        method,
        path: pathname,
        query: new URLSearchParams(search),
        headers: { "content-type": "application/json", ...headers },
        body: body === undefined ? new Uint8Array(0) : new TextEncoder().encode(JSON.stringify(body)),
        caller,
      }),
    );
    return { ...response, ms: time.exactMs - startMs };
  }

  /** An event source mapping's event, of so many records. Throws an Error if any of them is to come again. */
  async deliver({ id }: Subscription, event: unknown, records: number): Promise<void> {
    const context = {
      invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:door:${id}`,
      getRemainingTimeInMillis: () => DOOR_MS,
    };
    const { batchItemFailures } = await this.#functions.invoke("door", async () => {
      await this.time.pause(records * COMPUTE_MS_PER_RECORD);
      const ports = (this.#door ??= { ...this.#ports(), meter: { measure: () => undefined } });
      return await answerSource(ports, event, context);
    });
    if (batchItemFailures.length > 0) throw new Error("records are to be delivered again");
  }

  /** All functions know what the registry says, as in an account in which something has happened moments ago. */
  async warm(): Promise<void> {
    const know = async (registry: ItemRegistry): Promise<void> => {
      const services = await registry.services();
      await Promise.all(services.map(async ({ name }) => await registry.service(name)));
      await Promise.all(services.map(async ({ name }) => await this.#mailboxes.of(serviceTag(name))));
      await registry.deployment("dp_1");
    };
    const looks = this.#guardTables.map(async (guards) => await guards.look());
    await this.time.run(Promise.all([...this.#registries.map(know), ...looks]));
  }

  /** What `work`, and all that follows from it, uses. */
  async measure(work: () => Promise<unknown>): Promise<Usage> {
    const before = this.meter.usage;
    await this.time.run(work());
    await this.time.drain();
    return difference(this.meter.usage, before);
  }

  /** As the dispatcher's function does it. */
  async #handle(intake: Intake, batch: readonly Incoming[], url: string): Promise<readonly string[]> {
    const receipts = new SqsReceipts(
      this.queues.sqs,
      url,
      new Map(batch.map(({ messageId }) => [messageId, messageId])),
    );
    const keeper = new QueueKeeper({ receipts, clock: this.time, logger: WARNINGS_ONLY }, batch);
    keeper.begin();
    try {
      return await intake.handle(batch, DISPATCHER_MS, keeper, url !== MAILBOX_URL);
    } finally {
      await keeper.end();
    }
  }

  #intake(ports: ConstructorParameters<typeof Dispatcher>[0]): Intake {
    const { clock, logger, mailbox } = ports;
    const mailboxAt = (url: string): QueueMailbox => new QueueMailbox(this.queues.sqs.SendMessageBatch, url);
    const dispatcher = new Dispatcher(ports);
    return new Intake({ dispatcher, mailbox, mailboxAt, mailboxes: this.#mailboxes, clock, logger });
  }

  /** What each environment has of its own. */
  #guarded(items: ItemStore): GuardTable {
    const guarded = new GuardTable({ items, timers: this.#timers(), clock: this.time });
    this.#guardTables.push(guarded);
    return guarded;
  }

  #passPorts(passing: ItemStore): GuardPassPorts {
    const near = distant(this.items, this.time, this.#latency);
    const guards = distant(passing, this.time, this.#latency);
    return {
      mailbox: new QueueMailbox(this.queues.sqs.SendMessageBatch, MAILBOX_URL),
      ...{ timers: this.#timers(), passTimers: this.#timers(), clock: this.time, logger: WARNINGS_ONLY },
      items: {
        query: async (...query) => await guards.query(...query),
        write: async (write) => await guards.write(write),
        get: async (key, options) => await (key.table === "guards" ? guards : near).get(key, options),
      },
    };
  }

  #timers(): SqsTimers {
    return new SqsTimers({
      sqs: this.queues.sqs,
      scheduler: this.queues.scheduler,
      delayQueueUrl: DELAY_QUEUE_URL,
      delayQueueArn: "arn:aws:sqs:us-east-1:000000000000:timers",
      scheduleGroup: "perdure",
      schedulerRoleArn: "arn:aws:iam::000000000000:role/scheduler",
      clock: this.time,
    });
  }

  /** What an environment of a function has. As in AWS, each has a registry of its own, with its own cache. */
  #ports() {
    const near = distant(this.#guards.watching(this.items), this.time, this.#latency);
    const registry = new ItemRegistry(near, this.time);
    this.#registries.push(registry);
    return {
      items: near,
      mailbox: new QueueMailbox(this.queues.sqs.SendMessageBatch, MAILBOX_URL),
      timers: this.#guarded(near),
      registry,
      clock: this.time,
      entropy: entropyFrom(++this.#seeds),
      logger: WARNINGS_ONLY,
    };
  }

  /** One turn in an environment of the handlers' function. */
  async #turn(payload: string, isCall: boolean): Promise<string> {
    this.meter.add("bytesToHandlers", Buffer.byteLength(payload));
    await this.time.pause(this.#latency("lambda.invoke"));
    return await this.#functions.invoke("handler", async () => {
      const startMs = performance.now();
      const ports = this.#idle.pop() ?? this.#handlerPorts();
      const asked = decodeTurnRequest(payload);
      const request = isCall ? onlyCall(asked, this.#endpoint.discover().services) : asked;
      const { resourcesId = "" } = asked;
      const outcome = encodeTurnOutcome({
        ...(await this.#endpoint.runTurn(request, ports)),
        resourcesId,
      });
      this.#idle.push(ports);
      this.#observeTurn?.({ ms: performance.now() - startMs, bytes: Buffer.byteLength(payload) });
      return outcome;
    });
  }

  #handlerPorts(): TurnPorts {
    const invoker = new DirectInvoker(this.#lambda(true), "calls", RESOURCES);
    return { ...this.#ports(), invoker };
  }

  #invoker(): Invoker {
    return new OwnTablesInvoker(new LambdaInvoker(this.#lambda(false)), {
      ...{ items: this.items, clock: this.time },
      resources: RESOURCES,
    });
  }

  #lambda(isCall: boolean): Pick<SignedHttp, "sendAgain"> {
    return {
      sendAgain: async ({ body }) => ({ status: 200, headers: {}, body: await this.#turn(body, isCall) }),
    };
  }
}

/** One store, however many meters count what is asked of it. */
function itemsInMemory(): (meter: Meter) => ItemStore {
  let first: MeteredItems | undefined;
  return (meter) => (first = first ? first.metered(meter) : new MeteredItems(meter));
}

/** Different for each function, the same in every run. */
function entropyFrom(seed: number): Entropy {
  const next = mulberry32(seed * 7919);
  return { bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)) };
}
