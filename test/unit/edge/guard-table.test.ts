/** Guards in a table, and the pass that looks through it: docs/decisions/0056-guards-in-a-table.md. */
import { expect, test } from "vitest";
import { OperationalError } from "../../../lib/errors.ts";
import {
  GUARD_AHEAD_MS,
  GUARD_ITEM_BYTES_MAX,
  GUARD_KEPT_MS,
  GUARD_PAGE,
  GUARD_PASS_KNOWN_MS,
  GUARD_PASS_LATE_MS,
  GUARD_PASSES_MS,
  GUARD_SETTLED_MS,
  GUARD_SHARDS,
  GUARD_TABLE_MS_MIN,
  GUARDS_FOR_PASS_MIN,
} from "../../../lib/limits/guards.ts";
import { headAttributes, newHead } from "../../../lib/model/head.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { invocationId } from "../../../lib/model/ids.ts";
import { decodeMessage, type Outgoing, type Start } from "../../../lib/model/message.ts";
import { success } from "../../../lib/model/outcome.ts";
import type { Write } from "../../../lib/model/item.ts";
import { guardTimer, mayBeGuard } from "../../../lib/store/guard.ts";
import {
  GUARD_PASS_KEY,
  guardItem,
  type GuardPasses,
  GuardTable,
  passesIn,
  passesItem,
  passIn,
  passMessage,
} from "../../../lib/store/guard-table.ts";
import { revivePasses } from "../../../runtime/reconciler/guard-revival.ts";
import { TimersFunction } from "../../../runtime/timers/timers-function.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";

const MINUTE = 60_000;
const T0 = Date.UTC(2026, 0, 1);

function startOf(number: number, input = new Uint8Array(0)): Start {
  const unique = new Uint8Array(14).fill(number % 256);
  unique[0] = Math.floor(number / 256);
  return {
    ...{ kind: "start", id: invocationId("T", undefined, unique), incarnation: 0, origin: "o" },
    ...{ target: { service: "T", handler: "hello" }, input, headers: {}, acceptedAtMs: 1 },
  };
}

class World {
  readonly items = new MemoryItemStore();
  readonly queued: { readonly atMs: number; readonly message: Outgoing }[] = [];
  readonly sent: Outgoing[] = [];
  readonly logged: string[] = [];
  nowMs = T0;
  readonly clock = { now: () => this.nowMs, after: () => () => undefined };
  readonly timers = { schedule: async (timer: (typeof this.queued)[number]) => void this.queued.push(timer) };
  /** Called before each write of the table. */
  onWrite: (write: Write) => void = () => undefined;
  readonly table = new GuardTable({
    items: {
      get: async (key) => await this.items.get(key),
      write: async (write) => {
        this.onWrite(write);
        return await this.items.write(write);
      },
    },
    timers: this.timers,
    clock: this.clock,
  });

  /** Sets a guard that is due in so long. */
  async guards(number: number, inMs: number, input?: Uint8Array<ArrayBuffer>): Promise<string> {
    const timer = guardTimer(startOf(number, input), { name: `g${number}`, atMs: this.nowMs + inMs });
    await this.table.schedule(timer);
    return timer.message.dedup;
  }

  readonly #function = new TimersFunction({
    items: this.items,
    mailbox: { sendBatch: async (batch) => (this.sent.push(...batch), []) },
    timers: { schedule: async (timer) => await this.timers.schedule(timer) },
    passTimers: { schedule: async (timer) => await this.timers.schedule(timer) },
    clock: this.clock,
    logger: { log: (level, message) => void this.logged.push(`${level}: ${message}`) },
    hasGuardTable: true,
  });

  /** What comes out of the queue goes to the function. */
  async comes(timer: (typeof this.queued)[number]): Promise<void> {
    await this.#function.take(timer, this.nowMs + 25_000);
  }

  /** The next pass. What it sets in the queue, but for the pass after it, is left there. */
  async pass(): Promise<void> {
    const { number } = await this.said();
    await this.comes({ atMs: this.nowMs, message: passMessage(number + 1) });
  }

  async said(): Promise<GuardPasses> {
    return passesIn(await this.items.get(GUARD_PASS_KEY)) ?? { number: 0, doneMs: 0, untilMs: 0 };
  }
  get guardsInQueue(): string[] {
    return this.queued.flatMap(({ message }) => (passIn(message) === undefined ? message.dedup : []));
  }
  get passesInQueue(): { readonly pass: number | undefined; readonly inMs: number }[] {
    return this.queued.flatMap(({ atMs, message }) =>
      passIn(message) === undefined ? [] : { pass: passIn(message), inMs: atMs - this.nowMs },
    );
  }

  async ends(number: number): Promise<void> {
    const start = startOf(number);
    const ended = headAttributes({ status: "completed", outcome: success() });
    await this.items.write({
      op: "put",
      key: headKey(start.id),
      attributes: { ...newHead(start, {}), ...ended },
    });
  }

  get inTable(): number {
    return this.items.counts.writes.guards - this.#said;
  }
  #said = 0;
  async says(passes: GuardPasses): Promise<void> {
    this.#said++;
    await this.items.write(passesItem(passes));
  }
}

