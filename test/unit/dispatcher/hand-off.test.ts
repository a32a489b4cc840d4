/** R23: how a key passes on when a write, an answer or a dispatcher is lost on the way. */
import { object, type ObjectContext } from "perdure";
import { beforeEach, expect, test } from "vitest";
import { systemEntropy } from "../../../lib/entropy.ts";
import { OperationalError } from "../../../lib/errors.ts";
import { PRESENCE_MS } from "../../../lib/limits.ts";
import { fenceOf, stateKey, tokenOf } from "../../../lib/model/fence.ts";
import { headAttributes } from "../../../lib/model/head.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { invocationId, type InvocationId, noteGroupOf, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Change, Write } from "../../../lib/model/item.ts";
import { inboxKey, lockKey, parseLock, takeLock } from "../../../lib/model/lock.ts";
import type { Notify, Resume, Start } from "../../../lib/model/message.ts";
import type { Value } from "../../../lib/model/value.ts";
import { voucherOf } from "../../../lib/model/voucher.ts";
import { pause, pauseUndelivered } from "../../../lib/store/head/rest.ts";
import { parkHead } from "../../../lib/store/head/transitions.ts";
import { Invocation } from "../../../runtime/dispatcher/invocation.ts";
import { DispatcherWorld } from "./dispatcher-world.ts";

let ran: string[];
let during: () => Promise<void>;
const queue = object({
  name: "Queue",
  handlers: {
    holds: async (ctx: ObjectContext) => await ctx.signal<string>("go"),
    sets: async (ctx: ObjectContext) => {
      ran.push("sets");
      ctx.set("n", 1);
      await Promise.resolve();
    },
    reads: async (ctx: ObjectContext) => void ran.push(`read ${await ctx.get<number>("n")}`),
    quick: async () => {
      ran.push("quick");
      await Promise.resolve();
    },
    steps: async (ctx: ObjectContext) => {
      for (const name of ["first", "second"])
        await ctx.run(name, async () => {
          ran.push(name);
          await during();
        });
    },
  },
});

let world: DispatcherWorld;
beforeEach(() => {
  ran = [];
  during = async () => await Promise.resolve();
  world = new DispatcherWorld([queue]);
});

let unique = 0;
function startOf(handler: string): Start {
  const id = invocationId("Queue", "k", new Uint8Array(UNIQUE_SIZE).fill(++unique));
  return {
    ...({ kind: "start", id, incarnation: 0, origin: `o${unique}`, headers: {} } as const),
    ...{ target: { service: "Queue", handler, key: "k" }, input: new Uint8Array(0) },
    acceptedAtMs: world.clock.now(),
  };
}
const go = ({ id }: Start): Notify => ({
  ...{ kind: "notify", id },
  note: { kind: "signalled", signal: "go", delivery: "d", outcome: new TextEncoder().encode('"gone"') },
});
const key = lockKey("Queue", "k");
const lock = async () => {
  const item = await world.items.get(key);
  return item && parseLock(item);
};
const away = () => new OperationalError("unavailable", "away");
const setTo = (attribute: string, value: Value): Change => ({ do: "set", attribute, value });
const isState = ({ key: { table, sk } }: Write): boolean => table === "state" && sk !== "lock";

/** Parks these behind one that waits for a signal. */
async function parked(...handlers: readonly string[]): Promise<readonly [Start, ...Start[]]> {
  const [holder, behind] = [startOf("holds"), handlers.map(startOf)];
  for (const start of [holder, ...behind]) expect(await world.deliver(start)).toBe(true);
  return [holder, ...behind];
}

test("a message that has drained one, passed its key on, and could not wake the next, has that one woken", async () => {
  const [holder, first, second] = await parked("sets", "quick");
  // The turn of the first one ends, and its state cannot be written then.
  world.items.beforeWrite = async (write) => {
    if (!isState(write)) return await Promise.resolve();
    world.items.beforeWrite = async () => await Promise.resolve();
    throw away();
  };
  world.beforeSend = (message) => {
    if (message.id !== second?.id) return;
    world.beforeSend = () => undefined;
    throw away();
  };
  expect(await world.deliver(go(holder))).toBe(true);
  expect(await lock()).toMatchObject({ owner: { id: second?.id }, isWoken: true });
  expect([ran, world.sent]).toMatchObject([["sets"], [{ id: first?.id, wake: true }]]);
  for (let at = 0; at < world.sent.length; at++) {
    const message = world.sent[at];
    if (message) expect(await world.deliver(message)).toBe(true);
  }
  // One more: the second one's.
  expect([ran, world.sent.length, await lock()]).toEqual([["sets", "quick"], 2, undefined]);
});

