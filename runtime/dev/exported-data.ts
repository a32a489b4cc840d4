/**
 * A copy of a deployment's tables in a data file, for questions. Nothing in it runs: it has the admin API without a server, without
 * timers, and with a mailbox that takes nothing.
 */
import { systemClock } from "../../lib/clock.ts";
import { systemEntropy } from "../../lib/entropy.ts";
import { OperationalError } from "../../lib/errors.ts";
import { CLI_EXPORT_WRITES_AT_ONCE } from "../../lib/limits/cli.ts";
import type { Attributes, ItemKey } from "../../lib/model/item.ts";
import type { Logger } from "../../lib/ports.ts";
import { ItemRegistry } from "../../lib/store/registry.ts";
import { PACKAGE_VERSION } from "../../lib/version.ts";
import { Admin } from "../admin/admin.ts";
import type { HttpRequest, HttpResponse } from "../http/message.ts";
import { type LocalDatabase, openDatabase } from "../local/database.ts";
import { LocalItemStore } from "../local/item-store.ts";

export class ExportedData {
  readonly #database: LocalDatabase;
  readonly #items: LocalItemStore;
  readonly #admin: Admin;
  #writing: Promise<unknown>[] = [];

  /** Throws a `DatabaseError` that says why the file cannot be used. */
  constructor(path: string, logger: Logger) {
    this.#database = openDatabase(path, { durability: "process" });
    this.#items = new LocalItemStore(this.#database);
    const readOnly = {
      sendBatch: () =>
        Promise.reject(new OperationalError("unavailable", "a copy of the data takes no orders")),
    };
    this.#admin = new Admin(
      {
        ...{ items: this.#items, listing: this.#items.listing, mailbox: readOnly, logger },
        ...{
          registry: new ItemRegistry(this.#items, systemClock),
          clock: systemClock,
          entropy: systemEntropy,
        },
      },
      // No development server: nothing of it runs here.
      { version: PACKAGE_VERSION, ingressEndpoint: "", environment: { kind: "aws", dataPath: path } },
    );
  }

  async add(key: ItemKey, attributes: Attributes): Promise<void> {
    this.#writing.push(this.#items.write({ op: "put", key, attributes }));
    if (this.#writing.length >= CLI_EXPORT_WRITES_AT_ONCE) await this.settled();
  }

  /** Returns when all that was added is in the file. */
  async settled(): Promise<void> {
    await Promise.all(this.#writing.splice(0));
  }

  async item(key: ItemKey): Promise<Attributes | undefined> {
    return await this.#items.get(key);
  }

  /** As the admin API answers it. What would change something is refused. */
  async ask(request: HttpRequest): Promise<HttpResponse> {
    return await this.#admin.handle(request);
  }

  close(): void {
    this.#database.close();
  }
}
