/** Files that the engine must not open. Each is refused with a reason, and neither changed nor given a file beside it. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { openDatabase } from "../../../runtime/local/database.ts";
import { contents, tempFolder } from "./temp-folder.ts";

function databaseFile(): { folder: string; path: string } {
  const folder = tempFolder();
  const path = join(folder, "dev.db");
  const database = openDatabase(path);
  database.prepare("INSERT INTO blobs (name, bytes) VALUES ('a', randomblob(200000))").run();
  database.close();
  return { folder, path };
}

function edit(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

/** Overwrites pages in the middle of the file, where tables and data are. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0x55, 4096, 4096 * 6);
  writeFileSync(path, bytes);
}

function expectRefusal(folder: string, path: string, code: string, message: RegExp): void {
  const before = contents(folder);
  expect(() => openDatabase(path)).toThrow(
    expect.objectContaining({ name: "DatabaseError", code, message: expect.stringMatching(message) }),
  );
  expect(contents(folder)).toEqual(before);
}

test("no database at all", () => {
  const folder = tempFolder();
  const path = join(folder, "notes.txt");
  writeFileSync(path, "these are my notes\n".repeat(100));
  expectRefusal(folder, path, "not-a-database", /notes\.txt is not a perdure database .*Choose another path/);
});

test("an empty file", () => {
  const folder = tempFolder();
  const path = join(folder, "empty");
  writeFileSync(path, "");
  expectRefusal(folder, path, "not-a-database", /empty/);
});

test.each(["DELETE", "WAL"])("another program's database, journal mode %s", (mode) => {
  const folder = tempFolder();
  const path = join(folder, "theirs.db");
  edit(path, `PRAGMA journal_mode = ${mode}; CREATE TABLE t (a); INSERT INTO t VALUES (1)`);
  expectRefusal(folder, path, "foreign", /another program/);
});

test("another program's database that is in use", () => {
  const folder = tempFolder();
  const path = join(folder, "theirs.db");
  const theirs = new DatabaseSync(path);
  theirs.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)");
  expectRefusal(folder, path, "foreign", /another program/);
  theirs.exec("INSERT INTO t VALUES (2)");
  theirs.close();
});

test("a newer format", () => {
  const { folder, path } = databaseFile();
  edit(path, "UPDATE meta SET value = 99 WHERE name = 'format'");
  expectRefusal(folder, path, "newer", /format 99.*Update perdure/);
});

test("a newer format that only the log tells, as after a crash", () => {
  const { path } = databaseFile();
  const writer = new DatabaseSync(path);
  writer.exec("UPDATE meta SET value = 99 WHERE name = 'format'");
  const crashed = tempFolder();
  for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, join(crashed, `dev.db${suffix}`));
  writer.close();
  expectRefusal(crashed, join(crashed, "dev.db"), "newer", /format 99/);
});

test("a damaged file", () => {
  const { folder, path } = databaseFile();
  damage(path);
  expectRefusal(folder, path, "corrupt", /is damaged .*Restore it from a copy/);
});

test("a damaged file with a log beside it, as after a crash", () => {
  const { path } = databaseFile();
  const writer = new DatabaseSync(path);
  writer.exec("INSERT INTO blobs (name, bytes) VALUES ('b', x'00')");
  const crashed = tempFolder();
  for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, join(crashed, `dev.db${suffix}`));
  writer.close();
  const copy = join(crashed, "dev.db");
  const bytes = readFileSync(copy);
  bytes.fill(0x55, bytes.length - 4096 * 8);
  writeFileSync(copy, bytes);
  expectRefusal(crashed, copy, "corrupt", /is damaged/);
});

test("a file of ours that lost its meta table", () => {
  const { folder, path } = databaseFile();
  edit(path, "DROP TABLE meta");
  expectRefusal(folder, path, "corrupt", /its format is not recorded/);
});

test("a truncated file", () => {
  const { folder, path } = databaseFile();
  writeFileSync(path, readFileSync(path).subarray(0, 4096 * 3 + 100));
  expectRefusal(folder, path, "corrupt", /is damaged/);
});

test("a folder, and a file in a folder that does not exist", () => {
  const folder = tempFolder();
  mkdirSync(join(folder, "inner"));
  expect(() => openDatabase(join(folder, "inner"))).toThrow(expect.objectContaining({ code: "cannot-open" }));
  expect(() => openDatabase(join(folder, "absent", "dev.db"))).toThrow(/the folder .*absent does not exist/);
});

test("a name with all that is special in URLs works", () => {
  const folder = tempFolder();
  const path = join(folder, "a b?c=%41#ü.db");
  openDatabase(path).close();
  openDatabase(path).close();
  expect(Object.keys(contents(folder))).toEqual(["a b?c=%41#ü.db"]);
});

test("the log of a database that was deleted is not taken for the new one's", async () => {
  const { path } = databaseFile();
  const writer = new DatabaseSync(path);
  writer.exec("INSERT INTO blobs (name, bytes) VALUES ('old', x'00')");
  const left = tempFolder();
  copyFileSync(`${path}-wal`, join(left, "dev.db-wal"));
  writer.close();
  const database = openDatabase(join(left, "dev.db"));
  expect(database.prepare("SELECT name FROM blobs").all()).toEqual([]);
  database.close();
});