test("a wake that acts for a message leaves alone what another message has handed on", async () => {
  const [holder, first] = await parked("sets", "quick", "quick");
  await world.deliver(go(holder), { remainingMs: 5000 });
  const wake = { kind: "resume", id: holder.id, incarnation: 0, enters: true, wake: true } as const;
  expect(await lock()).toMatchObject({ owner: { id: first?.id }, isWoken: true });
  const before = world.sent.length;
  expect(await world.deliver({ ...wake, poke: true, of: "another" })).toBe(true);
  expect(world.sent).toHaveLength(before);
});

test("what ran under an earlier one of notes that come together is left by the last one, and run by its wake (R17, R23)", async () => {
  const [holder, first] = await parked("quick", "quick");
  await world.deliver(go(holder), { remainingMs: 5000 });
  const owner = first?.id ?? holder.id;
  // It was handed the key under an earlier note, and its turn has died.
  const earlier = voucherOf(noteGroupOf(holder.id), "7");
  const died = headAttributes({ status: "running", writer: "w", voucher: earlier });
  for (const [item, attributes] of [
    [key, { u: earlier }],
    [headKey(owner), died],
  ] as const) {
    const changes = Object.entries(attributes).map(([attribute, value]) => setTo(attribute, value));
    await world.items.write({ op: "update", key: item, changes });
  }
  const before = world.sent.length;
  expect(await world.deliver(go(holder), { sequence: "9", receiveCount: 2 })).toBe(true);
  const wakes = world.sent.slice(before);
  expect(wakes).toMatchObject([{ id: owner, wake: true, of: voucherOf(noteGroupOf(holder.id), "9") }]);
  for (const wake of wakes) expect(await world.deliver(wake)).toBe(true);
  expect([ran, (await world.head(owner))?.status]).toEqual([["quick", "quick"], "completed"]);
});

test("a slow dispatcher leaves an owner that has run since, and rests: it hands its key on to nobody", async () => {
  const [holder, first] = await parked("quick", "quick");
  const owner = first?.id ?? holder.id;
  const dueAtMs = world.clock.now();
  const rested = Object.entries(headAttributes({ status: "backing-off", dueAtMs }));
  // Its message has come again, and another dispatcher has run the owner.
  const get = world.items.get.bind(world.items);
  world.items.get = async (item) => {
    if (item.pk === headKey(owner).pk && (await get(key))?.["o"] === owner) {
      world.items.get = get;
      const changes = rested.map(([attribute, value]) => setTo(attribute, value));
      await world.items.write({ op: "update", key: headKey(owner), changes });
    }
    return await get(item);
  };
  expect(await world.deliver(go(holder))).toBe(true);
  expect([ran, await lock()]).toMatchObject([[], { owner: { id: owner } }]);
  // Its timer.
  const due: Resume = { kind: "resume", id: owner, incarnation: 0, dueAtMs };
  expect(await world.deliver(due)).toBe(true);
  expect([ran, await lock()]).toEqual([["quick", "quick"], undefined]);
});

test("the presence of an owner leaves the lock as it was handed over, and so whose the owner is", async () => {
  const [holder, first] = await parked("steps");
  const seen: unknown[] = [];
  during = async () => {
    await world.clock.advance(PRESENCE_MS + 1);
    // Presence is written beside the turn.
    await expect.poll(async () => (await world.head(first?.id ?? ""))?.guard).toBeDefined();
    seen.push(await lock());
    during = async () => await Promise.resolve();
  };
  expect(await world.deliver(go(holder))).toBe(true);
  // Its message was let go of meanwhile.
  await expect.poll(() => seen.length).toBe(1);
  expect(seen).toMatchObject([{ owner: { id: first?.id }, handedBy: expect.any(String) as string }]);
  expect(seen).not.toHaveProperty("0.takenAtMs");
  // The key is passed on by a dispatcher, under its guard.
  expect(await lock()).toMatchObject({ owner: { id: first?.id } });
  const early = world.sent.find((message) => message.kind === "resume" && message.settled !== undefined);
  if (early) expect(await world.deliver(early)).toBe(true);
  await expect.poll(async () => await lock()).toBeUndefined();
});

