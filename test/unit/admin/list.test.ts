/** `GET /invocations`: what it finds, in which order, page by page, and what it costs, by index and by scan. */
import { describe, expect, test } from "vitest";
import { stateKey } from "../../../lib/model/fence.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { invocationId } from "../../../lib/model/ids.ts";
import type { ListedPart } from "../../../lib/model/listing.ts";
import { failure, success } from "../../../lib/model/outcome.ts";
import { shownId } from "../../../lib/model/shown-id.ts";
import { NOW } from "../ingress/world.ts";
import { AdminWorld } from "./admin-world.ts";

interface ListBody {
  readonly invocations: readonly { readonly id: string; readonly status: string }[];
  readonly next?: string;
  readonly source: string;
  readonly covers: readonly string[];
}

async function list(world: AdminWorld, query = ""): Promise<ListBody> {
  const answer = await world.ask(`GET /invocations${query}`);
  expect(answer.status).toBe(200);
  return answer.body as ListBody;
}

/** Follows `next` to the end. */
async function listAll(world: AdminWorld, query: string): Promise<string[]> {
  const seen: string[] = [];
  for (let after = ""; ;) {
    const { invocations, next } = await list(world, `?${query}${after}`);
    seen.push(...invocations.map(({ id }) => id));
    if (next === undefined) return seen;
    after = `&after=${encodeURIComponent(next)}`;
  }
}

/** One second apart, each with another status. The last one's retention is over. */
async function populated(parts?: readonly ListedPart[]): Promise<{ world: AdminWorld; ids: string[] }> {
  const world = new AdminWorld(parts);
  const ids: string[] = [];
  for (const [line, status] of [
    ["POST /T/hello/send", "running"],
    ["POST /T/json/send", "suspended"],
    ["POST /O/a/add/send", "paused"],
    ["POST /O/b/add/send", "accepted"],
  ] as const) {
    await world.clock.advance(1000);
    const start = await world.invocation({ s: "pending" }, line);
    await world.items.write({
      op: "update",
      key: headKey(start.id),
      changes: [{ do: "set", attribute: "s", value: status }],
      when: { is: "present" },
    });
    ids.push(shownId(start.id));
  }
  await world.clock.advance(1000);
  const done = await world.invocation({}, "POST /T/hello/send");
  await world.complete(done, success());
  ids.push(shownId(done.id));
  await world.clock.advance(1000);
  await world.complete(await world.invocation({}), success(), 0);
  return { world, ids };
}

/** More of `T/hello`, a hundred in each millisecond. */
async function more(world: AdminWorld, count: number, status: string): Promise<void> {
  for (let n = 0; n < count; n++) {
    if (n % 100 === 0) await world.clock.advance(1);
    await world.invocation({ s: status });
  }
}

const CASES = [
  ["", [0, 1, 2, 3, 4]],
  ["?service=T", [0, 1, 4]],
  ["?service=T&handler=json", [1]],
  ["?service=O&key=a", [2]],
  ["?deployment=dp_1", [0, 1, 2, 3, 4]],
  ["?deployment=dp_2", []],
  ["?status=ready", [3]],
  ["?status=running,paused", [0, 2]],
  ["?status=running&status=suspended", [0, 1]],
  ["?status=completed", [4]],
  ["?status=completed,paused", [2, 4]],
  ["?created_after=2026-11-22T15:48:44.688Z", [1, 2, 3, 4]],
  ["?created_before=2026-11-22T15:48:44.688Z", [0, 1]],
  ["?created_after=2026-11-22T15:48:45Z&created_before=2026-11-22T15:48:46Z", [2]],
  ["?modified_after=2026-11-22T15:48:46.688Z", [3, 4]],
  ["?modified_before=2026-11-22", []],
  ["?service=Nope", []],
  ["?key_glob=*", [2, 3]],
  ["?key_glob=%3F&status=paused", [2]],
  ["?result=success", [4]],
  ["?result=failure", []],
  ["?error=x", []],
  ["?text=JSO", [1]],
  ["?text=nothing", []],
  ["?invoked_by_id=inv_nobody", []],
  ["?idempotency_key=none", []],
] as const;

