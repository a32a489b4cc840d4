/**
 * Runs turns in host processes, so that a handler that crashes or spins hurts neither the engine nor anything durable.
 *
 * A deployment has one process for its turns. It is started when it is first needed, and again after a crash. A turn that
 * was in a process that crashed runs alone next time (crash-blame.ts), in a process of isolated-hosts.ts. A process that
 * is not needed any more ends after its last turn.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { asError, FunctionError, OperationalError } from "../../../lib/errors.ts";
import type { Reached } from "../../../lib/model/manifest.ts";
import type { Invoker } from "../../../lib/ports.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import type { DiscoveryResponse, Rehearsal, TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import type { Target } from "../../../lib/model/message.ts";
import { DebuggerPort } from "./debugger-port.ts";
import { HostProcess } from "./host-process.ts";
import { engineCalls, type EngineCalls, type EnginePorts } from "./host-protocol.ts";
import { NOT_TOLD } from "../../../lib/replay/rehearsal.ts";
import { CrashBlame } from "./crash-blame.ts";
import { IsolatedHosts } from "./isolated-hosts.ts";
import { KilledByHand } from "./killed-by-hand.ts";
import { OrphanKiller } from "./orphan-killer.ts";
import type { OrderedRequest } from "./turn-orders.ts";
import { withoutStack } from "./without-stack.ts";
import {
  HOST_HEAP_MB,
  HOST_IDLE_MS_MAX,
  HOST_POOL_TICK_MS,
  TURN_SLACK_MS,
} from "../../../lib/limits/local.ts";
import { REHEARSED_ALONE_MAX } from "../../../lib/limits/replay.ts";

export interface HostPoolOptions {
  readonly ports: EnginePorts;
  /** The bytes of a deployment's bundle. */
  readonly loadBundle: (deployment: string) => Promise<Uint8Array | undefined>;
  /** A line that a deployment's code printed. */
  readonly output: (deployment: string, stream: "stdout" | "stderr", line: string) => void;
  readonly heapMb?: number;
  readonly hangMs?: number;
  readonly loadMs?: number;
  readonly turnSlackMs?: number;
}

/** The process of a deployment's turns that need not run alone. */
interface SharedHost {
  readonly process: HostProcess;
  usedAtMs: number;
}

export class HostPool implements Invoker {
  readonly #options: HostPoolOptions;
  readonly #calls: EngineCalls;
  readonly #orphanKiller = new OrphanKiller();
  readonly #crashBlame = new CrashBlame();
  readonly #isolated = new IsolatedHosts((deployment) => this.#start(deployment));
  readonly #debugger = new DebuggerPort();
  readonly #shared = new Map<string, SharedHost>();
  readonly #starting = new Map<string, Promise<SharedHost>>();
  /** All processes that have not ended. */
  readonly #processes = new Set<HostProcess>();
  /** Folders of bundles that are being loaded. */
  readonly #folders = new Set<string>();
  readonly #ticker: NodeJS.Timeout;
  #current: string | undefined;
  #stopped = false;
  /** As of the last jump. */
  #aheadMs = 0;

  constructor(options: HostPoolOptions) {
    this.#options = options;
    this.#calls = engineCalls(options.ports);
    this.#ticker = setInterval(() => this.#tick(), HOST_POOL_TICK_MS);
    this.#ticker.unref();
  }

  /** Starts the deployment's process and asks what it serves. Rejects with a {@link FunctionError}. */
  async discover(deployment: string): Promise<DiscoveryResponse> {
    const { process } = await this.#sharedOf(deployment);
    return process.discovered;
  }