/** A world in which a pass has just been, and more are promised. */
async function passing(promisedMs = GUARD_PASSES_MS): Promise<World> {
  const world = new World();
  await world.says({ number: 7, doneMs: T0 + GUARD_AHEAD_MS, untilMs: T0 + promisedMs });
  return world;
}

test("a guard goes to the table while passes are promised, and to no queue", async () => {
  const world = await passing();
  await world.guards(1, MINUTE);
  expect([world.inTable, world.queued]).toEqual([1, []]);
});

test.each<[string, (world: World) => unknown]>([
  ["no pass has ever come", (world) => world.items.write({ op: "delete", key: GUARD_PASS_KEY })],
  [
    "the last pass is long ago",
    (world) =>
      world.says({ number: 7, doneMs: T0 + GUARD_AHEAD_MS - GUARD_PASS_LATE_MS - 1, untilMs: T0 + 9e9 }),
  ],
  [
    "it is due when no more passes are promised",
    (world) => world.says({ number: 7, doneMs: T0 + GUARD_AHEAD_MS, untilMs: T0 + MINUTE }),
  ],
  [
    "the table cannot be read",
    (world) => {
      world.items.get = async () => await Promise.reject(new OperationalError("throttled", "no"));
    },
  ],
  [
    "the table is gone",
    (world) => {
      world.onWrite = () => {
        throw Object.assign(new Error("no table"), { name: "ResourceNotFoundException" });
      };
    },
  ],
])("to the queue if %s", async (_, happens) => {
  const world = await passing();
  await happens(world);
  const dedup = await world.guards(1, MINUTE);
  expect(world.guardsInQueue).toEqual([dedup]);
});

test("what a process knows of the passes holds for some minutes, good or bad", async () => {
  const world = await passing(2 * GUARD_PASS_KNOWN_MS);
  const reads = (): number => world.items.counts.gets.guards;
  await world.guards(1, MINUTE);
  world.nowMs += GUARD_PASS_KNOWN_MS - 1;
  await world.guards(2, MINUTE);
  expect([reads(), world.inTable]).toEqual([1, 2]);
  // The passes have stopped.
  world.nowMs += 1;
  await world.guards(3, MINUTE);
  expect([reads(), world.guardsInQueue.length]).toEqual([2, 1]);
  const again = { number: 8, doneMs: world.nowMs + GUARD_AHEAD_MS, untilMs: world.nowMs + GUARD_PASSES_MS };
  await world.says(again);
  await world.guards(4, MINUTE);
  expect([reads(), world.guardsInQueue.length]).toEqual([2, 2]);
  world.nowMs += GUARD_PASS_KNOWN_MS;
  await world.says({ ...again, doneMs: world.nowMs + GUARD_AHEAD_MS });
  await world.guards(5, MINUTE);
  expect([reads(), world.guardsInQueue.length, world.inTable]).toEqual([3, 2, 3]);
});

test("one that is due too soon for a pass, one that is large, and what is no guard go to the queue", async () => {
  const world = await passing();
  await world.guards(1, GUARD_TABLE_MS_MIN - 1);
  await world.guards(2, MINUTE, new Uint8Array(GUARD_ITEM_BYTES_MAX));
  await world.table.schedule({ atMs: T0 + MINUTE, message: { group: "g", dedup: "d", body: "{}" } });
  expect([world.inTable, world.queued.length]).toEqual([0, 3]);
  await world.guards(3, GUARD_TABLE_MS_MIN);
  expect([world.inTable, world.queued.length]).toEqual([1, 3]);
});

