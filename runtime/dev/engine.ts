/**
 * The local engine: all that runs in AWS between a request and a handler, in one process over one SQLite file.
 *
 * Job: puts the parts together, and starts and stops them in the right order.
 */
import { basename } from "node:path";
import { asError } from "../../lib/errors.ts";
import { PAYLOAD_BYTES_MAX } from "../../lib/limits.ts";
import type { Reached } from "../../lib/model/manifest.ts";
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Incoming, Target } from "../../lib/model/message.ts";
import type { Invoker, Logger } from "../../lib/ports.ts";
import type { TurnRequest } from "../../lib/protocol.ts";
import { PACKAGE_VERSION } from "../../lib/version.ts";
import { Admin } from "../admin/admin.ts";
import { Dispatcher } from "../dispatcher/dispatcher.ts";
import type { HttpRequest, HttpResponse } from "../http/message.ts";
import { Ingress } from "../ingress/ingress.ts";
import { LocalBlobStore } from "../local/blob-store.ts";
import { systemClock, systemStopwatch } from "../../lib/clock.ts";
import { JumpingClock } from "../../lib/jumping-clock.ts";
import { pooledEntropy } from "../local/pooled-entropy.ts";
import { type LocalDatabase, openDatabase } from "../local/database.ts";
import { DataFileWatch, type LostFile } from "../local/data-file-watch.ts";
import { LocalItemStore } from "../local/item-store.ts";
import { LocalMeta } from "../local/meta.ts";
import { LocalMailbox } from "../local/mailbox.ts";
import { LocalTimers } from "../local/timers.ts";
import { commonFolder } from "./bundler.ts";
import { Adoption } from "./adoption.ts";
import { crashAll, skipToNext } from "./at-hand.ts";
import { Deployer } from "./deployer.ts";
import type { EngineOptions, Listening } from "./engine-options.ts";
import { InvocationEvents } from "./events.ts";
import { HostPool } from "./hosts/host-pool.ts";
import { HttpHosts } from "./hosts/http-hosts.ts";
import type { EndedStep, ReachedPoint } from "./hosts/turn-orders.ts";
import { LocalTraces } from "./local-traces.ts";
import { type RequestHandler, HttpServer } from "./http-server.ts";
import { preflightedFromOtherSites } from "./local-site.ts";
import { detailsOf } from "./invocation-details.ts";
import { LocalRegistry } from "./local-registry.ts";
import { LocalTurns } from "./local-turns.ts";
import { type ReloadEvent, Reloader } from "./reloader.ts";
import { Jumps } from "./jumps.ts";
import { Powers } from "./powers/powers.ts";
import { adminPort } from "./ui/admin-port.ts";
import { Observer } from "./ui/observer.ts";
import { UiFiles } from "./ui/ui-files.ts";
import { LocalSources } from "./local-sources.ts";
import { Upkeep } from "./upkeep.ts";
import {
  ADMIN_BODY_BYTES_MAX,
  ENGINE_STOP_MS_MAX,
  GROUPS_AT_ONCE,
  TURN_MS_MAX,
} from "../../lib/limits/local.ts";

export type * from "./engine-options.ts";

/** A database without a file. */
const MEMORY = ":memory:";

export class Engine {
  readonly #options: EngineOptions;
  readonly #database: LocalDatabase;
  /** At first as far ahead as when the data was last served: time does not go back. */
  readonly #clock: JumpingClock;
  /** The same without the jumps of this engine's time. */
  readonly #stopwatch: JumpingClock;
  readonly #logger: Logger;
  readonly #items: LocalItemStore;
  readonly #mailbox: LocalMailbox;
  readonly #timers: LocalTimers;
  readonly #registry: LocalRegistry;
  readonly #upkeep: Upkeep;
  readonly #sources: LocalSources;
  readonly #pool: HostPool;
  readonly #httpHosts: HttpHosts;
  readonly #jumps: Jumps;
  readonly #powers: Powers;
  readonly #turns: LocalTurns;
  readonly #adoption: Adoption;
  readonly #events = new InvocationEvents();
  readonly #reloader: Reloader | undefined;
  /** Where a loss of power matters: resolves when all that is committed is settled. */
  readonly #settles: (() => Promise<void>) | undefined;
  readonly #servers: HttpServer[] = [];
  readonly #observer: Observer;
  readonly #traces: LocalTraces;
  #dispatcher: Dispatcher | undefined;
  #current: string | undefined;
  #ingress: Ingress | undefined;
  #fileWatch: DataFileWatch | undefined;
  #stopped = false;
  #diskFailed = false;

