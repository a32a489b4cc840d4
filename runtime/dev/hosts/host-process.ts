/**
 * One host process, as the engine sees it: a child process that runs the turns of one deployment. If it ends, each of its
 * turns fails with a {@link FunctionError} that says why. Nothing else is affected.
 */
import { type ChildProcess, fork } from "node:child_process";
import { Server, Socket } from "node:net";
import { extname, join } from "node:path";
import { FunctionError, OperationalError } from "../../../lib/errors.ts";
import {
  checkOutcome,
  type DiscoveryResponse,
  type Rehearsal,
  type TurnOutcome,
  type TurnRequest,
} from "../../../lib/protocol.ts";
import { Channel } from "./channel.ts";
import { packFrames, unpackFrames } from "./frame.ts";
import { guardIpc } from "./guarded-ipc.ts";
import { Linger } from "./linger.ts";
import type { EngineCalls, HostCalls } from "./host-protocol.ts";
import { HostOutput } from "./host-output.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import type { Target } from "../../../lib/model/message.ts";
import type { OrderedRequest } from "./turn-orders.ts";
import type { UncaughtError } from "./host-script.ts";
import type { OrphanKiller } from "./orphan-killer.ts";
import {
  HOST_HANG_MS_MAX,
  HOST_LOAD_MS_MAX,
  HOST_TICK_MS_MAX,
  INSPECTED_TURN_MS_MAX,
  LAST_OUTPUT_MS_MAX,
  TURN_SLACK_MS,
} from "../../../lib/limits/local.ts";

/** The exit code of a process that V8 aborts, as a shell reports it: 128 + SIGABRT. */
const ABORT_EXIT_CODE = 134;

export interface HostOptions {
  readonly bundlePath: string;
  readonly calls: EngineCalls;
  readonly heapMb: number;
  readonly hangMs?: number;
  readonly loadMs?: number;
  readonly turnSlackMs?: number;
  readonly orphanKiller?: OrphanKiller;
  /** A line that the deployment's code printed. */
  readonly output: (stream: "stdout" | "stderr", line: string) => void;
  /** Called before the turns in flight fail. Not called for a process that was stopped. */
  readonly crashed?: (inFlight: readonly TurnRequest[], reason: FunctionError) => unknown;
}

/** When a turn is given up, and how. */
interface Limit {
  readonly atMs: number;
  readonly giveUp: (reason: FunctionError) => void;
}

const DAMAGED_PIPE =
  "the handlers' process wrote something else into its pipe to the engine, so the process was killed";

const HOST_SCRIPT = join(import.meta.dirname, `host-script${extname(import.meta.filename)}`);