test("one that took long to get there goes to the queue as well: a pass may have been", async () => {
  const world = await passing();
  world.onWrite = () => void (world.nowMs += MINUTE - GUARD_AHEAD_MS - GUARD_SETTLED_MS);
  await world.guards(1, MINUTE);
  expect(world.queued.length).toBe(0);
  world.onWrite = () => void (world.nowMs += MINUTE - GUARD_AHEAD_MS - GUARD_SETTLED_MS + 1);
  await world.guards(2, MINUTE);
  expect([world.inTable, world.queued.length]).toEqual([2, 1]);
});

test("a guard is deleted some days after its time", () => {
  const atMs = T0 + 1;
  const { attributes } = guardItem(guardTimer(startOf(1), { name: "g", atMs }));
  expect(attributes["ttl"]).toBe(Math.ceil((atMs + GUARD_KEPT_MS) / 1000));
});

test("a guard of an ordinary call is one write unit", () => {
  const timer = guardTimer(startOf(1, new Uint8Array(200)), { name: "abcdefgh", atMs: T0 });
  const { key, attributes } = guardItem(timer);
  const bytes = JSON.stringify({ pk: key.pk, sk: key.sk, ...attributes }).length;
  expect(bytes).toBeLessThan(1024);
});

test("a pass drops what has ended, and sends what is due", async () => {
  const world = await passing();
  const [ended, open] = [await world.guards(1, MINUTE), await world.guards(2, MINUTE)];
  await world.ends(1);
  world.nowMs += MINUTE;
  await world.pass();
  expect(world.sent.map(({ dedup }) => dedup)).toEqual([open]);
  expect(world.sent.map(({ dedup }) => dedup)).not.toContain(ended);
  expect(world.guardsInQueue).toEqual([]);
});

test("what is due soon goes to the queue, for its time; what is due later stays", async () => {
  const world = await passing();
  const [soon] = [await world.guards(1, MINUTE), await world.guards(2, 5 * MINUTE)];
  world.nowMs += MINUTE - GUARD_AHEAD_MS + 1;
  await world.pass();
  expect(world.queued.filter(({ message }) => passIn(message) === undefined)).toMatchObject([
    { atMs: T0 + MINUTE, message: { dedup: soon } },
  ]);
});

test("passes come to each guard once", async () => {
  const world = await passing();
  for (let number = 1; number <= 50; number++) await world.guards(number, MINUTE + number);
  for (let minute = 0; minute < 4; minute++) {
    world.nowMs += MINUTE / 2;
    await world.pass();
  }
  expect(world.sent.length + world.guardsInQueue.length).toBe(50);
});

test("a pass sends the next one, a minute later; a second message for it does nothing", async () => {
  const world = await passing();
  world.nowMs += MINUTE;
  const timer = { atMs: world.nowMs, message: passMessage(8) };
  await world.comes(timer);
  expect(world.passesInQueue).toEqual([{ pass: 9, inMs: MINUTE }]);
  expect(await world.said()).toMatchObject({ number: 8, doneMs: world.nowMs + GUARD_AHEAD_MS });
  await world.comes(timer);
  await world.comes({ ...timer, message: passMessage(7) });
  expect(world.passesInQueue).toHaveLength(1);
});

test("one that came early goes back", async () => {
  const world = await passing();
  await world.comes({ atMs: T0 + 1, message: passMessage(8) });
  expect(world.passesInQueue).toEqual([{ pass: 8, inMs: 1 }]);
  expect((await world.said()).number).toBe(7);
});

test("passes go on while they find guards, and end when they have kept what they promised", async () => {
  const world = await passing();
  for (let number = 0; number < GUARDS_FOR_PASS_MIN; number++) await world.guards(number, MINUTE);
  world.nowMs += MINUTE;
  await world.pass();
  const untilMs = world.nowMs + GUARD_PASSES_MS;
  expect((await world.said()).untilMs).toBe(untilMs);
  let count = 0;
  for (; world.passesInQueue.length > count; count++) {
    world.nowMs += MINUTE;
    await world.pass();
  }
  const { doneMs, untilMs: promisedMs } = await world.said();
  expect(promisedMs).toBe(untilMs);
  expect(doneMs).toBeGreaterThanOrEqual(untilMs);
  expect(count).toBe(10);
});

