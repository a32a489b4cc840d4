/** P1, R16: what does not fit is told, paused or set aside, and never given back for ever. */
import { service, workflow, type Context, type WorkflowContext, type WorkflowSharedContext } from "perdure";
import { beforeEach, describe, expect, test } from "vitest";
import { OperationalError } from "../../../lib/errors.ts";
import {
  CLOCK_SKEW_MS,
  MAILBOX_RETENTION_MS,
  NOTES_HELD_MAX,
  NOTES_RETRY_MS,
  NOTES_RETRY_MS_MAX,
  REFUSALS_MAX,
  REPLIES_MAX,
  WAITERS_MAX,
} from "../../../lib/limits.ts";
import { HEAD_ATTRIBUTE, headAttributes, newStub } from "../../../lib/model/head.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { invocationId, type InvocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Attach, Notify, Start } from "../../../lib/model/message.ts";
import type { TurnOutcome } from "../../../lib/protocol.ts";
import { readHeadOrStub } from "../../../lib/store/head-store.ts";
import { createHead } from "../../../lib/store/head/births.ts";
import { pause } from "../../../lib/store/head/rest.ts";
import { DispatcherWorld } from "./dispatcher-world.ts";

const worker = service({
  name: "Worker",
  handlers: {
    waits: async (ctx: Context) => await ctx.signal<string>("go"),
    quick: async () => await Promise.resolve("done"),
    step: async (ctx: Context) => await ctx.run("step", async () => await inStep()),
  },
});
const flow = workflow({
  name: "Flow",
  handlers: {
    run: async (ctx: WorkflowContext) => await ctx.promise<string>("p"),
    join: async (ctx: WorkflowSharedContext) => await ctx.promise<string>("p"),
  },
});

let world: DispatcherWorld;
let inStep = async (): Promise<void> => await Promise.resolve();
beforeEach(() => void (world = new DispatcherWorld([worker, flow])));

let unique = 0;
function startOf(handler: string, more: Partial<Start> = {}): Start {
  const bytes = new Uint8Array(UNIQUE_SIZE);
  new DataView(bytes.buffer).setUint32(0, ++unique);
  const id = invocationId("Worker", undefined, bytes);
  return {
    ...({ kind: "start", id, incarnation: 0, origin: `o${unique}`, headers: {} } as const),
    ...{ target: { service: "Worker", handler }, input: new Uint8Array(0), acceptedAtMs: world.clock.now() },
    ...more,
  };
}
const noteTo = (id: InvocationId, signal: string, delivery: string): Notify => ({
  ...{ kind: "notify", id },
  note: { kind: "signalled", signal, delivery, outcome: new TextEncoder().encode('"gone"') },
});
const cancellation = (id: InvocationId): Notify => ({
  ...{ kind: "notify", id },
  note: { kind: "cancellation", delivery: "c" },
});
const headOf = async (id: InvocationId) => await world.head(id);

async function pausedWith(count: number): Promise<InvocationId> {
  const start = startOf("waits");
  await world.deliver(start);
  const notes = Array.from({ length: count }, (_, index) => ["i", "other", `d${index}`, new Uint8Array(1)]);
  await world.items.write({
    op: "update",
    key: headKey(start.id),
    changes: [
      { do: "set", attribute: HEAD_ATTRIBUTE.status, value: "paused" },
      { do: "set", attribute: HEAD_ATTRIBUTE.notes, value: notes },
    ],
  });
  return start.id;
}

