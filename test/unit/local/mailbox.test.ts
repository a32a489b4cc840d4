import { describe, expect, onTestFinished, test } from "vitest";
import { InvariantError } from "../../../lib/errors.ts";
import { SQS_DEDUP_MS } from "../../../lib/limits/aws.ts";
import type { Incoming } from "../../../lib/model/message.ts";
import type { Logger } from "../../../lib/ports.ts";
import { openDatabase } from "../../../runtime/local/database.ts";
import { LocalMailbox } from "../../../runtime/local/mailbox.ts";
import { ManualClock, turns } from "./manual-clock.ts";

/** `jumps`: its clock may, and the stopwatch beside it does not. */
function setUp({ jumps = false } = {}) {
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const clock = new ManualClock();
  const logged: string[] = [];
  const logger: Logger = { log: (level, message) => logged.push(`${level}: ${message}`) };
  const stopwatch = new ManualClock();
  const mailbox = new LocalMailbox(database, clock, logger, jumps ? stopwatch : clock);
  let sent = 0;
  const send = (group: string, body: string, dedup = `d${sent++}`) =>
    mailbox.sendBatch([{ group, dedup, body }]);
  const rows = (table: string) => Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.["n"]);
  return { database, clock, stopwatch, mailbox, send, logged, rows };
}

const bodies = (batch: readonly Incoming[]): string => batch.map(({ body }) => body).join(" ");

/** A handler whose batches end when the test says so. */
function heldHandler() {
  const calls: {
    readonly batch: readonly Incoming[];
    readonly answer: (failed: readonly string[]) => void;
  }[] = [];
  const handler = (batch: readonly Incoming[]) =>
    new Promise<readonly string[]>((resolve) => calls.push({ batch, answer: resolve }));
  return { calls, handler };
}

describe("handing out", () => {
  test("a group's messages come in order, ten at a time, and are then gone", async () => {
    const { mailbox, send, rows } = setUp();
    for (let index = 0; index < 25; index++) await send("g", String(index));
    const batches: (readonly Incoming[])[] = [];
    mailbox.consume(async (batch) => {
      batches.push(batch);
      return [];
    });
    expect(mailbox.depth()).toBe(25);
    await mailbox.idle();
    expect(batches.map((batch) => batch.length)).toEqual([10, 10, 5]);
    expect(batches.flat().map(({ body }) => Number(body))).toEqual(
      Array.from({ length: 25 }, (_, index) => index),
    );
    const sequences = batches.flat().map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.toSorted());
    expect(new Set(sequences.map((sequence) => sequence.length))).toEqual(new Set([20]));
    expect(batches.flat().every(({ group, receiveCount }) => group === "g" && receiveCount === 1)).toBe(true);
    expect([mailbox.depth(), rows("messages")]).toEqual([0, 0]);
  });

  test("a message is handed out after its commit, within the same breath", async () => {
    const { mailbox, send } = setUp();
    const seen: string[] = [];
    mailbox.consume(async (batch) => {
      seen.push(bodies(batch));
      return [];
    });
    const sending = send("g", "a");
    await Promise.resolve();
    expect(seen).toEqual([]);
    await sending;
    await Promise.resolve();
    expect(seen).toEqual(["a"]);
  });

  test("a group is locked while a batch is out, and others go on", async () => {
    const { mailbox, send } = setUp();
    const { calls, handler } = heldHandler();
    mailbox.consume(handler);
    await send("g", "g1");
    await turns();
    await send("g", "g2");
    await send("h", "h1");
    await turns();
    expect(calls.map(({ batch }) => bodies(batch))).toEqual(["g1", "h1"]);
    calls[0]?.answer([]);
    await turns();
    expect(calls.map(({ batch }) => bodies(batch))).toEqual(["g1", "h1", "g2"]);
  });

  test("up to `concurrency` groups at a time, in fair turn", async () => {
    const { mailbox, send } = setUp();
    const { calls, handler } = heldHandler();
    for (let index = 0; index < 15; index++) await send("busy", `b${index}`);
    await send("x", "x");
    await send("y", "y");
    mailbox.consume(handler, { concurrency: 2 });
    await turns();
    expect(calls.map(({ batch }) => batch[0]?.group)).toEqual(["busy", "x"]);
    calls[0]?.answer([]);
    await turns();
    expect(calls.map(({ batch }) => batch[0]?.group)).toEqual(["busy", "x", "y"]);
    calls[1]?.answer([]);
    await turns();
    expect(calls.map(({ batch }) => batch[0]?.group)).toEqual(["busy", "x", "y", "busy"]);
  });

  test("a long backlog of one group, sent to while it is drained, keeps its order", async () => {
    const { mailbox } = setUp();
    let sent = 0;
    const sendSome = (count: number) =>
      Promise.all(
        Array.from({ length: count }, () => {
          const body = String(sent++);
          return mailbox.sendBatch([{ group: "g", dedup: body, body }]);
        }),
      );
    await sendSome(3000);
    const seen: number[] = [];
    mailbox.consume(async (batch) => {
      seen.push(...batch.map(({ body }) => Number(body)));
      if (sent < 5000) void sendSome(10);
      return [];
    });
    await mailbox.idle();
    expect(seen).toEqual(Array.from({ length: sent }, (_, index) => index));
  });

  test("a sequence never comes back, not even when the table was empty at a restart", async () => {
    const { database, mailbox, send, clock } = setUp();
    const sequences: string[] = [];
    const handler = async (batch: readonly Incoming[]) => {
      sequences.push(...batch.map(({ sequence }) => sequence));
      return [];
    };
    mailbox.consume(handler);
    await send("g", "a");
    await mailbox.idle();
    const next = new LocalMailbox(database, clock);
    next.consume(handler);
    await next.sendBatch([{ group: "g", dedup: "later", body: "b" }]);
    await next.idle();
    expect(new Set(sequences).size).toBe(2);
    expect(sequences).toEqual(sequences.toSorted());
  });
});