  /** Opens the database, and nothing else yet. Throws a `DatabaseError` that says why it cannot be used. */
  constructor(options: EngineOptions) {
    this.#options = options;
    // Turns that stopping cuts off continue at the next start, so they need no warning.
    this.#logger = { log: (...line) => void (this.#stopped || options.logger.log(...line)) };
    this.#traces = new LocalTraces(this.#logger);
    this.#database = openDatabase(options.dataPath, { durability: options.durability });
    if (options.dataPath !== MEMORY)
      this.#fileWatch = new DataFileWatch(options.dataPath, (file) => this.#lost(file));
    if (this.#database.settles) this.#settles = async () => await this.#settled();
    this.#clock = new JumpingClock(new LocalMeta(this.#database).get("clock-ahead"));
    this.#stopwatch = new JumpingClock(this.#clock.aheadMs, systemStopwatch);
    this.#items = new LocalItemStore(this.#database, this.#clock);
    this.#items.userTables.known = options.tables ?? {};
    this.#observer = new Observer(this.#database, this.#items);
    this.#mailbox = new LocalMailbox(this.#database, this.#clock, this.#logger, this.#stopwatch);
    this.#timers = new LocalTimers(this.#database, this.#mailbox, this.#clock, this.#logger);
    this.#registry = new LocalRegistry(this.#items, this.#clock, options.retention);
    this.#upkeep = new Upkeep({
      ...{ items: this.#items, mailbox: this.#mailbox, clock: this.#clock, entropy: pooledEntropy },
      logger: this.#logger,
    });
    this.#sources = new LocalSources(this.#ports(), options.dataPath);
    const deployer = new Deployer({
      blobs: new LocalBlobStore(this.#database),
      registry: this.#registry,
      clock: this.#clock,
    });
    const ports = {
      ...{ items: this.#items, mailbox: this.#mailbox, registry: this.#registry },
      timers: this.#timers,
      settled: this.#settles,
      reached: (point: ReachedPoint) => this.#powers.reached(point),
      stepEnded: (step: EndedStep) => this.#turns.stepEnded(step),
      invoker: {
        invoke: (deployment: Reached, request: TurnRequest) => this.#turns.invokeAtDoor(deployment, request),
      },
    };
    this.#httpHosts = new HttpHosts({ ports });
    this.#pool = new HostPool({
      ports,
      loadBundle: (deployment) => deployer.load(deployment),
      output: (deployment, stream, line) =>
        options.report({ kind: "output", deployment, old: this.#isOld(deployment), stream, line }),
    });
    this.#jumps = new Jumps({
      ...{ clock: this.#clock, meta: this.#items.meta, upkeep: this.#upkeep },
      hosts: [this.#pool, this.#httpHosts],
    });
    this.#powers = new Powers({
      ...{ ...this.#ports(), pool: this.#pool, httpHosts: this.#httpHosts },
      ...{ events: this.#events, jump: (aheadMs: number) => this.#jumps.jump(aheadMs) },
      changed: () => this.#observer.changes.note("journal"),
      bundleOf: (deployment) => deployer.load(deployment),
    });
    this.#turns = new LocalTurns({
      ...{ items: this.#items, pool: this.#pool, httpHosts: this.#httpHosts },
      ...{ powers: this.#powers, events: this.#events },
      ...{ clock: this.#clock, settles: this.#settles, isStopped: () => this.#stopped },
      ...{ tally: this.#observer.tally, tellsSteps: options.tellsSteps === true },
      isOld: (deployment) => this.#isOld(deployment),
    });
    this.#adoption = new Adoption({ ...this.#ports(), pool: this.#pool, report: options.report });
    this.#tellOfInvocations();
    if (!options.files?.[0]) return;
    this.#reloader = new Reloader(options.files, {
      deployer,
      pool: this.#pool,
      report: (event) => this.#report(event),
    });
  }

  #isOld(deployment: string): boolean {
    return this.#current !== undefined && deployment !== this.#current;
  }

  #tellOfInvocations(): void {
    this.#observer.headWritten = (partition, before, after) => {
      this.#turns.headWritten(partition, before, after);
      this.#adoption.headWritten(partition, after);
    };
    this.#events.listen((event) => {
      this.#options.report({ kind: "invocation", event, details: () => detailsOf(this.#items, event) });
    });
  }

  /** Resolves when requests are answered. Throws `BuildError` or `ListenError`. Call {@link stop} even then. */
  async start(): Promise<Listening> {
    this.#database.settleAtOnce(() => this.#turns.count <= 1);
    const deployed = await this.#reloader?.start(this.#options.watch);
    // Before any message is consumed: an engine that cannot be reached should not work.
    const { url, adminUrl } = await this.#listen();
    await this.#timers.releaseGuards();
    this.#dispatch();
    if (deployed) this.#adoption.deployed(deployed);
    const { inspectPort } = this.#options;
    const debuggerUrl = inspectPort === undefined ? undefined : await this.inspect(inspectPort);
    await this.#sources.start(this.#options.kafkaClusters);
    return {
      url,
      adminUrl,
      ...(deployed && { deployed }),
      ...(debuggerUrl !== undefined && { debuggerUrl }),
    };
  }

  /** A debugger can attach to the process of the newest code at this port. Resolves with its address. Throws `Error` if it is in use. */
  async inspect(port: number): Promise<string> {
    return await this.#pool.inspect(port);
  }

  /** Whether a handler of the newest code takes this input. Runs nothing of it. */
  async takes(target: Target, input: Uint8Array): Promise<boolean> {
    return await this.#pool.takes(target, input);
  }

  /** What somebody does with one key. Each answers what has happened. */
  get atHand(): { readonly crash: () => Promise<string>; readonly skip: () => Promise<string> } {
    const ports = { items: this.#items, clock: this.#clock, pool: this.#pool };
    const jump = async (aheadMs: number): Promise<void> => await this.#jumps.jump(aheadMs);
    return { crash: () => crashAll({ ...ports, jump }), skip: () => skipToNext({ ...ports, jump }) };
  }

  /** Ends everything within about two seconds. Invocations in flight continue at the next start. */
  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#upkeep.stop();
    this.#fileWatch?.stop();
    this.#observer.stop();
    for (const server of this.#servers) server.close();
    this.#timers.stop();
    await Promise.all([this.#turnsEnd(), this.#sources.stop(), this.#adoption.stop()]);
    // Before the host processes end. Otherwise their turns would be recorded as failures of the handlers.
    this.#database.close();
    for (const server of this.#servers) server.destroy();
    this.#httpHosts.stop();
    await Promise.all([this.#pool.stop(), this.#reloader?.stop(), this.#traces.flush()]);
  }

  /** Waits for turns, those too that run under no message: it was let go of (R26), or there was none (R27). */
  async #turnsEnd(): Promise<void> {
    let cancel: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = systemClock.after(ENGINE_STOP_MS_MAX, resolve);
    });
    await Promise.all([
      this.#mailbox.stop(ENGINE_STOP_MS_MAX),
      Promise.race([Promise.allSettled([this.#dispatcher?.settled(), this.#ingress?.door?.settled()]), late]),
    ]);
    cancel();
  }

  /** Answers nothing any more: it would be lost. The database stays open, since to close it means to delete the log by its
   * name, and another file may have that name now. The process should exit. */
  #lost(file: LostFile): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#upkeep.stop();
    this.#timers.stop();
    void this.#sources.stop();
    void this.#mailbox.stop(0);
    for (const server of this.#servers) server.destroy();
    this.#options.report({ kind: "data-lost", file });
  }

  /** The disk's first refusal is the last word, and the reason why nothing is answered: so people are told, once. */
  async #settled(): Promise<void> {
    try {
      await this.#database.settled();
    } catch (error) {
      if (!this.#diskFailed) this.#logger.log("error", asError(error).message);
      this.#diskFailed = true;
      throw error;
    }
  }

  #report(event: ReloadEvent): void {
    this.#options.report(event);
    if (event.kind !== "deployed") return;
    this.#current = event.deployed.deployment;
    // At the start it has to wait until turns run.
    if (this.#dispatcher) this.#adoption.deployed(event.deployed);
  }

  #ports() {
    return {
      items: this.#items,
      watch: this.#items,
      mailbox: this.#mailbox,
      timers: this.#timers,
      registry: this.#registry,
      clock: this.#clock,
      stopwatch: this.#stopwatch,
      entropy: pooledEntropy,
      logger: this.#logger,
      traces: this.#traces.engine,
      isTraced: this.#traces.engine !== undefined,
    };
  }

  async #listen(): Promise<{ url: string; adminUrl: string }> {
    const { host, cors, dataPath } = this.#options;
    const invoker: Invoker = {
      invoke: (deployment, request) => this.#turns.invokeAtDoor(deployment, request),
    };
    const ingress = new Ingress(
      { ...this.#ports(), invoker: this.#traces.watching(invoker) },
      cors ? { cors } : {},
    );
    this.#ingress = ingress;
    const url = await this.#serve(
      preflightedFromOtherSites((request, signal) => ingress.handle(request, signal)),
      this.#options.port,
      PAYLOAD_BYTES_MAX,
    );
    const admin = new Admin(
      {
        ...this.#ports(),
        ...{
          listing: this.#items.listing,
          discoverer: this.#httpHosts,
          ...{ sources: this.#sources, recordTally: this.#sources.recordTally },
          tally: this.#observer.tally,
          audit: this.#observer.audit,
        },
      },
      {
        ...{ version: PACKAGE_VERSION, ingressEndpoint: url },
        environment: { kind: "local", name: this.#name(), dataPath, isProduction: false },
      },
    );
    const parts = {
      ...{ ui: new UiFiles(), changes: this.#observer.changes },
      ingress: async (request: HttpRequest, signal: AbortSignal) =>
        this.#dated(await ingress.handle(request, signal)),
      admin: async (request: HttpRequest) => {
        const answer = (await this.#powers.answer(request)) ?? (await admin.handle(request));
        await this.#sources.changedBy(request);
        return this.#dated(answer);
      },
    };
    return {
      url,
      adminUrl: await this.#serve(adminPort(parts, host), this.#options.adminPort, ADMIN_BODY_BYTES_MAX),
    };
  }

  /** To be shown: the file that is served, or that of the data. */
  #name(): string {
    const { files, dataPath } = this.#options;
    return files?.length === 1
      ? basename(files[0] ?? "")
      : basename(files?.[0] ? commonFolder(files) : dataPath);
  }

  /** With the time of this server, by which its answers are to be read. */
  #dated(response: HttpResponse): HttpResponse {
    const date = new Date(this.#clock.now()).toUTCString();
    return { ...response, headers: { ...response.headers, date } };
  }

  /** Resolves with the URL. */
  async #serve(handle: RequestHandler, port: number, bodyBytesMax: number): Promise<string> {
    const settles = this.#settles;
    const answer: RequestHandler = async (request, signal) => {
      const response = await handle(request, signal);
      await settles?.();
      return response;
    };
    const server = new HttpServer(settles ? answer : handle, {
      host: this.#options.host,
      port,
      bodyBytesMax,
    });
    this.#servers.push(server);
    return server.listen();
  }

  #dispatch(): void {
    const invoker: Invoker = {
      invoke: (deployment, request) => this.#turns.invoke(deployment, request),
      staysInTouch: true,
    };
    const runs = (id: InvocationId): boolean =>
      this.#turns.runs(id) || this.#ingress?.door?.runs(id) === true;
    const watched = this.#traces.watching(invoker);
    const dispatcher = new Dispatcher({ ...this.#ports(), invoker: watched, runs });
    this.#dispatcher = dispatcher;
    this.#observer.start({ clock: this.#clock, logger: this.#logger });
    this.#upkeep.start((left) => this.#options.report({ kind: "resumed", ...left }));
    const handle = async (batch: readonly Incoming[]): Promise<readonly string[]> => {
      this.#powers.lastMessages.note(batch);
      return await dispatcher.handle(batch, TURN_MS_MAX);
    };
    this.#mailbox.consume(handle, { concurrency: GROUPS_AT_ONCE });
  }
}