test("a promise is not taken back by another message of the same pass", async () => {
  const world = await passing();
  const { items } = world;
  const query = items.query.bind(items);
  items.query = async (...asked) => {
    items.query = query;
    await world.says({ number: 8, doneMs: T0 + 2 * MINUTE, untilMs: T0 + 20 * MINUTE });
    return await query(...asked);
  };
  world.nowMs += MINUTE;
  await world.pass();
  expect(await world.said()).toEqual({ number: 8, doneMs: T0 + 2 * MINUTE, untilMs: T0 + 20 * MINUTE });
});

test("passes begin when guards come often out of the queue, and not for a few", async () => {
  const world = new World();
  const guard = (number: number) => guardTimer(startOf(number), { name: `g${number}`, atMs: world.nowMs });
  for (let number = 0; number < 2 * GUARDS_FOR_PASS_MIN; number++) {
    world.nowMs += MINUTE;
    await world.comes(guard(number));
  }
  expect(world.passesInQueue).toEqual([]);
  for (let number = 0; number < GUARDS_FOR_PASS_MIN; number++) await world.comes(guard(number));
  expect(world.passesInQueue).toEqual([{ pass: 1, inMs: 0 }]);
  await world.pass();
  expect(await world.said()).toEqual({
    ...{ number: 1, doneMs: world.nowMs + GUARD_AHEAD_MS, untilMs: world.nowMs + GUARD_PASSES_MS },
  });
  for (let number = 0; number < GUARDS_FOR_PASS_MIN; number++) await world.comes(guard(number));
  expect(world.passesInQueue.map(({ pass }) => pass)).toEqual([1, 2]);
});

test("whatever is wrong with the table, a timer that is on its way does not come again", async () => {
  const world = new World();
  world.items.get = async ({ table }) =>
    await (table === "guards"
      ? Promise.reject(Object.assign(new Error("no table"), { name: "ResourceNotFoundException" }))
      : Promise.resolve(undefined));
  for (let number = 0; number < GUARDS_FOR_PASS_MIN; number++)
    await world.comes(guardTimer(startOf(number), { name: `g${number}`, atMs: T0 }));
  expect(world.sent).toHaveLength(GUARDS_FOR_PASS_MIN);
  expect(world.logged).toEqual(["warn: guards are many, and no pass could be begun"]);
});

test.each<[string, GuardPasses, readonly number[]]>([
  ["have ended", { number: 7, doneMs: T0, untilMs: T0 }, [8]],
  ["are late", { number: 7, doneMs: T0 - GUARD_PASS_LATE_MS, untilMs: T0 + 9e9 }, [8]],
  ["are there", { number: 7, doneMs: T0, untilMs: T0 + 1 }, []],
])("if passes %s", async (_, passes, begun) => {
  const world = new World();
  await world.says(passes);
  for (let number = 0; number < GUARDS_FOR_PASS_MIN; number++)
    await world.comes(guardTimer(startOf(number), { name: `g${number}`, atMs: T0 }));
  expect(world.passesInQueue.map(({ pass }) => pass)).toEqual(begun);
});

test("the reconciler goes on, whatever is wrong with the table", async () => {
  const { clock, timers } = new World();
  const logged: string[] = [];
  const ports = {
    ...{ clock, passTimers: timers },
    items: { get: async () => await Promise.reject(new Error("no table")) },
    logger: { log: (level: string, message: string) => void logged.push(`${level}: ${message}`) },
  };
  expect(await revivePasses(ports)).toBe(false);
  expect(logged).toEqual(["warn: nobody knows whether guards are passed"]);
});

test("more guards than a page holds are looked at, also of one millisecond", async () => {
  const world = await passing();
  const count = 10 * GUARD_SHARDS * GUARD_PAGE;
  for (let number = 0; number < count; number++)
    await world.items.write(
      guardItem(guardTimer(startOf(number), { name: `g${number}`, atMs: T0 + MINUTE })),
    );
  world.nowMs += MINUTE;
  await world.pass();
  expect(new Set(world.sent.map(({ dedup }) => dedup)).size).toBe(count);
});

