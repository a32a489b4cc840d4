/** The engine over a data file, at the time at which the file was left: nothing of it has expired yet. */
import { ItemRegistry } from "../../lib/store/registry.ts";
import { systemEntropy } from "../../lib/entropy.ts";
import { invariant } from "../../lib/errors.ts";
import type { Logger } from "../../lib/ports.ts";
import { Admin } from "../../runtime/admin/admin.ts";
import { Dispatcher } from "../../runtime/dispatcher/dispatcher.ts";
import { Ingress } from "../../runtime/ingress/ingress.ts";
import { LocalBlobStore } from "../../runtime/local/blob-store.ts";
import { type LocalDatabase, openDatabase } from "../../runtime/local/database.ts";
import { LocalItemStore } from "../../runtime/local/item-store.ts";
import { LocalMailbox } from "../../runtime/local/mailbox.ts";
import { LocalTimers } from "../../runtime/local/timers.ts";
import type { Endpoint } from "../../sdk/endpoint.ts";
import { JumpingClock, type Reply, replyOf, requestOf } from "../unit/semantics/retention-world.ts";

export class HistoryWorld {
  readonly clock: JumpingClock;
  /** Errors that were logged. */
  readonly failures: unknown[] = [];
  readonly #database: LocalDatabase;
  readonly #mailbox: LocalMailbox;
  readonly #timers: LocalTimers;
  readonly #ports;
  readonly #ingress: Ingress;
  readonly #admin: Admin;

  constructor(path: string, madeAtMs: number) {
    const clock = (this.clock = new JumpingClock(madeAtMs - Date.now()));
    this.#database = openDatabase(path);
    const items = new LocalItemStore(this.#database, clock);
    const logger: Logger = {
      log: (level, ...line) => void (level === "error" && this.failures.push(line)),
    };
    this.#mailbox = new LocalMailbox(this.#database, clock, logger);
    this.#timers = new LocalTimers(this.#database, this.#mailbox, clock, logger);
    this.#ports = {
      ...{ items, watch: items, mailbox: this.#mailbox, timers: this.#timers, clock, logger },
      ...{ entropy: systemEntropy, registry: new ItemRegistry(items, clock, 0) },
    };
    this.#ingress = new Ingress(this.#ports);
    this.#admin = new Admin(this.#ports, { version: "0.0.0", ingressEndpoint: "http://localhost" });
  }

  /** From now on messages are handled. Whatever deployment the file names, `endpoint` serves it. */
  serve(endpoint: Endpoint): void {
    const dispatcher = new Dispatcher({
      ...this.#ports,
      invoker: { invoke: async (_, request) => await endpoint.runTurn(request, this.#ports) },
    });
    this.#mailbox.consume(async (batch) => await dispatcher.handle(batch, 60_000));
  }

  /** The only deployment's name, and its code, compressed. */
  async bundle(): Promise<{ readonly name: string; readonly code: Uint8Array }> {
    const [service] = await this.#ports.registry.services();
    const name = service?.deployment ?? "";
    const code = await new LocalBlobStore(this.#database).get(`bundle/${name}.mjs.gz`);
    invariant(code !== undefined, "history", `the code of ${name} is missing`);
    return { name, code };
  }

  async call(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<unknown> {
    return resultOf(await this.#ask(`POST ${path}`, body, headers));
  }

  async attach(id: string): Promise<unknown> {
    return resultOf(await this.#ask(`GET /restate/attach/${id}`));
  }

  async resolve(awakeable: string, value: unknown): Promise<void> {
    resultOf(await this.#ask(`POST /restate/awakeables/${awakeable}/resolve`, value));
  }

  async resume(id: string): Promise<number> {
    return (await this.#operate(`PATCH /invocations/${id}/resume`)).status;
  }

  async status(id: string): Promise<unknown> {
    return ((await this.#operate(`GET /invocations/${id}`)).body as { status?: string }).status;
  }

  async journal(id: string): Promise<unknown[]> {
    const { body } = await this.#operate(`GET /invocations/${id}/journal`);
    return (body as { entries?: unknown[] }).entries ?? [];
  }

  async stop(): Promise<void> {
    this.#timers.stop();
    await this.#mailbox.stop(1000);
    this.#database.close();
  }

  async #ask(line: string, body?: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    return replyOf(await this.#ingress.handle(requestOf(line, body, headers)));
  }

  async #operate(line: string): Promise<Reply> {
    return replyOf(await this.#admin.handle(requestOf(line, undefined, {})));
  }
}

function resultOf({ status, body }: Reply): unknown {
  if (status >= 300) throw new Error(`answered ${status}: ${JSON.stringify(body)}`);
  return body;
}
