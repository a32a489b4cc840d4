/** What the dispatcher makes up for: a wake-up that came in between, a key that nobody goes on with, outputs of a turn that died. */
import { handlers, object, service, type Context, type ObjectContext } from "perdure";
import { beforeEach, describe, expect, test } from "vitest";
import { OperationalError } from "../../../lib/errors.ts";
import { HEAD_OUTLIVES_MS } from "../../../lib/limits.ts";
import { tokenOf } from "../../../lib/model/fence.ts";
import { lockKey, takeLock } from "../../../lib/model/lock.ts";
import { HEAD_ATTRIBUTE, headAttributes, newHead } from "../../../lib/model/head.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { invocationId, type InvocationId, noteGroupOf, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Write } from "../../../lib/model/item.ts";
import { encodeMessage, type Message, type Notify, type Start } from "../../../lib/model/message.ts";
import { voucherOf } from "../../../lib/model/voucher.ts";
import { createHead } from "../../../lib/store/head/births.ts";
import { pauseUndelivered } from "../../../lib/store/head/rest.ts";
import { addNotes } from "../../../lib/store/head/transitions.ts";
import { DispatcherWorld } from "./dispatcher-world.ts";

let ran: string[];
const worker = service({
  name: "Worker",
  handlers: {
    waits: async (ctx: Context) => {
      for (const name of ["first", "second"]) await ctx.run(name, () => void ran.push(name));
      return await ctx.signal<string>("go");
    },
    sends: async (ctx: Context) => {
      ctx.serviceSendClient(worker).quick();
      await ctx.run("after", () => void ran.push("after"));
    },
    sendsLast: async (ctx: Context) => {
      await Promise.resolve();
      ctx.serviceSendClient(worker).quick();
    },
    sendsAndWaits: async (ctx: Context) => {
      ctx.serviceSendClient(worker).quick();
      return await ctx.signal<string>("go");
    },
    quick: async () => {
      ran.push("quick");
      await Promise.resolve();
    },
    forgotten: handlers.handler({ journalRetention: 0 }, async () => {
      ran.push("forgotten");
      await Promise.resolve();
    }),
  },
});
const queue = object({
  name: "Queue",
  handlers: {
    holds: async (ctx: ObjectContext) => await ctx.signal<string>("go"),
    quick: async (ctx: ObjectContext) => {
      ran.push(`quick ${ctx.key}`);
      await Promise.resolve();
    },
  },
});

let world: DispatcherWorld;
beforeEach(() => {
  ran = [];
  world = new DispatcherWorld([worker, queue]);
});

let unique = 0;
function startOf(path: string, more: Partial<Start> = {}): Start {
  const [service_ = "", handler = "", key] = path.split("/");
  const id = invocationId(service_, key, new Uint8Array(UNIQUE_SIZE).fill(++unique));
  const target = { service: service_, handler, ...(key === undefined ? {} : { key }) };
  return {
    ...({ kind: "start", id, incarnation: 0, origin: `o${unique}`, target, headers: {} } as const),
    ...{ input: new Uint8Array(0), acceptedAtMs: world.clock.now(), ...more },
  };
}
const go = (id: InvocationId): Notify => ({
  ...{ kind: "notify", id },
  note: {
    kind: "signalled",
    signal: "go",
    delivery: `delivery to ${id}`,
    outcome: new TextEncoder().encode('"gone"'),
  },
});
const status = async (id: InvocationId) => (await world.head(id))?.status;

/** A gate that somebody waits at until it is opened. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  return { wait: promise, open: () => resolve(undefined) };
}

const suspends = (write: Write): boolean =>
  write.op === "update" &&
  write.changes.some((change) => change.do === "set" && change.value === "suspended");
const addsNotes = (write: Write): boolean =>
  write.op === "update" &&
  write.changes.some(({ do: what, attribute }) => what === "append" && attribute === HEAD_ATTRIBUTE.notes);

/**
 * Messages of a group come one after the other. So nobody suspends between the read and the write of a note, except a turn
 * whose dispatcher has died or has given it up: it goes on writing until it is refused.
 */
