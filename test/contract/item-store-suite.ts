/**
 * What every item store must do. `evaluate` defines what a write means. The cases here say it once more by hand, and
 * `item-store-model.ts` compares the store with `evaluate` on random writes.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OperationalError } from "../../lib/errors.ts";
import type { Attributes, Condition, ItemKey, Table, Write } from "../../lib/model/item.ts";
import type { ItemStore } from "../../lib/ports.ts";
import {
  BYTEWISE_CONDITIONS,
  CHANGES,
  CONDITIONS,
  HELD,
  ROUND_TRIPS,
  SORT_KEYS,
} from "./item-store-cases.ts";
import { checkAgainstModel } from "./item-store-model.ts";

export interface OpenItemStore {
  readonly items: ItemStore;
  close(): Promise<void>;
}

/** What an emulator is known to get wrong. It is not tested on that emulator. */
export interface KnownFaults {
  readonly comparesUtf16?: boolean;
  /** It compares values of different types, or breaks. */
  readonly mixesTypes?: boolean;
  /** An update that changes nothing breaks it. */
  readonly needsChange?: boolean;
  /** It counts bytes as base64. */
  readonly countsBase64?: boolean;
  /** It reads by keys that no item can have. */
  readonly readsAnyKey?: boolean;
  /** Writes at the same time overtake each other within it. */
  readonly races?: boolean;
}

const WRITERS = 10;
const POSITIONS = 20;

export function itemStoreSuite(
  name: string,
  open: () => Promise<OpenItemStore>,
  faults: KnownFaults = {},
): void {
  describe(`item store: ${name}`, () => {
    let store: OpenItemStore;
    beforeAll(async () => {
      store = await open();
    });
    afterAll(() => store.close());
    const items = (): ItemStore => store.items;

    describe("values", () => roundTrips(items, faults));
    describe("conditions", () => conditions(items, faults));
    describe("changes", () => changes(items, faults));
    describe("bounds", () => bounds(items, faults));
    describe("query", () => queries(items));
    describe("scan", () => scans(items));
    describe.skipIf(faults.races)("concurrency", () => concurrency(items));
    test.skipIf(faults.mixesTypes)("answers as `evaluate` does, whatever is written", () =>
      checkAgainstModel(items(), freshKey),
    );
  });
}

let keysMade = 0;
/** A key that no other test uses: the tests of a suite share one store. */
function freshKey(table: Table = "journal"): ItemKey {
  return { table, pk: `test.${++keysMade}`, sk: "item" };
}

