/** Brings the services of services.ts to rest: at least one invocation in every status that lasts. */
import { setTimeout as delay } from "node:timers/promises";

const REQUEST_MS_MAX = 30_000;
const SETTLE_MS_MAX = 30_000;
const POLL_MS = 50;

/** Ids by what the invocation is for. */
export type Invocations = ReadonlyMap<string, string>;

export class Workload {
  readonly #ingress: string;
  readonly #ids = new Map<string, string>();

  constructor(ingress: string) {
    this.#ingress = ingress;
  }

  async run(): Promise<Invocations> {
    await this.call("greeted", "Greeter/greet", "Ada", { "idempotency-key": "ada 1" });
    await this.call("refused", "Greeter/refuse", "Eve");
    await this.send("scheduled", "Greeter/greet", "Bob", "?delay=1h");
    await this.call("counted", "Counter/a/add", 3);
    await this.call("counted b", "Counter/b/add", 4);
    await this.send("failing", "Greeter/fail", "Dan");
    await this.send("stopped", "Greeter/stop", "Joe");
    await this.send("working", "Greeter/work");
    await this.send("sleeping", "Greeter/sleep");
    await this.send("holding", "Counter/a/hold");
    await delay(POLL_MS);
    await this.send("queued first", "Counter/a/add", 5);
    await this.send("queued second", "Counter/a/add", 6);
    await this.send("signing up", "Signup/ada/run", "ada@example.org");
    await this.send("signed up", "Signup/bob/run", "bob@example.org");
    await this.call("verified", "Signup/bob/verify", "yes");
    await this.call("chained", "Chain/run", "c");
    return this.#ids;
  }

  async call(name: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<void> {
    const response = await this.#request(path, body, headers);
    this.#note(name, response.headers.get("x-restate-id"));
    await response.arrayBuffer();
  }

  async send(name: string, path: string, body?: unknown, query = ""): Promise<void> {
    const response = await this.#request(`${path}/send${query}`, body);
    this.#note(name, ((await response.json()) as { invocationId: string }).invocationId);
  }

  #note(name: string, id: string | null): void {
    if (id === null) throw new Error(`no id came for ${name}`);
    this.#ids.set(name, id);
  }

  async #request(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return await fetch(`${this.#ingress}/${path}`, {
      method: "POST",
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(REQUEST_MS_MAX),
    });
  }
}

/** The status in which each one rests. */
export const RESTS: ReadonlyMap<string, string> = new Map([
  ...["greeted", "refused", "counted", "counted b", "signed up", "verified", "chained"].map(
    (name) => [name, "completed"] as const,
  ),
  ["scheduled", "scheduled"],
  ["failing", "backing-off"],
  ["stopped", "paused"],
  ["working", "running"],
  ...["sleeping", "holding", "signing up"].map((name) => [name, "suspended"] as const),
  ...["queued first", "queued second"].map((name) => [name, "pending"] as const),
]);

/** Waits until all have come to rest. */
export async function settle(admin: string, ids: Invocations): Promise<void> {
  await settled(async () => {
    const rows = await rowsOf(admin, "SELECT id, status FROM sys_invocation");
    const statuses = new Map(rows.map(({ id, status }) => [id, status]));
    const restless = [...RESTS].filter(([name, status]) => statuses.get(ids.get(name)) !== status);
    if (restless.length === 0) return;
    const found = restless.map(([name]) => `${name}: ${String(statuses.get(ids.get(name)))}`);
    throw new Error(`not at rest yet: ${found.join(", ")}`);
  });
}

/** The rows, as JSON. */
export async function rowsOf(admin: string, sql: string): Promise<Record<string, unknown>[]> {
  const response = await fetch(`${admin}/query`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ query: sql }),
    signal: AbortSignal.timeout(REQUEST_MS_MAX),
  });
  if (!response.ok) throw new Error(`${sql}: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { rows: Record<string, unknown>[] }).rows;
}

/** Repeats `check` until it no longer throws. Throws its last error. */
export async function settled<T>(check: () => Promise<T>): Promise<T> {
  for (const deadlineMs = performance.now() + SETTLE_MS_MAX; ; await delay(POLL_MS)) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
    }
  }
}
