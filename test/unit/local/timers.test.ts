import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { invocationId } from "../../../lib/model/ids.ts";
import { decodeMessage, type Resume, type Start } from "../../../lib/model/message.ts";
import { outgoing } from "../../../lib/store/send.ts";
import type { Clock, Logger } from "../../../lib/ports.ts";
import { systemClock } from "../../../lib/clock.ts";
import { openDatabase } from "../../../runtime/local/database.ts";
import { LocalMailbox } from "../../../runtime/local/mailbox.ts";
import { LocalTimers } from "../../../runtime/local/timers.ts";
import { ManualClock, turns } from "./manual-clock.ts";
import { tempFolder } from "./temp-folder.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

function start<C extends Clock>(clock: C, path = ":memory:") {
  const database = openDatabase(path);
  onTestFinished(() => database.close());
  const mailbox = new LocalMailbox(database, clock);
  const fired: { readonly body: string; readonly atMs: number }[] = [];
  mailbox.consume(async (batch) => {
    fired.push(...batch.map(({ body }) => ({ body, atMs: clock.now() })));
    return [];
  });
  const timers = new LocalTimers(database, mailbox, clock);
  const schedule = (body: string, atMs: number, dedup = body) =>
    timers.schedule({ atMs, message: { group: "g", dedup, body } });
  return { database, mailbox, timers, fired, schedule, clock };
}

test("a clock that was set back is told of: sleeps end late, and that looks like a hang", async () => {
  let nowMs = 10_000_000;
  const rings: (() => void)[] = [];
  // It waits by itself, as the real one does, whatever the time of day.
  const clock: Clock = { now: () => nowMs, after: (_ms, ring) => (rings.push(ring), () => undefined) };
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const logged: unknown[] = [];
  const logger: Logger = { log: (...line) => void logged.push(line) };
  const timers = new LocalTimers(database, new LocalMailbox(database, clock), clock, logger);
  await timers.schedule({ atMs: nowMs + 2000, message: { group: "g", dedup: "d", body: "b" } });
  nowMs += 2000;
  rings.splice(0).forEach((ring) => ring());
  await turns();
  expect(logged).toEqual([]);
  await timers.schedule({ atMs: nowMs + 2000, message: { group: "g", dedup: "e", body: "b" } });
  nowMs += 2000 - 7_200_000;
  rings.splice(0).forEach((ring) => ring());
  await turns();
  const words = "the clock was set back: sleeps end when it has caught up";
  expect(logged).toEqual([["warn", words, { byMs: 7_200_000 }]]);
});

describe("firing", () => {
  test("each timer when it is due, not a millisecond before", async () => {
    const clock = new ManualClock(0);
    const { fired, schedule } = start(clock);
    await schedule("c", 300);
    await schedule("a", 100);
    await schedule("b", 200.4);
    await clock.advance(99);
    expect(fired).toEqual([]);
    await clock.advance(1);
    expect(fired).toEqual([{ body: "a", atMs: 100 }]);
    await clock.advance(1000);
    expect(fired.map(({ body, atMs }) => [body, atMs])).toEqual([
      ["a", 100],
      ["b", 201],
      ["c", 300],
    ]);
  });

  test("one that is due already fires at once, and many at the same time all do", async () => {
    const clock = new ManualClock();
    const { fired, schedule, database } = start(clock);
    await Promise.all(Array.from({ length: 500 }, (_, index) => schedule(`t${index}`, clock.now() - index)));
    await clock.advance(0);
    await clock.advance(0);
    expect(new Set(fired.map(({ body }) => body)).size).toBe(500);
    expect(fired.length).toBe(500);
    expect(database.prepare("SELECT count(*) AS n FROM timers").get()).toEqual({ n: 0 });
  });

  test("an alarm that rings early, or a clock that is set back, fires nothing early", async () => {
    const clock = new ManualClock(0);
    const { fired, schedule } = start(clock);
    await schedule("a", 1000);
    clock.set(500);
    await clock.advance(499);
    expect(fired).toEqual([]);
    // The alarm rings in real time, but the clock was set back meanwhile.
    const [ring = 0] = clock.waits();
    clock.set(-2000);
    await clock.advance(ring);
    expect(fired).toEqual([]);
    await clock.advance(10_000);
    expect(fired).toEqual([{ body: "a", atMs: 1000 }]);
  });

  test("a year is waited for in pieces that setTimeout can take", async () => {
    const clock = new ManualClock(0);
    const { fired, schedule } = start(clock);
    await schedule("year", 365 * DAY_MS);
    expect(clock.waits()).toEqual([2 ** 31 - 1]);
    await clock.advance(365 * DAY_MS - 1);
    expect(fired).toEqual([]);
    await clock.advance(1);
    expect(fired).toEqual([{ body: "year", atMs: 365 * DAY_MS }]);
  });

  test("the same deduplication id: the last one counts, once", async () => {
    const clock = new ManualClock(0);
    const { fired, schedule } = start(clock);
    await schedule("old", 100, "same");
    await schedule("new", 200, "same");
    await schedule("new", 200, "same");
    await clock.advance(1000);
    expect(fired).toEqual([{ body: "new", atMs: 200 }]);
  });

  test("one that is taken back does not fire", async () => {
    const { timers, fired, schedule, clock } = start(new ManualClock(0));
    await schedule("a", 100);
    await schedule("b", 200);
    await timers.cancel({ message: { group: "g", dedup: "a", body: "a" } });
    await clock.advance(200);
    expect(fired).toEqual([{ body: "b", atMs: 200 }]);
  });

  test("never early by the real clock either", async () => {
    const { fired, schedule } = start(systemClock);
    const dueMs = new Map<string, number>();
    await Promise.all(
      Array.from({ length: 60 }, (_, index) => {
        const atMs = Date.now() + 5 + index * 2 + Math.random();
        dueMs.set(`t${index}`, atMs);
        return schedule(`t${index}`, atMs);
      }),
    );
    await expect.poll(() => fired.length).toBe(60);
    for (const { body, atMs } of fired) expect(atMs).toBeGreaterThanOrEqual(dueMs.get(body) ?? Infinity);
  });
});