describe("notes of one that takes none", () => {
  test("wait in the timers when there are too many; what lets it go on is not behind them", async () => {
    const id = await pausedWith(NOTES_HELD_MAX);
    expect(await world.deliver(noteTo(id, "go", "g"))).toBe(true);
    expect((await headOf(id))?.notes).toHaveLength(NOTES_HELD_MAX);
    expect(world.scheduled.map(({ message }) => message)).toEqual([
      expect.objectContaining({ kind: "notify", note: noteTo(id, "go", "g").note }),
    ]);
    expect(world.logged.at(-1)).toMatch(/^warn an invocation has too many notes/);
    await world.deliver({ kind: "resume", id, incarnation: 0, byOperator: true });
    expect(await headOf(id)).toMatchObject({ status: "suspended", notes: [] });
    await world.clock.advance(60_000);
    const [again] = world.scheduled;
    if (again) await world.deliver(again.message);
    expect((await headOf(id))?.status).toBe("completed");
  });

  test("come again more and more rarely, and all copies of one become one", async () => {
    const id = await pausedWith(NOTES_HELD_MAX);
    const times: number[] = [];
    for (let round = 0; round < 12; round++) {
      const before = world.scheduled.length;
      const copies = [noteTo(id, "go", "g"), noteTo(id, "go", "g")];
      for (const copy of copies) expect(await world.deliver(copy)).toBe(true);
      const [one, other] = world.scheduled.slice(before);
      expect(other).toEqual(one);
      times.push(one?.atMs ?? 0);
      await world.clock.advance((one?.atMs ?? 0) - world.clock.now());
    }
    const waits = times.slice(1).map((atMs, at) => atMs - (times[at] ?? 0));
    expect(waits.toSorted((a, b) => a - b)).toEqual(waits);
    expect(waits[0]).toBeLessThanOrEqual(2 * NOTES_RETRY_MS);
    expect(waits.at(-1)).toBe(NOTES_RETRY_MS_MAX);
    expect(new Set(world.scheduled.map(({ name }) => name)).size).toBe(12);
  });

  test("are kept once, in the list or in the log", async () => {
    const id = await pausedWith(3);
    const copy = noteTo(id, "other", "d1");
    await world.deliver(copy);
    await world.deliver(copy, { receiveCount: 2 });
    expect((await headOf(id))?.notes).toHaveLength(3);
    await world.deliver(noteTo(id, "other", "new"));
    expect((await headOf(id))?.notes).toHaveLength(4);
  });

  test("a cancellation is always added", async () => {
    const id = await pausedWith(NOTES_HELD_MAX);
    await world.deliver(cancellation(id));
    expect((await headOf(id))?.status).toBe("completed");
  });
});

describe("those who wait for a result", () => {
  test("are told when there are too many", async () => {
    const start = startOf("waits");
    await world.deliver(start);
    const replies = Array.from({ length: REPLIES_MAX }, (_, index) => [start.id, 0, index]);
    const changes = [{ do: "set", attribute: HEAD_ATTRIBUTE.replies, value: replies }] as const;
    await world.items.write({ op: "update", key: headKey(start.id), changes });
    const caller = startOf("waits").id;
    const attach: Attach = {
      kind: "attach",
      id: start.id,
      replyTo: { id: caller, incarnation: 0, command: 7 },
    };
    expect(await world.deliver(attach)).toBe(true);
    expect(world.to(caller)).toMatchObject([
      {
        kind: "notify",
        note: { kind: "completion", command: 7, outcome: [429, expect.stringMatching(/callers wait/)] },
      },
    ]);
  });

  test("for a promise, too", async () => {
    const waiters = Object.fromEntries(
      Array.from(
        { length: WAITERS_MAX },
        (_, index) => [`w:${startOf("waits").id}|0|${index}`, true] as const,
      ),
    );
    expect(Object.keys(waiters)).toHaveLength(WAITERS_MAX);
    const { awaitPromise } = await import("../../../lib/store/promise-store.ts");
    const { items, clock } = world;
    const { promisePartition } = await import("../../../lib/model/ids.ts");
    const key = { table: "state", pk: promisePartition("Flow", "k"), sk: "p" } as const;
    await items.write({ op: "put", key, attributes: { ...waiters, i: 0, c: clock.now() } });
    const asker = {
      id: startOf("waits").id,
      incarnation: 0,
      target: { service: "Flow", handler: "join", key: "k" },
    };
    const waiter = { id: asker.id, incarnation: 0, command: 3 };
    const outcome = await awaitPromise({ items, clock }, asker, "p", waiter);
    expect(outcome).toMatchObject({ ok: false, failure: { code: 429 } });
    expect(Object.keys((await items.get(key)) ?? {}).filter((name) => name.startsWith("w:"))).toHaveLength(
      WAITERS_MAX,
    );
  });
});

