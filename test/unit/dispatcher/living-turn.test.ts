/** What comes because of the time while a turn lives: the clock has jumped, at each moment of its life (docs/decisions/0040). */
import { beforeEach, expect, test } from "vitest";
import {
  DIRECT_GUARD_MS,
  DIRECT_WAIT_MS,
  HEAD_OUTLIVES_MS,
  PRESENCE_MS,
  RELAY_AFTER_MS,
  RELAY_LOOKS_MS,
  STALE_MS,
} from "../../../lib/limits.ts";
import { tokenOf } from "../../../lib/model/fence.ts";
import { invocationId, type InvocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Write } from "../../../lib/model/item.ts";
import { lockKey, takeLock } from "../../../lib/model/lock.ts";
import type { Message, ReplyTo, Resume, Start } from "../../../lib/model/message.ts";
import { success } from "../../../lib/model/outcome.ts";
import type { TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import { callGuardName, guardMs } from "../../../lib/store/guard.ts";
import type { Context, ObjectContext } from "../../../sdk/context.ts";
import { object, service } from "../../../sdk/index.ts";
import { ManualClock } from "../local/manual-clock.ts";
import { DispatcherWorld } from "./dispatcher-world.ts";

const TEN_DAYS_MS = 10 * 24 * 60 * 60 * 1000;

let world: DispatcherWorld;
let stopwatch: ManualClock;
let ran: string[];
/** What the steps are waiting for. */
let step: PromiseWithResolvers<void>;

const work = service({
  name: "Work",
  handlers: {
    long: async (ctx: Context) => {
      await ctx.run("long", async () => {
        ran.push("long");
        await step.promise;
      });
      return "done";
    },
    calls: async (ctx: Context): Promise<string> => await ctx.serviceClient(work).long(),
    fails: async (ctx: Context) => {
      await ctx.run("long", async () => {
        ran.push("long");
        await step.promise;
      });
      throw new Error("a bug");
    },
    /** It appends between them. */
    two: async (ctx: Context) => {
      await ctx.run("first", () => void ran.push("first"));
      await ctx.run("long", async () => {
        ran.push("long");
        await step.promise;
      });
      return "done";
    },
  },
});
const key = object({
  name: "Key",
  handlers: { quick: async (_ctx: ObjectContext) => await Promise.resolve(ran.push("quick")) },
});

const CALLER: ReplyTo = { id: idOf("Caller", undefined, 200), incarnation: 0, command: 1 };
let count = 0;
function idOf(name: string, objectKey: string | undefined, byte: number): InvocationId {
  return invocationId(name, objectKey, new Uint8Array(UNIQUE_SIZE).fill(byte));
}
function start(path: string, more: Partial<Start> = {}): Start {
  const [name = "", handler = "", objectKey] = path.split("/");
  const id = idOf(name, objectKey, ++count);
  const target = { service: name, handler, ...(objectKey === undefined ? {} : { key: objectKey }) };
  return {
    ...{ kind: "start", id, incarnation: 0, origin: `o${count}`, headers: {}, input: new Uint8Array(0) },
    ...{ target, acceptedAtMs: world.clock.now(), ...more },
  };
}

/** The clock jumps. No alarm has rung yet: neither the guard nor the look of who waits for the turn. */
const jump = (): void => world.clock.set(world.clock.now() + TEN_DAYS_MS);
const guards = (): (Start | Resume)[] =>
  world.scheduled
    .map(({ message }) => message)
    .filter((message): message is Start | Resume => "guard" in message);
const lastGuard = (): Start | Resume => {
  const last = guards().at(-1);
  if (!last) throw new Error("no guard was set");
  return last;
};
const dueAt = (message: Message): number | undefined =>
  message.kind === "start" ? message.guardAtMs : message.kind === "resume" ? message.dueAtMs : undefined;
/** Both clocks go on. */
const advance = async (ms: number): Promise<void> =>
  void (await Promise.all([world.clock.advance(ms), stopwatch.advance(ms)]));
const named = async (id: InvocationId): Promise<string | undefined> => (await world.head(id))?.guard;
const settled = async (): Promise<void> => void (await new Promise((resolve) => setTimeout(resolve, 20)));

beforeEach(() => {
  stopwatch = new ManualClock(Date.UTC(2030, 0, 1));
  world = new DispatcherWorld([work, key], { stopwatch });
  world.hearsOfEnds = true;
  ran = [];
  step = Promise.withResolvers();
});

/** A turn that came by the queue, and names its guard. Nobody has looked at its head yet. */
async function namedTurn(path = "Work/long"): Promise<{ message: Start; delivered: Promise<boolean> }> {
  const message = start(path);
  const delivered = world.deliver(message);
  await expect.poll(() => ran.at(-1)).toBe("long");
  await advance(RELAY_AFTER_MS + 1);
  await expect.poll(() => named(message.id)).toBeDefined();
  return { message, delivered };
}

test("R26: a guard that is due between its append and the look of who waits for the turn is set anew", async () => {
  const { message, delivered } = await namedTurn();
  const guard = lastGuard();
  jump();
  expect(await world.deliver(guard)).toBe(true);
  expect(lastGuard()).toMatchObject({ guard: guard.guard, dueAtMs: world.clock.now() + guardMs(1) });
  await stopwatch.advance(RELAY_LOOKS_MS[0] ?? 0);
  expect(await delivered).toBe(true);
  step.resolve();
  await expect.poll(async () => (await world.head(message.id))?.status).toBe("completed");
  expect(ran).toEqual(["long"]);
});

test("where nobody hears of the turn's end, the guard takes over: in AWS its time does not jump", async () => {
  world.hearsOfEnds = false;
  await namedTurn();
  jump();
  void world.deliver(lastGuard());
  await expect.poll(() => ran).toEqual(["long", "long"]);
  step.resolve();
});

test("R26: one that is due before it is named is kept, and is there when it is", async () => {
  const message = start("Work/long");
  const delivered = world.deliver(message);
  await expect.poll(() => ran).toEqual(["long"]);
  const append = Promise.withResolvers<void>();
  world.items.beforeWrite = async (write: Write) =>
    void (write.key.pk.includes(message.id.slice(0, 8)) && (await append.promise));
  await advance(RELAY_AFTER_MS + 1);
  await expect.poll(() => guards().length).toBe(1);
  const guard = lastGuard();
  jump();
  expect(await world.deliver(guard)).toBe(true);
  append.resolve();
  await expect.poll(() => named(message.id)).toBe(guard.guard);
  expect(lastGuard()).toMatchObject({ guard: guard.guard, dueAtMs: world.clock.now() + guardMs(1) });
  await stopwatch.advance(RELAY_LOOKS_MS[0] ?? 0);
  expect(await delivered).toBe(true);
  expect(ran).toEqual(["long"]);
  step.resolve();
});

test("one whose place another has taken since is left: jumps do not add guards to guards", async () => {
  const { message } = await namedTurn();
  const first = lastGuard();
  jump();
  await stopwatch.advance(RELAY_LOOKS_MS[1] ?? 0);
  await expect.poll(() => named(message.id)).not.toBe(first.guard);
  const before = guards().length;
  expect(await world.deliver(first)).toBe(true);
  expect(guards()).toHaveLength(before);
  expect(ran).toEqual(["long"]);
  step.resolve();
});

test("L1: a head that looks old is poked in vain while its turn lives; when that has died, a poke helps", async () => {
  const { message } = await namedTurn("Work/two");
  const poke: Resume = { kind: "resume", id: message.id, incarnation: 0, poke: true };
  world.clock.set(world.clock.now() + STALE_MS + 1);
  expect(await world.deliver(poke)).toBe(true);
  expect(ran).toEqual(["first", "long"]);
  world.hearsOfEnds = false;
  world.clock.set(world.clock.now() + STALE_MS + 1);
  void world.deliver(poke);
  await expect.poll(() => ran).toEqual(["first", "long", "long"]);
  step.resolve();
});

/** A turn behind a guard, as its caller has invoked it (R28): under no message. */
function calledTurn(): { start: Start; vouched: Start; atOnce: Start } {
  const message = start("Work/long", { replyTo: CALLER, resent: true });
  const guardAtMs = world.clock.now() + DIRECT_GUARD_MS;
  return {
    start: message,
    vouched: { ...message, guard: callGuardName(message.id), guardAtMs },
    atOnce: message,
  };
}
async function runs(message: Start): Promise<void> {
  const { replyTo: _, ...own } = message;
  const guard = { name: callGuardName(message.id), atMs: world.clock.now() + guardMs(1) / 2 + 500 };
  void world.runGuarded(own, guard);
  await expect.poll(() => ran).toEqual(["long"]);
}

test("R28: the Start of a callee that has no head yet waits for it; its caller is told", async () => {
  const callee = calledTurn();
  await runs(callee.start);
  jump();
  expect(await world.deliver(callee.atOnce)).toBe(false);
  await advance(PRESENCE_MS + 1);
  await expect.poll(() => named(callee.start.id)).toBeDefined();
  expect(await world.deliver(callee.atOnce, { receiveCount: 2 })).toBe(true);
  expect((await world.head(callee.start.id))?.replies).toMatchObject([CALLER]);
  expect(ran).toEqual(["long"]);
  step.resolve();
});

test("R28: what vouches for a caller is set anew as long as the callee has no head; with a head the caller is in it", async () => {
  const callee = calledTurn();
  await runs(callee.start);
  jump();
  expect(await world.deliver(callee.vouched)).toBe(true);
  const again = lastGuard();
  expect(dueAt(again)).toBe(world.clock.now() + guardMs(1));
  await advance(PRESENCE_MS + 1);
  await expect.poll(() => named(callee.start.id)).toBeDefined();
  expect(await named(callee.start.id)).not.toBe(callee.vouched.guard);
  const before = guards().length;
  jump();
  expect(await world.deliver(again)).toBe(true);
  expect(guards()).toHaveLength(before);
  expect((await world.head(callee.start.id))?.replies).toMatchObject([CALLER]);
  expect(ran).toEqual(["long"]);
  step.resolve();
});

test("R5: a key whose owner has no head yet is left to it while its turn lives", async () => {
  const [owner, behind, late] = [start("Key/quick/k"), start("Key/quick/k"), start("Key/quick/k")];
  const me = { id: owner.id, incarnation: 0, token: tokenOf(0, "0") };
  world.invoke = async () => await new Promise(() => undefined);
  void world.deliver(owner, { sequence: "0" });
  await settled();
  await world.items.write(takeLock(lockKey("Key", "k"), me, world.clock.now(), "n"));
  await world.deliver(behind);
  world.clock.set(world.clock.now() + HEAD_OUTLIVES_MS + 1);
  await world.deliver(late);
  expect([world.to(behind.id), ran]).toEqual([[], []]);
});

test("the time of a message is measured by the stopwatch: a jump takes none of it from a turn", async () => {
  const asked: TurnRequest[] = [];
  world.invoke = async (request) => {
    asked.push(request);
    return await Promise.resolve({ kind: "lost", reason: "made up" });
  };
  const get = world.items.get.bind(world.items);
  world.items.get = async (...read) => {
    jump();
    return await get(...read);
  };
  await world.deliver(start("Work/long", { resent: true }), { remainingMs: 60_000 });
  expect(asked[0]?.remainingMs).toBeGreaterThan(50_000);
});

test("R28: a caller waits in memory for as long as it may, whatever time it is meanwhile", async () => {
  const called = Promise.withResolvers<TurnRequest>();
  const callee = Promise.withResolvers<TurnOutcome>();
  const invoke = async (_: unknown, request: TurnRequest): Promise<TurnOutcome> => {
    called.resolve(request);
    return await callee.promise;
  };
  world = new DispatcherWorld([work], { stopwatch, calls: { invoke } });
  const message = start("Work/calls");
  void world.deliver(message);
  const { id } = await called.promise;
  jump();
  await advance(RELAY_AFTER_MS + 1);
  await expect.poll(() => named(message.id)).toBeDefined();
  expect([(await world.head(message.id))?.status, world.to(id)]).toEqual(["running", []]);
  callee.resolve({ kind: "completed", ownsLock: false, replies: [], outcome: success(new Uint8Array(0)) });
  await expect.poll(async () => (await world.head(message.id))?.status).toBe("completed");
  expect(world.to(id)).toEqual([]);
});

test("R27: a turn has not been left alone because the clock has jumped", async () => {
  const { replyTo: _, ...message } = start("Work/fails");
  const guard = { name: "g", aloneAfterMs: DIRECT_WAIT_MS };
  const turn = world.runGuarded(message, guard);
  await expect.poll(() => ran).toEqual(["long"]);
  jump();
  step.resolve();
  expect(await turn).toMatchObject({ kind: "failed" });
  expect(world.to(message.id)).toEqual([]);
});