test("L1: a note that is written while a turn suspends wakes the invocation all the same", async () => {
  const start = startOf("Worker/waits");
  const [noted, suspended] = [gate(), gate()];
  world.items.beforeWrite = async (write) => {
    if (suspends(write)) await noted.wait;
    if (!addsNotes(write)) return;
    noted.open();
    await suspended.wait;
  };
  const abandoned = world.deliver(start).finally(suspended.open);
  await expect.poll(() => status(start.id)).toBe("running");
  expect(await world.deliver(go(start.id))).toBe(true);
  await abandoned;
  expect(await status(start.id)).toBe("completed");
  expect(ran).toEqual(["first", "second"]);
});

describe("R6: the key of one that has ended goes on with what is parked", () => {
  async function parked(): Promise<[holder: Start, parked: Start]> {
    const [holder, behind] = [startOf("Queue/holds/k"), startOf("Queue/quick/k")];
    expect([await world.deliver(holder), await world.deliver(behind)]).toEqual([true, true]);
    expect([await status(holder.id), await status(behind.id)]).toEqual(["suspended", "pending"]);
    return [holder, behind];
  }

  test("by a message of its own, when too little time is left", async () => {
    const [holder, behind] = await parked();
    expect(await world.deliver(go(holder.id), { remainingMs: 5000 })).toBe(true);
    expect(ran).toEqual([]);
    const [message] = world.to(behind.id);
    expect(message).toMatchObject({ kind: "resume" });
    await world.deliver(message as Message);
    expect(ran).toEqual(["quick k"]);
  });

  test("by a message that says that it is in doubt, when its turn was overtaken", async () => {
    const [holder, behind] = await parked();
    const paused = { do: "set", attribute: HEAD_ATTRIBUTE.status, value: "paused" } as const;
    world.items.beforeWrite = async ({ key }) => {
      if (key.pk !== headKey(behind.id).pk || ran.length === 0) return;
      world.items.beforeWrite = async () => await Promise.resolve();
      // An operator comes first.
      await world.items.write({ op: "update", key: headKey(behind.id), changes: [paused] });
    };
    expect(await world.deliver(go(holder.id))).toBe(true);
    expect([await status(holder.id), await status(behind.id)]).toEqual(["completed", "paused"]);
    expect(world.to(behind.id)).toMatchObject([{ kind: "resume", poke: true }]);
    await world.deliver({ kind: "resume", id: behind.id, byOperator: true });
    expect(await status(behind.id)).toBe("completed");
  });
});

test("R5: a lock whose owner has no head yet is left to it: it may be about to suspend; in the end it is an orphan", async () => {
  const [owner, behind, late] = [
    startOf("Queue/holds/k"),
    startOf("Queue/quick/k"),
    startOf("Queue/quick/k"),
  ];
  const me = { id: owner.id, incarnation: 0, token: tokenOf(0, "0") };
  await world.items.write(takeLock(lockKey("Queue", "k"), me, world.clock.now(), "n"));
  await world.deliver(behind);
  expect([ran, await status(behind.id)]).toEqual([[], "pending"]);
  await world.clock.advance(HEAD_OUTLIVES_MS + 1);
  await world.deliver(late);
  expect([await status(late.id), ran]).toEqual(["pending", []]);
  for (const message of world.to(behind.id)) await world.deliver(message);
  for (const message of world.to(late.id)) await world.deliver(message);
  expect(ran).toEqual(["quick k", "quick k"]);
});

test("R2: what a turn has recorded and could not send is sent when its message comes again", async () => {
  const start = startOf("Worker/sends");
  world.beforeSend = () => {
    throw new OperationalError("unavailable", "the mailbox is away");
  };
  expect(await world.deliver(start)).toBe(false);
  expect(world.sent).toEqual([]);
  world.beforeSend = () => undefined;
  expect(await world.deliver(start, { receiveCount: 2 })).toBe(true);
  expect(await status(start.id)).toBe("completed");
  const sent = world.sent.filter(({ kind }) => kind === "start");
  expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
  expect(sent[0]).toMatchObject({ target: { service: "Worker", handler: "quick" }, resent: true });
});

test("R24: what a turn sends last is sent before it answers", async () => {
  const start = startOf("Worker/sendsLast");
  const sentBefore: number[] = [];
  world.items.beforeWrite = (write) => {
    const completes =
      write.op === "update" &&
      write.changes.some((change) => change.do === "set" && change.value === "completed");
    if (completes || write.op === "put") sentBefore.push(world.sent.length);
    return Promise.resolve();
  };
  expect(await world.deliver(start)).toBe(true);
  expect(await status(start.id)).toBe("completed");
  expect([sentBefore.at(-1), world.sent.length]).toEqual([1, 1]);
});