function roundTrips(items: () => ItemStore, { needsChange = false }: KnownFaults): void {
  test("an item that was never written is absent", async () => {
    expect(await items().get(freshKey())).toBeUndefined();
  });

  test.each(Object.entries(ROUND_TRIPS))("%s", async (_, attributes) => {
    const key = freshKey();
    expect(await items().write({ op: "put", key, attributes })).toEqual({ won: true, item: attributes });
    expect(await items().get(key)).toEqual(attributes);
    const updated = freshKey();
    const values = Object.entries(attributes).map(
      ([attribute, value]) => ({ do: "set", attribute, value }) as const,
    );
    if (needsChange && values.length === 0) return;
    const { item } = await items().write({ op: "update", key: updated, changes: values });
    expect(item).toEqual(attributes);
    expect(await items().get(updated)).toEqual(attributes);
  });

  test("bytes are those of the view, not of the buffer behind it", async () => {
    const key = freshKey();
    const pooled = Buffer.from("only this"); // a slice of Node's shared pool
    const view = new Uint8Array(Uint8Array.of(9, 1, 2, 3, 9).buffer, 1, 3);
    await items().write({ op: "put", key, attributes: { pooled, view, nested: [pooled.subarray(5)] } });
    const read = await items().get(key);
    expect(read).toEqual({
      pooled: new TextEncoder().encode("only this"),
      view: Uint8Array.of(1, 2, 3),
      nested: [new TextEncoder().encode("this")],
    });
    const bytes = read?.["pooled"];
    expect(bytes instanceof Uint8Array && bytes.buffer.byteLength).toBe(
      bytes instanceof Uint8Array && bytes.byteLength,
    );
  });

  test("neither what was written nor what was read is shared with the store", async () => {
    const key = freshKey();
    const attributes: Attributes = { list: [1], bytes: Uint8Array.of(1) };
    const { item } = await items().write({ op: "put", key, attributes });
    const read = await items().get(key);
    const refused = await items().write({ op: "delete", key, when: { is: "absent" } });
    const [found] = (await items().query(key.table, key.pk, "")).items;
    for (const copy of [attributes, item, read, refused.item, found?.attributes]) {
      if (copy === undefined) throw new Error("nothing was read");
      (copy["list"] as number[]).push(2);
      (copy["bytes"] as Uint8Array)[0] = 2;
    }
    expect(await items().get(key)).toEqual({ list: [1], bytes: Uint8Array.of(1) });
  });

  test("undefined never becomes a value", async () => {
    const key = freshKey();
    const attributes = { a: 1, b: undefined, m: { c: undefined } } as unknown as Attributes;
    await items()
      .write({ op: "put", key, attributes })
      .catch(() => undefined);
    const read = await items().get(key);
    expect(read === undefined || !("b" in read)).toBe(true);
  });

  test("tables, partitions and sort keys are apart", async () => {
    const base = freshKey();
    const keys: ItemKey[] = [
      base,
      { ...base, table: "state" },
      { ...base, sk: "other" },
      { ...base, pk: `${base.pk}.other` },
    ];
    for (const [n, key] of keys.entries())
      await items().write({ op: "put", key, attributes: { n }, when: { is: "absent" } });
    for (const [n, key] of keys.entries()) expect(await items().get(key)).toEqual({ n });
  });
}

function conditions(items: () => ItemStore, faults: KnownFaults): void {
  const all = [...CONDITIONS, ...(faults.comparesUtf16 === true ? [] : BYTEWISE_CONDITIONS)];
  const cases = all.filter(({ condition }) => faults.mixesTypes !== true || !mixesTypes(condition));
  const named = cases.map((each) => ({ ...each, text: JSON.stringify(each.condition) }));

  test.each(named)("$text", async ({ condition, held, absent }) => {
    const attributes = { now: "written" };
    for (const before of [HELD, undefined]) {
      const won = before === undefined ? absent : held;
      const prepared = async (): Promise<ItemKey> => {
        const key = freshKey();
        if (before !== undefined) await items().write({ op: "put", key, attributes: before });
        return key;
      };
      const check = async (write: Write, after: Attributes | undefined): Promise<void> => {
        const expected = won ? after : before;
        expect(await items().write(write)).toEqual({ won, item: expected });
        expect(await items().get(write.key)).toEqual(expected);
      };
      await check({ op: "put", key: await prepared(), attributes, when: condition }, attributes);
      await check(
        {
          op: "update",
          key: await prepared(),
          changes: [{ do: "set", attribute: "now", value: "written" }],
          when: condition,
        },
        { ...before, ...attributes },
      );
      await check({ op: "delete", key: await prepared(), when: condition }, undefined);
    }
  });

  test("without one, every write wins", async () => {
    const key = freshKey();
    expect(await items().write({ op: "delete", key })).toEqual({ won: true, item: undefined });
    expect(await items().write({ op: "put", key, attributes: { a: 1 } })).toEqual({
      won: true,
      item: { a: 1 },
    });
    expect(await items().write({ op: "put", key, attributes: { b: 1 } })).toEqual({
      won: true,
      item: { b: 1 },
    });
    expect(await items().write({ op: "delete", key })).toEqual({ won: true, item: undefined });
    expect(await items().get(key)).toBeUndefined();
  });

  test("fences order by text, whatever numbers are in it", async () => {
    const key = freshKey();
    const fence = (token: number, position: number) =>
      `0001.${String(token).padStart(24, "0")}.${String(position).padStart(8, "0")}`;
    const write = async (value: string): Promise<boolean> => {
      const ifOlder = { is: "any", of: [{ is: "absent" }, { is: "lt", attribute: "f", value }] } as const;
      return (await items().write({ op: "put", key, attributes: { f: value }, when: ifOlder })).won;
    };
    expect(await write(fence(9, 9))).toBe(true);
    expect(await write(fence(9, 9))).toBe(false);
    expect(await write(fence(9, 8))).toBe(false);
    expect(await write(fence(9, 10))).toBe(true);
    expect(await write(fence(8, 99))).toBe(false);
    expect(await write(fence(10, 0))).toBe(true);
  });
}

