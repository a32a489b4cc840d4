/**
 * One SQLite database holds everything that is durable locally: items, mailbox, timers, bundles.
 *
 * Group commit: a write is queued, and all writes that are queued in one turn of the event loop are one transaction. A write's
 * promise resolves after its COMMIT, never before (J2). Reads run at once, and only between transactions.
 *
 * Durability: after `COMMIT` the operating system has the data (WAL, synchronous = NORMAL). A process that is killed loses
 * nothing that it acknowledged. A power cut may lose the last moments, but never damages the file.
 *
 * With `durability: "power"` it loses nothing that anybody outside has seen: {@link LocalDatabase.settled}.
 * - A power cut leaves a prefix of the commits (log-sync.ts). It is what a killed process would have left at the moment of the last of
 *   them. So it is enough that all commits are settled before anything happens outside: then nothing outside happened after
 *   that moment, and to those outside the power cut is an end of the process. What rests on a commit that is lost is lost with it,
 *   since it comes later: a message that was handed out, a turn, what that has written.
 * - Outside are: the answer to a request, of the ingress and of the admin API (engine.ts); the closure of a step (runtime/dev/hosts/settled.ts).
 *   Code between two operations of a handler runs in memory, and may run again (0002).
 * - So nothing waits on account of what stays inside: a message that is sent, handed out or deleted, a lock, a place in a list, state, the
 *   head of what has ended or is suspended, a timer that is dropped. They are settled with the next thing that is waited for.
 * docs/decisions/0022-settled-before-seen.md has the crash points.
 */
import { realpathSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { setImmediate } from "node:timers";

import { asError, OperationalError } from "../../lib/errors.ts";
import { openFile, sqliteCode } from "./database-file.ts";
import { ReadSlice } from "./event-loop.ts";
import { LogSync } from "./log-sync.ts";
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
  if (path === ":memory:") return new LocalDatabase(openMemory());
  const database = openFile(path);
  if (options.durability !== "power") return new LocalDatabase(database);
  try {
    return new LocalDatabase(database, new LogSync(`${realpathSync(path)}-wal`));
  } catch (error) {
    database.close();
    throw error;
  }
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
  readonly #log: LogSync | undefined;
  readonly #closing: (() => void)[] = [];
  readonly #rollingBack: (() => void)[] = [];
  /** Each store that reads counts what it reads, and waits when that is much. */
  readonly slice = new ReadSlice();
  #queue: Operation[] = [];
  #scheduled = false;
  #closed = false;

  /** Use {@link openDatabase}. */
  constructor(database: DatabaseSync, log?: LogSync) {
    this.#database = database;
    this.#log = log;
    database.exec(`
      PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES_MAX};
      PRAGMA cache_size = -${SQLITE_CACHE_KIB};
    `);
    this.#begin = database.prepare("BEGIN IMMEDIATE");
    this.#commit = database.prepare("COMMIT");
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** A loss of power matters: wait for {@link settled} before anything is seen outside. */
  get settles(): boolean {
    return this.#log !== undefined;
  }

  /** Syncs of the log so far, but for those of SQLite at its checkpoints. */
  get syncs(): number {
    return this.#log?.count ?? 0;
  }

  /** Resolves when all that was committed until now survives what `durability` says. Rejects with {@link OperationalError} if the
   * disk does not take it. */
  settled(): Promise<void> {
    return this.#log?.settled() ?? SETTLED;
  }

  /** `isAlone`: nobody but the one who waits for {@link settled} waits for the event loop. */
  settleAtOnce(isAlone: () => boolean): void {
    if (this.#log) this.#log.isAlone = isAlone;
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
      if (this.#log?.failure) return reject(this.#log.failure);
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

  /** Calls `callback` when a transaction has failed: nothing is as its operations have left it. */
  onRollBack(callback: () => void): void {
    this.#rollingBack.push(callback);
  }

  /** Commits what is queued and closes the database. Later writes and reads are refused. */
  close(): void {
    if (this.#closed) return;
    for (const callback of this.#closing) callback();
    while (this.#queue.length > 0) this.#flush();
    this.#closed = true;
    this.#database.close();
    this.#log?.close();
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
      this.#log?.committed();
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
    for (const callback of this.#rollingBack) callback();
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
const SETTLED = Promise.resolve();
const closedError = (): OperationalError =>
  new OperationalError("unavailable", "the local database is closed");
const failed = (error: unknown): OperationalError =>
  new OperationalError("unavailable", `the local database failed: ${asError(error).message}`, error);
