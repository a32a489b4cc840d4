/**
 * The whole engine in this process, over SQLite in memory, for your tests. Dispatcher, ingress, source door and SDK are those that
 * run in AWS.
 */
import { type Duration, parseDuration, toMs } from "../../lib/duration.ts";
import type { Caller } from "../../lib/model/caller.ts";
import type { HttpRequest, HttpResponse } from "../../runtime/http/message.ts";
import { Deliveries, type Delivered, type DeliverOptions, type SetAside } from "./deliveries.ts";
import { type TestEngineOptions, type TestCounts, TestEngine } from "./engine.ts";
import { costOfAll, type InvocationCost } from "./costs.ts";
import { awaitedCalls, clientOf } from "./clients.ts";
import type { ClientCalls, IngressClient } from "../client/index.ts";
import type { HandlersOf, Named } from "../context.ts";
import { checkLeaks, type LeakMode, leakModes, type LeakModes } from "./leaks.ts";
import { TestState } from "./state.ts";
import { ServiceStub, type StubAnswers, type StubOptions } from "./stubs.ts";
import type { StepControl } from "./steps.ts";
import { TestTable } from "./tables.ts";
import { withTimeline } from "./timeline.ts";
import { TEST_LIST_MAX } from "../../lib/limits/local.ts";
import { awakeableOf, type TestAwakeable } from "./awakeables.ts";
import { TestInvocation, type TestStatus } from "./invocation.ts";
import type { PlainRecord } from "./plain-records.ts";
import type { SourceEvent } from "./events.ts";
import { answerIn, type RequestHeaders, asRequest } from "./request.ts";
import { declare, type TestSubscription } from "./subscriptions.ts";

export interface TestEnvironmentOptions extends TestEngineOptions {
  /** What {@link TestEnvironment.deliver} delivers to. Schedules among them are due as time passes, and as it is skipped. */
  readonly subscriptions?: readonly TestSubscription[];
  /** Whether {@link TestEnvironment.stop} looks for what was left behind: one word for all, or for each kind. By default what was said and
   * never used is told on the console, and what has not ended is not. */
  readonly leaks?: LeakMode | LeakModes;
}

/** Which invocations. */
export interface InvocationsFilter {
  readonly service?: string;
  readonly handler?: string;
  readonly key?: string;
  readonly status?: TestStatus | readonly TestStatus[];
}

export class TestEnvironment {
  readonly #engine: TestEngine;
  readonly #deliveries: Deliveries;
  readonly #leaks: Required<LeakModes>;
  readonly #stubs: ServiceStub[] = [];
  #client: IngressClient | undefined;

  private constructor(engine: TestEngine, leaks: Required<LeakModes>) {
    this.#engine = engine;
    this.#leaks = leaks;
    this.#deliveries = new Deliveries(engine.ports, (id) => this.invocation(id));
  }

  /** Throws `TypeError` if `services` is not a list of definitions, or for a subscription that could not be made, with the reason. */
  static async start({
    subscriptions = [],
    leaks,
    ...options
  }: TestEnvironmentOptions): Promise<TestEnvironment> {
    const engine = await TestEngine.start(options);
    const environment = new TestEnvironment(engine, leakModes(leaks));
    try {
      await declare(subscriptions, (...asked) => environment.admin(...asked));
    } catch (error) {
      await engine.stop();
      throw error;
    }
    return environment;
  }

  /** Runs a test in an environment of its own. If it throws, the error says what happened in there. */
  static async run<T>(
    options: TestEnvironmentOptions,
    run: (environment: TestEnvironment) => Promise<T>,
  ): Promise<T> {
    const environment = await TestEnvironment.start(options);
    try {
      const result = await run(environment);
      await environment.#check();
      return result;
    } catch (thrown) {
      throw withTimeline(thrown, await environment.timeline());
    } finally {
      await environment.#engine.stop();
    }
  }

  /** Typed by the definition: `environment.service(greeter).greet("Ada")`. A failure throws an HttpCallError. */
  service<D>(definition: D | Named): ClientCalls<HandlersOf<D>> {
    return this.#calls(definition, (client) => client.serviceClient<D>(definition));
  }
  /** `environment.object(counter, "a").add(3)`. */
  object<D>(definition: D | Named, key: string): ClientCalls<HandlersOf<D>> {
    return this.#calls(definition, (client) => client.objectClient<D>(definition, key));
  }
  /** `environment.workflow(signup, "ada").run({ email })`. */
  workflow<D>(definition: D | Named, key: string): ClientCalls<HandlersOf<D>> {
    return this.#calls(definition, (client) => client.workflowClient<D>(definition, key));
  }

