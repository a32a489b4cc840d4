/** R26: a turn that runs long makes itself known, is let go of, and sees to its end (docs/decisions/0025-long-turns-are-let-go.md). */
import { afterEach, beforeEach, expect, test } from "vitest";
import { FunctionError, OperationalError } from "../../../lib/errors.ts";
import {
  RELAY_AFTER_MS,
  RELAY_KEY_AFTER_MS,
  RELAY_KEY_LOOKS_MS,
  RELAY_LOOKS_MS,
} from "../../../lib/limits.ts";
import {
  invocationId,
  type InvocationId,
  isExclusiveId,
  noteGroupOf,
  UNIQUE_SIZE,
} from "../../../lib/model/ids.ts";
import { lockKey, parseLock } from "../../../lib/model/lock.ts";
import {
  encodeMessage,
  type Message,
  type ReplyTo,
  type Resume,
  type Start,
} from "../../../lib/model/message.ts";
import { isLaterGuard, isOfRelay, relayName } from "../../../lib/store/guard.ts";
import type { Context } from "../../../sdk/context.ts";
import { object, service } from "../../../sdk/index.ts";
import { DispatcherWorld } from "./dispatcher-world.ts";

let world: DispatcherWorld;
/** What the long steps are waiting for. */
let step: PromiseWithResolvers<void>;
let ran: string[] = [];

const long = async (ctx: Context): Promise<string> => {
  await ctx.run("long", async () => {
    ran.push("long");
    await step.promise;
  });
  return "done";
};
const work = service({
  name: "Work",
  handlers: {
    long,
    sleeps: async (ctx: Context): Promise<string> => {
      const answer = await long(ctx);
      await ctx.sleep({ hours: 1 });
      return answer;
    },
    fails: async (ctx: Context): Promise<string> => {
      await long(ctx);
      throw new Error("a bug");
    },
    breaks: async (ctx: Context): Promise<void> => {
      await ctx.run("long", async () => {
        ran.push("long");
        await step.promise;
        throw new Error("a bug");
      });
    },
    sends: async (ctx: Context): Promise<string> => {
      await ctx.signal("go");
      await long(ctx);
      ctx.serviceSendClient(work).long();
      return await ctx.signal<string>("more");
    },
    deaf: async (ctx: Context): Promise<string> => {
      await ctx.signal("go");
      ran.push("deaf");
      // Of its own: nothing that a cancellation could fail.
      await step.promise;
      return await long(ctx);
    },
    awaits: async (ctx: Context): Promise<string> => {
      const { promise } = ctx.awakeable<string>();
      await long(ctx);
      return await promise;
    },
  },
});
const key = object({ name: "Key", handlers: { long: async (ctx: Context) => await long(ctx) } });
/** One attempt is all that it gets. */
const once = object({
  name: "Once",
  handlers: { long: async (ctx: Context) => await long(ctx) },
  options: { retryPolicy: { maxAttempts: 1, onMaxAttempts: "kill" } },
});

const CALLER: ReplyTo = { id: idOf("Caller", undefined, 9), incarnation: 3, command: 1 };
let count = 0;
function idOf(name: string, objectKey: string | undefined, byte: number): InvocationId {
  return invocationId(name, objectKey, new Uint8Array(UNIQUE_SIZE).fill(byte));
}
function start(name: string, handler: string, more: Partial<Start> = {}): Start {
  const id = idOf(name, name === "Work" ? undefined : "k", ++count);
  return {
    ...{ kind: "start", id, incarnation: 0, origin: `o${count}`, headers: {}, input: new Uint8Array(0) },
    ...{ target: { service: name, handler, ...(name === "Key" ? { key: "k" } : {}) }, acceptedAtMs: 1 },
    ...more,
  };
}
const early = (): Resume[] =>
  world.sent.filter(
    (message): message is Resume =>
      message.kind === "resume" && message.guard !== undefined && message.dueAtMs === undefined,
  );
const guards = (): Message[] =>
  world.scheduled.map(({ message }) => message).filter((message) => "guard" in message);

/** Delivers it, and lets time pass until it is let go of. */
async function letGo(message: Message): Promise<void> {
  const delivered = world.deliver(message);
  await expect.poll(() => ran.length).toBe(1);
  const hasKey = isExclusiveId(message.id);
  const afterMs = hasKey ? RELAY_KEY_AFTER_MS : RELAY_AFTER_MS;
  await world.clock.advance(afterMs - 1);
  expect((await world.head(message.id))?.guard).toBeUndefined();
  await world.clock.advance(2);
  await expect.poll(async () => (await world.head(message.id))?.guard).toBeDefined();
  await world.clock.advance(((hasKey ? RELAY_KEY_LOOKS_MS : RELAY_LOOKS_MS)[0] ?? 0) - afterMs);
  expect(await delivered).toBe(true);
}
const settled = async (): Promise<void> => void (await new Promise((resolve) => setTimeout(resolve, 20)));

