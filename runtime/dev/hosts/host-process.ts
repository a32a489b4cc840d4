/**
 * One host process, seen from the engine: a child that runs turns of one deployment. When it dies, for whatever reason,
 * each of its turns fails with a {@link FunctionError} that says why, and nothing else happens.
 */
import { type ChildProcess, fork } from "node:child_process";
import { extname, join } from "node:path";
import { FunctionError, OperationalError } from "../../../lib/errors.ts";
import {
  checkOutcome,
  type DiscoveryResponse,
  type TurnOutcome,
  type TurnRequest,
} from "../../../lib/protocol.ts";
import { Channel } from "./channel.ts";
import type { EngineCalls, HostCalls } from "./host-protocol.ts";
import type { LastWords } from "./host.ts";
import { LineSplitter } from "./line-splitter.ts";
import type { Reaper } from "./orphan-killer.ts";

/** A bundle that has not been loaded by then is not going to be. */
export const LOAD_MS_MAX = 15_000;
/** An event loop that answers nothing for this long, while turns are in flight, spins: the process is killed. */
export const HANG_MS_MAX = 5_000;
/** What a turn gets beyond its own limit before it is given up here: it should have ended itself. */
export const TURN_SLACK_MS = 5_000;
/** The most that one tick counts as silence. */
const TICK_MS_MAX = 2_000;
/** How long an exited process's last output is waited for, since what it started may hold its pipes open. */
const LAST_OUTPUT_MS_MAX = 100;
/** Of the error output, kept to find out what a process died of. */
const ERROR_TAIL_CHARS_MAX = 2_000;
/** Exit code of a process that V8 aborts, which a shell reports as 128 + SIGABRT. */
const ABORT_EXIT_CODE = 134;

export interface HostOptions {
  readonly bundlePath: string;
  readonly calls: EngineCalls;
  readonly heapMb: number;
  readonly hangMs?: number;
  readonly loadMs?: number;
  readonly turnSlackMs?: number;
  readonly reaper?: Reaper;
  /** A line that the deployment's code printed. */
  readonly output: (stream: "stdout" | "stderr", line: string) => void;
  /** Told before the turns in flight fail. Not called for a process that was stopped. */
  readonly died?: (inFlight: readonly TurnRequest[], reason: FunctionError) => void;
}

/** When a turn is given up, and how. */
interface Limit {
  readonly atMs: number;
  readonly giveUp: (reason: FunctionError) => void;
}

const HOST_SCRIPT = join(import.meta.dirname, `host${extname(import.meta.filename)}`);

