/**
 * Opens the file of a local database, or refuses it and leaves it as it was. SQLite itself does all the reading: if a file
 * descriptor of our own were closed, this process would lose its POSIX locks on the file.
 */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  openSync,
  realpathSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";

import { asError } from "../../lib/errors.ts";
import { attributesIn } from "./item-body.ts";
import { APPLICATION_ID, EXPIRY_INDEX, FORMAT, SCHEMA } from "./schema.ts";
import { LOCK_WAIT_MS } from "../../lib/limits/local.ts";

export type DatabaseErrorCode = "cannot-open" | "not-a-database" | "foreign" | "newer" | "corrupt" | "in-use";

/** The file cannot be used. The message says why and what to do. The file is as it was. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  readonly code: DatabaseErrorCode;
  constructor(code: DatabaseErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** SQLite's primary result code, or `undefined` if the error is not SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  const { code, errcode } = asError(error) as Error & { code?: unknown; errcode?: unknown };
  return code === "ERR_SQLITE_ERROR" && typeof errcode === "number" ? errcode & 0xff : undefined;
}

/**
 * A connection to the database in `path`. The file is made if it is absent, and locked until the connection is closed. The lock
 * is the operating system's: it ends with the process, even after kill -9. Throws {@link DatabaseError}.
 */
export function openFile(path: string): DatabaseSync {
  const named = resolve(path);
  if (!existsSync(named)) create(named);
  // SQLite puts its log beside what a symbolic link points to.
  const file = realpathSync(named);
  inspect(file);
  return acquire(file);
}