test.each([["nobody is parked", []] as const, ["others are parked, which go first", ["quick"]] as const])(
  "R3: one whose turn took the lock and died, and whose Start was given up, takes the place of its resume: %s",
  async (_, others) => {
    const start = startOf("sets");
    const me = { id: start.id, incarnation: 0, token: tokenOf(0, "0") };
    await world.items.write(takeLock(key, me, world.clock.now(), "n"));
    const why = { code: 500, message: "given up" };
    expect(await pauseUndelivered(world, { id: start.id, start }, why)).toBe(true);
    for (const other of others) await world.deliver(startOf(other));
    const resume = { kind: "resume", id: start.id, byOperator: true } as const;
    // Another lane's order is another one.
    expect(await world.deliver(resume)).toBe(true);
    expect([ran, (await world.head(start.id))?.token]).toEqual([[], undefined]);
    for (let at = 0; at < world.sent.length; at++) {
      const message = world.sent[at];
      if (message) expect(await world.deliver(message, { sequence: "50" })).toBe(true);
    }
    expect((await world.head(start.id))?.token).toBe(tokenOf(0, "50"));
    expect([ran, await lock()]).toEqual([[...others, "sets"], undefined]);
  },
);

test("R3: an earlier message of one that has taken its key with a later token writes with the later one", async () => {
  const start = startOf("sets");
  const later = tokenOf(0, "5");
  await world.items.write(
    takeLock(key, { id: start.id, incarnation: 0, token: later }, world.clock.now(), "n"),
  );
  expect(await world.deliver(start, { sequence: "3", receiveCount: 2 })).toBe(true);
  expect([ran, (await world.head(start.id))?.token]).toEqual([["sets"], later]);
});

test("W2: what was parked after its message was given up, and has no place in the lock, is resumed with a new token", async () => {
  const [start, other] = [startOf("quick"), startOf("sets")];
  const late = Invocation.begun(start, tokenOf(0, "0"));
  expect(await parkHead({ items: world.items, clock: world.clock, entropy: systemEntropy }, late)).toBe(true);
  const head = await world.head(start.id);
  expect(await pauseUndelivered(world, { id: start.id, head }, { code: 500, message: "given up" })).toBe(
    true,
  );
  await world.deliver(other);
  expect(await world.deliver({ kind: "resume", id: start.id, byOperator: true, enters: true })).toBe(true);
  const [mine, others] = [await world.head(start.id), await world.head(other.id)];
  expect(mine?.status).toBe("completed");
  expect((mine?.token ?? "") > (others?.token ?? "")).toBe(true);
});

test("R16: what a resume that was given up too has not begun leaves its key alone until it is resumed", async () => {
  const start = startOf("sets");
  const resume: Resume = { kind: "resume", id: start.id, byOperator: true, enters: true };
  const why = { code: 500, message: "given up" };
  expect(await pauseUndelivered(world, { id: start.id, start }, why)).toBe(true);
  world.invoke = async () => await Promise.reject(away());
  expect(await world.deliver(resume)).toBe(false);
  const head = await world.head(start.id);
  expect(head?.voucher).toBeDefined();
  expect(await pauseUndelivered(world, { id: start.id, head }, why)).toBe(true);
  world.invoke = undefined;
  expect(await world.deliver(start, { receiveCount: 2 })).toBe(true);
  expect([(await world.head(start.id))?.status, await lock()]).toEqual(["paused", undefined]);
  expect(await world.deliver(startOf("quick"))).toBe(true);
  expect(await world.deliver(resume)).toBe(true);
  expect([ran, await lock()]).toEqual([["quick", "sets"], undefined]);
});