export class HostProcess {
  /** What it serves. Rejects with a {@link FunctionError} if its bundle cannot be loaded. */
  readonly discovered: Promise<DiscoveryResponse>;
  readonly #options: HostOptions;
  readonly #child: ChildProcess;
  readonly #channel: Channel<HostCalls>;
  readonly #linger = new Linger(() => this.#channel.isWaitingForFew);
  readonly #inFlight = new Map<TurnRequest, Limit>();
  readonly #output: HostOutput;
  #uncaughtError: string | undefined;
  /** Why it is being killed. Absent if it is not. */
  #killReason: FunctionError | undefined;
  #stopped = false;
  #exited = false;
  /** Exited, and its last output was read. */
  #ended = false;
  /** A turn was given up, and may still run in the process. So the process takes no new turn, and ends after its last one. */
  #draining = false;
  #loaded = false;
  /** A debugger may hold it. Then it is not told that it takes too long. */
  #isInspected = false;
  #pingUnanswered = false;
  #silentMs = 0;
  #lastTickMs = performance.now();
  /** Resolves when the process has ended for any reason. */
  readonly gone: Promise<void>;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#child = fork(HOST_SCRIPT, [options.bundlePath], {
      // Not the engine's own flags: they are for running its sources.
      execArgv: ["--enable-source-maps", `--max-old-space-size=${options.heapMb}`],
      env: withoutDebugger(process.env),
      serialization: "advanced",
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const child = this.#child;
    this.#channel = new Channel<HostCalls>(
      // It fails if the pipe is closed. The process exits next, and that is handled.
      (frames) => {
        child.send(packFrames(frames), undefined, undefined, () => undefined);
        this.#linger.sent(frames.length);
      },
      options.calls,
    );
    child.on("message", (message, handle) => this.#hear(message, handle));
    guardIpc(child, () => this.kill(new FunctionError("crashed", DAMAGED_PIPE)));
    this.#output = new HostOutput(child, options.output);
    this.gone = this.#watchEnd();
    if (child.pid !== undefined) options.orphanKiller?.add(child.pid);
    this.discovered = this.#discover();
    this.discovered.catch(() => undefined);
  }

  get takesTurns(): boolean {
    return !this.#exited && this.#killReason === undefined && !this.#draining;
  }

  get isLoaded(): boolean {
    return this.#loaded;
  }

  get isIdle(): boolean {
    return this.#inFlight.size === 0;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** How many invocations have turns in it. */
  get turns(): number {
    return this.#inFlight.size;
  }

  /** The invocations that have turns in it. */
  get running(): readonly InvocationId[] {
    return [...this.#inFlight.keys()].map(({ id }) => id);
  }

  runs(id: InvocationId): boolean {
    for (const request of this.#inFlight.keys()) if (request.id === id) return true;
    return false;
  }

  /** There is an order for a turn that runs in it. */
  arm(id: InvocationId): void {
    // A process that ends has nobody to be told.
    this.#channel.call("arm", id).catch(() => undefined);
  }

  jump(aheadMs: number): void {
    this.#channel.call("jump", aheadMs).catch(() => undefined);
  }

  /** Lets a debugger attach at this port, or no more. Rejects if the port is not free. */
  async inspect(port: number | undefined): Promise<string | undefined> {
    const address = await this.#channel.call("inspect", port);
    this.#isInspected = address !== undefined;
    return address;
  }

  takes(target: Target, input: Uint8Array): Promise<boolean> {
    return this.#channel.call("takes", { target, input });
  }

  rehearse(request: TurnRequest): Promise<Rehearsal> {
    return this.#channel.call("rehearse", request);
  }

  /** The steps of it that run. */
  steps(id: InvocationId): Promise<readonly string[]> {
    return this.#channel.call("running", id);
  }

  async turn(request: OrderedRequest): Promise<TurnOutcome> {
    // If a turn began before the file is loaded and spun at once, the file would seem to take long to load.
    if (!this.#loaded) await this.discovered;
    if (!this.takesTurns) throw new OperationalError("unavailable", "the host process has ended");
    const slackMs = this.#options.turnSlackMs ?? TURN_SLACK_MS;
    const asked = this.#isInspected ? withTimeToLook(request) : request;
    const atMs = performance.now() + asked.remainingMs + slackMs;
    try {
      return await new Promise((resolve, reject) => {
        this.#inFlight.set(request, { atMs, giveUp: reject });
        this.#channel
          .call("turn", asked)
          .then((answer) => resolve(checkOutcome(answer)))
          .catch(reject);
      });
    } catch (error) {
      throw this.#asFunctionError(error);
    } finally {
      this.#inFlight.delete(request);
      if (this.#draining && this.isIdle) void this.stop();
    }
  }

  /** Call it about once a second: it gives up turns that take too long, and kills a process that does not answer. */
  tick(): void {
    const now = performance.now();
    // While the engine itself was stopped or asleep, the host was not silent.
    const sinceTickMs = Math.min(now - this.#lastTickMs, HOST_TICK_MS_MAX);
    this.#lastTickMs = now;
    this.#giveUpLate(now);
    if (!this.#loaded || this.isIdle || this.#isInspected) return;
    if (!this.#pingUnanswered) return this.#ping();
    this.#silentMs += sinceTickMs;
    const limitMs = this.#options.hangMs ?? HOST_HANG_MS_MAX;
    if (this.#silentMs < limitMs) return;
    const limit = `${(limitMs / 1000).toFixed(1)} s`;
    this.kill(
      new FunctionError(
        "timeout",
        `a handler blocked its process for more than ${limit}, so the process was killed`,
      ),
    );
  }

  /** Ends it. Its turns fail with `reason`. */
  kill(reason: FunctionError): void {
    this.#killReason ??= reason;
    this.#child.kill("SIGKILL");
  }

  /** Kills it. Resolves when none of its code runs any more. */
  async killed(reason: FunctionError): Promise<void> {
    this.kill(reason);
    if (!this.#exited) await new Promise((resolve) => this.#child.once("exit", resolve));
  }

  /** Ends it, and nobody is blamed. Resolves when it has ended. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.kill(new FunctionError("crashed", "the host process was stopped"));
    return this.gone;
  }

  /** A turn that is given up may still run in the process. The other turns finish there; new ones go elsewhere. */
  #giveUpLate(now: number): void {
    for (const [request, { atMs, giveUp }] of this.#inFlight) {
      if (now < atMs) continue;
      this.#draining = true;
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
    const loadMs = this.#options.loadMs ?? HOST_LOAD_MS_MAX;
    const timer = setTimeout(() => {
      const limit = `${(loadMs / 1000).toFixed(1)} s`;
      this.kill(
        new FunctionError(
          "init",
          `the file was not loaded within ${limit}. Does it wait for something at its top level?`,
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

  #hear(message: unknown, handle: unknown): void {
    this.#silentMs = 0;
    if (handle !== undefined) closeHandle(handle);
    if (message instanceof Uint8Array) this.#received(message);
    else if (isUncaughtError(message)) this.#uncaughtError = message.uncaughtError;
  }

  #received(message: Uint8Array): void {
    const frames = unpackFrames(message);
    this.#linger.received(frames.length);
    this.#channel.receive(frames);
  }

  #watchEnd(): Promise<void> {
    return new Promise((resolve) => {
      const ended = (code: number | null, signal: string | null): void => {
        if (this.#ended) return;
        this.#ended = true;
        this.#exited = true;
        if (this.#child.pid !== undefined) this.#options.orphanKiller?.drop(this.#child.pid);
        const reason = this.#killReason ?? this.#crashReason(code, signal);
        // What it had asked for takes effect first. A failed turn's journal must be complete when somebody reads it.
        void this.#channel.served().then(() => {
          if (!this.#stopped) this.#options.crashed?.([...this.#inFlight.keys()], reason);
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
          this.#killReason ??= new FunctionError(
            "init",
            `no process could be started: ${error.message}`,
            error,
          );
          ended(null, null);
        }
      });
    });
  }

  #crashReason(code: number | null, signal: string | null): FunctionError {
    if (
      this.#output.saysHeapFull &&
      (signal === "SIGABRT" || signal === "SIGTRAP" || code === ABORT_EXIT_CODE)
    ) {
      const { heapMb } = this.#options;
      return new FunctionError("out-of-memory", `the handlers' process ran out of its ${heapMb} MB of heap`);
    }
    if (this.#uncaughtError !== undefined) {
      return new FunctionError(
        "crashed",
        `an error was thrown that no handler caught: ${this.#uncaughtError}`,
      );
    }
    if (signal !== null) return new FunctionError("crashed", `the handlers' process was ended by ${signal}`);
    return new FunctionError(
      "crashed",
      `the handlers' process exited with code ${code}. Was process.exit() called?`,
    );
  }
}

/** With `NODE_OPTIONS=--inspect` each process would want the same port. */
function withoutDebugger({ NODE_OPTIONS: options, ...environment }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const rest = options?.replaceAll(/(?:^|\s)--inspect\S*/gu, "").trim() ?? "";
  return rest === "" ? environment : { ...environment, NODE_OPTIONS: rest };
}

/** Somebody stands at a breakpoint, for as long as it takes. */
const withTimeToLook = (request: OrderedRequest): OrderedRequest => ({
  ...request,
  remainingMs: INSPECTED_TURN_MS_MAX,
  ...(request.relay ? { relay: { ...request.relay, remainingMs: INSPECTED_TURN_MS_MAX } } : {}),
});

/** A handler has sent a socket or a server to the engine, which has no use for it. */
function closeHandle(handle: unknown): void {
  if (handle instanceof Socket) handle.destroy();
  else if (handle instanceof Server) handle.close();
}

const isUncaughtError = (message: unknown): message is UncaughtError =>
  typeof message === "object" &&
  message !== null &&
  typeof (message as UncaughtError).uncaughtError === "string";