  /** The client of `perdure/client`, for all else: sends, awakeables, attaching. */
  get client(): IngressClient {
    return (this.#client ??= clientOf(this.#engine));
  }

  #calls<D>(
    definition: D | Named,
    of: (client: IngressClient) => ClientCalls<HandlersOf<D>>,
  ): ClientCalls<HandlersOf<D>> {
    return awaitedCalls(definition, of(this.client), (promise) => this.#engine.awaited(promise));
  }

  /** What a step does from now on, by its name: `environment.step("charge").throws("declined", { times: 2 })`. `service`: of this one
   * alone. */
  step(name: string, { service }: { readonly service?: string } = {}): StepControl {
    return this.#engine.steps.control(name, service);
  }

  /** Stands for a service that is not in this process, or in place of one that is: `environment.stub("Payments", { charge: () => "ok" })`.
   * With a definition or a contract in place of the name it is typed by that. What it was called with is in the stub's `calls`. Calls that
   * begin after this find it. Throws `TypeError` for a name that is not allowed or a handler that the definition does not have. */
  stub<const D extends string | Named>(
    of: D,
    answers: StubAnswers<D>,
    options: StubOptions = {},
  ): ServiceStub {
    const stub = new ServiceStub(of, answers as Record<string, never>, options);
    this.#stubs.push(stub);
    this.#engine.serve([stub.definition]);
    return stub;
  }

  /** The awakeable that an invocation waits for: `(await environment.awakeable("approval")).resolve("yes")`. Its name is what the handler
   * has given it. `of`: the id of the invocation. Throws an Error if none is there when nothing can go on, or if there are several. */
  async awakeable(name?: string, { of }: { readonly of?: string } = {}): Promise<TestAwakeable> {
    return await awakeableOf(this.#engine, this.client, name, of);
  }

  /** Invocations, the oldest first: all, or those that match. At most {@link TEST_LIST_MAX}. */
  async invocations(filter: InvocationsFilter = {}): Promise<readonly TestInvocation[]> {
    const { status, ...names } = filter;
    const statuses = status === undefined ? {} : { status: [status].flat().join(",") };
    const query = new URLSearchParams({ limit: String(TEST_LIST_MAX), ...names, ...statuses });
    const path = `/invocations?${query.toString()}`;
    const { invocations } = await this.#engine.json<{ invocations: readonly { readonly id: string }[] }>(
      path,
    );
    return invocations.map(({ id }) => this.invocation(id));
  }

  /** The state of an object's or a workflow's key. */
  state(definition: { readonly name: string }, key: string): TestState {
    return new TestState(definition.name, key, this.#engine);
  }

  /** A table of yours that `ctx.transact` writes to, one of the environment's `tables`. Throws an Error for another. */
  table(name: string): TestTable {
    return new TestTable(this.#engine.userTables, name);
  }

  /** What happened, as text: each invocation with its journal, and with what its handler has printed. */
  async timeline(): Promise<string> {
    const unused = this.#engine.steps.unused.map(
      (name) => `The step '${name}' was told what to do, and was never begun.`,
    );
    return [...unused, await this.#engine.timeline()].join("\n");
  }

  /** A request to the ingress, as over HTTP. `body`: JSON unless it is bytes. */
  request(
    path: string,
    body?: unknown,
    headers: RequestHeaders = {},
    method = "POST",
  ): Promise<HttpResponse> {
    return this.#engine.awaited(this.#asked(asRequest(path, body, headers, method), undefined));
  }

  /** The same environment for one whom the door has verified: what its requests start has it as `request().caller`. */
  as(caller: Caller): Pick<TestEnvironment, "request" | "call"> {
    const request = async (path: string, body?: unknown, headers: RequestHeaders = {}, method = "POST") =>
      await this.#asked(asRequest(path, body, headers, method), caller);
    return {
      request,
      call: async (path, body, headers) => answerIn(path, await request(path, body, headers)),
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
  call<T = unknown>(path: string, body?: unknown, headers: RequestHeaders = {}): Promise<T> {
    const asked = this.#asked(asRequest(path, body, headers, "POST"), undefined);
    return this.#engine.awaited(asked.then((response) => answerIn<T>(path, response)));
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

  /** What all invocations of this environment would have cost in AWS, and what that is made of. At most {@link TEST_LIST_MAX} are counted. */
  async cost(): Promise<InvocationCost> {
    const ids = (await this.invocations()).map(({ id }) => id);
    return await costOfAll((path) => this.#engine.json(path), ids);
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

  /** Lets time pass until then, as {@link skip} does. A time that has passed changes nothing. */
  async skipUntil(time: Date | string): Promise<void> {
    const untilMs = new Date(time).getTime();
    if (Number.isNaN(untilMs)) throw new RangeError(`not a time: ${JSON.stringify(time)}`);
    await this.#engine.skip(Math.max(0, untilMs - this.#engine.clock.now()));
  }

  /** Resolves when nothing can continue before time passes. Throws as {@link skip} does. */
  async settled(): Promise<void> {
    await this.#engine.settled();
  }

  /** Ends it. Throws a {@link DeterminismError} that no other call has thrown, and a {@link LeakError} if leaks shall be thrown. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    try {
      await this.#check();
    } finally {
      await this.#engine.stop();
    }
  }
  #isStopped = false;

  async #check(): Promise<void> {
    await this.#engine.turns.determinism?.settled();
    this.#engine.turns.determinism?.tell();
    await checkLeaks(this.#leaks, this.#engine, this.#stubs);
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
