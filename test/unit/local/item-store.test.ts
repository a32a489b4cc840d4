import { describe, expect, onTestFinished, test } from "vitest";
import type { Attributes, ItemKey } from "../../../lib/model/item.ts";
import type { Value } from "../../../lib/model/value.ts";
import { openDatabase } from "../../../runtime/local/database.ts";
import { LocalItemStore } from "../../../runtime/local/item-store.ts";
import { ManualClock, turns } from "./manual-clock.ts";

const key = (pk: string, sk = "head"): ItemKey => ({ table: "journal", pk, sk });

function store() {
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const clock = new ManualClock();
  return { database, clock, items: new LocalItemStore(database, clock) };
}

describe("single items", () => {
  test("every kind of value comes back as it was", async () => {
    const { items } = store();
    const attributes: Attributes = {
      text: "a\u0000b ü 漢 🜚",
      numbers: [0, -1, 1.5, 2 ** 53 - 1],
      flags: [true, false, null],
      bytes: new Uint8Array([0, 255, 128]),
      map: { nested: { list: [[], {}] } },
    };
    expect(await items.write({ op: "put", key: key("a"), attributes })).toEqual({
      won: true,
      item: attributes,
    });
    expect(await items.get(key("a"))).toEqual(attributes);
    expect(await items.get(key("a", "other"))).toBeUndefined();
    expect(await items.get({ ...key("a"), table: "state" })).toBeUndefined();
  });

  test("bytes come back as a plain Uint8Array, whatever they were", async () => {
    const { items } = store();
    const { item } = await items.write({
      op: "put",
      key: key("a"),
      attributes: { bytes: Buffer.from("xyz") },
    });
    for (const held of [item?.["bytes"], (await items.get(key("a")))?.["bytes"]]) {
      expect(Object.getPrototypeOf(held)).toBe(Uint8Array.prototype);
      expect(held).toEqual(new Uint8Array([120, 121, 122]));
    }
  });

  test("a name like __proto__ is a name like any other", async () => {
    const { items } = store();
    const headers = JSON.parse('{"__proto__": "x", "constructor": "y"}') as Value;
    await items.write({ op: "put", key: key("a"), attributes: { headers } });
    const read = await items.get(key("a"));
    expect(Object.entries(read?.["headers"] ?? {})).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });

  test("what a caller holds and what is stored never share anything", async () => {
    const { items } = store();
    const bytes = new Uint8Array([1]);
    const list: Value[] = [1];
    const put = items.write({ op: "put", key: key("a"), attributes: { bytes, list } });
    // Before it was even committed.
    bytes[0] = 9;
    list.push(9);
    const first = await put;
    const change: Value = { deep: [1] };
    const update = items.write({
      op: "update",
      key: key("a"),
      changes: [{ do: "set", attribute: "map", value: change }],
    });
    (change["deep"] as Value[]).push(9);
    const second = await update;
    const refused = await items.write({ op: "delete", key: key("a"), when: { is: "absent" } });
    const read = await items.get(key("a"));
    const page = await items.query("journal", "a", "");
    const expected = { bytes: new Uint8Array([1]), list: [1], map: { deep: [1] } };
    for (const item of [first.item, second.item, refused.item, read, page.items[0]?.attributes]) {
      const { list: held, bytes: heldBytes } = item as { list: Value[]; bytes: Uint8Array };
      held.push(7);
      heldBytes[0] = 7;
    }
    expect(await items.get(key("a"))).toEqual(expected);
  });

  test("200 conditional increments at once: none is lost, none is done twice", async () => {
    const { items } = store();
    await items.write({ op: "put", key: key("counter"), attributes: { n: 0 } });
    let attempts = 0;
    await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        // Half of them read first, half go by what refused them.
        let read = index % 2 === 0 ? await items.get(key("counter")) : undefined;
        for (;;) {
          attempts++;
          const value = Number(read?.["n"] ?? 0);
          const result = await items.write({
            op: "update",
            key: key("counter"),
            changes: [{ do: "set", attribute: "n", value: value + 1 }],
            when: { is: "eq", attribute: "n", value },
          });
          if (result.won) return;
          read = result.item;
        }
      }),
    );
    expect(await items.get(key("counter"))).toEqual({ n: 200 });
    expect(items.counts.journal).toEqual({ reads: 101, writes: 201, refused: attempts - 200 });
    expect(items.counts.state).toEqual({ reads: 0, writes: 0, refused: 0 });
  });

  test("an update that DynamoDB would call invalid fails alone", async () => {
    const { items } = store();
    const [good, bad] = await Promise.allSettled([
      items.write({ op: "put", key: key("a"), attributes: { text: "x" } }),
      items.write({
        op: "update",
        key: key("a"),
        changes: [{ do: "append", attribute: "text", values: [1] }],
      }),
    ]);
    expect(good.status).toBe("fulfilled");
    expect(bad).toMatchObject({ status: "rejected", reason: expect.any(TypeError) as TypeError });
    expect(await items.get(key("a"))).toEqual({ text: "x" });
  });
});

