/**
 * A `perdure dev` server in a process of its own, on free ports and with its own data file. The examples' tests and the demo
 * kill it and start it again.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePorts } from "../../scripts/free-ports.ts";

const PACKAGE_ROOT = fileURLToPath(new URL("../../", import.meta.url));
const START_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/** An answer of a handler or of the server that is not a success. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export class LocalServer {
  /** All that the server has printed, also before it was restarted. */
  output = "";
  readonly #file: string;
  readonly #port: number;
  readonly #adminPort: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "perdure-example-"));
  #child: ChildProcess | undefined;

  private constructor(file: string, port: number, adminPort: number) {
    this.#file = file;
    this.#port = port;
    this.#adminPort = adminPort;
    process.once("exit", () => this.#cleanUp());
  }

  /** Serves an example: `LocalServer.start("01-greeter.ts")`. */
  static async start(example: string): Promise<LocalServer> {
    const [port = 0, adminPort = 0] = await freePorts(2);
    const server = new LocalServer(join("examples", example), port, adminPort);
    await server.restart();
    return server;
  }

  /** The address of its ingress. */
  get ingress(): string {
    return `http://localhost:${this.#port}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Starts the server again, on the same ports and the same data file. */
  async restart(): Promise<void> {
    const command = ["--conditions=perdure-source", "cli/main.ts", "dev", this.#file, "--no-watch"];
    const ports = ["--port", String(this.#port), "--admin-port", String(this.#adminPort)];
    // A process group of its own, so that it can be killed with all its children.
    const child = spawn(process.execPath, [...command, ...ports, "--data", join(this.#folder, "data.db")], {
      cwd: PACKAGE_ROOT,
      // A server that is killed leaves its temporary files behind. Here they are in the folder that is removed.
      env: { ...process.env, TMPDIR: this.#folder },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (this.output += text));
    }
    await this.#untilHealthy(child);
  }

  /** Ends the server without warning, as a power cut would. */
  async kill9(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Ends the server and removes its data; `keepAs`: but for a copy of it there. */
  async stop(keepAs?: string): Promise<void> {
    await this.#end("SIGTERM");
    // After its end the data is one file.
    if (keepAs !== undefined) {
      mkdirSync(dirname(keepAs), { recursive: true, mode: 0o700 });
      copyFileSync(join(this.#folder, "data.db"), `${keepAs}.new`);
      // A server may run on the last one, and then sees that it has another file.
      rmSync(`${keepAs}-wal`, { force: true });
      renameSync(`${keepAs}.new`, keepAs);
    }
    this.#cleanUp();
  }

  /** A page of its UI: `page("invocations/inv_1")`. */
  page(path: string): string {
    return `http://localhost:${this.#adminPort}/ui/${path}`;
  }

  /** Calls a handler and waits for its answer: `call("Account/ada/deposit", { cents: 100 })`. */
  async call<T = unknown>(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    return request<T>("POST", `${this.ingress}/${path}`, body, headers);
  }

  /** Reads from the ingress: `get("restate/health")`. */
  async get<T = unknown>(path: string): Promise<T> {
    return request<T>("GET", `${this.ingress}/${path}`);
  }

  /** Sends a call without waiting for its result. Answers the invocation's id. */
  async send(path: string, body?: unknown): Promise<string> {
    const { invocationId } = await this.call<{ invocationId: string }>(`${path}/send`, body);
    return invocationId;
  }

  /** Waits for the result of an invocation. */
  async attach<T = unknown>(invocationId: string): Promise<T> {
    return this.get<T>(`restate/invocation/${invocationId}/attach`);
  }

  /** `admin("PATCH", "invocations/inv_1/cancel")`. */
  async admin<T = unknown>(method: "GET" | "PATCH", path: string): Promise<T> {
    return request<T>(method, `http://localhost:${this.#adminPort}/${path}`);
  }

  async #untilHealthy(child: ChildProcess): Promise<void> {
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (child.exitCode === null && Date.now() < deadline) {
      const healthy = await this.get("restate/health").then(
        () => true,
        () => false,
      );
      if (healthy) return;
      await delay(POLL_MS);
    }
    await this.stop();
    throw new Error(`perdure dev ${this.#file} did not start:\n${this.output}`);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    process.kill(-child.pid, signal);
    await ended;
  }

  /** Synchronous, so that it also works when this process is about to exit. */
  #cleanUp(): void {
    const child = this.#child;
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(-child.pid, "SIGKILL");
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Asks again until the answer is the wanted one. */
export async function until<T>(
  ask: () => Promise<T>,
  wanted: (answer: T) => boolean,
  timeoutMs = 5000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`Still ${JSON.stringify(answer)} after ${timeoutMs} ms`);
    await delay(POLL_MS);
  }
}

async function request<T>(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<T> {
  const json = { "content-type": "application/json", ...headers };
  const response = await fetch(
    url,
    body === undefined ? { method, headers } : { method, headers: json, body: JSON.stringify(body) },
  );
  const text = await response.text();
  if (!response.ok) throw new HttpError(response.status, messageOf(text));
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: string };
    return message ?? text;
  } catch {
    return text;
  }
}