/** Makes the file under another name first, so that a file with its own name is always complete. */
function create(file: string): void {
  if (!existsSync(dirname(file))) {
    throw new DatabaseError(
      "cannot-open",
      `${file} cannot be made: the folder ${dirname(file)} does not exist.`,
    );
  }
  const draft = `${file}.${randomUUID()}.new`;
  try {
    // For its user alone: it holds inputs, headers and state. SQLite makes the log beside it with the same permissions.
    closeSync(openSync(draft, "wx", 0o600));
    const database = new DatabaseSync(draft);
    try {
      database.exec(`BEGIN; ${SCHEMA} COMMIT; PRAGMA journal_mode = WAL;`);
    } finally {
      database.close();
    }
    publish(draft, file);
  } catch (error) {
    throw new DatabaseError("cannot-open", `${file} cannot be made: ${asError(error).message}.`, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

function publish(draft: string, file: string): void {
  // The log of a database that was deleted would be taken for the new one's.
  rmSync(`${file}-wal`, { force: true });
  try {
    linkSync(draft, file);
  } catch {
    // Another process was faster, and its file is as good; or the file system has no hard links.
    if (!existsSync(file)) copyFileSync(draft, file, constants.COPYFILE_EXCL);
  }
}

/** Throws {@link DatabaseError} unless the file is a sound database of Perdure. Changes neither it nor its folder. */
function inspect(file: string): void {
  identify(file);
  // If it has a log, the file is in use or its process was killed. Only both together are the database.
  if (hasLog(file)) return check(file, readLogged);
  try {
    check(file, readImmutable);
  } catch (error) {
    // It was read without a lock. If it looked damaged, another process may have begun to write.
    if (!hasLog(file)) throw error;
    check(file, readLogged);
  }
}

const hasLog = (file: string): boolean => (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;

function identify(file: string): void {
  if (statSync(file).size === 0) throw notADatabase(file, "it is empty");
  const id = translated(file, () =>
    readImmutable(file, (database) =>
      Number(database.prepare("PRAGMA application_id").get()?.["application_id"]),
    ),
  );
  if (id !== APPLICATION_ID) {
    throw new DatabaseError(
      "foreign",
      `${file} is a SQLite database of another program, and was left as it is. Choose another path.`,
    );
  }
}

function check(file: string, read: typeof readImmutable): void {
  translated(file, () =>
    read(file, (database) => {
      const format = formatOf(database);
      if (typeof format === "number" && format > FORMAT) {
        throw new DatabaseError(
          "newer",
          `${file} has format ${format}, and this version of perdure knows formats up to ${FORMAT}. ` +
            "Update perdure, or choose another path.",
        );
      }
      if (typeof format !== "number" || format < 1) throw corrupt(file, "its format is not recorded");
      const found = database.prepare("PRAGMA quick_check(1)").get()?.["quick_check"];
      if (found !== "ok") throw corrupt(file, String(found));
    }),
  );
}

function formatOf(database: DatabaseSync): unknown {
  const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get() !== undefined;
  return known
    ? database.prepare("SELECT value FROM meta WHERE name = 'format'").get()?.["value"]
    : undefined;
}

/** Reads the file without its log and without a lock, as if nobody could change it. SQLite then makes no files beside it. */
function readImmutable<T>(file: string, read: (database: DatabaseSync) => T): T {
  const url = pathToFileURL(file);
  url.searchParams.set("immutable", "1");
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(url, { readOnly: true });
  } catch (error) {
    // Node before 22.15 takes paths only.
    if ((error as { code?: unknown }).code === "ERR_INVALID_ARG_TYPE") return readLogged(file, read);
    throw error;
  }
  return reading(database, read);
}

/** Reads the file with its log, under a shared lock. SQLite makes an index of the log for it; that is removed again. */
function readLogged<T>(file: string, read: (database: DatabaseSync) => T): T {
  const index = `${file}-shm`;
  const wasThere = existsSync(index);
  try {
    return reading(new DatabaseSync(file, { readOnly: true, timeout: LOCK_WAIT_MS }), read);
  } finally {
    if (!wasThere) rmSync(index, { force: true });
  }
}

function reading<T>(database: DatabaseSync, read: (database: DatabaseSync) => T): T {
  try {
    return read(database);
  } finally {
    database.close();
  }
}

/** Takes the file for this process alone. The index of its log is then in memory, not in a file. */
function acquire(file: string): DatabaseSync {
  return translated(file, () => {
    const database = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
    try {
      database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = OFF;");
      database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES ('owner', ?)").run(process.pid);
      // Into the file itself: a process that finds it locked can read it there.
      database.exec("PRAGMA wal_checkpoint(PASSIVE)");
      rmSync(`${file}-shm`, { force: true });
      migrate(database);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/** Brings a database of an older format up to date, in one transaction. If the process dies during it, nothing has changed. */
function migrate(database: DatabaseSync): void {
  const format = formatOf(database);
  if (format === FORMAT) return;
  database.exec("BEGIN IMMEDIATE");
  if (format === 1) addExpiry(database);
  database.prepare("UPDATE meta SET value = ? WHERE name = 'format'").run(FORMAT);
  database.exec("COMMIT");
}

function addExpiry(database: DatabaseSync): void {
  database.exec(`ALTER TABLE items ADD COLUMN ttl INTEGER; ${EXPIRY_INDEX}`);
  const update = database.prepare("UPDATE items SET ttl = ? WHERE tbl = ? AND pk = ? AND sk = ?");
  const next = database.prepare(
    "SELECT tbl, pk, sk, body FROM items WHERE (tbl, pk, sk) > (?, ?, ?) ORDER BY tbl, pk, sk LIMIT 100",
  );
  let after = ["", "", ""];
  for (let items = next.all(...after); items.length > 0; items = next.all(...after)) {
    for (const { tbl, pk, sk, body } of items) {
      after = [String(tbl), String(pk), String(sk)];
      // A row of a list has no body.
      if (!(body instanceof Uint8Array) || body.byteLength === 0) continue;
      const { ttl } = attributesIn(body);
      if (typeof ttl === "number") update.run(ttl, ...after);
    }
  }
}

/** Runs `action`. An error of SQLite's becomes a {@link DatabaseError}. */
function translated<T>(file: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof DatabaseError) throw error;
    const { message } = asError(error);
    switch (sqliteCode(error)) {
      case SQLITE_BUSY:
        throw new DatabaseError("in-use", `${file} is in use by ${ownerOf(file)}.`, error);
      case SQLITE_NOTADB:
        throw notADatabase(file, message, error);
      case SQLITE_CORRUPT:
        throw corrupt(file, message, error);
      case undefined:
      default:
        throw new DatabaseError("cannot-open", `${file} cannot be opened: ${message}.`, error);
    }
  }
}

function notADatabase(file: string, why: string, cause?: unknown): DatabaseError {
  const message = `${file} is not a perdure database (${why}), and was left as it is. Choose another path, or delete it.`;
  return new DatabaseError("not-a-database", message, cause);
}

function corrupt(file: string, why: string, cause?: unknown): DatabaseError {
  const message =
    `${file} is damaged (${why}), and was left as it is. ` +
    `Restore it from a copy, or move it away, with ${file}-wal if there is one, to start anew.`;
  return new DatabaseError("corrupt", message, cause);
}

/** Which process holds the file. It is only a help for the message: the lock decides. */
function ownerOf(file: string): string {
  const pid = readOwner(file);
  if (pid === process.pid) return "this very process, which has opened it already";
  if (pid === undefined || !isAlive(pid)) return "another process. Stop that one, or choose another path";
  return `another perdure process (pid ${pid}). Stop that one, or choose another path`;
}

function readOwner(file: string): number | undefined {
  try {
    const row = readImmutable(file, (database) =>
      database.prepare("SELECT value FROM meta WHERE name = 'owner'").get(),
    );
    return typeof row?.["value"] === "number" ? row["value"] : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is alive, and another user's.
    return (asError(error) as NodeJS.ErrnoException).code === "EPERM";
  }
}
