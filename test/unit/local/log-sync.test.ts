/** What is settled survives a loss of power, and one sync is shared by all who wait for it. */
import { cpSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { OperationalError } from "../../../lib/errors.ts";
import { LocalDatabase, openDatabase } from "../../../runtime/local/database.ts";
import { openFile } from "../../../runtime/local/database-file.ts";
import { LogSync, type SyncFile } from "../../../runtime/local/log-sync.ts";
import { seededRandom } from "../../e2e/random.ts";
import { tempFolder } from "./temp-folder.ts";

/** A database whose syncs end when the test says so. */
function slowDisk() {
  const path = join(tempFolder(), "dev.db");
  const file = openFile(path);
  const ends: ((error: Error | null) => void)[] = [];
  const log = new LogSync(`${path}-wal`, { sync: (_descriptor, done) => ends.push(done) });
  const database = new LocalDatabase(file, log);
  onTestFinished(() => database.close());
  const insert = database.prepare("INSERT INTO blobs (name, bytes) VALUES (?, x'00')");
  let rows = 0;
  return {
    database,
    log,
    commit: async () => await database.write(() => void insert.run(String(rows++))),
    /** Ends the sync that has run longest. */
    end: async (error: Error | null = null) => {
      ends.shift()?.(error);
      await new Promise((resolve) => setImmediate(resolve));
    },
    running: () => ends.length,
  };
}

/** Notes the names of what has resolved. */
function noting() {
  const settled: string[] = [];
  return {
    settled,
    wait: (database: LocalDatabase, name: string) => void database.settled().then(() => settled.push(name)),
  };
}

describe("syncs", () => {
  test("what was committed while one runs shares the next one", async () => {
    const { database, log, commit, end, running } = slowDisk();
    const { settled, wait } = noting();
    await commit();
    wait(database, "a");
    wait(database, "a too");
    await commit();
    wait(database, "b");
    await commit();
    wait(database, "c");
    expect([running(), log.count]).toEqual([1, 1]);
    await end();
    expect(settled).toEqual(["a", "a too"]);
    expect([running(), log.count]).toEqual([1, 2]);
    await end();
    expect(settled.toSorted()).toEqual(["a", "a too", "b", "c"]);
    wait(database, "again");
    await end();
    expect(settled).toContain("again");
    expect(log.count).toBe(2);
  });

  /** A disk whose syncs take no time. `syncs`: how many, on the event loop and in a thread. */
  function quickDisk(isAlone: () => boolean, failure?: Error) {
    const path = join(tempFolder(), "dev.db");
    const syncs = { now: 0, later: 0 };
    const log = new LogSync(openedLog(path), {
      sync: (_descriptor, done) => {
        syncs.later++;
        setImmediate(() => done(null));
      },
      syncNow: () => {
        syncs.now++;
        if (failure) throw failure;
      },
    });
    onTestFinished(() => log.close());
    log.isAlone = isAlone;
    return { log, syncs };
  }

  function openedLog(path: string): string {
    writeFileSync(path, "");
    return path;
  }

  test("one who is alone is not kept waiting by a thread, if the disk is quick", async () => {
    const { log, syncs } = quickDisk(() => true);
    await log.settled();
    for (let commit = 0; commit < 3; commit++) {
      log.committed();
      await log.settled();
      await log.settled();
    }
    expect([syncs, log.count]).toEqual([{ now: 3, later: 1 }, 4]);
  });

  test("one who is not alone keeps nobody waiting", async () => {
    const { log, syncs } = quickDisk(() => false);
    for (let commit = 0; commit < 3; commit++) {
      log.committed();
      await log.settled();
    }
    expect(syncs).toEqual({ now: 0, later: 3 });
  });

  test("a sync at once that fails is the last word, too", async () => {
    const { log } = quickDisk(() => true, new Error("EIO: i/o error, fdatasync"));
    await log.settled();
    log.committed();
    await expect(log.settled()).rejects.toThrow("EIO");
    await expect(log.settled()).rejects.toThrow(OperationalError);
    expect(log.failure).toBeDefined();
  });

  test("what a killed process has left is settled first", async () => {
    const { database, end } = slowDisk();
    const { settled, wait } = noting();
    wait(database, "read");
    await Promise.resolve();
    expect(settled).toEqual([]);
    await end();
    expect(settled).toEqual(["read"]);
  });

  test("after a failure nothing is settled, and nothing is written", async () => {
    const { database, commit, end } = slowDisk();
    await commit();
    const first = database.settled();
    await commit();
    const second = database.settled();
    const failed = expect.objectContaining({ code: "unavailable", message: expect.stringContaining("EIO") });
    const checks = [expect(first).rejects.toEqual(failed), expect(second).rejects.toEqual(failed)];
    await end(new Error("EIO: i/o error, fdatasync"));
    await Promise.all(checks);
    await expect(database.settled()).rejects.toThrow(OperationalError);
    await expect(commit()).rejects.toEqual(failed);
  });

  test("a database may be closed while one runs", async () => {
    const { database, commit, end } = slowDisk();
    await commit();
    const settled = database.settled();
    database.close();
    await database.settled();
    await end();
    await settled;
  });
});

/** The rows of a copy, which is opened as after a restart. */
function rowsOf(path: string): number[] {
  const database = openDatabase(path);
  const rows = database.prepare("SELECT name FROM blobs ORDER BY rowid").all();
  database.close();
  return rows.map((row) => Number(row["name"]));
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe("a loss of power", () => {
  test.each([1, 2])("what is found is a prefix, and has all that is settled (seed %i)", async (seed) => {
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const folder = tempFolder();
    const path = join(folder, "dev.db");
    const database = openDatabase(path, { durability: "power" });
    const insert = database.prepare("INSERT INTO blobs (name, bytes) VALUES (?, ?)");
    const log = `${path}-wal`;
    let rows = 0;
    let kept = { rows: 0, bytes: statSync(log).size };
    for (let round = 0; round < 12; round++) {
      for (let write = below(4); write >= 0; write--) {
        const group = upTo(1 + below(5)).map(async () => {
          const [name, bytes] = [String(rows++), new Uint8Array(below(9000))];
          await database.write(() => void insert.run(name, bytes));
        });
        await Promise.all(group);
      }
      const now = { rows, bytes: statSync(log).size };
      if (below(3) > 0) {
        await database.settled();
        kept = now;
      }
      // Of what was not synced, the system has written any pages, and perhaps the length.
      const copy = join(folder, `copy-${round}.db`);
      cpSync(path, copy);
      const bytes = readFileSync(log);
      for (let at = kept.bytes; at < bytes.length; at += 4096)
        if (below(3) === 0) bytes.fill(0, at, Math.min(at + 4096, bytes.length));
      writeFileSync(`${copy}-wal`, bytes);
      if (below(2) === 0) truncateSync(`${copy}-wal`, kept.bytes + below(bytes.length - kept.bytes + 1));
      const found = rowsOf(copy);
      expect(found).toEqual(upTo(found.length));
      expect(found.length).toBeGreaterThanOrEqual(kept.rows);
    }
    database.close();
  });

  test("also when the log begins anew, again and again", async () => {
    const folder = tempFolder();
    const path = join(folder, "dev.db");
    const disk = { copies: 0, kept: "" };
    const file = openFile(path);
    const sync: SyncFile = (_descriptor, done) => {
      const copy = join(folder, `copy-${disk.copies++}.db`);
      cpSync(path, copy);
      cpSync(`${path}-wal`, `${copy}-wal`);
      setImmediate(() => {
        disk.kept = copy;
        done(null);
      });
    };
    const log = new LogSync(`${path}-wal`, { sync });
    const database = new LocalDatabase(file, log);
    database.prepare("PRAGMA wal_autocheckpoint = 10").run();
    const insert = database.prepare("INSERT INTO blobs (name, bytes) VALUES (?, ?)");
    const seen = new Set<number>();
    for (let row = 0; row < 60; row++) {
      await database.write(() => void insert.run(String(row), new Uint8Array(5000)));
      if (row % 5 !== 0) continue;
      await database.settled();
      seen.add(statSync(`${path}-wal`).size);
      expect(rowsOf(disk.kept)).toEqual(upTo(row + 1));
    }
    // It has not grown, so it began anew.
    expect(Math.max(...seen)).toBeLessThan(50 * 4200);
    database.close();
  });
});
