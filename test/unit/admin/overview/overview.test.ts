// The overview where a server does not make every write itself: read through the index, seldom, and never by a scan.
import { expect, test } from "vitest";
import { OVERVIEW_HEADS_MAX, OVERVIEW_KEPT_MS } from "../../../../lib/limits/ui.ts";
import { AdminWorld } from "../admin-world.ts";

async function populated(world: AdminWorld): Promise<void> {
  for (let n = 0; n < OVERVIEW_HEADS_MAX + 10; n++) {
    await world.clock.advance(1);
    const failure = { f: { count: 1, failure: { code: 500, message: `no answer from ${n}` } } };
    await world.invocation({ s: n === 0 ? "paused" : "suspended", ...failure }, "POST /T/hello/send");
  }
  // It registers what is served.
  await world.ask("GET /version");
}

test("it has the oldest open ones and says that it is not all; what has ended is not known", async () => {
  const world = new AdminWorld(["open"]);
  await populated(world);
  const { status, body } = await world.ask("GET /overview");
  expect(status).toBe(200);
  expect(body).toMatchObject({
    counts: { paused: 1, suspended: OVERVIEW_HEADS_MAX - 1 },
    ...{ complete: false, source: "index", minutes: null },
    handlers: [
      {
        ...{ service: "T", handler: "hello", in_flight: OVERVIEW_HEADS_MAX },
        ...{ ended: null, failed: null, p50_ms: null, p95_ms: null, attempts: null },
      },
    ],
    attention: [{ status: "paused", count: 1, error: "no answer from 0" }],
  });
});

test("it reads at most so many heads, and once a minute however often it is asked", async () => {
  const world = new AdminWorld(["open"]);
  await populated(world);
  world.items.resetCounts();
  const reads = (): number => world.items.counts.gets.journal;
  await Promise.all([world.ask("GET /overview"), world.ask("GET /overview")]);
  const once = reads();
  expect(once).toBe(OVERVIEW_HEADS_MAX);
  expect(world.items.counts.scans.journal).toBe(0);
  await world.clock.advance(OVERVIEW_KEPT_MS - 1);
  await world.ask("GET /overview");
  expect(reads()).toBe(once);
  await world.clock.advance(1);
  await world.ask("GET /overview");
  expect(reads()).toBe(2 * once);
});

test("without an index of what is open it reads nothing, and says that it does not know", async () => {
  const world = new AdminWorld();
  await populated(world);
  world.items.resetCounts();
  expect((await world.ask("GET /overview")).body).toMatchObject({
    ...{ counts: null, handlers: null, attention: null, minutes: null, complete: false },
  });
  expect(world.items.counts).toMatchObject({ gets: { journal: 0 }, scans: { journal: 0 }, listed: 0 });
});
