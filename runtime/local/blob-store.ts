/** Named bytes that never change: the bundles of the deployments of `perdure dev`. */
import { invariant } from "../../lib/errors.ts";
import type { LocalDatabase } from "./database.ts";

export class LocalBlobStore {
  readonly #database: LocalDatabase;
  readonly #statements: ReturnType<typeof prepareAll>;

  constructor(database: LocalDatabase) {
    this.#database = database;
    this.#statements = prepareAll(database);
  }

  /** Stores the bytes. Storing them again does nothing. Throws `RangeError` if other bytes have this name. */
  async put(name: string, bytes: Uint8Array): Promise<void> {
    const own = new Uint8Array(bytes);
    await this.#database.write(() => {
      const held = this.#read(name);
      if (held === undefined) this.#statements.insert.run(name, own);
      else if (Buffer.compare(held, own) !== 0) throw new RangeError(`blob ${name} exists with other bytes`);
    });
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    return this.#database.read(() => this.#read(name));
  }

  #read(name: string): Uint8Array | undefined {
    const row = this.#statements.get.get(name);
    if (row === undefined) return undefined;
    invariant(row["bytes"] instanceof Uint8Array, "blob", `${name} holds no bytes`);
    return row["bytes"];
  }
}

function prepareAll(database: LocalDatabase) {
  return {
    get: database.prepare("SELECT bytes FROM blobs WHERE name = ?"),
    insert: database.prepare("INSERT INTO blobs (name, bytes) VALUES (?, ?)"),
  };
}
