/** What a data file notes about itself: one number for each name. */
import type { LocalDatabase } from "./database.ts";

/** `listing`: the version of the lists that its heads have been checked against. `full-pass`: when all heads were last
 * looked at, epoch milliseconds. `clock-ahead`: by how many milliseconds the clock is ahead of the real one. */
export type MetaName = "listing" | "full-pass" | "clock-ahead";

export class LocalMeta {
  readonly #database: LocalDatabase;
  readonly #statements: ReturnType<typeof prepareAll>;

  constructor(database: LocalDatabase) {
    this.#database = database;
    this.#statements = prepareAll(database);
  }

  get(name: MetaName): number | undefined {
    const value = this.#database.read(() => this.#statements.get.get(name)?.["value"]);
    return typeof value === "number" ? value : undefined;
  }

  async set(name: MetaName, value: number): Promise<void> {
    await this.#database.write(() => void this.#statements.set.run(name, value));
  }
}

function prepareAll(database: LocalDatabase) {
  return {
    get: database.prepare("SELECT value FROM meta WHERE name = ?"),
    set: database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)"),
  };
}
