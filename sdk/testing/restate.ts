/**
 * `perdure/restate/testing`: Restate's test environment under its own names, without a container: the engine runs in the test's
 * process, and listens on two free ports, so that Restate's clients reach it.
 */
import type { Readable } from "node:stream";
import { ADMIN_BODY_BYTES_MAX } from "../../lib/limits/local.ts";
import { PAYLOAD_BYTES_MAX } from "../../lib/limits.ts";
import { HttpServer } from "../../runtime/dev/http-server.ts";
import type { UntypedState } from "../context.ts";
import type { EndpointOptions } from "../restate/endpoint.ts";
import type { TypedState } from "../restate/index.ts";
import type { Serde } from "../serde.ts";
import { TestEngine } from "./engine.ts";
import { TestState } from "./state.ts";

const HOST = "127.0.0.1";

/** What stands where Restate's container does. It says how the engine runs. */
export class RestateContainer {
  #alwaysReplay = false;
  #disableRetries = false;

  /** Of the server's image: without effect. */
  readonly version: string;

  constructor(version = "latest") {
    this.version = version;
  }

  alwaysReplay(): this {
    this.#alwaysReplay = true;
    return this;
  }
  disableRetries(): this {
    this.#disableRetries = true;
    return this;
  }

  // What says how a container is run: without effect, since there is none.
  withEnvironment(_environment: Record<string, string>): this {
    return this;
  }
  withLogConsumer(_consumer: (stream: Readable) => unknown): this {
    return this;
  }
  withStartupTimeout(_ms: number): this {
    return this;
  }
  withReuse(): this {
    return this;
  }
  withName(_name: string): this {
    return this;
  }
  withLabels(_labels: Record<string, string>): this {
    return this;
  }
  withNetwork(_network: unknown): this {
    return this;
  }

  get settings(): { readonly alwaysReplay: boolean; readonly disableRetries: boolean } {
    return { alwaysReplay: this.#alwaysReplay, disableRetries: this.#disableRetries };
  }
}

export interface RestateTestOptions extends EndpointOptions {
  container?: () => RestateContainer;
  /** Handlers run in this process: without effect. */
  serviceEndpointAccess?: "testcontainers" | "docker-host";
  /** All of it is in memory: without effect. */
  storage?: "disk" | "memory";
  /** Whatever is awaited, the handler is suspended, and replayed. */
  alwaysReplay?: boolean;
  /** The first failure of a handler is its last, unless its service says otherwise. */
  disableRetries?: boolean;
}

type Key<S> = S extends UntypedState ? string : keyof S & string;
type Value<S, K, V> = S extends UntypedState ? V : K extends keyof S ? S[K] : V;
type Values<S, V> = S extends UntypedState ? V : S;

/** The state of one key. Writes resolve when they are there. */
export class StateProxy<S = UntypedState> {
  readonly #state: TestState;

  constructor(state: TestState) {
    this.#state = state;
  }

  async get<V = unknown, K extends Key<S> = Key<S>>(
    name: K,
    serde?: Serde<Value<S, K, V>>,
  ): Promise<Value<S, K, V> | null> {
    return (await this.#state.get(name, serde)) ?? null;
  }
  async getAll<V extends TypedState = TypedState>(serde?: Serde<unknown>): Promise<Values<S, V>> {
    return (await this.#state.all(serde)) as Values<S, V>;
  }
  async set<V, K extends Key<S> = Key<S>>(
    name: K,
    value: Value<S, K, V>,
    serde?: Serde<Value<S, K, V>>,
  ): Promise<void> {
    await this.#state.set(name, value, serde);
  }
  async setAll<V extends TypedState>(values: Values<S, V>, serde?: Serde<unknown>): Promise<void> {
    await this.#state.setAll(values as TypedState, serde);
  }
}

export class RestateTestEnvironment {
  readonly #engine: TestEngine;
  readonly #servers: readonly HttpServer[];
  readonly #urls: { readonly ingress: string; readonly admin: string };

  private constructor(
    engine: TestEngine,
    servers: readonly HttpServer[],
    urls: { readonly ingress: string; readonly admin: string },
  ) {
    this.#engine = engine;
    this.#servers = servers;
    this.#urls = urls;
  }

  /** Throws `TypeError` if `services` is not a list of definitions. */
  static async start(
    { services, defaultServiceOptions, logger, ...options }: RestateTestOptions,
    factory: (() => RestateContainer) | undefined = options.container,
  ): Promise<RestateTestEnvironment> {
    const asked = { ...options, ...(factory ? factory().settings : {}) };
    const once = { retryPolicy: { maxAttempts: 1, onMaxAttempts: "kill" as const } };
    const engine = await TestEngine.start({
      services,
      ...(logger ? { logger } : {}),
      defaultServiceOptions: { ...(asked.disableRetries === true ? once : {}), ...defaultServiceOptions },
      alwaysReplay: asked.alwaysReplay === true,
      // As Restate's has it.
      ...{ determinism: "off", logs: "print", missingHandlers: "retry" },
    });
    const listening = { host: HOST, port: 0 };
    const ingress = new HttpServer((request, gone) => engine.ingress(request, gone), {
      ...listening,
      bodyBytesMax: PAYLOAD_BYTES_MAX,
    });
    const admin = new HttpServer((request) => engine.admin(request), {
      ...listening,
      bodyBytesMax: ADMIN_BODY_BYTES_MAX,
    });
    const urls = { ingress: await ingress.listen(), admin: await admin.listen() };
    return new RestateTestEnvironment(engine, [ingress, admin], urls);
  }

  baseUrl(): string {
    return this.#urls.ingress;
  }
  adminAPIBaseUrl(): string {
    return this.#urls.admin;
  }

  /** State of an object's or a workflow's key. */
  stateOf<S extends TypedState = UntypedState>(
    service: { readonly name: string },
    key: string,
  ): StateProxy<S> {
    return new StateProxy<S>(new TestState(service.name, key, this.#engine));
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) server.destroy();
    await this.#engine.stop();
  }
}

/** As Restate calls them. */
export type { RestateTestOptions as TestEnvironmentOptions };