export class HostProcess {
  /** What it serves; rejects with a {@link FunctionError} if its bundle cannot be loaded. */
  readonly discovered: Promise<DiscoveryResponse>;
  readonly #options: HostOptions;
  readonly #child: ChildProcess;
  readonly #channel: Channel<HostCalls>;
  readonly #inFlight = new Map<TurnRequest, Limit>();
  #errorTail = "";
  #lastWords: string | undefined;
  /** Why it is being killed, if it is. */
  #sentence: FunctionError | undefined;
  #stopped = false;
  #dead = false;
  #exited = false;
  /** A turn was given up in it: it ends with its last one. */
  #worn = false;
  #loaded = false;
  #pingUnanswered = false;
  #silentMs = 0;
  #lastTickMs = performance.now();
  /** Resolves when the process has ended, whatever ended it. */
  readonly gone: Promise<void>;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#child = fork(HOST_SCRIPT, [options.bundlePath], {
      // Not the engine's own flags: those are for its sources.
      execArgv: ["--enable-source-maps", `--max-old-space-size=${options.heapMb}`],
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const child = this.#child;
    this.#channel = new Channel<HostCalls>(
      // An error is that of a closed pipe; the exit that follows is what counts.
      (frames) => void child.send([...frames], undefined, undefined, () => undefined),
      options.calls,
    );
    child.on("message", (message) => this.#hear(message));
    this.#readOutput();
    this.gone = this.#watchEnd();
    if (child.pid !== undefined) options.reaper?.add(child.pid);
    this.discovered = this.#discover();
    this.discovered.catch(() => undefined);
  }

  /** Takes turns: it neither died nor is about to, and no turn was given up in it. */
  get alive(): boolean {
    return !this.#exited && this.#sentence === undefined && !this.#worn;
  }

  get load(): number {
    return this.#inFlight.size;
  }

  async turn(request: TurnRequest): Promise<TurnOutcome> {
    // Not before it is loaded: a turn that spins at once would look like a file that takes long to load.
    if (!this.#loaded) await this.discovered;
    if (!this.alive) throw new OperationalError("unavailable", "the host process has ended");
    const slackMs = this.#options.turnSlackMs ?? TURN_SLACK_MS;
    const atMs = performance.now() + request.remainingMs + slackMs;
    try {
      return await new Promise((resolve, reject) => {
        this.#inFlight.set(request, { atMs, giveUp: reject });
        this.#channel
          .call("turn", request)
          .then((answer) => resolve(checkOutcome(answer)))
          .catch(reject);
      });
    } catch (error) {
      throw this.#asFunctionError(error);
    } finally {
      this.#inFlight.delete(request);
      if (this.#worn && this.#inFlight.size === 0) void this.stop();
    }
  }

  /** To be called about once a second: gives up turns that take too long, kills a process that has stopped answering. */
  tick(): void {
    const now = performance.now();
    // Time in which the engine itself was stopped, or asleep, is not the host's silence.
    const sinceTickMs = Math.min(now - this.#lastTickMs, TICK_MS_MAX);
    this.#lastTickMs = now;
    this.#giveUpLate(now);
    if (!this.#loaded || this.#inFlight.size === 0) return;
    if (!this.#pingUnanswered) return this.#ping();
    this.#silentMs += sinceTickMs;
    const limitMs = this.#options.hangMs ?? HANG_MS_MAX;
    if (this.#silentMs < limitMs) return;
    const limit = `${(limitMs / 1000).toFixed(1)} s`;
    this.kill(
      new FunctionError(
        "timeout",
        `a handler blocked its process for more than ${limit}, which was then killed`,
      ),
    );
  }

  /** Ends it; its turns fail with `reason`. */
  kill(reason: FunctionError): void {
    this.#sentence ??= reason;
    this.#child.kill("SIGKILL");
  }

  /** Ends it without blame: resolves when it is gone. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.kill(new FunctionError("crashed", "the host process was stopped"));
    return this.gone;
  }

  /** A turn that does not end is somewhere in there still: others finish beside it, new ones go elsewhere. */
  #giveUpLate(now: number): void {
    for (const [request, { atMs, giveUp }] of this.#inFlight) {
      if (now < atMs) continue;
      this.#worn = true;
      giveUp(new FunctionError("timeout", `the turn did not end within its ${request.remainingMs} ms`));
    }
  }

  #asFunctionError(error: unknown): FunctionError {
    if (error instanceof FunctionError) return error;
    const { message } = error as Error;
    return new FunctionError("crashed", `the turn failed outside of the handler: ${message}`, error);
  }

  #ping(): void {
    this.#pingUnanswered = true;
    this.#silentMs = 0;
    this.#channel.call("ping", undefined).then(
      () => (this.#pingUnanswered = false),
      () => undefined,
    );
  }

  async #discover(): Promise<DiscoveryResponse> {
    const loadMs = this.#options.loadMs ?? LOAD_MS_MAX;
    const timer = setTimeout(() => {
      const limit = `${(loadMs / 1000).toFixed(1)} s`;
      this.kill(
        new FunctionError(
          "init",
          `the file was not loaded within ${limit}: does it wait for something at its top level?`,
        ),
      );
    }, loadMs);
    timer.unref();
    try {
      const answer = await this.#channel.call("discover", undefined);
      this.#loaded = true;
      return answer;
    } catch (error) {
      if (error instanceof FunctionError) {
        throw error.code === "crashed"
          ? new FunctionError("init", `while it was loaded, ${error.message}`, error)
          : error;
      }
      const { stack, message } = error as Error;
      const failure = new FunctionError("init", stack ?? message, error);
      this.kill(failure);
      throw failure;
    } finally {
      clearTimeout(timer);
    }
  }

  #hear(message: unknown): void {
    this.#silentMs = 0;
    if (Array.isArray(message)) this.#channel.receive(message);
    else if (isLastWords(message)) this.#lastWords = message.lastWords;
  }

  #readOutput(): void {
    for (const stream of ["stdout", "stderr"] as const) {
      const lines = new LineSplitter((line) => this.#options.output(stream, line));
      const source = this.#child[stream];
      source?.setEncoding("utf8");
      source?.on("data", (text: string) => {
        if (stream === "stderr") this.#errorTail = (this.#errorTail + text).slice(-ERROR_TAIL_CHARS_MAX);
        lines.push(text);
      });
      source?.on("close", () => lines.end());
    }
  }

  #watchEnd(): Promise<void> {
    return new Promise((resolve) => {
      const ended = (code: number | null, signal: string | null): void => {
        if (this.#dead) return;
        this.#dead = true;
        this.#exited = true;
        if (this.#child.pid !== undefined) this.#options.reaper?.drop(this.#child.pid);
        const reason = this.#sentence ?? this.#causeOfDeath(code, signal);
        // What it had asked for takes effect first: whoever looks at a failed turn's journal must find all of it there.
        void this.#channel.served().then(() => {
          if (!this.#stopped) this.#options.died?.([...this.#inFlight.keys()], reason);
          this.#channel.close(reason);
          resolve();
        });
      };
      this.#child.on("close", ended);
      this.#child.on("exit", (code, signal) => {
        this.#exited = true;
        setTimeout(() => ended(code, signal), LAST_OUTPUT_MS_MAX);
      });
      this.#child.on("error", (error) => {
        if (this.#child.pid === undefined) {
          this.#sentence ??= new FunctionError(
            "init",
            `no process could be started: ${error.message}`,
            error,
          );
          ended(null, null);
        }
      });
    });
  }

  #causeOfDeath(code: number | null, signal: string | null): FunctionError {
    const outOfMemory = /heap out of memory|Allocation failed/u.test(this.#errorTail);
    if (outOfMemory && (signal === "SIGABRT" || signal === "SIGTRAP" || code === ABORT_EXIT_CODE)) {
      const { heapMb } = this.#options;
      return new FunctionError("out-of-memory", `the handlers' process ran out of its ${heapMb} MB of heap`);
    }
    if (this.#lastWords !== undefined) {
      return new FunctionError("crashed", `an error was thrown that no handler caught: ${this.#lastWords}`);
    }
    if (signal !== null) return new FunctionError("crashed", `the handlers' process was ended by ${signal}`);
    return new FunctionError(
      "crashed",
      `the handlers' process exited with code ${code}: was process.exit() called?`,
    );
  }
}

const isLastWords = (message: unknown): message is LastWords =>
  typeof message === "object" && message !== null && typeof (message as LastWords).lastWords === "string";