beforeEach(() => {
  world = new DispatcherWorld([work, key, once]);
  step = Promise.withResolvers();
  ran = [];
});
afterEach(() => step.resolve());

test("its message is done while it runs, and its head has all that the message had", async () => {
  const message = start("Work", "long", { input: new Uint8Array([34, 97, 34]) });
  await letGo(message);
  const head = await world.head(message.id);
  expect(head).toMatchObject({ status: "running", input: message.input });
  expect(guards()).toMatchObject([{ kind: "resume", id: message.id, guard: head?.guard }]);
  // The same message once more finds that another one vouches.
  expect(await world.deliver(message, { receiveCount: 2 })).toBe(true);
  expect(ran).toEqual(["long"]);
});

test("it tells its callers itself; of a service nothing is left then", async () => {
  const message = start("Work", "long", { replyTo: CALLER });
  await letGo(message);
  step.resolve();
  await expect.poll(() => world.to(CALLER.id)).toMatchObject([{ note: { command: 1 } }]);
  await settled();
  expect([early(), (await world.head(message.id))?.status]).toEqual([[], "completed"]);
});

test("what it sleeps for is arranged by a dispatcher, at once and once", async () => {
  const message = start("Work", "sleeps");
  await letGo(message);
  step.resolve();
  await expect.poll(() => early().length).toBe(1);
  const [guard] = early();
  const before = world.scheduled.length;
  expect(guard && (await world.deliver(guard))).toBe(true);
  expect(world.scheduled).toHaveLength(before + 1);
  expect(world.scheduled.at(-1)?.message).toMatchObject({ kind: "notify", note: { kind: "completion" } });
});

test("where only others are awaited, nothing is left", async () => {
  const message = start("Work", "awaits");
  await letGo(message);
  step.resolve();
  await expect.poll(async () => (await world.head(message.id))?.status).toBe("suspended");
  await settled();
  expect(early()).toEqual([]);
});

const noteOf = (id: InvocationId, signal: string): Message => ({
  ...{ kind: "notify", id },
  note: { kind: "signalled", signal, delivery: signal, outcome: new TextEncoder().encode('"x"') },
});

test("what it could not send is sent before the next note takes it further, in whatever lane it was begun (R2)", async () => {
  const message = start("Work", "sends");
  await world.deliver(message);
  await letGo(noteOf(message.id, "go"));
  const isCallees = ({ kind, id }: Message): boolean => kind === "start" && id !== message.id;
  world.beforeSend = (sent) => {
    if (isCallees(sent)) throw new OperationalError("unavailable", "the mailbox is away");
  };
  step.resolve();
  await expect.poll(async () => (await world.head(message.id))?.status).toBe("suspended");
  await settled();
  world.beforeSend = () => undefined;
  expect(await world.deliver(noteOf(message.id, "more"))).toBe(true);
  expect([(await world.head(message.id))?.status, world.sent.filter(isCallees).length]).toEqual([
    "completed",
    1,
  ]);
});

test("it is not let go of while its message has brought a cancellation that the code has not heard", async () => {
  const message = start("Work", "deaf");
  const { id } = message;
  await world.deliver(message);
  const cancellation: Message = { kind: "notify", id, note: { kind: "cancellation", delivery: "c" } };
  const notes = [noteOf(id, "go"), cancellation].map((note) => encodeMessage(note));
  let done = false;
  const delivered = world.deliverTexts(notes, noteGroupOf(id)).finally(() => (done = true));
  await expect.poll(() => ran.length).toBe(1);
  await world.clock.advance(RELAY_AFTER_MS + 1);
  await world.clock.advance(5000);
  await settled();
  expect(done).toBe(false);
  step.resolve();
  expect(await delivered).toEqual([]);
  expect((await world.head(id))?.outcome).toMatchObject({ failure: { message: "Cancelled" } });
});

test("a failed attempt counts, once", async () => {
  const message = start("Work", "fails");
  await letGo(message);
  step.resolve();
  await expect.poll(() => early().length).toBe(1);
  const [guard] = early();
  expect(guard?.ended).toContain("a bug");
  world.invoke = async () => await Promise.reject(new Error("no second attempt yet"));
  if (guard) await world.deliver(guard, { remainingMs: 1000 });
  world.invoke = undefined;
  expect(ran).toEqual(["long"]);
});

