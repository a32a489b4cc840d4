/** However many invocations are kept, one turn of the event loop reads a bounded number of rows. */
import { setImmediate as turnOfLoop } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { systemEntropy } from "../../../lib/entropy.ts";
import { PAGE_ITEMS_MAX, READ_BYTES_AT_ONCE, READ_ROWS_AT_ONCE } from "../../../lib/limits/local.ts";
import { newHead } from "../../../lib/model/head.ts";
import { HEAD, headKey } from "../../../lib/model/head-keys.ts";
import { invocationId, statePartition } from "../../../lib/model/ids.ts";
import { silentLogger } from "../../../lib/ports.ts";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { Admin } from "../../../runtime/admin/admin.ts";
import { Upkeep } from "../../../runtime/dev/upkeep.ts";
import { openDatabase } from "../../../runtime/local/database.ts";
import { ReadSlice } from "../../../runtime/local/event-loop.ts";
import { LocalItemStore } from "../../../runtime/local/item-store.ts";
import { LocalMailbox } from "../../../runtime/local/mailbox.ts";
import { ManualClock } from "./manual-clock.ts";

const KEPT = 3000;
/** A read that begins when there is room for one row may be a whole page; and what the test takes for one turn may be parts of
 * two. */
const ROWS_MAX = 3 * READ_ROWS_AT_ONCE;

const idOf = (n: number) => {
  const unique = Buffer.alloc(14);
  unique.writeUInt32BE(n, 10);
  return invocationId("Noop", undefined, unique);
};

async function kept(count: number, ttl?: number) {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const items = new LocalItemStore(database, clock);
  const registry = new ItemRegistry(items, clock);
  const noop = { name: "Noop", type: "service", handlers: [{ name: "call", kind: "plain" }] } as const;
  await registry.register({ id: "dp", address: "nowhere", createdAtMs: 0, services: [noop] });
  await Promise.all(
    Array.from({ length: count }, (_, n) => {
      const start = {
        kind: "start",
        ...{
          id: idOf(n),
          incarnation: 0,
          origin: `o${n}`,
          acceptedAtMs: clock.now() - 1000 - n,
          headers: {},
        },
        ...{ target: { service: "Noop", handler: "call" }, input: new Uint8Array(10) },
      } as const;
      const attributes = {
        ...newHead(start, { deployment: "dp" }),
        s: n % 2 === 0 ? "suspended" : "completed",
      };
      const more = ttl === undefined ? {} : { ttl };
      return items.write({ op: "put", key: headKey(idOf(n)), attributes: { ...attributes, ...more } });
    }),
  );
  return { clock, items, registry };
}

/** The most rows and bytes that one turn of the event loop reads while `work` runs. */
async function mostDuring(
  work: () => Promise<unknown>,
): Promise<{ rows: number; bytes: number; turns: number }> {
  await turnOfLoop();
  let [rows, bytes] = [0, 0];
  const most = { rows: 0, bytes: 0, turns: 0 };
  const count = Reflect.get(ReadSlice.prototype, "count");
  const spy = vi.spyOn(ReadSlice.prototype, "count").mockImplementation(function (this: ReadSlice, ...read) {
    rows += read[0];
    bytes += read[1];
    most.rows = Math.max(most.rows, rows);
    most.bytes = Math.max(most.bytes, bytes);
    count.apply(this, read);
  });
  const running = new Set([work]);
  const done = work().finally(() => running.clear());
  while (running.size > 0) {
    await turnOfLoop();
    [rows, bytes] = [0, 0];
    most.turns++;
  }
  await done;
  spy.mockRestore();
  return most;
}

async function expectShort(work: () => Promise<unknown>, wantedTurns: number): Promise<void> {
  const { rows, turns } = await mostDuring(work);
  expect(rows).toBeGreaterThan(0);
  expect(rows).toBeLessThanOrEqual(ROWS_MAX);
  expect(turns).toBeGreaterThanOrEqual(Math.floor(wantedTurns) - 1);
}