  /** Whether a handler of the newest code takes this input. Runs nothing of it. */
  async takes(target: Target, input: Uint8Array): Promise<boolean> {
    if (this.#current === undefined) return false;
    const { process } = await this.#sharedOf(this.#current);
    return await process.takes(target, input);
  }

  /** Names the deployment whose process is kept even when it has no turn. */
  keep(deployment: string): void {
    this.#current = deployment;
    this.#passDebugger();
  }

  /** From now on a debugger can attach to the process of the newest code. Resolves with its address. Throws `Error` if the port is in use. */
  async inspect(port: number): Promise<string> {
    this.#debugger.open(port);
    if (this.#current === undefined) throw new Error("there is no code of a file to debug");
    const { process } = await this.#sharedOf(this.#current);
    await process.discovered;
    return await this.#debugger.pass(process);
  }

  /** A port that is not free yet is asked for again. */
  #passDebugger(): void {
    const process = this.#current === undefined ? undefined : this.#running(this.#current)?.process;
    if (process?.isLoaded === true) this.#debugger.pass(process).catch(() => undefined);
  }

  async invoke(deployment: Reached, request: OrderedRequest): Promise<TurnOutcome> {
    if (this.#stopped) throw new OperationalError("unavailable", "the engine is stopping");
    try {
      if (!this.#crashBlame.mustRunAlone(request)) return await this.#runShared(deployment.id, request);
      const outcome = await this.#isolated.run(request);
      this.#crashBlame.ended(request, outcome);
      return outcome;
    } catch (error) {
      if (error instanceof KilledByHand) throw error.as(request.id);
      const shown = error instanceof FunctionError ? withoutStack(error) : error;
      throw this.#isInDoubt(request, error) ? notBlamed(withoutStack(error)) : shown;
    }
  }

  /** Tells of each request whether the deployment's code does what is recorded. In a process of its own, so that no turn is hurt, and
   * without its output: what it prints is said by the attempt that follows. */
  async rehearse(deployment: string, requests: readonly TurnRequest[]): Promise<readonly Rehearsal[]> {
    const rehearsals = [...(await this.#rehearseTogether(deployment, requests))];
    if (requests.length === 1) return rehearsals;
    // One that spins, or ends its process, is in the way of the others. Those are asked alone.
    let alone = 0;
    for (const [at, request] of requests.entries()) {
      const told = rehearsals[at];
      if (told?.fits !== false || told.isUnsure !== true || alone++ >= REHEARSED_ALONE_MAX) continue;
      const [again = told] = await this.#rehearseTogether(deployment, [request]);
      rehearsals[at] = again;
    }
    return rehearsals;
  }

  async #rehearseTogether(
    deployment: string,
    requests: readonly TurnRequest[],
  ): Promise<readonly Rehearsal[]> {
    const process = await this.#start(deployment, () => undefined);
    try {
      await process.discovered;
      return await Promise.all(requests.map((request) => rehearsed(process, request)));
    } finally {
      await process.stop();
    }
  }

  /** Kills the processes that have turns. Resolves when none of their code runs any more. */
  async crashAll(): Promise<{ readonly processes: number; readonly turns: number }> {
    const busy = [...this.#processes].filter(({ isIdle }) => !isIdle);
    const turns = busy.reduce((sum, each) => sum + each.turns, 0);
    await Promise.all(
      busy.map(async (process) => {
        const [first] = process.running;
        if (first !== undefined) await process.killed(new KilledByHand(first));
      }),
    );
    return { processes: busy.length, turns };
  }

  /** The process that runs a turn of it now. */
  processOf(id: InvocationId): HostProcess | undefined {
    for (const process of this.#processes) if (process.runs(id)) return process;
    return undefined;
  }

  /** There is an order for it. If a turn of it runs, its process is told. */
  arm(id: InvocationId): void {
    for (const process of this.#processes) if (process.runs(id)) process.arm(id);
  }

  /** The clocks of all processes are ahead by so much, and so are those of later ones: a turn may have been asked for before the jump that
   * waits for its process. */
  jump(aheadMs: number): void {
    this.#aheadMs = Math.max(this.#aheadMs, aheadMs);
    for (const process of this.#processes) process.jump(aheadMs);
  }

  async #runShared(deployment: string, request: OrderedRequest): Promise<TurnOutcome> {
    const shared = this.#running(deployment) ?? (await this.#sharedOf(deployment));
    shared.usedAtMs = performance.now();
    return shared.process.turn(request);
  }

  /** Whether the process crashed, and another turn in it may have been the cause. */
  #isInDoubt(request: TurnRequest, error: unknown): error is FunctionError {
    return error instanceof FunctionError && error.code !== "init" && this.#crashBlame.isInDoubt(request);
  }

  /** Ends all processes. Their turns fail. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#ticker);
    this.#isolated.stop(new OperationalError("unavailable", "the engine is stopping"));
    await Promise.allSettled(this.#starting.values());
    await Promise.all([...this.#processes].map((process) => process.stop()));
    await Promise.all([...this.#folders].map((folder) => this.#remove(folder)));
    this.#orphanKiller.stop();
  }

  #running(deployment: string): SharedHost | undefined {
    const shared = this.#shared.get(deployment);
    return shared?.process.takesTurns === true ? shared : undefined;
  }

  #sharedOf(deployment: string): Promise<SharedHost> {
    const running = this.#running(deployment);
    if (running) return Promise.resolve(running);
    let starting = this.#starting.get(deployment);
    if (!starting) {
      starting = this.#start(deployment)
        .then((process) => {
          const shared = { process, usedAtMs: performance.now() };
          this.#shared.set(deployment, shared);
          return shared;
        })
        .finally(() => this.#starting.delete(deployment));
      this.#starting.set(deployment, starting);
    }
    return starting;
  }

  async #start(deployment: string, output = this.#options.output): Promise<HostProcess> {
    const bundlePath = await this.#writeBundle(deployment);
    const removeBundle = (): Promise<void> => this.#remove(dirname(bundlePath));
    if (this.#stopped) {
      await removeBundle();
      throw new OperationalError("unavailable", "the engine is stopping");
    }
    const { heapMb = HOST_HEAP_MB, hangMs, loadMs, turnSlackMs } = this.#options;
    const process = new HostProcess({
      bundlePath,
      heapMb,
      calls: this.#calls,
      orphanKiller: this.#orphanKiller,
      output: (stream, line) => output(deployment, stream, line),
      crashed: (inFlight, reason) =>
        reason instanceof KilledByHand || this.#crashBlame.crashed(inFlight, reason),
      ...(hangMs === undefined ? {} : { hangMs }),
      ...(loadMs === undefined ? {} : { loadMs }),
      ...(turnSlackMs === undefined ? {} : { turnSlackMs }),
    });
    this.#processes.add(process);
    if (this.#aheadMs > 0) process.jump(this.#aheadMs);
    void process.gone.then(() => this.#processes.delete(process));
    // Nobody reads the bundle after it is loaded. Without it a killed engine leaves nothing behind.
    void process.discovered.catch(() => undefined).then(removeBundle);
    return process;
  }

  async #writeBundle(deployment: string): Promise<string> {
    const bytes = await this.#options.loadBundle(deployment);
    if (bytes === undefined) {
      throw new FunctionError("init", `the code of deployment ${deployment} is not in the data file`);
    }
    const folder = await mkdtemp(join(tmpdir(), "perdure-"));
    this.#folders.add(folder);
    const path = join(folder, `${deployment}.mjs`);
    await writeFile(path, bytes, { mode: 0o600 });
    return path;
  }

  async #remove(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true });
    this.#folders.delete(folder);
  }

  #tick(): void {
    for (const process of this.#processes) process.tick();
    const now = performance.now();
    for (const [deployment, { process, usedAtMs }] of this.#shared) {
      // While it loads it is in use, however long that takes.
      const isUnused =
        process.isLoaded &&
        process.isIdle &&
        now - usedAtMs > HOST_IDLE_MS_MAX &&
        deployment !== this.#current;
      if (process.takesTurns && !isUnused) continue;
      this.#shared.delete(deployment);
      if (isUnused) void process.stop();
    }
    this.#isolated.tick();
    // The process may have crashed.
    this.#passDebugger();
  }
}

/** A turn ends in its own time. Code that spins does not. */
async function rehearsed(process: HostProcess, request: TurnRequest): Promise<Rehearsal> {
  const late = delay(request.remainingMs + TURN_SLACK_MS, NOT_TOLD, { ref: false });
  const told = process
    .rehearse(request)
    .catch((error: unknown): Rehearsal => ({ fits: false, reason: asError(error).message, isUnsure: true }));
  return await Promise.race([told, late]);
}
/** No attempt is counted: the invocation is looked at again, and its next turn runs alone. */
const notBlamed = ({ message }: FunctionError): OperationalError =>
  new OperationalError(
    "unavailable",
    `its process crashed while other turns ran in it, so it runs alone next: ${message}`,
  );