describe.each([
  ["by the index", ["open", "ended"], "index"],
  ["by looking at all", undefined, "scan"],
] as const)("%s", (_, parts, source) => {
  test.each(CASES)("those that fit %s, the oldest first", async (query, expected) => {
    const { world, ids } = await populated(parts);
    const body = await list(world, query);
    expect(body.invocations.map(({ id }) => ids.indexOf(id))).toEqual(expected);
    expect(body).toMatchObject({ source });
    expect(body).not.toHaveProperty("next");
  });

  test("by how they failed, who called them, and their idempotency key", async () => {
    const { world } = await populated(parts);
    const ended = await world.invocation({});
    await world.complete(ended, failure(500, "No Money left"));
    const trying = await world.invocation({
      s: "backing-off",
      f: { count: 2, failure: { message: "Money?" } },
    });
    const called = await world.invocation({ s: "paused", o: `${ended.id}.0.3`, q: "order-1" });
    const found = async (query: string): Promise<unknown[]> =>
      (await list(world, query)).invocations.map(({ id }) => id).toSorted();
    expect(await found("?error=money")).toEqual([ended.id, trying.id].map(shownId).toSorted());
    expect(await found("?error=money&result=failure")).toEqual([shownId(ended.id)]);
    for (const caller of [ended.id, shownId(ended.id)])
      expect(await found(`?invoked_by_id=${caller}`)).toEqual([shownId(called.id)]);
    expect(await found("?idempotency_key=order-1")).toEqual([shownId(called.id)]);
  });

  test("the newest first, page by page", async () => {
    const { world, ids } = await populated(parts);
    const newest = (await list(world, "?order=newest")).invocations.map(({ id }) => ids.indexOf(id));
    expect(newest).toEqual([4, 3, 2, 1, 0]);
    const paged = await listAll(world, "order=newest&limit=2");
    expect(source === "index" ? paged.map((id) => ids.indexOf(id)) : newest).toEqual(newest);
    expect(paged.toSorted()).toEqual(ids.toSorted());
  });

  test("page by page, each once", async () => {
    const { world, ids } = await populated(parts);
    for (const limit of [1, 2, 3, 5, 1000]) {
      expect((await listAll(world, `limit=${limit}`)).toSorted()).toEqual(ids.toSorted());
    }
  });

  test("past those that cannot be read", async () => {
    const { world, ids } = await populated(parts);
    await world.invocation({ v: 99, s: "paused" });
    const key = { table: "journal", pk: "stray", sk: "head" } as const;
    await world.items.write({ op: "put", key, attributes: {} });
    expect((await list(world)).invocations).toHaveLength(ids.length);
    expect(world.logs).toHaveLength(1);
  });

  test.each([
    ["?status=lost", "'status' is invalid. Reason: 'lost' is none of scheduled, pending,"],
    ["?limit=1001", "'limit' is invalid. Reason: must be a number from 1 to 1000"],
    ["?limit=0", "'limit' is invalid."],
    ["?limit=many", "'limit' is invalid."],
    ["?created_after=yesterday", "'created_after' is invalid. Reason: must be a time like"],
    ["?modified_before=1", "'modified_before' is invalid."],
    ["?result=maybe", "'result' is invalid. Reason: must be success or failure"],
    ["?order=random", "'order' is invalid. Reason: must be oldest or newest"],
    ["?scan=maybe", "'scan' is invalid. Reason: must be true or false"],
  ])("but not for %s", async (query, message) => {
    const answer = await new AdminWorld(parts).ask(`GET /invocations${query}`);
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining(message) } });
  });
});

test("looking at all goes on while nothing matches, and finds what is far behind", async () => {
  const { world } = await populated();
  await more(world, 300, "running");
  const { id } = await world.invocation({ s: "paused" }, "POST /O/z/add/send");
  expect((await list(world, "?key=z&limit=1")).invocations).toMatchObject([{ id: shownId(id) }]);
  expect(await list(world, "?service=Nope&limit=1")).toEqual({
    invocations: [],
    source: "scan",
    covers: ["open", "ended"],
  });
  // Whole pages may match more often than is wanted.
  expect(await listAll(world, "status=running&limit=7")).toHaveLength(301);
});

test.each([undefined, ["open", "ended"]] as const)(
  "a slow store ends the looking, with a way to go on (index: %s)",
  async (parts) => {
    const { world } = await populated(parts);
    await more(world, 3000, "suspended");
    const { clock, items } = world;
    const [get, scan] = [items.get.bind(items), items.scan.bind(items)];
    items.get = async (key) => {
      await clock.advance(600);
      return await get(key);
    };
    items.scan = async (...asked) => {
      if (asked[0] === "journal") await clock.advance(600);
      return await scan(...asked);
    };
    const body = await list(world, "?service=T&handler=nope&limit=1");
    expect(body).toMatchObject({ invocations: [], next: expect.any(String), incomplete: true });
  },
);

test("by the index, a page is empty only if nothing matches", async () => {
  const world = new AdminWorld(["open", "ended"]);
  await more(world, 2500, "suspended");
  await world.clock.advance(1000);
  const { id } = await world.invocation({ s: "paused" });
  expect((await list(world, "?status=paused")).invocations).toMatchObject([{ id: shownId(id) }]);
});