test("a key is passed on under its guard", async () => {
  const message = start("Key", "long");
  await letGo(message);
  const lock = async () => await world.items.get(lockKey("Key", "k"));
  expect(parseLock((await lock()) ?? {})).toMatchObject({ owner: { id: message.id } });
  const newcomer = start("Key", "long");
  expect(await world.deliver(newcomer)).toBe(true);
  expect((await world.head(newcomer.id))?.status).toBe("pending");
  step.resolve();
  await expect.poll(() => early().length).toBe(1);
  const [guard] = early();
  expect(guard && (await world.deliver(guard))).toBe(true);
  expect(world.to(newcomer.id)).toMatchObject([{ kind: "resume", wake: true }]);
});

test("without timers the message goes on vouching, and the turn is waited for", async () => {
  world.beforeSchedule = () => {
    throw new OperationalError("unavailable", "no timers");
  };
  const message = start("Work", "long", { replyTo: CALLER });
  const delivered = world.deliver(message);
  await expect.poll(() => ran.length).toBe(1);
  await world.clock.advance(5000);
  expect(await world.head(message.id)).toBeUndefined();
  step.resolve();
  expect(await delivered).toBe(true);
  expect([early(), world.to(CALLER.id).length]).toEqual([[], 1]);
});

test("a process that stays in touch hears of its death, and sends its guard", async () => {
  world.staysInTouch = true;
  const death = Promise.withResolvers<never>();
  death.promise.catch(() => undefined);
  const message = start("Work", "long");
  world.beside = death.promise;
  await letGo(message);
  death.reject(new FunctionError("crashed", "it has died"));
  await expect.poll(() => early().length).toBe(1);
  const head = await world.head(message.id);
  expect(early()).toMatchObject([
    { id: message.id, guard: head?.guard, ended: expect.any(String) as string },
  ]);
});

test("how a turn has ended is its invocation's: the next owner of the key runs under the same message, and has not failed", async () => {
  world.staysInTouch = true;
  const death = Promise.withResolvers<never>();
  death.promise.catch(() => undefined);
  const dies = start("Once", "long");
  world.beside = death.promise;
  await letGo(dies);
  world.beside = undefined;
  const next = start("Once", "long");
  expect(await world.deliver(next)).toBe(true);
  death.reject(new FunctionError("crashed", "it has died"));
  await expect.poll(() => early().length).toBe(1);
  step.resolve();
  const [guard] = early();
  expect(guard && (await world.deliver(guard))).toBe(true);
  const ends = [dies, next].map(async ({ id }) => (await world.head(id))?.outcome?.ok);
  expect([await Promise.all(ends), ran]).toEqual([
    [false, true],
    ["long", "long"],
  ]);
});

test("guards of one turn have numbers; those of others are not taken for its own", () => {
  const [one, two, ten] = [1, 2, 10].map((number) => relayName("ab", number));
  expect([one, two]).toEqual(["ab", "ab~2"]);
  expect([
    isOfRelay(one, "ab"),
    isOfRelay(ten, "ab"),
    isOfRelay("abc", "ab"),
    isOfRelay(undefined, "ab"),
  ]).toEqual([true, true, false, false]);
  expect([isLaterGuard("ab~10", "ab~2"), isLaterGuard("ab", "ab"), isLaterGuard("cd~3", "ab")]).toEqual([
    true,
    false,
    false,
  ]);
});

test("attempts that run long are counted: the head has each of them, and the back-offs grow", async () => {
  const message = start("Work", "breaks");
  let next: Start | Resume = message;
  const delays: number[] = [];
  for (const attempt of [1, 2, 3]) {
    await letGo(next);
    step.resolve();
    await expect.poll(() => early().length).toBe(attempt);
    const ended = early().at(-1);
    if (!ended) throw new Error("the turn has not said that it has failed");
    expect(await world.deliver(ended)).toBe(true);
    const head = await world.head(message.id);
    expect(head).toMatchObject({ status: "backing-off", attempt: { count: attempt } });
    const dueAtMs = head?.dueAtMs ?? 0;
    delays.push(dueAtMs - world.clock.now());
    await world.clock.advance(dueAtMs - world.clock.now());
    next = { kind: "resume", id: message.id, incarnation: 0, dueAtMs };
    ran = [];
    step = Promise.withResolvers();
  }
  expect(delays).toEqual(delays.toSorted((a, b) => a - b));
  expect(new Set(delays).size).toBe(3);
});
