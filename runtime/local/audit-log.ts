/** The last actions of people, in the data file. The table is no part of the format: it is made if it is missing. */
import { AUDIT_KEPT_MAX } from "../../lib/limits/ui.ts";
import type { LocalDatabase } from "./database.ts";

const TABLE = `CREATE TABLE IF NOT EXISTS audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT, action TEXT NOT NULL
)`;
const INDEX = "CREATE INDEX IF NOT EXISTS audit_by_id ON audit (id) WHERE id IS NOT NULL";

/** `A`: as JSON can hold it. */
export class LocalAuditLog<A extends { readonly id?: string }> {
  readonly #database: LocalDatabase;
  readonly #keptMax: number;
  readonly #statements: ReturnType<typeof prepareAll>;

  constructor(database: LocalDatabase, { keptMax = AUDIT_KEPT_MAX }: { readonly keptMax?: number } = {}) {
    this.#database = database;
    this.#keptMax = keptMax;
    database.prepare(TABLE).run();
    database.prepare(INDEX).run();
    this.#statements = prepareAll(database);
  }

  async record(actions: readonly A[]): Promise<void> {
    await this.#database.write(() => {
      for (const action of actions) this.#statements.insert.run(action.id ?? null, JSON.stringify(action));
      this.#statements.forget.run(this.#keptMax);
    });
  }

  /** The newest first. */
  list({ id, limit }: { readonly id?: string; readonly limit: number }): readonly A[] {
    const { all, ofId } = this.#statements;
    const rows = this.#database.read(() => (id === undefined ? all.all(limit) : ofId.all(id, limit)));
    return rows.map(({ action }) => JSON.parse(String(action)) as A);
  }
}

function prepareAll(database: LocalDatabase) {
  return {
    insert: database.prepare("INSERT INTO audit (id, action) VALUES (?, ?)"),
    forget: database.prepare("DELETE FROM audit WHERE seq <= (SELECT max(seq) FROM audit) - ?"),
    all: database.prepare("SELECT action FROM audit ORDER BY seq DESC LIMIT ?"),
    ofId: database.prepare("SELECT action FROM audit WHERE id = ? ORDER BY seq DESC LIMIT ?"),
  };
}
