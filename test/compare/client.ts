/** Requests, and the parts of their answers that must be the same: no ids, times or stacks. */
import { setTimeout as delay } from "node:timers/promises";
import type { Server } from "./servers.ts";

export interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  /** Headers that mean something to a client: the value, or whether there is one. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

const REQUEST_MS_MAX = 30_000;
const POLL_MS = 50;

export class Client {
  readonly #server: Server;
  readonly answers = new Map<string, Answer>();
  #nth = 0;

  constructor(server: Server) {
    this.#server = server;
  }

  /** Sends a request to the ingress, and records the answer under the request. Returns the body as it came. */
  async ask(path: string, asked: Asked = {}): Promise<unknown> {
    const { answer, json } = await this.#request(`${this.#server.ingress}${path}`, asked);
    this.#record(`${asked.method ?? "POST"} ${path}`, answer);
    return json;
  }

  /** Repeats a request until the answer is as wanted. Records nothing. */
  async until(path: string, wanted: (body: unknown) => boolean): Promise<unknown> {
    const deadlineMs = performance.now() + REQUEST_MS_MAX;
    for (;;) {
      const { json } = await this.#request(`${this.#server.ingress}${path}`, {});
      if (wanted(json)) return json;
      if (performance.now() > deadlineMs) throw new Error(`${path} still answers ${JSON.stringify(json)}`);
      await delay(POLL_MS);
    }
  }

  async admin(path: string, method: string): Promise<void> {
    const { answer } = await this.#request(`${this.#server.admin}${path}`, { method });
    // Done, or accepted: both are fine.
    const status = answer.status < 300 ? 200 : answer.status;
    this.#record(`${method} admin ${path}`, { status, contentType: null, headers: {}, body: undefined });
  }

  #record(request: string, answer: Answer): void {
    this.answers.set(`${String(++this.#nth).padStart(2, "0")} ${scrub(request)}`, answer);
  }

  async #request(url: string, { method = "POST", body, headers = {} }: Asked) {
    const response = await fetch(url, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(REQUEST_MS_MAX),
    });
    const text = await response.text();
    const json = parse(text);
    const answer: Answer = {
      status: response.status,
      contentType: response.headers.get("content-type"),
      headers: {
        "x-restate-id": response.headers.has("x-restate-id"),
        "x-restate-error-source": response.headers.get("x-restate-error-source"),
        "idempotency-expires": response.headers.has("idempotency-expires"),
      },
      body: scrubbed(json),
    };
    return { answer, json };
  }
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}

const scrub = (text: string): string =>
  text
    .replaceAll(/inv_[\w-]+/gu, "<invocation>")
    .replaceAll(/sign_1[\w-]+/gu, "<awakeable>")
    .replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/gu, "<uuid>")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/gu, "<time>")
    .replaceAll(/"code":"\d{6}"/gu, '"code":"<code>"');

/** With sorted names, without the parts that cannot be the same. */
function scrubbed(json: unknown): unknown {
  if (json === undefined) return undefined;
  const text = JSON.stringify(json, (name, value: unknown) =>
    name === "stacktrace" ? undefined : sorted(value),
  );
  return JSON.parse(scrub(text)) as unknown;
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
