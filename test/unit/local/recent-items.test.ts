/** Items that are kept decoded are those of the file, whatever becomes of the transaction that has written them. */
import { DatabaseSync } from "node:sqlite";
import { serialize } from "node:v8";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Attributes, ItemKey, Update } from "../../../lib/model/item.ts";
import { RECENT_BYTES_MAX, RECENT_ITEM_BYTES_MAX } from "../../../lib/limits/local.ts";
import { openDatabase } from "../../../runtime/local/database.ts";
import { LocalItemStore } from "../../../runtime/local/item-store.ts";
import { itemName, RecentItems } from "../../../runtime/local/recent-items.ts";
import { FORMAT } from "../../../runtime/local/schema.ts";
import { ManualClock } from "./manual-clock.ts";
import { tempFolder } from "./temp-folder.ts";

const key = (pk: string): ItemKey => ({ table: "journal", pk, sk: "head" });
const add = (pk: string, by: number): Update => ({
  op: "update",
  key: key(pk),
  changes: [
    { do: "set", attribute: "n", value: by },
    { do: "append", attribute: "l", values: [by] },
  ],
});
const listOf = (item: Attributes | undefined): unknown[] => item?.["l"] as unknown[];

function store() {
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  return { database, items: new LocalItemStore(database, new ManualClock()) };
}

test("a transaction that fails leaves nothing behind", async () => {
  const { database, items } = store();
  await items.write({ op: "put", key: key("a"), attributes: { n: 0, l: [] } });
  const blob = database.prepare("INSERT INTO blobs (name, bytes) VALUES ('x', x'00')");
  await database.write(() => blob.run());
  // Both in one transaction, whose second operation the database refuses. The first one is done again, alone.
  const [won] = await Promise.allSettled([items.write(add("a", 1)), database.write(() => blob.run())]);
  expect(won).toMatchObject({ status: "fulfilled", value: { item: { n: 1, l: [1] } } });
  expect(await items.get(key("a"))).toEqual({ n: 1, l: [1] });
  expect((await items.write(add("a", 2))).item).toEqual({ n: 2, l: [1, 2] });
});

test("a commit that fails leaves nothing behind", async () => {
  const { database, items } = store();
  await items.write({ op: "put", key: key("a"), attributes: { n: 0, l: [] } });
  // A constraint that is looked at when the transaction commits.
  database.prepare("CREATE TABLE parents (id INTEGER PRIMARY KEY)").run();
  database
    .prepare("CREATE TABLE children (parent INTEGER REFERENCES parents (id) DEFERRABLE INITIALLY DEFERRED)")
    .run();
  const orphan = database.prepare("INSERT INTO children (parent) VALUES (1)");
  const results = await Promise.allSettled([items.write(add("a", 1)), database.write(() => orphan.run())]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect(await items.get(key("a"))).toEqual({ n: 1, l: [1] });
});

test("an item that was deleted, or has expired, is gone", async () => {
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const clock = new ManualClock(1_000_000);
  const items = new LocalItemStore(database, clock);
  await items.write({ op: "put", key: key("a"), attributes: { n: 1 } });
  await items.write({ op: "delete", key: key("a") });
  expect(await items.get(key("a"))).toBeUndefined();
  await items.write({ op: "put", key: key("b"), attributes: { n: 1, ttl: 1 } });
  expect(await items.deleteExpired(10)).toBe(1);
  expect(await items.get(key("b"))).toBeUndefined();
  const when = { is: "absent" } as const;
  expect(await items.write({ op: "put", key: key("b"), attributes: { n: 2 }, when })).toMatchObject({
    won: true,
  });
});

test("what a caller is answered is its own", async () => {
  const { items } = store();
  await items.write({ op: "put", key: key("a"), attributes: { n: 0, l: [new Uint8Array([1])] } });
  const { item } = await items.write(add("a", 1));
  (listOf(item)[0] as Uint8Array).fill(9);
  listOf(item).push("mine");
  const refused = await items.write({ ...add("a", 2), when: { is: "absent" } });
  listOf(refused.item).push("mine");
  expect(await items.get(key("a"))).toEqual({ n: 1, l: [new Uint8Array([1]), 1] });
  expect((await items.write(add("a", 2))).item).toEqual({ n: 2, l: [new Uint8Array([1]), 1, 2] });
});

test("they are bounded together, and one by one; the oldest goes first", () => {
  const recent = new RecentItems();
  const item = (bytes: number) => ({ attributes: {}, body: new Uint8Array(bytes), version: "" });
  recent.set("large", item(RECENT_ITEM_BYTES_MAX + 1));
  expect(recent.get("large")).toBeUndefined();
  const count = Math.ceil(RECENT_BYTES_MAX / RECENT_ITEM_BYTES_MAX);
  for (let n = 0; n <= count; n++) recent.set(String(n), item(RECENT_ITEM_BYTES_MAX));
  expect(recent.get("0")).toBeUndefined();
  expect(recent.get(String(count))).toBeDefined();
  recent.set(String(count), item(RECENT_ITEM_BYTES_MAX + 1));
  expect(recent.get(String(count))).toBeUndefined();
});

test("names of keys are different, whatever is in them", () => {
  const keys: ItemKey[] = [
    { table: "journal", pk: "a b", sk: "c" },
    { table: "journal", pk: "a", sk: " bc" },
    { table: "journal", pk: "a", sk: "b c" },
    { table: "state", pk: "a b", sk: "c" },
    { table: "journal", pk: "3 a", sk: "b" },
  ];
  expect(new Set(keys.map(itemName)).size).toBe(keys.length);
});

test("a file of format 2, with bodies of node:v8, is read, and has new bodies after the next writes", async () => {
  const path = join(tempFolder(), "dev.db");
  openDatabase(path).close();
  const old = new DatabaseSync(path);
  const attributes: Attributes = { n: 1, l: [new Uint8Array([1, 2])], ttl: 99_999_999_999 };
  old
    .prepare("INSERT INTO items (tbl, pk, sk, body, ttl) VALUES ('journal', 'a', 'head', ?, ?)")
    .run(serialize(attributes), 99_999_999_999);
  old.exec("UPDATE meta SET value = 2 WHERE name = 'format'");
  old.close();
  const database = openDatabase(path);
  onTestFinished(() => database.close());
  const items = new LocalItemStore(database, new ManualClock());
  expect(await items.get(key("a"))).toEqual(attributes);
  expect((await items.write(add("a", 2))).item).toEqual({
    ...attributes,
    n: 2,
    l: [new Uint8Array([1, 2]), 2],
  });
  expect(database.prepare("SELECT value FROM meta WHERE name = 'format'").get()).toEqual({ value: FORMAT });
});