describe("what waiting does not mend", () => {
  const lost = (reason: string) => () => Promise.resolve<TurnOutcome>({ kind: "lost", reason });

  test("an older handler's loss of what is too large pauses at once, with words", async () => {
    world.invoke = lost("too-large: item x has 500000 bytes, more than 409600");
    const start = startOf("quick");
    expect(await world.deliver(start)).toBe(true);
    expect(await headOf(start.id)).toMatchObject({
      status: "paused",
      failure: { code: 413, message: expect.stringMatching(/cannot be recorded.*RT0003/) as string },
    });
    world.invoke = undefined;
    await world.deliver({ kind: "kill", id: start.id, incarnation: 0 });
    expect((await headOf(start.id))?.status).toBe("completed");
  });

  test("a turn that is refused for the same reason is paused at the third time, and logged", async () => {
    world.invoke = lost("something else");
    const start = startOf("quick");
    for (let receiveCount = 1; receiveCount < REFUSALS_MAX; receiveCount++)
      expect(await world.deliver(start, { receiveCount })).toBe(false);
    expect(await world.deliver(start, { receiveCount: REFUSALS_MAX })).toBe(true);
    expect(await headOf(start.id)).toMatchObject({
      status: "paused",
      failure: { message: "something else" },
    });
    expect(world.logged.at(-1)).toMatch(/^error a turn is refused again and again/);
  });

  test("a turn that a pause has refused is held when its message comes again, however often that has failed", async () => {
    const start = startOf("step");
    const { id } = start;
    const running = headAttributes({ status: "running", writer: "w" });
    await createHead(world.items, start, undefined, running);
    inStep = async () => void (await pause(world, id, 0));
    const again = { sequence: "7", receiveCount: REFUSALS_MAX };
    expect(await world.deliver(start, again)).toBe(false);
    expect(world.logged.filter((line) => line.startsWith("error"))).toEqual([]);
    expect(await world.deliver(start, { ...again, receiveCount: REFUSALS_MAX + 1 })).toBe(true);
    expect((await headOf(id))?.status).toBe("paused");
    inStep = async () => await Promise.resolve();
    await world.deliver({ kind: "resume", id, incarnation: 0, byOperator: true });
    expect((await headOf(id))?.status).toBe("completed");
  });

  test("an attempt that fails while it is paused is not followed by another", async () => {
    const start = startOf("step");
    await createHead(world.items, start, undefined, headAttributes({ status: "running", writer: "w" }));
    let steps = 0;
    inStep = async () => {
      steps++;
      await pause(world, start.id, 0);
      throw new Error("too late");
    };
    expect(await world.deliver(start, { sequence: "8", receiveCount: 2 })).toBe(false);
    expect(await world.deliver(start, { sequence: "8", receiveCount: 3 })).toBe(true);
    expect(steps).toBe(1);
    expect((await headOf(start.id))?.status).toBe("paused");
  });

  test("no turn follows one that has yielded, or has not seen a cancellation, while it is paused", async () => {
    const outcomes: readonly TurnOutcome[] = [
      { kind: "yielded", length: 0 },
      {
        kind: "failed",
        failure: { code: 500, message: "late", verdict: "pause" },
        length: 0,
        progress: false,
      },
    ];
    for (const outcome of outcomes) {
      const start = startOf("step");
      await createHead(world.items, start, undefined, headAttributes({ status: "running", writer: "w" }));
      let turns = 0;
      world.invoke = async () => {
        turns++;
        await world.deliver(cancellation(start.id));
        await pause(world, start.id, 0);
        return outcome;
      };
      expect(await world.deliver(start, { sequence: `9${turns}`, receiveCount: 2 })).toBe(false);
      expect(turns).toBe(1);
    }
  });

  test("what may pass is tried for as long as it takes, and is in the log from the third time on", async () => {
    world.invoke = lost("unavailable: a write got no answer");
    const start = startOf("quick");
    for (const receiveCount of [1, REFUSALS_MAX, 100])
      expect(await world.deliver(start, { receiveCount })).toBe(false);
    expect(await headOf(start.id)).toBeUndefined();
    expect(world.logged.filter((line) => line.startsWith("warn turn lost"))).toHaveLength(2);
  });

  test("a store's refusal is told at the third time, too", async () => {
    const start = startOf("waits");
    const refuse = () => Promise.reject(new OperationalError("too-large", "an item has too many bytes"));
    for (let receiveCount = 1; receiveCount <= REFUSALS_MAX; receiveCount++) {
      world.invoke = refuse;
      expect(await world.deliver(start, { receiveCount })).toBe(receiveCount === REFUSALS_MAX);
    }
    expect(await headOf(start.id)).toMatchObject({ status: "paused", failure: { code: 413 } });
    expect(world.logged.at(-1)).toMatch(/^error a message failed too often/);
  });

  test("a note that the item has no room for waits", async () => {
    const id = await pausedWith(1);
    world.items.beforeWrite = () =>
      Promise.reject(new OperationalError("too-large", "an item has too many bytes"));
    expect(await world.deliver(cancellation(id))).toBe(true);
    expect(world.scheduled.map(({ message }) => message)).toMatchObject([cancellation(id)]);
    expect(world.logged.at(-1)).toMatch(/^warn an invocation has too many notes/);
  });

  test("a head without room can end", async () => {
    const id = await pausedWith(10);
    let writes = 0;
    world.items.beforeWrite = async (write) => {
      if (write.op === "update" && write.key.sk === "head" && writes++ === 0)
        throw new OperationalError("too-large", "an item has too many bytes");
      await Promise.resolve();
    };
    await world.deliver({ kind: "kill", id, incarnation: 0 });
    expect(await headOf(id)).toMatchObject({ status: "completed", notes: [] });
  });
});