test("R5: what is paused while its message is in its place takes its key before that is done", async () => {
  const start = startOf("sets");
  const resume: Resume = { kind: "resume", id: start.id, byOperator: true, enters: true };
  const why = { code: 500, message: "given up" };
  expect(await pauseUndelivered(world, { id: start.id, start }, why)).toBe(true);
  world.invoke = async () => await Promise.reject(away());
  expect(await world.deliver(resume, { sequence: "5" })).toBe(false);
  expect((await pause(world, start.id, 0)).won).toBe(true);
  expect(await world.deliver({ kind: "resume", id: start.id, enters: true }, { sequence: "5" })).toBe(true);
  expect(await lock()).toMatchObject({ owner: { id: start.id } });
});

test("R16: what is held before it has begun leaves its key to another owner, and goes on behind that", async () => {
  const [other, start] = [startOf("holds"), startOf("sets")];
  expect(await world.deliver(other)).toBe(true);
  const resume: Resume = { kind: "resume", id: start.id, byOperator: true, enters: true };
  expect(await pauseUndelivered(world, { id: start.id, start }, { code: 500, message: "given up" })).toBe(
    true,
  );
  // The resume vouches for it, and does not come to the lock.
  const get = world.items.get.bind(world.items);
  world.items.get = async (item) => await (item.sk === "lock" ? Promise.reject(away()) : get(item));
  expect(await world.deliver(resume, { sequence: "5" })).toBe(false);
  world.items.get = get;
  expect((await pause(world, start.id, 0)).won).toBe(true);
  expect(await world.deliver({ kind: "resume", id: start.id, enters: true }, { sequence: "5" })).toBe(true);
  expect(await lock()).toMatchObject({ owner: { id: other.id } });
  expect(await world.deliver(resume, { sequence: "6" })).toBe(true);
  expect([await world.deliver(go(other)), ran, await lock()]).toEqual([true, ["sets"], undefined]);
});

test("W3: what was parked so, and comes once more itself, takes the place of the message that brings it", async () => {
  const [start, other] = [startOf("sets"), startOf("sets")];
  const late = Invocation.begun(start, tokenOf(0, "0"));
  expect(await parkHead({ items: world.items, clock: world.clock, entropy: systemEntropy }, late)).toBe(true);
  await world.deliver(other);
  const again = { sequence: "7", receiveCount: 2 };
  expect([await world.deliver(start, again), await world.deliver(start, again)]).toEqual([false, true]);
  const [mine, others] = [await world.head(start.id), await world.head(other.id)];
  expect(mine?.status).toBe("completed");
  expect((mine?.token ?? "") > (others?.token ?? "")).toBe(true);
});

test("W2: what is parked, and whose Start comes again, keeps its place", async () => {
  const [, first] = await parked("quick", "sets");
  const before = await world.head(first?.id ?? startOf("quick").id);
  if (first) expect(await world.deliver(first)).toBe(true);
  expect(await world.head(first?.id ?? startOf("quick").id)).toEqual(before);
});

async function delayed(): Promise<{ readonly id: InvocationId; readonly due: Resume }> {
  const dueAtMs = world.clock.now() + 1000;
  const start = { ...startOf("quick"), dueAtMs };
  await world.deliver(start);
  const { id } = start;
  return { id, due: { kind: "resume", id, incarnation: 0, dueAtMs, enters: true } };
}

test("W2: a delayed start whose message came too early begins under a later one, whoever still handles the first", async () => {
  const { id, due } = await delayed();
  expect(await world.deliver(due, { sequence: "7" })).toBe(true);
  expect(world.scheduled.at(-1)).toMatchObject({ message: due });
  await world.clock.advance(1000);
  // It was not acknowledged, and messages behind it have run.
  expect(await world.deliver(due, { sequence: "7", receiveCount: 2 })).toBe(true);
  expect(world.to(id)).toEqual([due]);
  expect(await world.deliver(due, { sequence: "7" })).toBe(true);
  expect([ran, (await world.head(id))?.status]).toEqual([[], "scheduled"]);
  await world.deliver(due, { sequence: "9" });
  expect([ran, (await world.head(id))?.token]).toEqual([["quick"], tokenOf(0, "9")]);
});