test("a pass whose time is up says how far it is, and the next one comes at once", async () => {
  const world = await passing();
  const count = 600;
  for (let number = 0; number < count; number++)
    await world.items.write(
      guardItem(guardTimer(startOf(number), { name: `g${number}`, atMs: T0 + MINUTE + number * 100 })),
    );
  world.nowMs += 3 * MINUTE;
  const { items } = world;
  const query = items.query.bind(items);
  items.query = async (...asked) => {
    world.nowMs += 300;
    return await query(...asked);
  };
  const begunMs = world.nowMs;
  await world.pass();
  expect(world.logged).toEqual(["warn: guards wait: their passes are behind"]);
  expect(world.queued.at(-1)?.atMs).toBe(begunMs);
  const { doneMs } = await world.said();
  expect(doneMs).toBeGreaterThan(T0 + MINUTE);
  expect(doneMs).toBeLessThan(begunMs);
  items.query = query;
  await world.pass();
  expect(new Set(world.sent.map(({ dedup }) => dedup)).size).toBe(count);
});

test("what is no guard in the table stops nothing, wherever it stands", async () => {
  const world = await passing();
  const good = await world.guards(1, MINUTE);
  const block = String(T0).slice(0, 8);
  for (let number = 0; number < 3 * GUARD_PAGE; number++)
    for (const sk of [`${block}z${number}`, `${block}!${number}`, `${T0 + MINUTE}.${number} `])
      for (let shard = 0; shard < GUARD_SHARDS; shard++)
        await world.items.write({
          ...{ op: "put", key: { table: "guards", pk: `guard.${shard}`, sk } },
          attributes: { g: "g", b: '{"guard":' },
        });
  world.nowMs += MINUTE;
  await world.pass();
  expect(world.sent.map(({ dedup }) => dedup)).toEqual([good]);
  expect((await world.said()).doneMs).toBe(world.nowMs + GUARD_AHEAD_MS);
});

test.each([9, 2 ** 53, 1e308, -1, 7.5])(
  "a pass with a number that is not the next (%d) changes nothing",
  async (number) => {
    const world = await passing();
    world.nowMs += MINUTE;
    await world.comes({ atMs: world.nowMs, message: passMessage(number) }).catch(() => undefined);
    expect(await world.said()).toMatchObject({ number: 7, doneMs: T0 + GUARD_AHEAD_MS });
    expect(world.passesInQueue).toEqual([]);
    await world.pass();
    expect((await world.said()).number).toBe(8);
  },
);

test("an earlier timers' function gives a pass back: it is a guard to it that it cannot read", () => {
  const { body } = passMessage(3);
  expect(mayBeGuard(body)).toBe(true);
  expect(() => decodeMessage(body)).toThrow(TypeError);
});

test.each<[string, GuardPasses, boolean]>([
  [
    "have stopped before they had done what they promised",
    { number: 7, doneMs: T0 - MINUTE, untilMs: T0 },
    true,
  ],
  ["have done it", { number: 7, doneMs: T0, untilMs: T0 }, false],
  ["are on time", { number: 7, doneMs: T0 + 9 * MINUTE, untilMs: T0 + 20 * MINUTE }, false],
])("the reconciler sends the next pass if they %s", async (_, passes, isSent) => {
  const world = new World();
  world.nowMs += 10 * MINUTE;
  await world.says(passes);
  const { items, clock, timers } = world;
  const logger = { log: () => undefined };
  expect(await revivePasses({ items, clock, logger, passTimers: timers })).toBe(isSent);
  expect(world.passesInQueue).toEqual(isSent ? [{ pass: 8, inMs: 0 }] : []);
});

test("a guard that cannot be read does not stop the others, and goes to the queue", async () => {
  const world = await passing();
  const good = await world.guards(1, MINUTE);
  const bad = guardItem({ atMs: T0 + MINUTE, message: { group: "g", dedup: "bad", body: '{"guard":' } });
  await world.items.write(bad);
  world.nowMs += MINUTE;
  await world.pass();
  expect(world.sent.map(({ dedup }) => dedup)).toEqual([good]);
  expect(world.guardsInQueue).toEqual(["bad"]);
  expect(world.logged).toEqual(["error: a guard cannot be read"]);
});

test("a pass that fails comes again, and has not said that it is done", async () => {
  const world = await passing();
  const dedup = await world.guards(1, MINUTE);
  world.nowMs += MINUTE - 1;
  const { schedule } = world.timers;
  world.timers.schedule = async () => await Promise.reject(new OperationalError("unavailable", "no"));
  await expect(world.pass()).rejects.toThrow("no");
  expect(await world.said()).toMatchObject({ number: 7, doneMs: T0 + GUARD_AHEAD_MS });
  world.timers.schedule = schedule;
  await world.pass();
  expect(world.guardsInQueue).toEqual([dedup]);
});
