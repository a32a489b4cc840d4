/** A test environment for the semantic tests: send, result, status, and waiting for a condition. */
import { TestEnvironment } from "perdure/testing";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly id: string;
}

export interface InvocationView {
  readonly status: string;
  readonly retry_count: number;
  readonly journal_size: number;
  readonly pending_notes: number;
  readonly last_failure?: string;
  readonly last_failure_error_code?: string;
  readonly last_failure_related_command_name?: string;
  readonly completion_failure?: string;
  readonly waiting_on?: string;
}

export interface JournalEntry {
  readonly index: number;
  readonly type: string;
  readonly name?: string;
  readonly command?: number;
  readonly cancelled?: readonly string[];
}

type Headers = Record<string, string>;

const AS_IN_PRODUCTION = { logs: "print", missingHandlers: "retry" } as const;

export class World {
  readonly environment: TestEnvironment;

  private constructor(environment: TestEnvironment) {
    this.environment = environment;
  }

  /** Whatever is awaited suspends. */
  static async of(...services: readonly unknown[]): Promise<World> {
    return new World(await TestEnvironment.start({ services, alwaysReplay: true, ...AS_IN_PRODUCTION }));
  }

  /** What is soon over is waited for in memory, as users have it. */
  static async waiting(...services: readonly unknown[]): Promise<World> {
    return new World(await TestEnvironment.start({ services, ...AS_IN_PRODUCTION }));
  }

  async stop(): Promise<void> {
    await this.environment.stop();
  }

  /** The result of a call that must succeed. */
  async call<T = unknown>(path: string, body?: unknown, headers: Headers = {}): Promise<T> {
    return await this.environment.call<T>(path, body, headers);
  }

  /** Any answer, parsed. */
  async ask(path: string, body?: unknown, headers: Headers = {}, method = "POST"): Promise<Answer> {
    const response = await this.environment.request(path, body, headers, method);
    return answerOf(response);
  }

  /** Sends, and returns the invocation's id. */
  async send(path: string, body?: unknown, query = "", headers: Headers = {}): Promise<string> {
    const { status, body: answer } = await this.ask(`${path}/send${query}`, body, headers);
    if (status !== 202) throw new Error(`${path} answered ${status}: ${JSON.stringify(answer)}`);
    return (answer as { invocationId: string }).invocationId;
  }

  /** Waits for the end. */
  async attach(id: string): Promise<Answer> {
    return await this.ask(`/restate/attach/${id}`, undefined, {}, "GET");
  }

  /** The result, if there is one now. */
  async output(id: string): Promise<Answer> {
    return await this.ask(`/restate/output/${id}`, undefined, {}, "GET");
  }

  async admin(path: string, method = "GET"): Promise<Answer> {
    return answerOf(await this.environment.admin(path, method));
  }
  async cancel(id: string): Promise<number> {
    return (await this.admin(`/invocations/${id}/cancel`, "PATCH")).status;
  }
  async kill(id: string): Promise<number> {
    return (await this.admin(`/invocations/${id}/kill`, "PATCH")).status;
  }
  async pause(id: string): Promise<number> {
    return (await this.admin(`/invocations/${id}/pause`, "PATCH")).status;
  }
  async resume(id: string): Promise<number> {
    return (await this.admin(`/invocations/${id}/resume`, "PATCH")).status;
  }

  /** The operator's view. `undefined` while there is no head. */
  async view(id: string): Promise<InvocationView | undefined> {
    const { status, body } = await this.admin(`/invocations/${id}`);
    return status === 200 ? (body as InvocationView) : undefined;
  }

  async journal(id: string): Promise<readonly JournalEntry[]> {
    return ((await this.admin(`/invocations/${id}/journal`)).body as { entries: JournalEntry[] }).entries;
  }

  async untilStatus(id: string, status: string): Promise<InvocationView> {
    const view = await until(async () => {
      const seen = await this.view(id);
      return seen?.status === status ? seen : undefined;
    }, `${id} to be ${status}`);
    return view;
  }
}

function answerOf(response: { status: number; headers: Record<string, string>; body: Uint8Array }): Answer {
  const text = new TextDecoder().decode(response.body);
  return {
    status: response.status,
    id: response.headers["x-restate-id"] ?? "",
    body: text === "" ? undefined : parse(text),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** Polls until there is a value. */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  // On a busy machine.
  maxMs = 10_000,
): Promise<T> {
  const endMs = Date.now() + maxMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > endMs) throw new Error(`waited ${maxMs} ms in vain for ${what}`);
    await pause(2);
  }
}

/** Waits for the promise. If it takes too long, fails and says what it waited for. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms in vain for ${what}`)), ms);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
