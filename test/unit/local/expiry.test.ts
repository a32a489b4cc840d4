/** Items with a time to live are deleted after it, a bounded number at a time. Files of the previous format are read. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { openDatabase } from "../../../runtime/local/database.ts";
import { LocalItemStore } from "../../../runtime/local/item-store.ts";
import { FORMAT } from "../../../runtime/local/schema.ts";

const NOW_S = 1_800_000_000;
const clock = { now: () => NOW_S * 1000, after: () => () => undefined };
const folder = mkdtempSync(join(tmpdir(), "perdure-expiry-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const keyOf = (sk: string) => ({ table: "journal", pk: "p", sk }) as const;
async function put(items: LocalItemStore, sk: string, ttl?: number): Promise<void> {
  const attributes = { held: sk, ...(ttl === undefined ? {} : { ttl }) };
  await items.write({ op: "put", key: keyOf(sk), attributes });
}

test("what has expired is deleted, oldest first, no more than asked for; the rest stays", async () => {
  const items = new LocalItemStore(openDatabase(":memory:"), clock);
  for (let n = 1; n <= 5; n++) await put(items, `old ${n}`, NOW_S - n);
  await put(items, "now", NOW_S);
  await put(items, "later", NOW_S + 1);
  await put(items, "never");
  expect(await items.deleteExpired(3)).toBe(3);
  expect((await items.query("journal", "p", "")).items.map(({ sk }) => sk)).toEqual([
    ...["later", "never", "now", "old 1", "old 2"],
  ]);
  expect(await items.deleteExpired(3)).toBe(2);
  expect(await items.deleteExpired(3)).toBe(0);
});

test("the last write says when it expires, or that it does not", async () => {
  const items = new LocalItemStore(openDatabase(":memory:"), clock);
  await put(items, "renewed", NOW_S - 1);
  await put(items, "renewed", NOW_S + 1);
  await put(items, "kept", NOW_S - 1);
  await put(items, "kept");
  await put(items, "dropped");
  await put(items, "dropped", NOW_S - 1);
  expect(await items.deleteExpired(10)).toBe(1);
  expect(await items.get(keyOf("dropped"))).toBeUndefined();
});

test("a file of the first format is brought up to date, and what it holds expires", async () => {
  const file = join(folder, "old.db");
  const before = openDatabase(file);
  const items = new LocalItemStore(before, clock);
  for (let n = 0; n < 250; n++) await put(items, `item ${n}`, n < 120 ? NOW_S - 1 : NOW_S + 1);
  await put(items, "never");
  before.close();
  const old = new DatabaseSync(file);
  old.exec("DROP INDEX items_by_expiry; ALTER TABLE items DROP COLUMN ttl");
  old.exec("UPDATE meta SET value = 1 WHERE name = 'format'");
  old.close();
  for (const round of [1, 2]) {
    const database = openDatabase(file);
    const opened = new LocalItemStore(database, clock);
    const format = database.prepare("SELECT value FROM meta WHERE name = 'format'").get();
    expect(format).toEqual({ value: FORMAT });
    expect(await opened.deleteExpired(1000)).toBe(round === 1 ? 120 : 0);
    expect(await opened.get(keyOf("item 200"))).toMatchObject({ held: "item 200" });
    expect(await opened.get(keyOf("never"))).toBeDefined();
    database.close();
  }
});