describe("an index of what is open alone", () => {
  test("answers for what is open, and says so", async () => {
    const { world, ids } = await populated(["open"]);
    const body = await list(world);
    expect(body.invocations.map(({ id }) => ids.indexOf(id))).toEqual([0, 1, 2, 3]);
    expect(body).toMatchObject({ source: "index", covers: ["open"] });
  });

  test("leaves what has ended to a look at all", async () => {
    const { world, ids } = await populated(["open"]);
    for (const query of ["?status=completed", "?status=completed&scan=true"]) {
      const body = await list(world, query);
      expect(body.invocations.map(({ id }) => ids.indexOf(id))).toEqual([4]);
      expect(body.source).toBe("scan");
    }
  });

  test("does not know what has run ever since it began; a look at all does", async () => {
    const world = new AdminWorld(["open"]);
    const { id } = await world.invocation({ s: "running" });
    expect((await list(world)).invocations).toEqual([]);
    expect((await list(world, "?scan=true")).invocations).toMatchObject([
      { id: shownId(id), status: "running" },
    ]);
  });
});

test("what is asked for and what has come in meanwhile: no page shows one twice or leaves one out", async () => {
  const world = new AdminWorld(["open", "ended"]);
  const ids: string[] = [];
  // Many in one millisecond. The store promises no order among them.
  for (let n = 0; n < 120; n++) {
    if (n % 40 === 0) await world.clock.advance(1000);
    ids.push(shownId((await world.invocation({ s: "suspended" })).id));
  }
  const seen: string[] = [];
  for (let after = ""; ;) {
    const { invocations, next } = await list(world, `?limit=7${after}`);
    seen.push(...invocations.map(({ id }) => id));
    if (next === undefined) break;
    after = `&after=${next}`;
    await world.clock.advance(1000);
    if (seen.length < 60) ids.push(shownId((await world.invocation({ s: "paused" })).id));
  }
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.toSorted()).toEqual(ids.toSorted());
});

test.each(["x", "12", ".inv_", "1.inv_zz", `${"9".repeat(20)}.inv_zz`, '["a","b"]'])(
  "goes on after nothing but its own: %s",
  async (after) => {
    const answer = await new AdminWorld(["open"]).ask(`GET /invocations?after=${encodeURIComponent(after)}`);
    expect(answer).toMatchObject({
      status: 400,
      body: { message: "The query parameter 'after' is invalid. Reason: not a cursor of this list" },
    });
  },
);

/** Requests to the store for one page. The table has so many ended invocations, and ten paused ones of O. */
async function costOf(kept: number, parts: readonly ListedPart[] | undefined, query: string) {
  const world = new AdminWorld(parts);
  for (let n = 0; n < 10; n++) await world.invocation({ s: "paused" }, `POST /O/k${n}/add/send`);
  for (let n = 0; n < kept; n++) {
    const unique = Buffer.alloc(14);
    unique.writeUInt32BE(n);
    const attributes = { ...ENDED, c: NOW + n };
    await world.items.write({ op: "put", key: headKey(invocationId("T", undefined, unique)), attributes });
  }
  await world.ask("GET /version");
  world.items.resetCounts();
  const { invocations } = await list(world, query);
  const { gets, scans, listed } = world.items.counts;
  return { found: invocations.length, gets: gets.journal, scans: scans.journal, listed };
}

const ENDED = {
  v: 1,
  i: 0,
  t: ["T", "hello"],
  o: "door",
  n: 0,
  b: 0,
  p: 0,
  l: [],
  m: [],
  u: NOW,
  s: "completed",
};

describe("what a page costs", () => {
  // Four services of eight shards each.
  test.each([
    ["?service=O&status=paused", { found: 10, gets: 10, scans: 0, listed: 8 }],
    ["?status=paused", { found: 10, gets: 10, scans: 0, listed: 32 }],
    ["?status=completed&limit=50", { found: 50, gets: 50, scans: 0, listed: 32 }],
  ])("by the index is the same at 100 and at 10,000 kept invocations: %s", async (query, cost) => {
    expect(await costOf(100, ["open", "ended"], query)).toEqual(cost);
    expect(await costOf(10_000, ["open", "ended"], query)).toEqual(cost);
  });

  test("by looking at all grows with what is kept: 10 heads a page, then all that a page holds", async () => {
    expect(await costOf(100, undefined, "?status=paused&limit=10")).toMatchObject({ scans: 1 });
    expect(await costOf(1000, undefined, "?service=Nope&limit=10")).toMatchObject({ scans: 21, found: 0 });
  });
});

test("the keys of a service that have state, page by page", async () => {
  const world = new AdminWorld(["open"]);
  for (const key of ["a", "b/c", "漢"]) {
    await world.items.write({
      op: "put",
      key: stateKey("O", key, "n"),
      attributes: { f: "1", val: Uint8Array.of(1) },
    });
  }
  expect((await world.ask("GET /services/O/state")).body).toEqual({ service: "O", keys: ["a", "b/c", "漢"] });
  const first = await world.ask("GET /services/O/state?limit=2");
  expect(first.body).toEqual({ service: "O", keys: ["a", "b/c"], next: "b/c" });
  expect((await world.ask("GET /services/O/state?limit=2&after=b%2Fc")).body).toEqual({
    service: "O",
    keys: ["漢"],
  });
  expect((await world.ask("GET /services/Nope/state")).status).toBe(404);
  expect((await new AdminWorld().ask("GET /services/O/state")).status).toBe(501);
});