describe("R10: a Start that meets the head of a life that has expired", () => {
  const MINUTE_MS = 60_000;
  test.each([
    ["accepted later than it", MINUTE_MS, true],
    ["accepted a little earlier, perhaps by another clock", -4 * MINUTE_MS, true],
    ["accepted long before it: its own life has come and gone", -6 * MINUTE_MS, false],
  ])("%s", async (_, aheadMs, runs) => {
    const first = startOf("Worker/quick", { incarnation: 1 });
    await world.deliver(first);
    expect(await status(first.id)).toBe("completed");
    await world.clock.advance(30 * 24 * 60 * MINUTE_MS);
    const acceptedAtMs = first.acceptedAtMs + aheadMs;
    const second: Start = { ...first, incarnation: 2, origin: "another", acceptedAtMs, resent: true };
    expect(await world.deliver(second)).toBe(true);
    expect(ran).toEqual(runs ? ["quick", "quick"] : ["quick"]);
    expect((await world.head(first.id))?.incarnation).toBe(runs ? 2 : 1);
  });
});

test("R28: a caller that its end was not told to is told, though the result is kept for no one", async () => {
  const start = startOf("Worker/forgotten");
  const caller = startOf("Worker/waits");
  await world.deliver(start);
  await world.clock.advance(1);
  const replyTo = { id: caller.id, incarnation: 0, command: 3 };
  for (const by of [{}, { guard: "its" }])
    expect(await world.deliver({ ...start, ...by, replyTo, resent: true })).toBe(true);
  const note = { kind: "completion", command: 3 };
  expect(world.to(caller.id)).toMatchObject([
    { kind: "notify", note },
    { kind: "notify", note },
  ]);
  expect(ran).toEqual(["forgotten"]);
});

test("an attempt that has failed late leaves what another dispatcher has brought to rest meanwhile", async () => {
  const start = startOf("Worker/quick");
  const dueAtMs = world.clock.now() + 60_000;
  const resting = headAttributes({ status: "backing-off", writer: "other", dueAtMs, attempt: { count: 1 } });
  let turns = 0;
  world.invoke = async () => {
    turns++;
    await createHead(world.items, start, undefined, resting);
    return { kind: "failed", failure: { code: 500, message: "too late" }, length: 0, progress: false };
  };
  expect(await world.deliver(start)).toBe(false);
  expect(turns).toBe(1);
  expect(await world.head(start.id)).toMatchObject({ status: "backing-off", writer: "other", dueAtMs });
});

test("an attempt that has failed late leaves another life of its id", async () => {
  const start = startOf("Worker/quick", { incarnation: 5, accepted: true });
  const next = { ...start, incarnation: 6, origin: "next" };
  const accepted = headAttributes({ status: "accepted" });
  await createHead(world.items, start, undefined, accepted);
  let turns = 0;
  world.invoke = async () => {
    turns++;
    await world.items.write({ op: "delete", key: headKey(start.id) });
    await createHead(world.items, next, undefined, accepted);
    return { kind: "failed", failure: { code: 500, message: "too late" }, length: 0, progress: false };
  };
  expect(await world.deliver(start)).toBe(false);
  expect(turns).toBe(1);
  expect(await world.head(start.id)).toMatchObject({ status: "accepted", incarnation: 6 });
});

test("of notes that are handled together the last one vouches for all (R17)", async () => {
  const start = startOf("Worker/waits");
  const { id } = start;
  const lane = noteGroupOf(id);
  const died = headAttributes({ status: "running", writer: "w", voucher: voucherOf(lane, "2") });
  await createHead(world.items, start, undefined, died);
  const note = (signal: string): Message => ({
    ...{ kind: "notify", id },
    note: { kind: "signalled", signal, delivery: signal, outcome: new TextEncoder().encode('"x"') },
  });
  expect(await world.deliverTexts([note("other"), note("go")].map(encodeMessage), lane)).toEqual([]);
  expect((await world.head(id))?.status).toBe("completed");
});