describe("redelivery", () => {
  test("what failed comes again before later messages, after pauses that grow and are reset by progress", async () => {
    const { mailbox, send, clock } = setUp();
    for (const body of ["a", "b", "c"]) await send("g", body);
    const { calls, handler } = heldHandler();
    mailbox.consume(handler);
    await turns();
    // The only wait is the group's pause.
    const failAndPause = async (failed: (batch: readonly Incoming[]) => readonly Incoming[]) => {
      const { batch, answer } = calls.at(-1) ?? expect.unreachable();
      answer(failed(batch).map(({ messageId }) => messageId));
      await turns();
      await send("g", `later${calls.length}`);
      const handedOut = calls.length;
      const [pause = 0] = clock.waits();
      await clock.advance(pause - 1);
      expect(calls.length).toBe(handedOut);
      await clock.advance(1);
      expect(calls.length).toBe(handedOut + 1);
      return pause;
    };
    expect(await failAndPause((batch) => batch.slice(1))).toBe(50);
    expect(bodies(calls.at(-1)?.batch ?? [])).toBe("b c later1");
    expect(calls.at(-1)?.batch.map(({ receiveCount }) => receiveCount)).toEqual([2, 2, 1]);
    const pauses: number[] = [];
    for (let round = 0; round < 8; round++) pauses.push(await failAndPause((batch) => batch));
    expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    expect(
      calls
        .at(-1)
        ?.batch.map(({ receiveCount }) => receiveCount)
        .slice(0, 2),
    ).toEqual([10, 10]);
    expect(await failAndPause((batch) => batch.slice(1))).toBe(50);
    expect(calls.at(-1)?.batch[0]?.body).toBe("c");
  });

  test.each([
    ["throws", () => Promise.reject(new Error("boom"))],
    [
      "throws at once",
      (): Promise<string[]> => {
        throw new Error("boom");
      },
    ],
    ["names a message that it was not given", () => Promise.resolve(["message-999"])],
  ])("a handler that %s has failed for all", async (_, fail) => {
    const { mailbox, send, clock, logged } = setUp();
    const seen: string[] = [];
    mailbox.consume((batch) => {
      seen.push(bodies(batch));
      return seen.length === 1 ? fail() : Promise.resolve([]);
    });
    await Promise.all([send("g", "a"), send("g", "b")]);
    await clock.advance(50);
    expect(seen).toEqual(["a b", "a b"]);
    expect(mailbox.depth()).toBe(0);
    expect(logged).toEqual(["warn: a batch of the mailbox failed"]);
  });

  test("a group that pauses holds nobody up", async () => {
    const { mailbox, send } = setUp();
    const seen: string[] = [];
    mailbox.consume(
      async (batch) => {
        seen.push(bodies(batch));
        return batch.filter(({ group }) => group === "bad").map(({ messageId }) => messageId);
      },
      { concurrency: 1 },
    );
    await send("bad", "x");
    await send("good", "y");
    await turns();
    expect(seen).toEqual(["x", "y"]);
  });
});

