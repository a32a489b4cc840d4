/** A `perdure dev` process for tests. It has a data file of its own, and keeps its ports when it is restarted. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

import { Target } from "./target.ts";

export { until } from "./target.ts";
export const PACKAGE_ROOT = join(import.meta.dirname, "../..");
const START_MS_MAX = 60_000;
const POLL_MS = 10;

export interface ServerOptions {
  /** A name in `fixtures/`, or an absolute path; absent: the server serves what is registered. */
  readonly file?: string;
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
}

export class Server extends Target {
  /** Of its own, removed at the end. */
  readonly folder = mkdtempSync(join(tmpdir(), "perdure-e2e-"));
  readonly dataPath = join(this.folder, "data.sqlite");
  /** All that it has printed, over all restarts. */
  output = "";
  /** Since it was last started. */
  startedMs = 0;
  readonly #options: ServerOptions;
  #child: ChildProcess | undefined;
  #ports: readonly [string, string] = ["0", "0"];

  constructor(options: ServerOptions) {
    super();
    this.#options = options;
  }

  static async start(options: ServerOptions): Promise<Server> {
    const server = new Server(options);
    await server.start();
    return server;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error("the server does not run");
    return this.#child.pid;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports[0]}`;
  }

  get adminUrl(): string {
    return `http://127.0.0.1:${this.#ports[1]}`;
  }

  /** Starts it, on the same ports and the same data if it ran before. Resolves when it is healthy. */
  async start(): Promise<void> {
    const began = performance.now();
    const { file, args = [], env = {} } = this.#options;
    const [port, adminPort] = this.#ports;
    const paths = file === undefined ? [] : [join(import.meta.dirname, "fixtures", file)];
    if (file?.startsWith("/") === true) paths[0] = file;
    mkdirSync(this.folder, { recursive: true });
    const own = ["--data", this.dataPath, "--port", port, "--admin-port", adminPort];
    const from = this.output.length;
    this.#child = runCli(["dev", ...paths, ...own, ...args], { env });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (part: string) => (this.output += part));
    }
    await this.#untilHealthy(from);
    this.startedMs = performance.now() - began;
  }

  /** Ends the process as `kill -9` does. Its children get no signal. */
  async kill9(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** Kills the processes that run its handlers. Returns how many there were. */
  killHosts(): number {
    const processes = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
    const hosts = processes.filter(
      (line) => line.trim().split(/ +/)[1] === String(this.pid) && line.includes("host-script.ts"),
    );
    for (const line of hosts) process.kill(Number.parseInt(line, 10), "SIGKILL");
    return hosts.length;
  }

  /** The exit code of a process that ends by itself. */
  async ended(): Promise<number | null> {
    const child = this.#child;
    if (child && child.exitCode === null) await once(child, "exit");
    return child?.exitCode ?? null;
  }

  async restart(): Promise<void> {
    await this.kill9();
    await this.start();
  }

  /** Sends a signal and waits for the end. */
  async signal(signal: NodeJS.Signals): Promise<number | null> {
    return this.#end(signal);
  }

  async stop(): Promise<void> {
    await this.#end("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #untilHealthy(from: number): Promise<void> {
    const deadline = performance.now() + START_MS_MAX;
    while (this.#child?.exitCode === null && performance.now() < deadline) {
      const printed = this.output.slice(from);
      const ports = ["ingress", "admin"].map(
        (name) => new RegExp(`${name} +http://localhost:(\\d+)`).exec(printed)?.[1],
      );
      const [port, adminPort] = ports;
      if (port !== undefined && adminPort !== undefined) {
        this.#ports = [port, adminPort];
        const health = await fetch(`${this.url}/restate/health`);
        if (health.ok) return;
      }
      await sleep(POLL_MS);
    }
    throw new Error(`the server did not start:\n${this.output.slice(from)}`);
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const exit = once(child, "exit");
    child.kill(signal);
    const [code] = (await exit) as [number | null];
    return code;
  }
}

/** Runs the command line as the repository's npm script does. */
export function runCli(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): ChildProcess {
  const main = join(PACKAGE_ROOT, "cli/main.ts");
  return spawn(process.execPath, ["--conditions=perdure-source", main, ...args], {
    cwd: options.cwd ?? PACKAGE_ROOT,
    env: { ...process.env, NODE_OPTIONS: "", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a command has printed when it ends by itself, and how it ends. */
export async function ranBy(child: ChildProcess): Promise<Ran> {
  if (!child.stdout || !child.stderr) throw new Error("the command has no output");
  const closed = once(child, "close") as Promise<[number | null]>;
  const [[code], stdout, stderr] = await Promise.all([closed, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}