describe("a mailbox that was replaced numbers from the start again", () => {
  const LATE = "18850000000000000000";
  const diedUnder = async (epoch: number) => {
    const start = startOf("Worker/waits");
    const lane = noteGroupOf(start.id);
    const died = headAttributes({ status: "running", writer: "w", voucher: voucherOf(lane, LATE, epoch) });
    await createHead(world.items, start, undefined, died);
    return start;
  };

  test("its messages come after those of the one before it (R17)", async () => {
    world = new DispatcherWorld([worker, queue], { mailboxEpoch: 3 });
    const { id } = await diedUnder(2);
    await world.deliver(go(id), { sequence: "1" });
    expect(await status(id)).toBe("completed");
  });

  test("in the same one a message that is earlier vouches for nothing", async () => {
    world = new DispatcherWorld([worker, queue], { mailboxEpoch: 3 });
    const { id } = await diedUnder(3);
    await world.deliver(go(id), { sequence: "1" });
    expect(await status(id)).toBe("running");
  });

  test("the order is that of epochs, and an epoch of none comes first", () => {
    const lane = noteGroupOf("inv_x");
    const names = [voucherOf(lane, LATE), voucherOf(lane, "1", 1), voucherOf(lane, "1", 12)];
    expect(names.toSorted()).toEqual(names);
    expect(voucherOf(lane, "1")).toBe(voucherOf(lane, "1", 0));
  });
});

test("what the mailbox gave up is resumed in doubt: what its last append sends is sent then (R2, R16)", async () => {
  const start = startOf("Worker/sendsAndWaits");
  world.beforeSend = () => {
    throw new OperationalError("unavailable", "the mailbox is away");
  };
  expect(await world.deliver(start)).toBe(false);
  world.beforeSend = () => undefined;
  const head = await world.head(start.id);
  const why = { code: 500, message: "given up" };
  expect(await pauseUndelivered(world, { id: start.id, head }, why)).toBe(true);
  expect(world.sent).toEqual([]);
  const resume = { kind: "resume", id: start.id, byOperator: true, enters: true } as const;
  expect(await world.deliver(resume)).toBe(true);
  expect(world.sent).toMatchObject([{ kind: "start", target: { handler: "quick" } }]);
});

test("what is suspended is run by its notes alone: its own message, which comes again, leaves it to them (R19)", async () => {
  const start = startOf("Worker/waits");
  await world.deliver(start);
  const ports = { items: world.items, clock: world.clock };
  const { id } = start;
  expect(await addNotes(ports, id, { incarnation: 0 }, [go(id).note])).toBeDefined();
  expect(await world.deliver(start, { sequence: "1", receiveCount: 2 })).toBe(true);
  expect(await status(id)).toBe("suspended");
  // The note's message runs it, in a lane of its own.
  expect(await world.deliver(go(id), { receiveCount: 2 })).toBe(true);
  expect(await status(id)).toBe("completed");
});

/** The names of the Starts that a turn has sent, and a note that came in between. */
async function startsSent(receiveCount: number): Promise<readonly (string | undefined)[]> {
  const start = startOf("Worker/sendsAndWaits");
  await world.deliver(start);
  await world.deliver(go(start.id), { receiveCount });
  return world.sent.flatMap(({ kind }, at) => (kind === "start" ? [world.dedups[at]] : []));
}

test("what a turn may be sending is sent beside it as its own: the mailbox takes one of the two", async () => {
  const [itsOwn, beside, ...others] = await startsSent(1);
  expect([beside, others]).toEqual([itsOwn, []]);
});

test("what is sent again in doubt is not taken for what was sent before", async () => {
  const names = await startsSent(2);
  expect([names.length > 1, new Set(names).size > 1]).toEqual([true, true]);
});

test("L1: a poke does not run what has its input with its Start alone: that comes again, or is given up with it", async () => {
  const start = startOf("Worker/waits");
  const { id } = start;
  const running = headAttributes({ status: "running", writer: "dead", voucher: voucherOf(id, "5") });
  const head = { ...newHead(start, {}), ...running };
  await world.items.write({ op: "put", key: headKey(id), attributes: head });
  expect((await world.head(id))?.input).toBeUndefined();
  await world.clock.advance(60 * 60_000);
  expect(await world.deliver({ kind: "resume", id, incarnation: 0, poke: true })).toBe(true);
  expect([ran, (await world.head(id))?.status]).toEqual([[], "running"]);
  // Its Start comes.
  expect(await world.deliver(start, { sequence: "5", receiveCount: 2 })).toBe(true);
  expect(ran).toEqual(["first", "second"]);
});
