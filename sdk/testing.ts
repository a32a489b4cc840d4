/**
 * The whole engine in this process, over SQLite in memory, for your tests. Dispatcher, ingress and SDK are those that run in
 * AWS.
 */
import { ItemRegistry } from "../lib/store/registry.ts";
import { type Duration, toMs } from "../lib/duration.ts";
import type { TurnOutcome, TurnRequest } from "../lib/protocol.ts";
import type { Caller } from "../lib/model/caller.ts";
import type { Invoker } from "../lib/ports.ts";
import { silentLogger } from "../lib/ports.ts";
import { Admin } from "../runtime/admin/admin.ts";
import { Dispatcher } from "../runtime/dispatcher/dispatcher.ts";
import type { HttpRequest, HttpResponse } from "../runtime/http/message.ts";
import { Ingress } from "../runtime/ingress/ingress.ts";
import { LOCAL_LOOK_MS, SHORT_WAIT_MS } from "../lib/limits.ts";
import { systemEntropy } from "../lib/entropy.ts";
import { type LocalDatabase, openDatabase } from "../runtime/local/database.ts";
import { LocalItemStore, type OperationCounts } from "../runtime/local/item-store.ts";
import { LocalMailbox } from "../runtime/local/mailbox.ts";
import { SkippingClock } from "../runtime/local/skipping-clock.ts";
import { LocalTimers } from "../runtime/local/timers.ts";
import { createEndpoint, type Served, type TurnPorts } from "./endpoint.ts";
import { PACKAGE_VERSION } from "../lib/version.ts";
import { SETTLE_MS_MAX, TEST_BATCH_MS_MAX } from "../lib/limits/local.ts";

export interface TestEnvironmentOptions extends Served {
  /** Whatever your code awaits, it is suspended, however short the wait is. So it is replayed as often as possible, which shows code
   * that is not deterministic. */
  readonly alwaysReplay?: boolean;
}

export interface TestCounts {
  /** Turns of handlers. */
  readonly invocations: number;
  /** Messages that the mailbox took. */
  readonly messages: number;
  readonly journal: Readonly<OperationCounts>;
  readonly state: Readonly<OperationCounts>;
}

type Headers = Record<string, string>;

const DEPLOYMENT = "dp_test";
/** After so many turns of the event loop without a message, nothing is under way. */
const QUIET_TICKS = 50;

export class TestEnvironment {
  readonly #close: () => Promise<void>;
  readonly #skip: (ms: number) => Promise<void>;
  readonly #ingress: Ingress;
  readonly #admin: Admin;
  readonly #counts: () => TestCounts;

  private constructor(parts: {
    ingress: Ingress;
    admin: Admin;
    counts: () => TestCounts;
    skip: (ms: number) => Promise<void>;
    close: () => Promise<void>;
  }) {
    this.#skip = parts.skip;
    this.#ingress = parts.ingress;
    this.#admin = parts.admin;
    this.#counts = parts.counts;
    this.#close = parts.close;
  }

  /** Throws `TypeError` if `services` is not a list of definitions. */
  static async start({
    services,
    alwaysReplay = false,
    ...options
  }: TestEnvironmentOptions): Promise<TestEnvironment> {
    const clock = new SkippingClock();
    const database = openDatabase(":memory:");
    // Waits for a change of an item run on the real clock. Skipped time is the services' alone.
    const items = new LocalItemStore(database);
    const mailbox = new LocalMailbox(database, clock);
    const timers = new LocalTimers(database, mailbox, clock);
    const registry = new ItemRegistry(items, clock);
    const endpoint = createEndpoint(services, options);
    let invocations = 0;
    let messages = 0;
    const skipped = { now: 0 };
    const counted = {
      sendBatch: async (batch: Parameters<LocalMailbox["sendBatch"]>[0]) => {
        messages += batch.length;
        return await mailbox.sendBatch(batch);
      },
    };
    const common = {
      items,
      mailbox: counted,
      timers,
      registry,
      clock,
      entropy: systemEntropy,
      lookMs: LOCAL_LOOK_MS,
      logger: silentLogger,
      watch: items,
    };
    const invoker: Invoker = {
      invoke: async (_deployment, request: TurnRequest): Promise<TurnOutcome> => {
        invocations++;
        return await endpoint.runTurn(request, turnPorts);
      },
    };
    const turnPorts = waiting({ ...common, invoker }, () => !alwaysReplay && skipped.now === 0);
    const ingress = new Ingress({ ...common, invoker });
    const runsAtDoor = (id: string): boolean => ingress.door?.runs(id) === true;
    const dispatcher = new Dispatcher({ ...common, invoker, runsAtDoor });
    await registry.register({
      id: DEPLOYMENT,
      address: "in-process",
      createdAtMs: clock.now(),
      services: endpoint.discover().services,
    });
    mailbox.consume(async (batch) => await dispatcher.handle(batch, TEST_BATCH_MS_MAX), { concurrency: 256 });
    return new TestEnvironment({
      ingress,
      admin: new Admin(
        { ...common, listing: items.listing },
        { version: PACKAGE_VERSION, ingressEndpoint: "http://localhost" },
      ),
      counts: () => ({
        invocations,
        messages,
        journal: { ...items.counts.journal },
        state: { ...items.counts.state },
      }),
      skip: async (ms) => {
        skipped.now++;
        await clock.skip(ms, () => settled(mailbox, { dispatcher, ingress })).finally(() => skipped.now--);
      },
      close: async () => await closed(timers, mailbox, database),
    });
  }

