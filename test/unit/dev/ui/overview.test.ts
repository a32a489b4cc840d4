// What the overview of a local server says, from its own writes and from a data file that was there before; and what it reads.
import { expect, onTestFinished, test, vi } from "vitest";
import { newHead } from "../../../../lib/model/head.ts";
import { headKey } from "../../../../lib/model/head-keys.ts";
import { type InvocationId, invocationId } from "../../../../lib/model/ids.ts";
import type { Attributes } from "../../../../lib/model/item.ts";
import { silentLogger } from "../../../../lib/ports.ts";
import { Overview } from "../../../../runtime/admin/overview/overview.ts";
import { Tally } from "../../../../runtime/admin/overview/tally.ts";
import type { InvocationIndex } from "../../../../runtime/admin/invocation-index.ts";
import { primeTally } from "../../../../runtime/dev/ui/primed-tally.ts";
import { isHead } from "../../../../lib/model/listing.ts";
import { openDatabase } from "../../../../runtime/local/database.ts";
import { LocalItemStore } from "../../../../runtime/local/item-store.ts";
import { ManualClock } from "../../local/manual-clock.ts";
import { service } from "../../../../sdk/index.ts";
import { LocalServer } from "../../../support/cli-run.ts";

/** A busy machine takes its time. */
const PATIENT = { timeout: 15_000, interval: 10 };

const START = Date.UTC(2026, 10, 29, 4, 0);

const idOf = (n: number): InvocationId => {
  const unique = Buffer.alloc(14);
  unique.writeUInt32BE(n, 10);
  return invocationId("Orders", undefined, unique);
};

function headOf(n: number, changes: Attributes, key?: string): Attributes {
  const start = {
    kind: "start",
    ...{ id: idOf(n), incarnation: 0, origin: `o${n}`, acceptedAtMs: START, headers: {} },
    target: { service: "Orders", handler: "place", ...(key === undefined ? {} : { key }) },
    input: new Uint8Array(1),
  } as const;
  return { ...newHead(start, { deployment: "dp" }), u: START, ...changes };
}

const noIndex: InvocationIndex = { list: () => Promise.reject(new Error("nothing is read")) };

function world({ openMax = 1000 } = {}) {
  const clock = new ManualClock(START);
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const items = new LocalItemStore(database, clock);
  const put = async (n: number, changes: Attributes, key?: string) =>
    await items.write({ op: "put", key: headKey(idOf(n)), attributes: headOf(n, changes, key) });
  const watched = () => {
    const tally = new Tally({ openMax });
    items.onWritten((written, before, after) => {
      if (isHead(written)) tally.headWritten(written.pk, before, after);
    });
    const overview = new Overview({ tally, clock }, noIndex);
    return { tally, overview, answer: async () => (await overview.answer()) as Answer };
  };
  const prime = async (tally: Tally) =>
    primeTally(tally, { items, clock, logger: silentLogger }, () => false);
  return { clock, items, put, watched, prime };
}

interface Answer {
  readonly counts: Record<string, number>;
  readonly complete: boolean;
  readonly handlers: readonly Record<string, unknown>[];
  readonly minutes: readonly { readonly succeeded: number; readonly failed: number }[];
  readonly attention: readonly Record<string, unknown>[];
}

const failure = (message: string) => ({ count: 1, failure: { code: 500, message } });

test("each write of a head is counted where it stands now", async () => {
  const { clock, put, watched, prime } = world();
  const { tally, answer } = watched();
  await prime(tally);
  await put(1, { s: "running" });
  await put(2, { s: "suspended" });
  expect(await answer()).toMatchObject({
    counts: { running: 1, suspended: 1, completed: 0 },
    complete: true,
  });
  await clock.advance(3000);
  await put(1, { s: "completed", x: new Uint8Array(1), u: START + 3000 });
  await put(2, { s: "backing-off", y: START + 9000, f: failure("no stock for 12"), u: START + 3000 });
  await put(3, { s: "completed", x: [404, "gone"], u: START + 3000 });
  tally.attemptFailed({ service: "Orders", handler: "place" }, START + 3000);
  const said = await answer();
  expect(said.counts).toEqual({ "backing-off": 1, completed: 2 });
  expect(said.minutes.at(-1)).toMatchObject({ succeeded: 1, failed: 1 });
  expect(said.handlers).toEqual([
    {
      ...{ service: "Orders", handler: "place", in_flight: 1, by_status: { "backing-off": 1 } },
      ...{ ended: 2, failed: 1, attempts: 1.5 },
      ...{ p50_ms: expect.closeTo(3000, -3), p95_ms: expect.closeTo(3000, -3) },
    },
  ]);
  expect(said.attention).toMatchObject([
    {
      ...{ status: "backing-off", service: "Orders", handler: "place", count: 1 },
      ...{ error: "no stock for 12", error_code: "RT0007", next_at: "2026-11-29T04:00:09.000Z" },
      oldest_since: "2026-11-29T04:00:03.000Z",
    },
  ]);
});