test("W1: one whose message comes again keeps its place, since its turn may be alive", async () => {
  const { id, due } = await delayed();
  await world.clock.advance(1000);
  expect(await world.deliver(due, { sequence: "7", receiveCount: 2 })).toBe(true);
  expect([ran, (await world.head(id))?.token]).toEqual([["quick"], tokenOf(0, "7")]);
});

test("one that has ended keeps its key while its state cannot be written: the next one writes it first", async () => {
  const [first, second] = [startOf("sets"), startOf("reads")];
  world.items.beforeWrite = async (write) =>
    await (isState(write) ? Promise.reject(away()) : Promise.resolve());
  expect(await world.deliver(first)).toBe(false);
  expect(await lock()).toMatchObject({ owner: { id: first.id }, inline: [] });
  // The mailbox gives the first one up. While its state cannot be written, nobody reads.
  expect(await world.deliver(second, { sequence: "2" })).toBe(false);
  expect(ran).toEqual(["sets"]);
  world.items.beforeWrite = async () => await Promise.resolve();
  expect(await world.deliver(second, { sequence: "2", receiveCount: 2 })).toBe(true);
  expect([ran, await lock()]).toEqual([["sets", "read 1"], undefined]);
});

test("one that has kept its key so passes it on when its message comes again", async () => {
  const first = startOf("sets");
  world.items.beforeWrite = async (write) =>
    await (isState(write) ? Promise.reject(away()) : Promise.resolve());
  expect(await world.deliver(first)).toBe(false);
  expect(await lock()).toBeDefined();
  world.items.beforeWrite = async () => await Promise.resolve();
  expect(await world.deliver(first, { sequence: "1", receiveCount: 2 })).toBe(true);
  expect([await lock(), await world.deliver(startOf("reads"))]).toEqual([undefined, true]);
  expect(ran).toEqual(["sets", "read 1"]);
});

test("who is slow to delete the place that it has emptied leaves it to another one that has it by then", async () => {
  const [first, second, third, other] = [
    startOf("holds"),
    startOf("quick"),
    startOf("quick"),
    startOf("quick"),
  ];
  for (const start of [first, second]) await world.deliver(start);
  const place = inboxKey(key, 0);
  const parks = async ({ id }: Start) => {
    const item = { p: [id, 0, tokenOf(0, "2")], i: id };
    await world.items.write({ op: "put", key: place, attributes: item });
    const changes = { q: [], h: 0, t: 1 };
    for (const [attribute, value] of Object.entries(changes))
      await world.items.write({ op: "update", key, changes: [{ do: "set", attribute, value }] });
  };
  await parks(second);
  world.items.beforeWrite = async (write) => {
    if (write.op !== "delete" || write.key.sk !== place.sk) return;
    world.items.beforeWrite = async () => await Promise.resolve();
    await world.items.write({ op: "delete", key });
    const owner = { id: other.id, incarnation: 0, token: tokenOf(0, "3") };
    await world.items.write(takeLock(key, owner, world.clock.now(), "n"));
    await parks(third);
  };
  expect(await world.deliver(go(first))).toBe(true);
  expect(await world.items.get(place)).toMatchObject({ i: third.id });
});

test("R3: one whose turn took the lock after others had had the key reads and writes as one that comes after them", async () => {
  const start = startOf("reads");
  const me = { id: start.id, incarnation: 0, token: tokenOf(0, "0") };
  const others = { f: fenceOf(tokenOf(0, "1"), 0), val: new TextEncoder().encode("7") };
  await world.items.write({ op: "put", key: stateKey("Queue", "k", "n"), attributes: others });
  await world.items.write(takeLock(key, me, world.clock.now(), "n"));
  const why = { code: 500, message: "given up" };
  expect(await pauseUndelivered(world, { id: start.id, start }, why)).toBe(true);
  const resume = { kind: "resume", id: start.id, enters: true, byOperator: true } as const;
  expect(await world.deliver(resume, { sequence: "5" })).toBe(true);
  expect([ran, await lock()]).toEqual([["read 7"], undefined]);
  expect((await world.head(start.id))?.token).toBe(tokenOf(0, "5"));
});
