/**
 * The whole engine in this process, over SQLite in memory, for your tests. Dispatcher, ingress, source door and SDK are those that
 * run in AWS.
 */
import { type Duration, parseDuration, toMs } from "../../lib/duration.ts";
import type { Caller } from "../../lib/model/caller.ts";
import type { HttpRequest, HttpResponse } from "../../runtime/http/message.ts";
import { Deliveries, type Delivered, type DeliverOptions, type SetAside } from "./deliveries.ts";
import { type TestEngineOptions, type TestCounts, TestEngine } from "./engine.ts";
import { TestInvocation } from "./invocation.ts";
import type { PlainRecord } from "./plain-records.ts";
import type { SourceEvent } from "./events.ts";
import { type RequestHeaders, asRequest } from "./request.ts";
import { declare, type TestSubscription } from "./subscriptions.ts";

export interface TestEnvironmentOptions extends TestEngineOptions {
  /** What {@link TestEnvironment.deliver} delivers to. Schedules among them are due as time passes, and as it is skipped. */
  readonly subscriptions?: readonly TestSubscription[];
}

export class TestEnvironment {
  readonly #engine: TestEngine;
  readonly #deliveries: Deliveries;

  private constructor(engine: TestEngine) {
    this.#engine = engine;
    this.#deliveries = new Deliveries(engine.ports, (id) => this.invocation(id));
  }

  /** Throws `TypeError` if `services` is not a list of definitions, or for a subscription that could not be made, with the reason. */
  static async start({ subscriptions = [], ...options }: TestEnvironmentOptions): Promise<TestEnvironment> {
    const engine = await TestEngine.start(options);
    const environment = new TestEnvironment(engine);
    try {
      await declare(subscriptions, (...asked) => environment.admin(...asked));
    } catch (error) {
      await engine.stop();
      throw error;
    }
    return environment;
  }

  /** A request to the ingress, as over HTTP. `body`: JSON unless it is bytes. */
  async request(
    path: string,
    body?: unknown,
    headers: RequestHeaders = {},
    method = "POST",
  ): Promise<HttpResponse> {
    return await this.#asked(asRequest(path, body, headers, method), undefined);
  }

  /** The same environment for one whom the door has verified: what its requests start has it as `request().caller`. */
  as(caller: Caller): Pick<TestEnvironment, "request" | "call"> {
    const request = async (path: string, body?: unknown, headers: RequestHeaders = {}, method = "POST") =>
      await this.#asked(asRequest(path, body, headers, method), caller);
    return {
      request,
      call: async (path, body, headers) => parsed(path, await request(path, body, headers)),
    };
  }

  async #asked(request: HttpRequest, caller: Caller | undefined): Promise<HttpResponse> {
    return await this.#engine.ingress({ ...request, caller });
  }

  /** A request to the admin API. */
  async admin(
    path: string,
    method = "GET",
    body?: unknown,
    headers: RequestHeaders = {},
  ): Promise<HttpResponse> {
    return await this.#engine.admin(asRequest(path, body, headers, method));
  }

  /** Calls a handler. Returns its result, parsed. Throws an Error with the response's text unless the call succeeded. */
  async call<T = unknown>(path: string, body?: unknown, headers: RequestHeaders = {}): Promise<T> {
    return parsed<T>(path, await this.request(path, body, headers));
  }

  /** Delivers to a subscription, as its source would: an event in the shape in which AWS delivers it, or records of which the
   * environment makes one. Resolves when they are accepted, with what the source would get. What they start goes on. Throws an Error
   * if there is no such subscription, or if the event is none of its source. */
  async deliver(
    subscription: string,
    event: SourceEvent | PlainRecord | readonly PlainRecord[],
    options: DeliverOptions = {},
  ): Promise<Delivered> {
    return await this.#deliveries.deliver(subscription, event, options);
  }

  /** An invocation, by its id. It need not be there. */
  invocation(id: string): TestInvocation {
    return new TestInvocation(id, this.#engine);
  }

  /** Records that were set aside, of one subscription. */
  async rejected(subscription: string): Promise<readonly SetAside[]> {
    return await this.#deliveries.rejected(subscription);
  }

  /** Counts since the start. */
  get counts(): TestCounts {
    return this.#engine.counts;
  }

  /** The time of this environment. */
  now(): Date {
    return new Date(this.#engine.clock.now());
  }

  /** Lets time pass at once: `"1d"`, `{ days: 1 }`, or milliseconds. What sleeps, is delayed or backs off until then continues, in
   * order, schedules tick, and retentions pass. Waits for handlers that run. Throws if one runs for seconds, because its step may be
   * waiting for the test. */
  async skip(duration: Duration | string): Promise<void> {
    await this.#engine.skip(msOf(duration));
  }

  /** Resolves when nothing can continue before time passes. Throws as {@link skip} does. */
  async settled(): Promise<void> {
    await this.#engine.settled();
  }

  async stop(): Promise<void> {
    await this.#engine.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function msOf(duration: Duration | string): number {
  if (typeof duration !== "string") return toMs(duration);
  const ms = parseDuration(duration);
  if (ms === undefined) throw new RangeError(`not a duration: ${JSON.stringify(duration)}`);
  return ms;
}

/** The result of a call that has succeeded. */
function parsed<T>(path: string, { status, body }: HttpResponse): T {
  const text = new TextDecoder().decode(body);
  if (status >= 300) throw new Error(`${path} answered ${status}: ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}