/** It compares a value that is held with one of another type. */
function mixesTypes(condition: Condition): boolean {
  if (condition.is !== "eq" && condition.is !== "lt") return false;
  const held = HELD[condition.attribute];
  return held !== undefined && typeof held !== typeof condition.value;
}

function changes(items: () => ItemStore, { needsChange = false }: KnownFaults): void {
  const named = CHANGES.filter((each) => !needsChange || each.changes.length > 0).map((each) => ({
    ...each,
    text: JSON.stringify(each).slice(0, 120),
  }));

  test.each(named)("$text", async ({ before, changes: list, when, after }) => {
    const key = freshKey();
    if (before !== undefined) await items().write({ op: "put", key, attributes: before });
    const written = items().write({
      op: "update",
      key,
      changes: list,
      ...(when === undefined ? {} : { when }),
    });
    if (after === undefined) {
      const thrown: unknown = await written.then(
        () => "nothing",
        (error: unknown) => error,
      );
      expect(thrown).toBeInstanceOf(Error);
      // A retry would not help, so the error must not look retryable.
      expect(thrown).not.toBeInstanceOf(OperationalError);
    } else {
      expect(await written).toEqual({ won: true, item: after });
    }
    expect(await items().get(key)).toEqual(after ?? before);
  });

  test("a condition is looked at before the changes", async () => {
    const key = freshKey();
    const list = [{ do: "append", attribute: "none", values: [1] }] as const;
    expect(await items().write({ op: "update", key, changes: list, when: { is: "present" } })).toEqual({
      won: false,
      item: undefined,
    });
  });
}

function bounds(items: () => ItemStore, { countsBase64 = false, readsAnyKey = false }: KnownFaults): void {
  const tooLarge = async (write: Write): Promise<void> => {
    const thrown: unknown = await items()
      .write(write)
      .then(
        () => "nothing",
        (error: unknown) => error,
      );
    expect(thrown).toMatchObject({ name: "OperationalError", code: "too-large" });
  };

  test.skipIf(countsBase64)("an item of nearly 400 KB is stored", async () => {
    const key = freshKey();
    const attributes = { bytes: new Uint8Array(399 * 1024) };
    await items().write({ op: "put", key, attributes });
    expect(await items().get(key)).toEqual(attributes);
  });

  test("a put of more than 400 KB is too large and changes nothing", async () => {
    const key = freshKey();
    await tooLarge({ op: "put", key, attributes: { text: "x".repeat(400 * 1024) } });
    await tooLarge({ op: "put", key, attributes: { text: "ä".repeat(200 * 1024) } });
    await tooLarge({ op: "put", key, attributes: { bytes: new Uint8Array(400 * 1024) } });
    expect(await items().get(key)).toBeUndefined();
  });

  test("a key past 2,048 and 1,024 bytes is too large; none may be empty", async () => {
    const key = freshKey();
    const put = (change: Partial<ItemKey>): Write => ({
      op: "put",
      key: { ...key, ...change },
      attributes: {},
    });
    for (const change of [{ pk: "ä".repeat(1024) }, { sk: "ä".repeat(512) }]) {
      expect((await items().write(put(change))).won).toBe(true);
    }
    for (const change of [{ pk: "x".repeat(2049) }, { sk: "x".repeat(1025) }]) await tooLarge(put(change));
    for (const change of [{ pk: "" }, { sk: "" }]) await expect(items().write(put(change))).rejects.toThrow();
  });

  test.skipIf(readsAnyKey)("a read by such a key is refused, too", async () => {
    const key = freshKey();
    for (const change of [{ pk: "x".repeat(2049) }, { sk: "x".repeat(1025) }, { pk: "" }, { sk: "" }])
      await expect(items().get({ ...key, ...change })).rejects.toThrow();
    await expect(items().query("state", "", "")).rejects.toThrow();
    await expect(items().query("state", "p", "x".repeat(1025))).rejects.toThrow();
  });

  test("an update past 400 KB is too large and changes nothing", async () => {
    const key = freshKey();
    const attributes = { list: ["x".repeat(300 * 1024)] };
    await items().write({ op: "put", key, attributes });
    const values = ["x".repeat(100 * 1024)];
    await tooLarge({ op: "update", key, changes: [{ do: "append", attribute: "list", values }] });
    expect(await items().get(key)).toEqual(attributes);
  });
}

