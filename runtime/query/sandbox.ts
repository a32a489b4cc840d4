/**
 * Runs queries in processes of their own, and ends those that take too long or too much.
 *
 * A process is kept for a while after a query, since it takes longer to start than a common query. It has no credentials, no
 * access to files, and nothing of this process but what a query is sent with.
 */
import { type ChildProcess, spawn } from "node:child_process";
import {
  QUERIES_AT_ONCE,
  QUERIES_WAITING_MAX,
  QUERY_IDLE_MS,
  QUERY_MEMORY_BYTES_MAX,
  QUERY_MEMORY_LOOK_MS,
  QUERY_MS_MAX,
  QUERY_START_MS_MAX,
  QUERY_WAIT_MS_MAX,
} from "../../lib/limits/query.ts";
import { QueryError } from "./error.ts";
import {
  fillTables,
  forbidAllElse,
  openQueryDatabase,
  readRows,
  type SandboxAnswer,
  sandboxProgram,
  type SandboxRequest,
  watchMemory,
} from "./sandbox-program.ts";
import { listFunctions, textFunctions, timeFunctions } from "./sql-functions.ts";

/** It has taken too much memory. Any other end of the process has another signal. */
const MEMORY_SIGNAL = "SIGXCPU";

export interface SandboxOptions {
  /** From the start of a query to its answer, its data not counted. */
  readonly msMax?: number;
  /** Of the whole process. */
  readonly memoryBytesMax?: number;
  /** Until a process is free. */
  readonly waitMsMax?: number;
}

/** Each function as the text that it was written as. */
function programText(memoryBytesMax: number): string {
  const parts = {
    ...{ times: timeFunctions, texts: textFunctions, lists: listFunctions },
    ...{ open: openQueryDatabase, fill: fillTables },
    ...{ forbid: forbidAllElse, read: readRows },
  };
  const named = Object.entries(parts).map(([name, part]) => `${name}: ${String(part)}`);
  const watched = [memoryBytesMax, QUERY_MEMORY_LOOK_MS, MEMORY_SIGNAL].map((value) => JSON.stringify(value));
  const watch = JSON.stringify(`(${String(watchMemory)})(${watched.join(", ")})`);
  const thread = `new (require("node:worker_threads").Worker)(${watch}, {eval: true}).unref()`;
  return `${bundlersHelper()}${thread};(${String(sandboxProgram)})({${named.join(", ")}})`;
}

/**
 * A bundler that keeps names calls a function of its own for each function that has one. The other process has no such function, so it gets
 * one that does nothing. Its name is read off a function that must call it.
 */
function bundlersHelper(): string {
  const outer = (): unknown => {
    const namedInside = (): void => undefined;
    return namedInside;
  };
  const name = /([\w$]+)\([^"]*"namedInside"\)/u.exec(String(outer))?.[1];
  return name === undefined ? "" : `const ${name} = (of) => of;`;
}

/** Variables that a process may need to start. */
const PASSED_VARIABLES = ["PATH", "LD_LIBRARY_PATH", "SystemRoot"] as const;

export class Sandbox {
  readonly #msMax: number;
  readonly #program: string;
  readonly #waitMsMax: number;
  readonly #idle: ChildProcess[] = [];
  readonly #waiting: (() => void)[] = [];
  /** Those that have said so. */
  readonly #ready = new WeakSet<ChildProcess>();
  #running = 0;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor({
    msMax = QUERY_MS_MAX,
    memoryBytesMax = QUERY_MEMORY_BYTES_MAX,
    waitMsMax = QUERY_WAIT_MS_MAX,
  }: SandboxOptions = {}) {
    this.#waitMsMax = waitMsMax;
    this.#msMax = msMax;
    this.#program = programText(memoryBytesMax);
  }

  /** Starts a process, so that it is there when the query's data has been read. */
  prepare(): void {
    if (this.#idle.length === 0 && this.#running < QUERIES_AT_ONCE) this.#keep(this.#start());
  }

  /** Throws {@link QueryError}: 408 too slow, 413 too much memory, 503 too many at once. */
  async run(request: SandboxRequest): Promise<SandboxAnswer> {
    await this.#turn();
    const child = this.#idle.pop() ?? this.#start();
    try {
      const answer = await this.#ask(child, request);
      this.#keep(child);
      return answer;
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    } finally {
      // Its place is handed to the next one, or is free.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  /** Ends processes that are not in use. */
  stop(): void {
    clearTimeout(this.#idleTimer);
    for (const child of this.#idle.splice(0)) child.kill("SIGKILL");
  }

  async #turn(): Promise<void> {
    if (this.#running < QUERIES_AT_ONCE) {
      this.#running++;
      return;
    }
    const busy = new QueryError("too many queries run at the moment; try again", { status: 503 });
    if (this.#waiting.length >= QUERIES_WAITING_MAX) throw busy;
    await new Promise<void>((resolve, reject) => {
      const begin = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(begin), 1);
        reject(busy);
      }, this.#waitMsMax);
      this.#waiting.push(begin);
    });
  }

  #start(): ChildProcess {
    const environment = Object.fromEntries(
      PASSED_VARIABLES.flatMap((name) => {
        const value = process.env[name];
        return value === undefined ? [] : [[name, value]];
      }),
    );
    const flags = ["--permission", "--allow-worker", "--no-warnings", "--input-type=commonjs"];
    const child = spawn(process.execPath, [...flags, "--eval", this.#program], {
      env: environment,
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    child.once("exit", () => {
      const at = this.#idle.indexOf(child);
      if (at >= 0) this.#idle.splice(at, 1);
    });
    child.on("error", () => undefined);
    child.once("message", () => this.#ready.add(child));
    return child;
  }

  /** Neither the process nor the connection to it keeps this process alive. */
  #keep(child: ChildProcess): void {
    child.unref();
    child.channel?.unref();
    this.#idle.push(child);
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => this.stop(), QUERY_IDLE_MS).unref();
  }

  async #ask(child: ChildProcess, request: SandboxRequest): Promise<SandboxAnswer> {
    child.ref();
    child.channel?.ref();
    if (!this.#ready.has(child)) {
      await answerOf(child, QUERY_START_MS_MAX, "the process for queries does not start");
      this.#ready.add(child);
    }
    const late = `the query takes longer than ${this.#msMax / 1000} seconds; narrow it by id, service, key or status`;
    const answer = answerOf(child, this.#msMax, late);
    child.send(request);
    return (await answer) as SandboxAnswer;
  }
}

/** The next message. Throws {@link QueryError} with that text if it comes too late. */
function answerOf(child: ChildProcess, msMax: number, late: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      child.off("message", answered);
      child.off("exit", ended);
      child.off("error", failed);
      act();
    };
    const answered = (answer: unknown): void => settle(() => resolve(answer));
    const ended = (code: number | null, signal: string | null): void =>
      settle(() => reject(endOf(code, signal)));
    const failed = (error: Error): void => settle(() => reject(error));
    const timer = setTimeout(() => settle(() => reject(new QueryError(late, { status: 408 }))), msMax);
    child.on("message", answered);
    child.on("exit", ended);
    child.on("error", failed);
  });
}

function endOf(code: number | null, signal: string | null): Error {
  if (signal === MEMORY_SIGNAL || code === FATAL_CODE) {
    const message = "the query takes too much memory; narrow it by id, service, key or status";
    return new QueryError(message, { status: 413 });
  }
  return new Error(`the process of a query has ended: ${signal ?? code}`);
}
/** Node's own end when its heap is full. */
const FATAL_CODE = 134;