test("one that fails again and again does so since it began to", async () => {
  const { put, watched, prime } = world();
  const { tally, answer } = watched();
  await prime(tally);
  await put(1, { s: "backing-off", f: failure("a"), u: START + 1000 });
  await put(1, { s: "running", f: failure("a"), u: START + 2000 });
  await put(1, { s: "backing-off", f: failure("b"), u: START + 3000 });
  expect((await answer()).attention).toMatchObject([
    { error: "b", oldest_since: "2026-11-29T04:00:01.000Z" },
  ]);
  await put(1, { s: "paused", f: failure("b"), u: START + 4000 });
  expect((await answer()).attention).toMatchObject([
    { status: "paused", oldest_since: "2026-11-29T04:00:04.000Z" },
  ]);
});

test("what was there before is counted once, whatever is written while it is read", async () => {
  const { items, put, watched, prime } = world();
  for (let n = 0; n < 300; n++) await put(n, { s: "suspended" });
  for (let n = 300; n < 320; n++) await put(n, { s: "completed", x: new Uint8Array(1) });
  const { tally, answer } = watched();
  const priming = prime(tally);
  expect((await answer()).complete).toBe(false);
  await put(0, { s: "completed", x: new Uint8Array(1) });
  await put(299, { s: "paused", f: failure("a") });
  await priming;
  expect(await answer()).toMatchObject({
    counts: { suspended: 298, paused: 1, completed: 21 },
    complete: true,
  });
  expect((await answer()).minutes.at(-1)).toMatchObject({ succeeded: 21, failed: 0 });
  const { reads } = items.counts.journal;
  for (let n = 0; n < 10; n++) await answer();
  // It costs no read, however many there are.
  expect(items.counts.journal.reads).toBe(reads);
});

test("what has no room is not counted, and the answer says that there is more", async () => {
  const { put, watched, prime } = world({ openMax: 10 });
  const { tally, answer } = watched();
  await prime(tally);
  for (let n = 0; n < 12; n++) await put(n, { s: "suspended" });
  expect(await answer()).toMatchObject({ counts: { suspended: 10 }, complete: false });
});

test("what is deleted is gone", async () => {
  const { items, put, watched, prime } = world();
  const { tally, answer } = watched();
  await prime(tally);
  await put(1, { s: "completed", x: new Uint8Array(1), ttl: 1 });
  expect((await answer()).counts).toEqual({ completed: 1 });
  await items.deleteExpired(10);
  expect((await answer()).counts).toEqual({ completed: 0 });
});

test(
  "of a running server: a handler that has written nothing yet is in flight",
  { timeout: 60_000 },
  async () => {
    const server = await LocalServer.start();
    onTestFinished(() => server.stop());
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const slow = service({
      name: "Slow",
      handlers: {
        wait: async () => {
          await gate;
          return "done";
        },
      },
    });
    expect(
      (await server.run("deployments", "register", await server.serve({ services: [slow] }), "--yes")).code,
    ).toBe(0);
    const overview = async () => (await (await fetch(`${server.adminUrl}/overview`)).json()) as Answer;
    const call = fetch(`${server.adminUrl}/ingress/Slow/wait`, { method: "POST" });
    await vi.waitFor(async () => expect((await overview()).counts).toMatchObject({ running: 1 }), PATIENT);
    go();
    expect(await (await call).json()).toBe("done");
    await vi.waitFor(async () => expect((await overview()).counts).toEqual({ completed: 1 }), PATIENT);
    expect((await overview()).handlers).toMatchObject([
      { service: "Slow", in_flight: 0, ended: 1, failed: 0 },
    ]);
  },
);
