/**
 * One SQLite database holds everything that is durable locally: items, mailbox, timers, bundles.
 *
 * Group commit: a write is queued, and all that is queued in one turn of the event loop is one transaction. A write's
 * promise resolves after its COMMIT, never before (J2). Reads run at once, and only between transactions: they see
 * every acknowledged write and none that could still be lost.
 *
 * Durability: after `COMMIT` the data is with the operating system (WAL, synchronous = NORMAL), so that a process that
 * is killed loses nothing that it acknowledged. A power failure may lose the last moments, and never damages the file;
 * with `durability: "power"` it loses nothing, at the price of an fsync for each commit.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers";

import { asError, OperationalError } from "../../lib/errors.ts";
import { openFile, sqliteCode } from "./database-file.ts";
import { SCHEMA } from "./schema.ts";
import {
  CHECKPOINT_PAGES_MAX,
  SQLITE_CACHE_KIB,
  TRANSACTION_OPERATIONS_MAX,
} from "../../lib/limits/local.ts";

export { DatabaseError, type DatabaseErrorCode } from "./database-file.ts";

export interface DatabaseOptions {
  /** What an acknowledged write survives: the death of the process (the default), or that of the machine. */
  readonly durability?: "process" | "power";
}

/**
 * Opens the database in the file `path`, made if it is absent, or an empty one in memory (`":memory:"`). The file is
 * this process's alone until {@link LocalDatabase.close}, after which it is one file again. Throws {@link DatabaseError}
 * if it cannot be used: not a database of ours, damaged, of a newer format, in use. Then it is left untouched.
 */
export function openDatabase(path: string, options: DatabaseOptions = {}): LocalDatabase {
  return new LocalDatabase(path === ":memory:" ? openMemory() : openFile(path), options);
}

function openMemory(): DatabaseSync {
  const database = new DatabaseSync(":memory:");
  database.exec(SCHEMA);
  return database;
}

interface Operation {
  readonly run: () => unknown;
  readonly committed: (value: unknown) => void;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Result = { readonly value: unknown } | { readonly error: Error };

export class LocalDatabase {
  readonly #database: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #closing: (() => void)[] = [];
  #queue: Operation[] = [];
  #scheduled = false;
  #closed = false;

  /** Use {@link openDatabase}. */
  constructor(database: DatabaseSync, options: DatabaseOptions) {
    this.#database = database;
    database.exec(`
      PRAGMA synchronous = ${options.durability === "power" ? "FULL" : "NORMAL"};
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES_MAX};
      PRAGMA cache_size = -${SQLITE_CACHE_KIB};
    `);
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
  }

  get closed(): boolean {
    return this.#closed;
  }

  prepare(sql: string): StatementSync {
    return this.#database.prepare(sql);
  }

  /**
   * Runs `operation` in the next transaction and resolves with its answer after the commit. `committed` is called
   * before that, synchronously and in the order of the operations; it must not throw. An operation that throws must
   * not have written anything: the others of its transaction go on. It may be run again if the transaction fails, so
   * it changes nothing but the database. Rejects with what `operation` throws, or with {@link OperationalError} when
   * the database fails.
   */
  write<T>(operation: () => T, committed?: (value: T) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#closed) return reject(closedError());
      this.#queue.push({
        run: operation,
        committed: (committed ?? ignore) as (value: unknown) => void,
        resolve: resolve as (value: unknown) => void,
        reject,
      });
      this.#schedule();
    });
  }

  /** Runs a read. Throws {@link OperationalError} when the database fails or is closed. */
  read<T>(operation: () => T): T {
    if (this.#closed) throw closedError();
    try {
      return operation();
    } catch (error) {
      throw sqliteCode(error) === undefined ? error : failed(error);
    }
  }

  /** Has `callback` called at the start of {@link close}: it must let go of timers and waiters. */
  onClose(callback: () => void): void {
    this.#closing.push(callback);
  }

  /** Commits what is queued and closes the database. Later writes and reads are refused. */
  close(): void {
    if (this.#closed) return;
    for (const callback of this.#closing) callback();
    while (this.#queue.length > 0) this.#flush();
    this.#closed = true;
    this.#database.close();
  }

  // After everything that this turn of the event loop has to say: that is what makes the group.
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const group = this.#queue.splice(0, TRANSACTION_OPERATIONS_MAX);
    if (this.#queue.length > 0) this.#schedule();
    if (group.length > 0) this.#run(group);
  }

  #run(group: readonly Operation[]): void {
    let results: readonly Result[];
    try {
      this.#begin.run();
      results = group.map((operation) => attempt(operation));
      this.#commit.run();
    } catch (error) {
      this.#rollBack();
      // One at a time, so that whoever is at fault fails alone.
      if (group.length > 1) for (const operation of group) this.#run([operation]);
      else group[0]?.reject(failed(error));
      return;
    }
    settle(group, results);
  }

  #rollBack(): void {
    if (!this.#database.isTransaction) return;
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // Whatever is wrong, the next BEGIN says so again.
    }
  }
}

/** Throws what SQLite throws: that is the end of the transaction. */
function attempt(operation: Operation): Result {
  try {
    return { value: operation.run() };
  } catch (error) {
    if (sqliteCode(error) !== undefined) throw error;
    return { error: asError(error) };
  }
}

function settle(group: readonly Operation[], results: readonly Result[]): void {
  for (const [index, result] of results.entries()) {
    if ("value" in result) group[index]?.committed(result.value);
  }
  for (const [index, result] of results.entries()) {
    if ("value" in result) group[index]?.resolve(result.value);
    else group[index]?.reject(result.error);
  }
}

const ignore = (): void => undefined;
const closedError = (): OperationalError =>
  new OperationalError("unavailable", "the local database is closed");
const failed = (error: unknown): OperationalError =>
  new OperationalError("unavailable", `the local database failed: ${asError(error).message}`, error);