function adminOf({ clock, items, registry }: Awaited<ReturnType<typeof kept>>) {
  const mailbox = { sendBatch: async () => [] };
  const admin = new Admin(
    { items, listing: items.listing, mailbox, registry, clock, entropy: systemEntropy, logger: silentLogger },
    { version: "0", ingressEndpoint: "http://127.0.0.1" },
  );
  return async (query: string): Promise<void> => {
    const path = "/invocations";
    const request = { method: "GET", path, headers: {}, body: new Uint8Array(0) };
    const answer = await admin.handle({ ...request, query: new URLSearchParams(query) });
    expect(answer.status).toBe(200);
  };
}

test("lists and scans", async () => {
  const list = adminOf(await kept(KEPT));
  await expectShort(() => list("limit=1000"), 1000 / READ_ROWS_AT_ONCE);
  await expectShort(() => list("limit=1000&scan=true"), 1000 / READ_ROWS_AT_ONCE);
  // Nothing matches: all are looked at.
  await expectShort(() => list("status=paused&limit=100"), KEPT / 2 / READ_ROWS_AT_ONCE);
  await expectShort(() => list("handler=other&scan=true&limit=100"), KEPT / READ_ROWS_AT_ONCE);
});

test("upkeep: the count at the start, a full pass, a pass over what is open", async () => {
  const { clock, items } = await kept(KEPT);
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const mailbox = new LocalMailbox(database, clock);
  const upkeep = new Upkeep({ items, mailbox, clock, entropy: systemEntropy, logger: silentLogger });
  onTestFinished(() => upkeep.stop());
  await expectShort(() => new Promise<void>((resolve) => upkeep.start(() => resolve())), 10);
  await expectShort(() => upkeep.run(), KEPT / READ_ROWS_AT_ONCE);
  await expectShort(() => upkeep.run(), KEPT / 2 / READ_ROWS_AT_ONCE);
});

test("reads that run at once, and pages of a query", async () => {
  const { items } = await kept(KEPT);
  await expectShort(
    () => Promise.all(Array.from({ length: KEPT }, (_, n) => items.get(headKey(idOf(n))))),
    KEPT / READ_ROWS_AT_ONCE,
  );
  const write = (n: number) =>
    items.write({
      op: "put",
      key: { table: "journal", pk: "many", sk: String(n) },
      attributes: { bytes: new Uint8Array(READ_BYTES_AT_ONCE / 500) },
    });
  await Promise.all(Array.from({ length: 2000 }, (_, n) => write(n)));
  const queries = (): Promise<unknown> =>
    Promise.all(Array.from({ length: 4 }, () => items.query("journal", "many", "")));
  const { rows, bytes, turns } = await mostDuring(queries);
  expect(rows).toBeLessThanOrEqual(2 * PAGE_ITEMS_MAX);
  expect(bytes).toBeLessThanOrEqual(3 * READ_BYTES_AT_ONCE);
  expect(turns).toBeGreaterThanOrEqual(3);
});

test("keys of a service whose names were cleared", async () => {
  const { items } = await kept(0);
  const cleared = (n: number) =>
    items.write({
      op: "put",
      key: { table: "state", pk: statePartition("Noop", `k${n % 10}`), sk: `name${n}` },
      attributes: { gone: true },
    });
  await Promise.all(Array.from({ length: KEPT }, (_, n) => cleared(n)));
  await expectShort(async () => {
    expect(await items.listing.keys("Noop", { limit: 100 })).toEqual({ keys: [] });
  }, KEPT / READ_ROWS_AT_ONCE);
});

test("a scan is one page of heads at most", async () => {
  const { items } = await kept(KEPT);
  const page = await items.scan("journal", HEAD, { limit: 1000 });
  expect(page.items.length).toBeLessThanOrEqual(READ_ROWS_AT_ONCE);
  expect(page.next).toBeDefined();
});
