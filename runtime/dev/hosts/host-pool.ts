/**
 * Runs turns in host processes: one for each deployment, started when it is first needed and again after it died, and
 * for suspects one of their own (`quarantine.ts`). A process that is no longer wanted ends when its last turn has.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FunctionError, OperationalError } from "../../../lib/errors.ts";
import type { Deployment } from "../../../lib/model/manifest.ts";
import type { Invoker } from "../../../lib/ports.ts";
import type { DiscoveryResponse, TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import { HostProcess } from "./host-process.ts";
import { engineCalls, type EngineCalls, type EnginePorts } from "./host-protocol.ts";
import { Quarantine } from "./isolated-hosts.ts";
import { Reaper } from "./orphan-killer.ts";
import { Suspicion } from "./crash-blame.ts";

/** Heap of a host process. */
export const HOST_HEAP_MB = 1024;
/** A process of an old deployment that has had nothing to do for this long is ended. */
const IDLE_MS_MAX = 10_000;
const TICK_MS = 1_000;

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

interface Shared {
  readonly host: HostProcess;
  usedAtMs: number;
}

export class HostPool implements Invoker {
  readonly #options: HostPoolOptions;
  readonly #calls: EngineCalls;
  readonly #reaper = new Reaper();
  readonly #suspicion = new Suspicion();
  readonly #quarantine = new Quarantine((deployment) => this.#start(deployment));
  readonly #shared = new Map<string, Shared>();
  readonly #starting = new Map<string, Promise<Shared>>();
  /** Every process that has not ended. */
  readonly #hosts = new Set<HostProcess>();
  /** Of bundles that are being loaded. */
  readonly #folders = new Set<string>();
  readonly #ticker: NodeJS.Timeout;
  #current: string | undefined;
  #stopped = false;

  constructor(options: HostPoolOptions) {
    this.#options = options;
    this.#calls = engineCalls(options.ports);
    this.#ticker = setInterval(() => this.#tick(), TICK_MS);
    this.#ticker.unref();
  }

  /** Starts the deployment's process and asks what it serves. Rejects with a {@link FunctionError}. */
  async discover(deployment: string): Promise<DiscoveryResponse> {
    const { host } = await this.#sharedOf(deployment);
    return host.discovered;
  }

  /** Names the deployment whose process stays, whether it has something to do or not. */
  keep(deployment: string): void {
    this.#current = deployment;
  }

  async invoke(deployment: Deployment, request: TurnRequest): Promise<TurnOutcome> {
    if (this.#stopped) throw new OperationalError("unavailable", "the engine is stopping");
    try {
      if (!this.#suspicion.includes(request)) return await this.#runShared(deployment.id, request);
      const outcome = await this.#quarantine.run(request);
      this.#suspicion.survived(request, outcome);
      return outcome;
    } catch (error) {
      throw this.#isExcused(request, error) ? excuse(error) : error;
    }
  }

  async #runShared(deployment: string, request: TurnRequest): Promise<TurnOutcome> {
    const shared = this.#alive(deployment) ?? (await this.#sharedOf(deployment));
    shared.usedAtMs = performance.now();
    return shared.host.turn(request);
  }

  /** A death that may have been a neighbour's doing is charged to nobody: the invocation is looked at anew, and its next
   * turn runs alone. */
  #isExcused(request: TurnRequest, error: unknown): error is FunctionError {
    return error instanceof FunctionError && error.code !== "init" && this.#suspicion.isUnproven(request);
  }

  /** Ends all processes; what they were at fails. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#ticker);
    this.#quarantine.stop(new OperationalError("unavailable", "the engine is stopping"));
    await Promise.allSettled(this.#starting.values());
    await Promise.all([...this.#hosts].map((host) => host.stop()));
    await Promise.all([...this.#folders].map((folder) => this.#remove(folder)));
    this.#reaper.stop();
  }

  #alive(deployment: string): Shared | undefined {
    const shared = this.#shared.get(deployment);
    return shared?.host.alive === true ? shared : undefined;
  }

  #sharedOf(deployment: string): Promise<Shared> {
    const alive = this.#alive(deployment);
    if (alive) return Promise.resolve(alive);
    let starting = this.#starting.get(deployment);
    if (!starting) {
      starting = this.#start(deployment)
        .then((host) => {
          const shared = { host, usedAtMs: performance.now() };
          this.#shared.set(deployment, shared);
          return shared;
        })
        .finally(() => this.#starting.delete(deployment));
      this.#starting.set(deployment, starting);
    }
    return starting;
  }

  async #start(deployment: string): Promise<HostProcess> {
    const bundlePath = await this.#writeBundle(deployment);
    const removeBundle = (): Promise<void> => this.#remove(dirname(bundlePath));
    if (this.#stopped) {
      await removeBundle();
      throw new OperationalError("unavailable", "the engine is stopping");
    }
    const { heapMb = HOST_HEAP_MB, hangMs, loadMs, turnSlackMs, output } = this.#options;
    const host = new HostProcess({
      bundlePath,
      heapMb,
      calls: this.#calls,
      reaper: this.#reaper,
      output: (stream, line) => output(deployment, stream, line),
      died: (inFlight, reason) => this.#suspicion.died(inFlight, reason),
      ...(hangMs === undefined ? {} : { hangMs }),
      ...(loadMs === undefined ? {} : { loadMs }),
      ...(turnSlackMs === undefined ? {} : { turnSlackMs }),
    });
    this.#hosts.add(host);
    void host.gone.then(() => this.#hosts.delete(host));
    // Once it is loaded nobody reads it again, and a killed engine leaves nothing behind.
    void host.discovered
      .catch(() => undefined)
      .then(() => rm(dirname(bundlePath), { recursive: true, force: true }));
    return host;
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
    for (const host of this.#hosts) host.tick();
    const now = performance.now();
    for (const [deployment, { host, usedAtMs }] of this.#shared) {
      const idle = host.load === 0 && now - usedAtMs > IDLE_MS_MAX && deployment !== this.#current;
      if (host.alive && !idle) continue;
      this.#shared.delete(deployment);
      if (idle) void host.stop();
    }
    this.#quarantine.tick();
  }
}

const excuse = ({ message }: FunctionError): OperationalError =>
  new OperationalError(
    "unavailable",
    `its process ended while others ran in it too, so it runs alone next: ${message}`,
  );
