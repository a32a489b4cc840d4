/**
 * One SQLite database holds everything that is durable locally: items, mailbox, timers, bundles.
 *
 * Group commit: a write is queued, and all writes that are queued in one turn of the event loop are one transaction. A write's
 * promise resolves after its COMMIT, never before (J2). Reads run at once, and only between transactions. So they see every
 * acknowledged write, and no write that could still be lost.
 *
 * Durability: after `COMMIT` the operating system has the data (WAL, synchronous = NORMAL). A process that is killed loses
 * nothing that it acknowledged. A power cut may lose the last moments, but never damages the file. With `durability: "power"`
 * it loses nothing, and each commit costs an fsync.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers";

import { asError, OperationalError } from "../../lib/errors.ts";
import { openFile, sqliteCode } from "./database-file.ts";
import { ReadSlice } from "./event-loop.ts";
import { SCHEMA } from "./schema.ts";
import {
  CHECKPOINT_PAGES_MAX,
  SQLITE_CACHE_KIB,
  TRANSACTION_OPERATIONS_MAX,
} from "../../lib/limits/local.ts";

export { DatabaseError, type DatabaseErrorCode } from "./database-file.ts";

export interface DatabaseOptions {
  /** What an acknowledged write survives: the end of the process (the default), or a power cut. */
  readonly durability?: "process" | "power";
}

/**
 * Opens the database in the file `path`, or an empty one in memory (`":memory:"`). The file is made if it is absent. No other
 * process can use it until {@link LocalDatabase.close}; after that it is a single file again. Throws {@link DatabaseError} if
 * it cannot be used: not a database of Perdure, damaged, of a newer format, in use. Then it is left as it was.
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
  /** Each store that reads counts what it reads, and waits when that is much. */
  readonly slice = new ReadSlice();
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
   * Runs `operation` in the next transaction, and resolves with its answer after the commit. Before it resolves, it calls
   * `committed`, synchronously and in the order of the operations. `committed` must not throw.
   *
   * An operation that throws must not have written anything: the others of its transaction continue. If the transaction fails,
   * an operation may run again, so it must change nothing but the database. Rejects with what `operation` throws, or with
   * {@link OperationalError} if the database fails.
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

  /** Runs a read. Throws {@link OperationalError} if the database fails or is closed. */
  read<T>(operation: () => T): T {
    if (this.#closed) throw closedError();
    try {
      return operation();
    } catch (error) {
      throw sqliteCode(error) === undefined ? error : failed(error);
    }
  }

  /** Calls `callback` at the start of {@link close}. It must release timers and waiters. */
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

  // After everything else in this turn of the event loop: that makes the group.
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
      // One at a time, so that only the operation that causes the failure fails.
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
      // If something is wrong, the next BEGIN fails too, and says so.
    }
  }
}

/** Throws what SQLite throws. That ends the transaction. */
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
