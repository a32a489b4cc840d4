import { expect, test } from "vitest";
import { readHead, readInput, readLog } from "../../../lib/store/head-store.ts";
import { encodeEntry, type Entry } from "../../../lib/model/entry.ts";
import { parseHead } from "../../../lib/model/head.ts";
import { pageKey } from "../../../lib/model/head-keys.ts";
import { invocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Start } from "../../../lib/model/message.ts";
import type { Value } from "../../../lib/model/value.ts";
import { clear } from "../../support/entries.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { bytes, NOW, World } from "./world.ts";

const id = invocationId("T", undefined, new Uint8Array(UNIQUE_SIZE));
const start: Start = {
  kind: "start",
  id,
  incarnation: 3,
  origin: "o",
  target: { service: "T", handler: "hello" },
  input: bytes("1"),
  headers: {},
  acceptedAtMs: NOW,
};
const entries = (from: number, to: number): Entry[] =>
  Array.from({ length: to - from }, (_, index) => clear(from + index, `name-${from + index}`));
const storedEntries = (from: number, to: number): Value[] => entries(from, to).map(encodeEntry);

async function readLogOf(world: World) {
  const stored = await readHead(world.items, id);
  if (!stored) throw new Error("there is no head");
  return readLog(world.items, id, stored.head);
}

const putPage = (world: World, from: number, to: number, incarnation = 3) =>
  world.items.write({
    op: "put",
    key: pageKey(id, incarnation, from),
    attributes: { l: storedEntries(from, to) },
  });

test("an absent head is undefined", async () => {
  expect(await readHead(new MemoryItemStore(), id)).toBeUndefined();
});

test("a head comes with its item", async () => {
  const world = new World();
  await world.putHead(start, { s: "running" });
  const stored = await readHead(world.items, id);
  expect(stored?.head).toEqual(parseHead(stored?.item ?? {}));
  expect(stored && (await readInput(world.items, id, stored.head))).toEqual(bytes("1"));
});

test("a head without input has an empty one", async () => {
  const world = new World();
  await world.putHead(start, { s: "running" });
  const stored = await readHead(world.items, id);
  const { in: _, ...item } = stored?.item ?? {};
  expect(await readInput(world.items, id, parseHead(item))).toEqual(new Uint8Array(0));
});

test("a long input that is missing is a bug", async () => {
  const world = new World();
  await world.putHead(start, { s: "running", in: true });
  const stored = await readHead(world.items, id);
  await expect(stored && readInput(world.items, id, stored.head)).rejects.toThrow("R8: the input of");
});

test("a log in the head alone reads no page", async () => {
  const world = new World();
  await world.putHead(start, { s: "running", n: 3, l: storedEntries(0, 3) });
  expect(await readLogOf(world)).toEqual(entries(0, 3));
  expect(world.items.counts.queries.journal).toBe(0);
});

test("a log in pages is read in order, from page to page", async () => {
  const world = new World();
  await putPage(world, 0, 2);
  await putPage(world, 2, 12);
  await putPage(world, 12, 20);
  await world.putHead(start, { s: "running", n: 22, p: 20, l: storedEntries(20, 22) });
  const query = world.items.query.bind(world.items);
  world.items.query = (table, pk, prefix, page) => query(table, pk, prefix, { ...page, limit: 1 });
  expect(await readLogOf(world)).toEqual(entries(0, 22));
});

test("a page that the head does not count yet, or of another life, is not read", async () => {
  const world = new World();
  await putPage(world, 0, 4);
  await putPage(world, 4, 9);
  await putPage(world, 2, 3, 2);
  await world.putHead(start, { s: "running", n: 6, p: 4, l: storedEntries(4, 6) });
  expect(await readLogOf(world)).toEqual(entries(0, 6));
});

test.each([
  ["a page is missing", [[2, 4]], { p: 4, n: 4 }, "page at 2 after 0 entries"],
  ["the last page is missing", [[0, 2]], { p: 4, n: 4 }, "has 2 of 4 entries in pages"],
  [
    "pages overlap",
    [
      [0, 3],
      [2, 4],
    ],
    { p: 4, n: 4 },
    "page at 2 after 3 entries",
  ],
  ["a page is longer than the head knows", [[0, 4]], { p: 3, n: 3 }, "has 4 of 3 entries in pages"],
  ["the tail is short", [[0, 4]], { p: 4, n: 5 }, "has 4 of 5 entries"],
] as const)("a gap is found: %s", async (_, pages, attributes, message) => {
  const world = new World();
  for (const [from, to] of pages) await putPage(world, from, to);
  await world.putHead(start, { s: "running", ...attributes });
  await expect(readLogOf(world)).rejects.toThrow(message);
});