function queries(items: () => ItemStore): void {
  const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
  const filled = async (keys: readonly string[]): Promise<string> => {
    const { pk } = freshKey();
    for (const sk of keys)
      await items().write({ op: "put", key: { table: "state", pk, sk }, attributes: { at: sk } });
    return pk;
  };
  const pagesOf = async (pk: string, prefix: string, limit?: number): Promise<string[]> => {
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await items().query("state", pk, prefix, {
        ...(after === undefined ? {} : { after }),
        ...(limit === undefined ? {} : { limit }),
      });
      if (limit !== undefined) expect(page.items.length).toBeLessThanOrEqual(limit);
      for (const { sk, attributes } of page.items) {
        expect(attributes).toEqual({ at: sk });
        found.push(sk);
      }
      after = page.next;
    } while (after !== undefined);
    return found;
  };
  let pk = "";
  beforeAll(async () => {
    pk = await filled(SORT_KEYS.toReversed());
  });

  test.each(["", "a", "a#", "a#1", "a#\uFFFD", "a%", "a_", "A", "b*", "é", "😀", "zzz"])(
    "all with prefix %j, in the order of their bytes, in pages of any size",
    async (prefix) => {
      const expected = SORT_KEYS.filter((sk) => sk.startsWith(prefix)).toSorted(bytewise);
      for (const limit of [undefined, 1, 3, 1000]) expect(await pagesOf(pk, prefix, limit)).toEqual(expected);
    },
  );

  test("starts after any key, there or not", async () => {
    const expected = SORT_KEYS.filter((sk) => sk.startsWith("a#")).toSorted(bytewise);
    for (const after of ["", "a#", "a#1", "a#15", "a#3", "a#\u{10FFFF}", "A", "a", "b", "zzz"]) {
      const { items: found } = await items().query("state", pk, "a#", { after });
      expect(found.map(({ sk }) => sk)).toEqual(expected.filter((sk) => bytewise(sk, after) > 0));
    }
  });

  test("starts at the first key after none", async () => {
    const [first] = SORT_KEYS.toSorted(bytewise);
    expect((await items().query("state", pk, "", { after: "", limit: 1 })).items[0]?.sk).toBe(first);
  });

  test("nothing in a partition that does not exist", async () => {
    expect(await items().query("state", freshKey().pk, "")).toEqual({ items: [] });
  });

  test("a page may be cut by size; what follows is found all the same", async () => {
    const { pk: large } = freshKey();
    const attributes = { bytes: new Uint8Array(300 * 1024) };
    const keys = ["1", "2", "3", "4", "5"];
    for (const sk of keys)
      await items().write({ op: "put", key: { table: "journal", pk: large, sk }, attributes });
    const found: string[] = [];
    for (let after: string | undefined = ""; after !== undefined;) {
      const page = await items().query("journal", large, "", after === "" ? {} : { after });
      found.push(...page.items.map(({ sk }) => sk));
      after = page.next;
    }
    expect(found).toEqual(keys);
  });

  test("sees a write at once", async () => {
    const key = freshKey("state");
    for (let n = 0; n < 20; n++) {
      await items().write({ op: "put", key, attributes: { n } });
      expect((await items().query("state", key.pk, "")).items).toEqual([{ sk: key.sk, attributes: { n } }]);
    }
  });
}