describe("notes of one that has no head", () => {
  const stubOf = async (id: InvocationId) => (await readHeadOrStub(world.items, id)).stub;

  async function stubWith(count: number): Promise<InvocationId> {
    const { id } = startOf("waits");
    const notes = Array.from({ length: count }, (_, index) => ["i", "other", `d${index}`, new Uint8Array(1)]);
    const attributes = { ...newStub(0, world.clock.now()), [HEAD_ATTRIBUTE.notes]: notes };
    await world.items.write({ op: "put", key: headKey(id), attributes });
    return id;
  }

  test("wait in the timers when there are too many, but for a cancellation", async () => {
    const id = await stubWith(NOTES_HELD_MAX);
    expect(await world.deliver(noteTo(id, "go", "one more"))).toBe(true);
    expect((await stubOf(id))?.notes).toHaveLength(NOTES_HELD_MAX);
    expect(world.scheduled.map(({ message }) => message)).toMatchObject([{ note: { delivery: "one more" } }]);
    expect(world.logged.at(-1)).toMatch(/^warn an invocation has too many notes/);
    expect(await world.deliver(cancellation(id))).toBe(true);
    expect((await stubOf(id))?.notes).toHaveLength(NOTES_HELD_MAX + 1);
  });

  test("are kept once each", async () => {
    const id = await stubWith(1);
    for (let copy = 0; copy < 2; copy++) await world.deliver(noteTo(id, "go", "again"));
    expect((await stubOf(id))?.notes).toHaveLength(2);
  });

  test("are dropped with a word when there are too many and no Start can follow", async () => {
    const id = await stubWith(NOTES_HELD_MAX);
    await world.clock.advance(MAILBOX_RETENTION_MS + CLOCK_SKEW_MS);
    expect(await world.deliver(noteTo(id, "go", "one more"))).toBe(true);
    expect(world.scheduled).toEqual([]);
    expect(world.logged.at(-1)).toMatch(/^warn a note for what nothing has started is dropped/);
  });
});