describe("DynamoDB's bounds", () => {
  const most = 400 * 1024 - ["a", "item", "pk", "sk", "v"].join("").length;

  test.each([
    ["ASCII", "x".repeat(most), "x".repeat(most + 1)],
    ["two bytes a character", "ü".repeat(most / 2), "ü".repeat(most / 2 + 1)],
    ["bytes", new Uint8Array(most), new Uint8Array(most + 1)],
  ])("an item of 400 KB is stored, and one byte more is refused: %s", async (_, fits, exceeds) => {
    const { items } = store();
    await items.write({ op: "put", key: key("a", "item"), attributes: { v: fits } });
    const update = items.write({
      op: "update",
      key: key("a", "item"),
      changes: [{ do: "set", attribute: "v", value: exceeds }],
    });
    await expect(update).rejects.toMatchObject({ name: "OperationalError", code: "too-large" });
    expect(await items.get(key("a", "item"))).toEqual({ v: fits });
  });

  test("keys that are too long or empty are refused", async () => {
    const { items } = store();
    const put = (pk: string, sk: string) => items.write({ op: "put", key: key(pk, sk), attributes: {} });
    await put("p".repeat(2048), "s".repeat(1024));
    await expect(put("p".repeat(2049), "s")).rejects.toMatchObject({ code: "too-large" });
    await expect(put("p", "s".repeat(1025))).rejects.toMatchObject({ code: "too-large" });
    await expect(put("", "s")).rejects.toThrow(/not empty/);
  });
});

describe("query and scan", () => {
  async function fill(items: LocalItemStore, pk: string, sks: readonly string[]) {
    await Promise.all(sks.map((sk) => items.write({ op: "put", key: key(pk, sk), attributes: { of: sk } })));
  }

  test("a query goes by bytes, not by UTF-16 units, and by prefix", async () => {
    const { items } = store();
    // U+FF5E is below U+1F700 in UTF-8, and above its surrogates in UTF-16.
    await fill(items, "p", ["v#🜀", "v#～", "v#", "v#a", "v", "w", "u", "v$", "v\u0000"]);
    await fill(items, "q", ["v#z"]);
    const sks = async (prefix: string) =>
      (await items.query("journal", "p", prefix)).items.map(({ sk }) => sk);
    expect(await sks("v#")).toEqual(["v#", "v#a", "v#～", "v#🜀"]);
    expect(await sks("")).toEqual(["u", "v", "v\u0000", "v#", "v#a", "v#～", "v#🜀", "v$", "w"]);
    expect(await sks("x")).toEqual([]);
  });

  test("pages go on after the last item and end without a next", async () => {
    const { items } = store();
    const all = Array.from({ length: 25 }, (_, index) => `e#${String(index).padStart(3, "0")}`);
    await fill(items, "p", ["a", ...all, "z"]);
    const seen: string[][] = [];
    let after: string | undefined;
    do {
      const page = await items.query("journal", "p", "e#", {
        limit: 10,
        ...(after === undefined ? {} : { after }),
      });
      seen.push(page.items.map(({ sk }) => sk));
      after = page.next;
    } while (after !== undefined);
    expect(seen).toEqual([all.slice(0, 10), all.slice(10, 20), all.slice(20)]);
    expect((await items.query("journal", "p", "e#", { limit: 25 })).next).toBeUndefined();
    expect((await items.query("journal", "p", "e#", { after: "a", limit: 1 })).items[0]?.sk).toBe("e#000");
    expect((await items.query("journal", "p", "e#", { after: "z" })).items).toEqual([]);
  });

  test("a page holds 1000 items or 1 MB", async () => {
    const { items } = store();
    await fill(
      items,
      "many",
      Array.from({ length: 1001 }, (_, index) => String(index).padStart(4, "0")),
    );
    const many = await items.query("journal", "many", "");
    expect([many.items.length, many.next]).toEqual([1000, "0999"]);

    const large = new Uint8Array(300 * 1024);
    for (const sk of ["a", "b", "c", "d", "e"])
      await items.write({ op: "put", key: key("large", sk), attributes: { large } });
    const page = await items.query("journal", "large", "");
    expect([page.items.length, page.next]).toEqual([4, "d"]);
    expect((await items.query("journal", "large", "", { after: "d" })).items.length).toBe(1);
  });

  test("a scan finds the items of one sort key in all partitions of one table", async () => {
    const { items } = store();
    for (const pk of ["a", "b", "c"]) await fill(items, pk, ["head", "page#1"]);
    await items.write({ op: "put", key: { table: "state", pk: "x", sk: "head" }, attributes: {} });
    await items.write({ op: "delete", key: key("b") });
    expect(await items.scan("journal", "head")).toEqual({
      items: [
        { pk: "a", sk: "head", attributes: { of: "head" } },
        { pk: "c", sk: "head", attributes: { of: "head" } },
      ],
    });
    const first = await items.scan("journal", "page#1", { limit: 2 });
    const rest = await items.scan("journal", "page#1", { limit: 2, after: first.next ?? "" });
    expect([...first.items, ...rest.items].map(({ pk }) => pk)).toEqual(["a", "b", "c"]);
    expect(rest.next).toBeUndefined();
  });
});

describe("watching an item", () => {
  test("its next committed write wakes, and nothing else does", async () => {
    const { items, clock } = store();
    await items.write({ op: "put", key: key("a"), attributes: {} });
    let woken = 0;
    const watches = [items.changed(key("a"), 1000), items.changed(key("a"), 1000)];
    for (const watch of watches) void watch.then(() => woken++);
    await items.write({ op: "put", key: key("b"), attributes: {} });
    await items.write({ op: "put", key: key("a"), attributes: {}, when: { is: "absent" } });
    await items.get(key("a"));
    await turns();
    expect(woken).toBe(0);
    await items.write({ op: "delete", key: key("a") });
    await turns();
    expect(woken).toBe(2);
    expect(clock.waits()).toEqual([]);
  });

  test("the time limit wakes as well, and so does closing", async () => {
    const { database, items, clock } = store();
    let woken = 0;
    void items.changed(key("a"), 1000).then(() => woken++);
    await clock.advance(999);
    expect(woken).toBe(0);
    await clock.advance(1);
    expect(woken).toBe(1);
    const last = items.changed(key("a"), 1000);
    database.close();
    await last;
    expect(clock.waits()).toEqual([]);
  });
});
