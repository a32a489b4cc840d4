import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { OperationalError } from "../../../lib/errors.ts";
import { openDatabase } from "../../../runtime/local/database.ts";
import { tempFolder } from "./temp-folder.ts";

function memory() {
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const put = database.prepare("INSERT INTO blobs (name, bytes) VALUES (?, ?)");
  const count = database.prepare("SELECT count(*) AS n FROM blobs");
  const names = database.prepare("SELECT name FROM blobs ORDER BY name");
  return {
    database,
    put: (name: string) => put.run(name, new Uint8Array()),
    count: () => database.read(() => Number(count.get()?.["n"])),
    names: () => database.read(() => names.all().map((row) => row["name"])),
  };
}

describe("group commit", () => {
  test("writes of one turn are one transaction, acknowledged after it", async () => {
    const { database, put, count } = memory();
    const seen: string[] = [];
    const writes = ["a", "b", "c"].map((name) =>
      database
        .write(
          () => {
            seen.push(`run ${name}`);
            put(name);
          },
          () => seen.push(`committed ${name}`),
        )
        .then(() => seen.push(`acknowledged ${name}`)),
    );
    expect(count()).toBe(0);
    await Promise.all(writes);
    expect(seen).toEqual([
      ...["run a", "run b", "run c"],
      ...["committed a", "committed b", "committed c"],
      ...["acknowledged a", "acknowledged b", "acknowledged c"],
    ]);
  });

  test("a read sees what was acknowledged and nothing that is queued", async () => {
    const { database, put, count } = memory();
    await database.write(() => put("a"));
    const second = database.write(() => put("b"));
    expect(count()).toBe(1);
    await second;
    expect(count()).toBe(2);
  });

  test("more than one transaction holds are all written, in order", async () => {
    const { database, put, count } = memory();
    const order: number[] = [];
    const writes = Array.from({ length: 3000 }, (_, index) =>
      database.write(() => put(String(index))).then(() => order.push(index)),
    );
    await Promise.all(writes);
    expect(count()).toBe(3000);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  test("an operation that throws fails alone", async () => {
    const { database, put, names } = memory();
    const results = await Promise.allSettled([
      database.write(() => put("a")),
      database.write(() => {
        throw new TypeError("mine");
      }),
      database.write(() => put("c")),
    ]);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: new TypeError("mine") });
    expect(names()).toEqual(["a", "c"]);
  });

  test("an operation that the database refuses fails alone, and undone", async () => {
    const { database, put, names } = memory();
    const results = await Promise.allSettled([
      database.write(() => put("a")),
      database.write(() => {
        put("half");
        put("a");
      }),
      database.write(() => put("c")),
    ]);
    expect(results.map((result) => result.status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(results[1]).toMatchObject({ reason: { name: "OperationalError", code: "unavailable" } });
    expect(names()).toEqual(["a", "c"]);
  });
});

describe("closing", () => {
  test("commits what is queued, tells the adapters, and refuses the rest", async () => {
    const folder = tempFolder();
    const path = join(folder, "dev.db");
    const first = openDatabase(path);
    const told: string[] = [];
    first.onClose(() => told.push("closing"));
    const insert = first.prepare("INSERT INTO blobs (name, bytes) VALUES ('a', x'00')");
    const write = first.write(() => insert.run());
    first.close();
    first.close();
    await write;
    expect(told).toEqual(["closing"]);
    expect(first.closed).toBe(true);
    await expect(first.write(() => 1)).rejects.toThrow(OperationalError);
    expect(() => first.read(() => 1)).toThrow(/closed/);
    expect(readdirSync(folder)).toEqual(["dev.db"]);

    const second = openDatabase(path);
    expect(second.read(() => second.prepare("SELECT name FROM blobs").all())).toEqual([{ name: "a" }]);
    second.close();
  });

  test("power durability settles what was committed, which process durability never does", async () => {
    const path = join(tempFolder(), "dev.db");
    for (const durability of ["process", "power"] as const) {
      const database = openDatabase(path, { durability });
      expect(database.settles).toBe(durability === "power");
      expect(database.prepare("PRAGMA synchronous").get()).toEqual({ synchronous: 1 });
      expect(database.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
      await database.settled();
      await database.settled();
      expect(database.syncs).toBe(durability === "power" ? 1 : 0);
      database.close();
    }
  });
});

describe("exclusive use", () => {
  test("a second opening in this process is refused, and the first goes on", async () => {
    const path = join(tempFolder(), "dev.db");
    const database = openDatabase(path);
    expect(() => openDatabase(path)).toThrow(
      expect.objectContaining({
        name: "DatabaseError",
        code: "in-use",
        message: expect.stringContaining("this very process"),
      }),
    );
    const insert = database.prepare("INSERT INTO blobs (name, bytes) VALUES ('a', x'00')");
    await database.write(() => insert.run());
    database.close();
    openDatabase(path).close();
  });

  test("a second process is refused and told the first one's pid", () => {
    const path = join(tempFolder(), "dev.db");
    const database = openDatabase(path);
    const module = new URL("../../../runtime/local/database.ts", import.meta.url).href;
    const script = `
      import { openDatabase } from ${JSON.stringify(module)};
      try { openDatabase(${JSON.stringify(path)}); } catch (error) { console.log(error.code, error.message); }`;
    const attempt = () =>
      spawnSync(process.execPath, ["--input-type=module-typescript", "-e", script], { encoding: "utf8" })
        .stdout;
    expect(attempt()).toContain(`in-use ${path} is in use by another perdure process (pid ${process.pid})`);
    database.close();
    expect(attempt()).toBe("");
  });
});
