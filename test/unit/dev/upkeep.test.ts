/** Looking after many kept invocations is not felt by anybody else. */
import { setImmediate as turnOfLoop } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { systemEntropy } from "../../../lib/entropy.ts";
import { HEADS_PAGE } from "../../../lib/limits/local.ts";
import { newHead } from "../../../lib/model/head.ts";
import { headKey, HEAD } from "../../../lib/model/head-keys.ts";
import { invocationId, type InvocationId } from "../../../lib/model/ids.ts";
import type { Attributes } from "../../../lib/model/item.ts";
import { decodeMessage, type Outgoing } from "../../../lib/model/message.ts";
import { type LogLevel, silentLogger } from "../../../lib/ports.ts";
import { shardsOf } from "../../../lib/model/listing.ts";
import { type LeftOver, Upkeep } from "../../../runtime/dev/upkeep.ts";
import { openDatabase } from "../../../runtime/local/database.ts";
import { LocalItemStore } from "../../../runtime/local/item-store.ts";
import { LocalMailbox } from "../../../runtime/local/mailbox.ts";
import { ManualClock } from "../local/manual-clock.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const idOf = (n: number): InvocationId => {
  const unique = Buffer.alloc(14);
  unique.writeUInt32BE(n, 10);
  return invocationId("Noop", undefined, unique);
};

type Changes = { readonly [name: string]: number | string };

function headOf(n: number, acceptedAtMs: number, changes: Changes): Attributes {
  const start = {
    kind: "start",
    ...{ id: idOf(n), incarnation: 0, origin: `o${n}`, acceptedAtMs, headers: {} },
    ...{ target: { service: "Noop", handler: "call" }, input: new Uint8Array(10) },
  } as const;
  return { ...newHead(start, { deployment: "dp" }), ...changes };
}

function world() {
  const clock = new ManualClock(Date.UTC(2026, 0, 1));
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const items = new LocalItemStore(database, clock);
  const mailbox = new LocalMailbox(database, clock);
  const sent: Outgoing[] = [];
  const sendBatch = mailbox.sendBatch.bind(mailbox);
  mailbox.sendBatch = async (batch) => {
    sent.push(...batch);
    return await sendBatch(batch);
  };
  const upkeep = new Upkeep({ items, mailbox, clock, entropy: systemEntropy, logger: silentLogger });
  onTestFinished(() => upkeep.stop());
  const put = async (n: number, changes: Changes, acceptedAtMs = clock.now() - HOUR_MS): Promise<void> =>
    void (await items.write({
      op: "put",
      key: headKey(idOf(n)),
      attributes: headOf(n, acceptedAtMs, changes),
    }));
  const poked = (): string[] => sent.splice(0).map(({ body }) => decodeMessage(body).id);
  return { clock, database, items, upkeep, put, poked };
}

const suspended = { s: "suspended" };
const ended = { s: "completed" };

/** Runs `work`, and answers how often the event loop turned meanwhile. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  const running = new Set([work]);
  let turns = 0;
  void work.finally(() => running.clear());
  while (running.size > 0) {
    await turnOfLoop();
    turns++;
  }
  await work;
  return turns;
}

test("the event loop turns between two pages of a scan, a query, a pass and a count", async () => {
  const { items, upkeep, put, clock } = world();
  const pages = 10;
  await Promise.all(
    Array.from({ length: pages * HEADS_PAGE }, (_, n) => put(n, n % 2 === 0 ? suspended : ended)),
  );
  clock.set(clock.now() + 1);
  const scan = async (): Promise<void> => {
    let after: string | undefined;
    do {
      const page = await items.scan("journal", HEAD, {
        limit: HEADS_PAGE,
        ...(after === undefined ? {} : { after }),
      });
      after = page.next;
    } while (after !== undefined);
  };
  expect(await turnsDuring(scan())).toBeGreaterThanOrEqual(pages - 1);
  const left = await new Promise<LeftOver>((resolve) => upkeep.start(resolve));
  expect(left).toEqual({ invocations: (pages * HEADS_PAGE) / 2, messages: 0 });
  // Once a day every head, otherwise the lists of open ones.
  expect(await turnsDuring(upkeep.run())).toBeGreaterThanOrEqual(pages - 1);
  const again = await turnsDuring(upkeep.run());
  expect(again).toBeGreaterThanOrEqual(pages / 2 - 1);
  expect(again).toBeLessThan(pages - 1);
});

test("what is open and stuck is poked each time", async () => {
  const { put, upkeep, clock, poked } = world();
  await put(1, { s: "accepted", u: clock.now() - DAY_MS });
  await put(2, suspended);
  await put(3, ended);
  await upkeep.run();
  expect(poked()).toEqual([idOf(1)]);
  await upkeep.run();
  expect(poked()).toEqual([idOf(1)]);
});

test("what has ended and is kept for long is renewed once a day, and nothing expired is deleted before", async () => {
  const { put, upkeep, clock, poked, items } = world();
  const acceptedAtMs = clock.now() - 27 * DAY_MS;
  await put(1, { ...ended, e: clock.now() + 90 * DAY_MS, p: 3 }, acceptedAtMs);
  const key = { table: "journal", pk: "x", sk: "x" } as const;
  await items.write({ op: "put", key, attributes: { ttl: 1 } });
  await upkeep.run();
  expect(poked()).toEqual([idOf(1)]);
  expect(await items.get(key)).toBeDefined();
  await upkeep.run();
  expect(poked()).toEqual([]);
  expect(await items.get(key)).toBeUndefined();
  clock.set(clock.now() + DAY_MS + 1);
  await upkeep.run();
  expect(poked()).toEqual([idOf(1)]);
});

test("the lists of an older data file are made right before they are used", async () => {
  const { database, put, upkeep, clock, poked, items } = world();
  await put(1, { s: "accepted", u: clock.now() - DAY_MS });
  await put(2, ended);
  // As versions have left it: one is missing, one is in the wrong part.
  const [row] = database.prepare("SELECT place FROM listing WHERE shard LIKE 'ended%'").all();
  database
    .prepare("UPDATE listing SET shard = 'open' || substr(shard, 6) WHERE place = ?")
    .run(row?.["place"] ?? "");
  database.prepare("DELETE FROM listing WHERE place <> ?").run(row?.["place"] ?? "");
  expect((await items.listing.open(undefined, 10)).found).toHaveLength(1);
  await upkeep.run();
  expect(poked()).toEqual([idOf(1)]);
  const { found } = await items.listing.open(undefined, 10);
  expect(found.map(({ partition }) => partition)).toEqual([headKey(idOf(1)).pk]);
  const lists = await Promise.all(
    shardsOf("Noop").map((shard) =>
      items.listing.heads("ended", shard, { fromMs: 0, untilMs: 10 ** 14, limit: 9 }),
    ),
  );
  expect(lists.flatMap(({ entries }) => entries.map(({ id }) => id))).toEqual([idOf(2)]);
});

test("a head that cannot be read is logged, and the others are looked after", async () => {
  const { items, clock } = world();
  const logged: [LogLevel, string][] = [];
  const logger = { log: (level: LogLevel, message: string) => void logged.push([level, message]) };
  const mailbox = new LocalMailbox(openDatabase(":memory:"));
  await items.write({ op: "put", key: headKey(idOf(1)), attributes: { s: 5 } });
  await new Upkeep({ items, mailbox, clock, entropy: systemEntropy, logger }).run();
  expect(logged[0]).toEqual(["error", "a head cannot be read, so it is not looked after"]);
});