  /** A request to the ingress, as over HTTP. `body`: JSON unless it is bytes. */
  async request(
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    method = "POST",
  ): Promise<HttpResponse> {
    return await this.#asked(requestOf(path, body, headers, method), undefined);
  }

  /** The same environment for one whom the door has verified: what its requests start has it as `request().caller`. */
  as(caller: Caller): Pick<TestEnvironment, "request" | "call"> {
    const request = async (path: string, body?: unknown, headers: Headers = {}, method = "POST") =>
      await this.#asked(requestOf(path, body, headers, method), caller);
    return {
      request,
      call: async (path, body, headers) => parsed(path, await request(path, body, headers)),
    };
  }

  async #asked(request: HttpRequest, caller: Caller | undefined): Promise<HttpResponse> {
    return await this.#ingress.handle({ ...request, caller });
  }

  /** A request to the admin API. */
  async admin(
    path: string,
    method = "GET",
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<HttpResponse> {
    return await this.#admin.handle(requestOf(path, body, headers, method));
  }

  /** Calls a handler. Returns its result, parsed. Throws an Error with the response's text unless the call succeeded. */
  async call<T = unknown>(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    return parsed<T>(path, await this.request(path, body, headers));
  }

  /** Counts since the start. */
  get counts(): TestCounts {
    return this.#counts();
  }

  /** Lets time pass at once. What sleeps, is delayed or backs off until then continues, in order, and retentions pass. Waits for
   * handlers that run. Throws if one runs for seconds, because its step may be waiting for the test. */
  async skip(duration: Duration): Promise<void> {
    await this.#skip(toMs(duration));
  }

  async stop(): Promise<void> {
    await this.#close();
  }
}

/** The result of a call that has succeeded. */
function parsed<T>(path: string, { status, body }: HttpResponse): T {
  const text = new TextDecoder().decode(body);
  if (status >= 300) throw new Error(`${path} answered ${status}: ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** While time is skipped, what waits is suspended: a turn that waits in memory would be waited for. */
const waiting = ({ invoker, ...ports }: TurnPorts, mayWait: () => boolean): TurnPorts => ({
  ...ports,
  get shortWaitMs() {
    return mayWait() ? SHORT_WAIT_MS : 0;
  },
  get invoker() {
    return mayWait() ? invoker : undefined;
  },
});

async function closed(timers: LocalTimers, mailbox: LocalMailbox, database: LocalDatabase): Promise<void> {
  timers.stop();
  await mailbox.stop(1000);
  database.close();
}

interface Parts {
  readonly dispatcher: Dispatcher;
  readonly ingress: Ingress;
}

/** Resolves when nothing can continue before time passes. Throws an Error if a handler runs for too long. */
async function settled(mailbox: LocalMailbox, parts: Parts): Promise<void> {
  // A request that the test has just begun may not have reached the mailbox yet.
  for (let tick = 0; tick < QUIET_TICKS; tick++) {
    if (mailbox.depth() > 0) break;
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }
  let late: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    const words = `a handler has been running for ${SETTLE_MS_MAX} ms: time is not skipped while one runs`;
    late = setTimeout(() => reject(new Error(words)), SETTLE_MS_MAX);
  });
  await Promise.race([idle(mailbox, parts), tooLate]).finally(() => clearTimeout(late));
}

/** A turn whose message was let go of may send others before it ends. */
async function idle(mailbox: LocalMailbox, { dispatcher, ingress }: Parts): Promise<void> {
  do {
    await mailbox.idle();
    await dispatcher.settled();
    await ingress.door?.settled();
  } while (mailbox.depth() > 0);
}

function requestOf(path: string, body: unknown, headers: Record<string, string>, method: string) {
  const [pathname = "", search = ""] = path.split("?");
  const bytes =
    body === undefined
      ? new Uint8Array(0)
      : body instanceof Uint8Array
        ? body
        : new TextEncoder().encode(JSON.stringify(body));
  const type = body === undefined || body instanceof Uint8Array ? {} : { "content-type": "application/json" };
  return {
    method,
    path: pathname,
    query: new URLSearchParams(search),
    headers: { ...type, ...headers },
    body: bytes,
  };
}
