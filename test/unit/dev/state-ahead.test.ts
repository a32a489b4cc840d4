/** State that goes with a turn is what a read would find, and is used until the turn writes. */
import { expect, onTestFinished, test } from "vitest";
import { STATE_AHEAD_BYTES_MAX, STATE_AHEAD_ITEMS_MAX } from "../../../lib/limits/local.ts";
import { stateKey } from "../../../lib/model/fence.ts";
import type { ItemKey } from "../../../lib/model/item.ts";
import type { ItemStore } from "../../../lib/ports.ts";
import type { TurnRequest } from "../../../lib/protocol.ts";
import { stateAhead, withStateAhead } from "../../../runtime/dev/hosts/state-ahead.ts";
import { openDatabase } from "../../../runtime/local/database.ts";
import { LocalItemStore } from "../../../runtime/local/item-store.ts";

function store(): { readonly items: LocalItemStore; readonly asked: ItemKey[]; readonly counted: ItemStore } {
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const items = new LocalItemStore(database);
  const asked: ItemKey[] = [];
  const counted: ItemStore = {
    get: async (key) => {
      asked.push(key);
      return await items.get(key);
    },
    write: (write) => items.write(write),
    query: (table, pk, prefix) => items.query(table, pk, prefix),
    scan: (table, sk) => items.scan(table, sk),
  };
  return { items, asked, counted };
}

const turnOf = (token?: string): TurnRequest =>
  ({ target: { service: "Counter", key: "k", handler: "add" }, token }) as TurnRequest;
const nameOf = (name: string): ItemKey => stateKey("Counter", "k", name);
const setTo = (items: ItemStore, name: string, val: Uint8Array) =>
  items.write({ op: "put", key: nameOf(name), attributes: { f: "1", val } });

test("a small state goes with the turn: what is there, and that nothing else is", async () => {
  const { items, asked, counted } = store();
  await setTo(items, "sum", new Uint8Array([1]));
  const state = await stateAhead(items, turnOf("t"));
  expect(state?.items).toHaveLength(1);
  const own = withStateAhead(counted, structuredClone(state ?? { pk: "", items: [] }));
  expect(await own.get(nameOf("sum"))).toEqual({ f: "1", val: new Uint8Array([1]) });
  expect(await own.get(nameOf("other"))).toBeUndefined();
  expect(asked).toEqual([]);
});

test("another key's state, and all else, is asked for", async () => {
  const { items, asked, counted } = store();
  const state = await stateAhead(items, turnOf("t"));
  const own = withStateAhead(counted, state ?? { pk: "", items: [] });
  const others = [
    stateKey("Counter", "other", "sum"),
    { table: "journal", pk: nameOf("sum").pk, sk: "sum" } as const,
  ];
  for (const key of others) await own.get(key);
  expect(asked).toEqual(others);
});

test("after the turn's own first write it asks", async () => {
  const { items, asked, counted } = store();
  await setTo(items, "sum", new Uint8Array([1]));
  const state = await stateAhead(items, turnOf("t"));
  const own = withStateAhead(counted, state ?? { pk: "", items: [] });
  await setTo(own, "sum", new Uint8Array([2]));
  expect(await own.get(nameOf("sum"))).toEqual({ f: "1", val: new Uint8Array([2]) });
  expect(asked).toEqual([nameOf("sum")]);
});

test("none goes with the turn of a shared handler, since others may write it meanwhile", async () => {
  const { items } = store();
  await setTo(items, "sum", new Uint8Array([1]));
  expect(await stateAhead(items, turnOf())).toBeUndefined();
});

test.each([
  ["many names", STATE_AHEAD_ITEMS_MAX + 1, 1],
  ["a long value", 1, STATE_AHEAD_BYTES_MAX],
])("none goes with it if it is much: %s", async (_what, names, bytes) => {
  const { items } = store();
  for (let n = 0; n < names; n++) await setTo(items, `n${n}`, new Uint8Array(bytes));
  expect(await stateAhead(items, turnOf("t"))).toBeUndefined();
});
