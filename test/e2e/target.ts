/** The end-to-end suite's target: an ingress and an admin API over HTTP, local or deployed. */
import { setTimeout as sleep } from "node:timers/promises";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body, parsed; `undefined` if it is empty. */
  readonly json: unknown;
}

export abstract class Target {
  abstract get url(): string;
  abstract get adminUrl(): string;

  async request(
    path: string,
    init: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const { method = "POST", body, headers = {} } = init;
    const payload = body === undefined ? {} : { body: JSON.stringify(body) };
    const type: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
    const url = path.startsWith("http") ? path : `${this.url}${path}`;
    const response = await fetch(url, { method, headers: { ...type, ...headers }, ...payload });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parse(text) };
  }

  /** Calls a handler. Throws if the answer is not 200. */
  async call(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<unknown> {
    const answer = await this.request(path, { ...(body === undefined ? {} : { body }), headers });
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
    return answer.json;
  }

  async send(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<string> {
    const answer = await this.request(`${path}/send`, { ...(body === undefined ? {} : { body }), headers });
    if (answer.status !== 202) throw new Error(`${path}/send answered ${answer.status}: ${answer.text}`);
    return (answer.json as { invocationId: string }).invocationId;
  }

  async attach(id: string): Promise<Answer> {
    return this.request(`/restate/invocation/${id}/attach`, { method: "GET" });
  }

  async admin(path: string, method = "GET"): Promise<unknown> {
    return (await this.request(`${this.adminUrl}${path}`, { method })).json;
  }
}

/** A target that a suite has started for itself. */
export type Started = Target & { stop(): Promise<void> };

const POLL_MS = 10;

/** Repeats the question until the answer is as wanted. */
export async function until<T>(
  ask: () => T | PromiseLike<T>,
  wanted: (answer: T) => boolean,
  maxMs = 10_000,
  pollMs = POLL_MS,
): Promise<T> {
  const deadline = performance.now() + maxMs;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (performance.now() > deadline) throw new Error(`still ${JSON.stringify(answer)} after ${maxMs} ms`);
    await sleep(pollMs);
  }
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}