function scans(items: () => ItemStore): void {
  test("finds the items of a sort key in all partitions, page by page", async () => {
    const sk = `scan.${freshKey().pk}`;
    const expected = new Map<string, Attributes>();
    for (let n = 0; n < 25; n++) {
      const { pk } = freshKey();
      expected.set(pk, { n });
      await items().write({ op: "put", key: { table: "registry", pk, sk }, attributes: { n } });
      await items().write({ op: "put", key: { table: "registry", pk, sk: "another" }, attributes: { n } });
    }
    for (const limit of [undefined, 1, 7, 1000]) {
      const found = new Map<string, Attributes>();
      let after: string | undefined;
      do {
        const page = await items().scan("registry", sk, {
          ...(after === undefined ? {} : { after }),
          ...(limit === undefined ? {} : { limit }),
        });
        if (limit !== undefined) expect(page.items.length).toBeLessThanOrEqual(limit);
        for (const item of page.items) {
          expect(item.sk).toBe(sk);
          expect(found.has(item.pk)).toBe(false);
          found.set(item.pk, item.attributes);
        }
        after = page.next;
      } while (after !== undefined);
      expect(found).toEqual(expected);
    }
  });
}

function concurrency(items: () => ItemStore): void {
  test(`each of ${POSITIONS} positions has one winner among ${WRITERS} writers, and every writer knows`, async () => {
    const key = freshKey();
    await items().write({ op: "put", key, attributes: { n: 0, log: [] } });
    let writes = 0;
    const wonBy: string[] = [];
    const compete = async (writer: string): Promise<void> => {
      for (let n = 0; n < POSITIONS;) {
        writes++;
        const { won, item } = await items().write({
          op: "update",
          key,
          changes: [
            { do: "set", attribute: "n", value: n + 1 },
            { do: "append", attribute: "log", values: [`${n}:${writer}`] },
          ],
          when: { is: "eq", attribute: "n", value: n },
        });
        if (won) wonBy.push(`${n}:${writer}`);
        n = Number(item?.["n"]);
      }
    };
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => compete(`w${writer}`)));
    const item = await items().get(key);
    const logged = (item?.["log"] ?? []) as string[];
    expect(item?.["n"]).toBe(POSITIONS);
    expect(wonBy).toHaveLength(POSITIONS);
    expect(wonBy.toSorted()).toEqual(logged.toSorted());
    expect(writes).toBeGreaterThanOrEqual(POSITIONS);
  });

  test("of 200 that create an item at once, one wins", async () => {
    const key = freshKey();
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, writer) =>
        items().write({ op: "put", key, attributes: { writer }, when: { is: "absent" } }),
      ),
    );
    const item = await items().get(key);
    expect(results.filter(({ won }) => won)).toHaveLength(1);
    for (const result of results) expect(result.item).toEqual(item);
  });

  test("200 appends at once all arrive", async () => {
    const key = freshKey();
    await items().write({ op: "put", key, attributes: { l: [] } });
    const values = Array.from({ length: 200 }, (_, n) => n);
    await Promise.all(
      values.map((n) =>
        items().write({ op: "update", key, changes: [{ do: "append", attribute: "l", values: [n] }] }),
      ),
    );
    const list = ((await items().get(key))?.["l"] ?? []) as number[];
    expect(list.toSorted((a, b) => a - b)).toEqual(values);
  });
}