describe("restart", () => {
  test("timers outlive it; those that came due meanwhile fire at once, the others in time", async () => {
    const path = join(tempFolder(), "dev.db");
    const clock = new ManualClock(0);
    const before = start(clock, path);
    await before.schedule("missed", 100);
    await before.schedule("later", 500);
    before.database.close();
    expect(clock.waits()).toEqual([]);
    await clock.advance(300);
    expect(before.fired).toEqual([]);

    const after = start(clock, path);
    await clock.advance(0);
    expect(after.fired).toEqual([{ body: "missed", atMs: 300 }]);
    await clock.advance(199);
    expect(after.fired.length).toBe(1);
    await clock.advance(1);
    expect(after.fired[1]).toEqual({ body: "later", atMs: 500 });
  });

  test("guards of turns of an earlier engine are due at the start, and nothing else is", async () => {
    const path = join(tempFolder(), "dev.db");
    const clock = new ManualClock(0);
    const before = start(clock, path);
    const id = invocationId("S", undefined, Buffer.alloc(14));
    const guard: Resume = { kind: "resume", id, incarnation: 1, guard: "abc", dueAtMs: 60_000 };
    const sleep: Resume = { kind: "resume", id, dueAtMs: 60_000 };
    const atDoor: Start = {
      ...{
        kind: "start",
        id,
        incarnation: 1,
        origin: "o",
        acceptedAtMs: 0,
        target: { service: "S", handler: "h" },
      },
      ...{ input: new Uint8Array(0), headers: {}, guard: "door", guardAtMs: 60_000 },
    };
    for (const [message, cause] of [
      [guard, "a"],
      [sleep, "b"],
      [atDoor, "c"],
    ] as const)
      await before.timers.schedule({ atMs: 60_000, message: outgoing(message, cause) });
    await clock.advance(100);
    before.database.close();

    const after = start(clock, path);
    await after.timers.releaseGuards();
    await clock.advance(0);
    await turns();
    const [first, second] = after.fired.map(({ body }) => decodeMessage(body));
    const { dueAtMs: _, ...dueGuard } = guard;
    const { guardAtMs: __, ...dueStart } = atDoor;
    expect([first, second].toSorted((a, b) => ((a?.kind ?? "") < (b?.kind ?? "") ? -1 : 1))).toEqual([
      dueGuard,
      dueStart,
    ]);
    await clock.advance(60_000);
    expect(after.fired.length).toBe(3);
  });

  test("a stopped set of timers fires nothing, and loses nothing", async () => {
    const clock = new ManualClock(0);
    const { database, mailbox, timers, fired, schedule } = start(clock);
    await schedule("a", 100);
    timers.stop();
    await schedule("b", 100);
    await clock.advance(1000);
    expect(fired).toEqual([]);
    expect(new LocalTimers(database, mailbox, clock)).toBeDefined();
    await clock.advance(0);
    await turns();
    expect(fired.map(({ body }) => body).toSorted()).toEqual(["a", "b"]);
  });
});
