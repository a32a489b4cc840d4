/** The state of one key, as a test reads and writes it. */
import type { HttpResponse } from "../../runtime/http/message.ts";
import { jsonSerde, type Serde } from "../serde.ts";
import type { TestEngine } from "./engine.ts";
import { TestInvocation } from "./invocation.ts";
import { asRequest } from "./request.ts";

interface ShownState {
  readonly version: string;
  readonly state: readonly {
    readonly name: string;
    readonly value?: string;
    readonly value_base64?: string;
  }[];
  readonly next?: string;
}

/** Values are JSON, as handlers have them by default, or what a serde makes of them. */
export class TestState {
  readonly #path: string;
  readonly #service: string;
  readonly #key: string;
  readonly #engine: TestEngine;

  constructor(service: string, key: string, engine: TestEngine) {
    this.#service = service;
    this.#key = key;
    this.#path = `/services/${encodeURIComponent(service)}/state`;
    this.#engine = engine;
  }

  /** `undefined`: there is none. */
  async get<T = unknown>(name: string, by: Serde<T> = jsonSerde()): Promise<T | undefined> {
    const bytes = (await this.#bytes()).get(name);
    return bytes && by.deserialize(bytes);
  }

  async all(by: Serde<unknown> = jsonSerde()): Promise<Record<string, unknown>> {
    return Object.fromEntries(
      [...(await this.#bytes())].map(([name, bytes]) => [name, by.deserialize(bytes)]),
    );
  }

  /** Waits for its turn, as a handler of the key does. Resolves when it is there. */
  async set<T>(name: string, value: T, by: Serde<T> = jsonSerde()): Promise<void> {
    await this.#replace((await this.#bytes()).set(name, by.serialize(value)));
  }

  /** These, and no others. */
  async setAll(values: Readonly<Record<string, unknown>>, by: Serde<unknown> = jsonSerde()): Promise<void> {
    const bytes = Object.entries(values).map(([name, value]) => [name, by.serialize(value)] as const);
    await this.#replace(new Map(bytes));
  }

  async #bytes(): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>();
    let after: string | undefined;
    do {
      const query = after === undefined ? "" : `?after=${encodeURIComponent(after)}`;
      const { state, next } = await this.#shown(`/${encodeURIComponent(this.#key)}${query}`);
      for (const { name, value, value_base64 } of state)
        found.set(
          name,
          new Uint8Array(
            value === undefined ? Buffer.from(value_base64 ?? "", "base64") : Buffer.from(value),
          ),
        );
      after = next;
    } while (after !== undefined);
    return found;
  }

  async #shown(rest: string): Promise<ShownState> {
    return JSON.parse(new TextDecoder().decode((await this.#asked(rest)).body)) as ShownState;
  }

  async #replace(values: ReadonlyMap<string, Uint8Array>): Promise<void> {
    const encoded = [...values].map(
      ([name, bytes]) => [name, Buffer.from(bytes).toString("base64")] as const,
    );
    const body = { object_key: this.#key, new_state_base64: Object.fromEntries(encoded) };
    const { headers } = await this.#asked("", "POST", body);
    await new TestInvocation(headers["x-restate-id"] ?? "", this.#engine).result();
  }

  async #asked(rest: string, method = "GET", body?: unknown): Promise<HttpResponse> {
    const answer = await this.#engine.admin(asRequest(this.#path + rest, body, {}, method));
    if (answer.status < 300) return answer;
    throw new Error(`the state of ${this.#service}/${this.#key}: ${new TextDecoder().decode(answer.body)}`);
  }
}
