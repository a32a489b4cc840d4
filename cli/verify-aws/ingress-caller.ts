/** Calls, sends and results over an ingress, as a client would ask for them. */
import type { AwsChannel, ChannelAnswer, ChannelRequest } from "../aws/signed-http.ts";

interface Sleeping {
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<void>;
}

export interface CallOptionsOverHttp {
  readonly headers?: Readonly<Record<string, string>>;
  readonly waitMs?: number;
}

/** The columns of the admin API that steps look at. */
export interface InvocationSeen {
  readonly status: string;
  readonly created_at: string;
  readonly modified_at: string;
  readonly last_failure?: string;
  readonly last_failure_error_code?: string;
  readonly completion_result?: string;
  readonly completion_failure?: string;
}

/** How long a result is waited for, over as many requests as it takes. */
const RESULT_MS_MAX = 120_000;
const UNTIL_PAUSE_MS = 250;

export class IngressCaller {
  readonly door: AwsChannel;
  readonly #clock: Sleeping;

  constructor(door: AwsChannel, clock: Sleeping) {
    this.door = door;
    this.#clock = clock;
  }

  post(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<ChannelAnswer> {
    return this.door.request("POST", path, jsonRequest(body, headers));
  }

  /** Calls a handler, and attaches if its result takes longer than a request may. Throws if that is not 200. */
  async call(path: string, body?: unknown, { headers, waitMs }: CallOptionsOverHttp = {}): Promise<unknown> {
    const answer = await this.post(path, body, headers);
    const id = answer.headers["x-restate-id"];
    const last = answer.status === 504 && id !== undefined ? await this.#attach(id, waitMs) : answer;
    return jsonOf(path, last, 200);
  }

  /** Returns the invocation's id. Throws if it is not accepted. */
  async send(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<string> {
    const answer = await this.post(path.includes("?") ? path : `${path}/send`, body, headers);
    return (jsonOf(path, answer, 202) as { invocationId: string }).invocationId;
  }

  /** The result. Throws if it is not 200. */
  async result(id: string, waitMs?: number): Promise<unknown> {
    return jsonOf(`the result of ${id}`, await this.#attach(id, waitMs), 200);
  }

  async #attach(id: string, waitMs = RESULT_MS_MAX): Promise<ChannelAnswer> {
    for (const deadline = this.#clock.now() + waitMs; ;) {
      const answer = await this.door.request("GET", `/restate/attach/${id}`);
      if (answer.status !== 504 || this.#clock.now() > deadline) return answer;
    }
  }

  /** How an invocation is, of an admin API. `undefined`: it has not written anything yet. */
  async invocation(id: string): Promise<InvocationSeen | undefined> {
    const path = `/invocations/${id}`;
    const answer = await this.door.request("GET", path);
    return answer.status === 404 ? undefined : (jsonOf(path, answer, 200) as InvocationSeen);
  }

  /** What the admin API answers, if this is one. Throws if that is not 2xx. */
  async admin(path: string, method = "GET"): Promise<unknown> {
    const answer = await this.door.request(method, path);
    return jsonOf(path, answer, answer.status >= 200 && answer.status < 300 ? answer.status : 200);
  }

  /** Repeats the question until the answer is as wanted. */
  async until<T>(
    ask: () => Promise<T>,
    wanted: (answer: T) => boolean,
    maxMs: number,
    pauseMs = UNTIL_PAUSE_MS,
  ): Promise<T> {
    return await untilWanted(this.#clock, ask, wanted, maxMs, pauseMs);
  }
}

/** Throws an Error with the last answer if none was as wanted. */
export async function untilWanted<T>(
  clock: Sleeping,
  ask: () => Promise<T>,
  wanted: (answer: T) => boolean,
  maxMs: number,
  pauseMs = UNTIL_PAUSE_MS,
): Promise<T> {
  for (const deadline = clock.now() + maxMs; ;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (clock.now() > deadline)
      throw new Error(`still ${JSON.stringify(answer)} after ${Math.round(maxMs / 1000)} s`);
    await clock.pause(pauseMs);
  }
}

function jsonRequest(body: unknown, headers: Readonly<Record<string, string>>): ChannelRequest {
  if (body === undefined) return { headers };
  return { headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}

const EXCERPT = 400;

function jsonOf(what: string, { status, body }: ChannelAnswer, wanted: number): unknown {
  const text = body.toString();
  if (status !== wanted) throw new Error(`${what} answered ${status}: ${text.slice(0, EXCERPT)}`);
  return text === "" ? undefined : (JSON.parse(text) as unknown);
}
