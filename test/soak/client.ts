/** Requests at an even pace. An answer that is not as expected is an error that says both. */
import { setTimeout as delay } from "node:timers/promises";

const ANSWER_MS_MAX = 60_000;
const POLL_MS = 100;

interface Request {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  /** Parsed if it is JSON. */
  readonly body: unknown;
}

export class Client {
  requests = 0;
  readonly #url: string;
  readonly #adminUrl: string;
  readonly #everyMs: number;
  #nextMs = 0;

  constructor(ports: { readonly port: number; readonly adminPort: number }, perSecond: number) {
    this.#url = `http://127.0.0.1:${ports.port}`;
    this.#adminUrl = `http://127.0.0.1:${ports.adminPort}`;
    this.#everyMs = 1000 / perSecond;
  }

  ingress(path: string, request: Request = {}): Promise<Answer> {
    return this.#ask(`${this.#url}${path}`, request);
  }

  admin(path: string, method = "GET"): Promise<Answer> {
    return this.#ask(`${this.#adminUrl}${path}`, { method });
  }

  /** The body of an answer with `status`. Throws for another one. */
  async expect(status: number, path: string, request: Request = {}): Promise<unknown> {
    const answer = await this.ingress(path, request);
    same(answer.status, status, path, answer);
    return answer.body;
  }

  async send(path: string, body?: unknown): Promise<string> {
    const accepted = await this.expect(202, path, { body });
    return (accepted as { invocationId: string }).invocationId;
  }

  attach(id: string, status = 200): Promise<unknown> {
    return this.expect(status, `/restate/invocation/${id}/attach`, { method: "GET" });
  }

  /** Waits until the invocation has one of these statuses. */
  async until(id: string, ...statuses: readonly string[]): Promise<void> {
    await this.poll(`a status of ${statuses.join(", ")}`, async () => {
      const { body } = await this.admin(`/invocations/${id}`);
      return statuses.includes((body as { status?: string } | undefined)?.status ?? "");
    });
  }

  async poll(what: string, ask: () => Promise<boolean>): Promise<void> {
    const untilMs = performance.now() + ANSWER_MS_MAX;
    while (!(await ask())) {
      if (performance.now() > untilMs) throw new Error(`no ${what} within ${ANSWER_MS_MAX} ms`);
      await delay(POLL_MS);
    }
  }

  async #ask(url: string, { method = "POST", body, headers = {} }: Request): Promise<Answer> {
    await this.#turn();
    this.requests++;
    const sent: RequestInit = {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    };
    const response = await fetch(url, sent);
    const text = await response.text();
    return { status: response.status, body: parsed(text) };
  }

  async #turn(): Promise<void> {
    const nowMs = performance.now();
    const atMs = Math.max(this.#nextMs, nowMs);
    this.#nextMs = atMs + this.#everyMs;
    if (atMs > nowMs) await delay(atMs - nowMs);
  }
}

/** Throws unless both are the same as JSON. */
export function same(found: unknown, wanted: unknown, what: string, answer?: Answer): void {
  const [got, want] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (got === want) return;
  const whole = answer === undefined ? "" : `: ${JSON.stringify(answer.body)?.slice(0, 500)}`;
  throw new Error(`${what} answered ${got?.slice(0, 500)}, not ${want}${whole}`);
}

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}