describe("deduplication", () => {
  test("lasts as long when the clock jumps: two may send the same one beside each other", async () => {
    const { clock, stopwatch, mailbox, send } = setUp({ jumps: true });
    await send("g", "one", "same");
    clock.set(clock.now() + 10 * SQS_DEDUP_MS);
    await send("g", "again", "same");
    expect(mailbox.depth()).toBe(1);
    stopwatch.set(stopwatch.now() + SQS_DEDUP_MS);
    await send("g", "later", "same");
    expect(mailbox.depth()).toBe(2);
  });

  test("an id is swallowed for five minutes, across a restart, and remembered no longer", async () => {
    const { database, mailbox, send, clock, rows } = setUp();
    await send("g", "first", "same");
    await send("h", "again", "same");
    expect(mailbox.depth()).toBe(1);
    await clock.advance(5 * 60_000 - 1);
    const restarted = new LocalMailbox(database, clock);
    expect(await restarted.sendBatch([{ group: "g", dedup: "same", body: "again" }])).toEqual([]);
    expect(restarted.depth()).toBe(1);
    await clock.advance(1);
    await restarted.sendBatch([{ group: "g", dedup: "same", body: "new" }]);
    expect(restarted.depth()).toBe(2);

    for (let index = 0; index < 500; index++) await send("g", "x", `many${index}`);
    await clock.advance(5 * 60_000);
    for (let index = 0; index < 10; index++) await send("g", "x", `fresh${index}`);
    expect(rows("dedups")).toBe(10);
  });
});

describe("stopping, starting and bounds", () => {
  test("stop hands out no more and waits for what is out, up to its limit", async () => {
    const { mailbox, send, clock, rows } = setUp();
    const { calls, handler } = heldHandler();
    mailbox.consume(handler);
    await send("g", "a");
    await turns();
    let stopped = 0;
    const stops = [mailbox.stop(1000).then(() => stopped++), mailbox.stop(5000).then(() => stopped++)];
    await send("g", "b");
    await send("h", "c");
    await clock.advance(1000);
    expect([stopped, calls.length]).toEqual([1, 1]);
    calls[0]?.answer([]);
    await Promise.all(stops);
    expect([calls.length, mailbox.depth(), rows("messages")]).toEqual([1, 2, 2]);
    expect(clock.waits()).toEqual([]);

    mailbox.consume(handler);
    await turns();
    expect(calls.map(({ batch }) => bodies(batch))).toEqual(["a", "c", "b"]);
  });

  test("one consumer only", () => {
    const { mailbox } = setUp();
    mailbox.consume(async () => []);
    expect(() => mailbox.consume(async () => [])).toThrow(InvariantError);
  });

  test("messages of before count as received once", async () => {
    const { database, send, clock } = setUp();
    await send("g", "a");
    const restarted = new LocalMailbox(database, clock);
    await restarted.sendBatch([{ group: "g", dedup: "b", body: "b" }]);
    const counts: number[] = [];
    restarted.consume(async (batch) => {
      counts.push(...batch.map(({ receiveCount }) => receiveCount));
      return [];
    });
    await restarted.idle();
    expect(counts).toEqual([2, 1]);
  });

  test("a batch that breaks a rule is refused as a whole", async () => {
    const { mailbox } = setUp();
    const message = (group: string, body = "x") => ({ group, dedup: `d.${group}`, body });
    await expect(mailbox.sendBatch([message("g"), message("g")])).rejects.toThrow(/R13/);
    await expect(mailbox.sendBatch(Array.from({ length: 11 }, (_, i) => message(`g${i}`)))).rejects.toThrow(
      /R13/,
    );
    await expect(mailbox.sendBatch([message("g".repeat(129))])).rejects.toThrow(/128/);
    await expect(
      mailbox.sendBatch([message("a"), message("g", "x".repeat(1024 * 1024 + 1))]),
    ).rejects.toMatchObject({
      code: "too-large",
    });
    expect(mailbox.depth()).toBe(0);
  });

  test("closing the database ends the pauses, so that a process can end", async () => {
    const { database, mailbox, send, clock } = setUp();
    mailbox.consume(() => Promise.reject(new Error("boom")));
    await send("g", "a");
    await turns();
    expect(clock.waits()).toEqual([50]);
    database.close();
    expect(clock.waits()).toEqual([]);
  });
});

test("of a message that nobody sends again no deduplication id is kept", async () => {
  const database = openDatabase(":memory:");
  onTestFinished(() => database.close());
  const mailbox = new LocalMailbox(database);
  await mailbox.sendBatch([
    { group: "a", dedup: "1", body: "once", isUnique: true },
    { group: "b", dedup: "2", body: "perhaps again" },
  ]);
  await mailbox.sendBatch([{ group: "b", dedup: "2", body: "perhaps again" }]);
  expect(mailbox.depth()).toBe(2);
  expect(database.prepare("SELECT dedup FROM dedups").all()).toEqual([{ dedup: "2" }]);
});
