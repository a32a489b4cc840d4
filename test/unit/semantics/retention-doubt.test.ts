/**
 * What was deleted must not come back.
 *
 * - R2: outputs of an append that is older than the mailbox's retention are not done again.
 * - W3: an old `set` does not return when the tombstone of a later `clear` is gone.
 * - L1: a lock whose owner has no head any more blocks nobody.
 *
 * What is open is renewed, and is not deleted.
 */
import { type Context, object, type ObjectContext, service } from "perdure";
import { afterEach, beforeEach, expect, test } from "vitest";
import { outgoing } from "../../../lib/store/send.ts";
import { stateKey, tokenOf } from "../../../lib/model/fence.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { invocationId } from "../../../lib/model/ids.ts";
import { HEAD_OUTLIVES_MS, KEEP_MS, MAILBOX_RETENTION_MS, TOMBSTONE_MS } from "../../../lib/limits.ts";
import { handOff, inboxKey, lockKey, park, parseLock, takeLock, wokenBy } from "../../../lib/model/lock.ts";
import { DAY_MS, HOUR_MS, RetentionWorld } from "./retention-world.ts";

let runs = 0;
let opened: string | undefined;
const callee = service({
  name: "Callee",
  handlers: { work: async () => await Promise.resolve(++runs) },
});
const sleeper = service({
  name: "Sleeper",
  handlers: {
    sends: async (ctx: Context) => {
      ctx.serviceSendClient(callee).work();
      await ctx.sleep({ days: 30 });
      return "woken";
    },
    waits: async (ctx: Context, text: string) => {
      const { id, promise } = ctx.awakeable<string>();
      let length = 0;
      for (let step = 0; step < 40; step++) length += await ctx.run(`step ${step}`, () => text.length);
      opened = id;
      return `${length} ${text.length} ${await promise}`;
    },
  },
});
const store = object({
  name: "Store",
  handlers: {
    set: async (ctx: ObjectContext, value: string) => {
      ctx.set("name", value);
      await Promise.resolve();
    },
    clear: async (ctx: ObjectContext) => {
      ctx.clear("name");
      await Promise.resolve();
    },
    get: async (ctx: ObjectContext) => await ctx.get("name"),
  },
  options: { idempotencyRetention: { days: 60 } },
});

let world: RetentionWorld;
beforeEach(() => {
  runs = 0;
  opened = undefined;
  world = new RetentionWorld([callee, sleeper, store]);
});
afterEach(async () => await world.stop());

test("what was sent long ago is not sent again by a wake that is in doubt, when its target is forgotten", async () => {
  const id = await world.send("POST /Sleeper/sends");
  await world.rest();
  expect(runs).toBe(1);
  world.jump(20 * DAY_MS);
  expect((await world.sweep()).filter((name) => name === "inv head")).toHaveLength(1);
  await world.mailbox.sendBatch([outgoing({ kind: "resume", id, poke: true }, "in doubt")]);
  await world.rest();
  world.jump(10 * DAY_MS + HOUR_MS);
  expect((await world.ask(`GET /restate/attach/${id}`)).body).toBe("woken");
  expect(runs).toBe(1);
});

test("while it may be in doubt it is sent again", async () => {
  const id = await world.send("POST /Sleeper/sends");
  await world.rest();
  const sent = () => world.sent.filter(({ body }) => body.includes('"Callee"')).length;
  expect(sent()).toBe(1);
  const poke = (cause: string) =>
    world.mailbox.sendBatch([outgoing({ kind: "resume", id, poke: true }, cause)]);
  world.jump(MAILBOX_RETENTION_MS - HOUR_MS);
  await poke("1");
  await world.rest();
  expect(sent()).toBe(2);
  world.jump(2 * HOUR_MS);
  await poke("2");
  await world.rest();
  expect(sent()).toBe(2);
  expect(runs).toBe(1);
});

test("W3: an old set does not come back when the tombstone of a later clear is gone", async () => {
  const { id } = await world.ask("POST /Store/k/set", "old", { "idempotency-key": "1" });
  await world.ask("POST /Store/k/clear");
  world.jump(TOMBSTONE_MS + HOUR_MS);
  expect(await world.sweep()).not.toContain("state name");
  await world.mailbox.sendBatch([outgoing({ kind: "kill", id }, "late")]);
  await world.rest();
  expect(await world.items.get(stateKey("Store", "k", "name"))).toBeUndefined();
  expect((await world.ask("POST /Store/k/get")).body).toBeNull();
});

test("W3: as long as the set may be in doubt the tombstone is there", async () => {
  const { id } = await world.ask("POST /Store/k/set", "old", { "idempotency-key": "1" });
  await world.ask("POST /Store/k/clear");
  world.jump(MAILBOX_RETENTION_MS - HOUR_MS);
  await world.sweep();
  await world.mailbox.sendBatch([outgoing({ kind: "kill", id }, "late")]);
  await world.rest();
  expect((await world.ask("POST /Store/k/get")).body).toBeNull();
});

const holder = (n: number) => ({
  id: invocationId("Store", "k", new Uint8Array(14).fill(n)),
  incarnation: 0,
  token: tokenOf(0, String(n)),
});

test("L1: a lock that a zombie took blocks nobody once its owner's head is deleted", async () => {
  const key = lockKey("Store", "k");
  await world.items.write(takeLock(key, holder(0), world.clock.now(), "n"));
  const id = await world.send("POST /Store/k/set", "new");
  await world.rest();
  // For now it might be about to suspend.
  expect((await world.admin(`GET /invocations/${id}`)).body).toMatchObject({ status: "pending" });
  world.jump(HEAD_OUTLIVES_MS + HOUR_MS);
  await world.ask("POST /Store/k/set", "newer");
  expect((await world.ask("POST /Store/k/get")).body).toBe("newer");
  expect(await world.items.get(key)).toBeUndefined();
});

test("L1: a parked one whose head is deleted, left in the inbox, blocks nobody that is behind it", async () => {
  const key = lockKey("Store", "k");
  await world.items.write(takeLock(key, holder(0), world.clock.now(), "n"));
  const parked = parseLock((await world.items.get(key)) ?? {});
  await world.items.write(park(key, parked, holder(1)).lock);
  const lock = parseLock((await world.items.get(key)) ?? {});
  await world.items.write(handOff(key, lock, wokenBy("message")).write);
  await world.ask("POST /Store/k/set", "new");
  expect((await world.ask("POST /Store/k/get")).body).toBe("new");
  expect(await world.items.get(key)).toBeUndefined();
});

test("a place in the inbox that a crash has left goes with the lock", async () => {
  const key = lockKey("Store", "k");
  await world.items.write(takeLock(key, holder(0), world.clock.now() - 2 * HEAD_OUTLIVES_MS, "n"));
  for (const attribute of ["h", "t"]) {
    await world.items.write({ op: "update", key, changes: [{ do: "set", attribute, value: 3 }] });
  }
  const { id, incarnation, token } = holder(2);
  const left = { p: [id, incarnation, token], i: id };
  await world.items.write({ op: "put", key: inboxKey(key, 2), attributes: left });
  await world.ask("POST /Store/k/set", "new");
  expect(await world.left()).not.toContain(`lock ${inboxKey(key, 2).sk}`);
  expect(await world.items.get(key)).toBeUndefined();
});

test("what waits for months is renewed, and goes after its end like any other", async () => {
  const id = await world.send("POST /Sleeper/waits", "x".repeat(3000));
  await world.rest();
  const items = async () =>
    (await world.left()).filter((name) => name.startsWith("inv ") && name !== "inv head");
  const kept = await items();
  expect(kept.filter((name) => name.includes("page#")).length).toBeGreaterThan(0);
  expect(kept.filter((name) => name.includes("input#")).length).toBe(1);
  for (let passed = 0; passed < 4 * KEEP_MS; passed += KEEP_MS / 4) {
    world.jump(KEEP_MS / 4);
    await world.reconcile();
    await world.sweep();
  }
  expect(await items()).toEqual(kept);
  await world.ask(`POST /restate/awakeables/${opened}/resolve`, "at last");
  expect((await world.ask(`GET /restate/attach/${id}`)).body).toBe("120000 3000 at last");
  world.jump(DAY_MS + KEEP_MS + HEAD_OUTLIVES_MS);
  expect(await world.sweep()).toEqual([]);
});

test("it is renewed once in a while, not by every pass", async () => {
  await world.send("POST /Sleeper/waits", "x".repeat(3000));
  await world.rest();
  world.jump(KEEP_MS / 2 - HOUR_MS);
  expect((await world.reconcile()).renewed).toBe(0);
  world.jump(2 * HOUR_MS);
  expect((await world.reconcile()).renewed).toBe(1);
  expect((await world.reconcile()).renewed).toBe(0);
  world.jump(KEEP_MS / 2 - HOUR_MS);
  expect((await world.reconcile()).renewed).toBe(0);
});

test("a sleep of a year is renewed once, for all of it; one with nothing outside its head never", async () => {
  const year = service({
    name: "Year",
    handlers: {
      sleep: async (ctx: Context, text: string) => {
        await ctx.sleep({ days: 365 });
        return text.length;
      },
    },
  });
  const own = new RetentionWorld([year]);
  const ids = [await own.send("POST /Year/sleep", "x".repeat(3000)), await own.send("POST /Year/sleep", "x")];
  await own.rest();
  let renewed = 0;
  for (let day = 0; day < 360; day += 5) {
    own.jump(5 * DAY_MS);
    renewed += (await own.reconcile()).renewed;
    await own.sweep();
  }
  expect(renewed).toBe(1);
  own.jump(5 * DAY_MS + HOUR_MS);
  const answers = await Promise.all(ids.map((id) => own.ask(`GET /restate/attach/${id}`)));
  expect(answers.map(({ body }) => body)).toEqual([3000, 1]);
  await own.stop();
});

test("a result that is kept for longer than anything else is renewed for as long", async () => {
  const keeper = service({
    name: "Keeper",
    handlers: { big: async () => await Promise.resolve("x".repeat(200_000)) },
    options: { idempotencyRetention: { days: 100 } },
  });
  const own = new RetentionWorld([keeper]);
  const { id } = await own.ask("POST /Keeper/big", undefined, { "idempotency-key": "k" });
  own.jump(KEEP_MS / 2);
  expect((await own.reconcile()).renewed).toBe(1);
  own.jump(80 * DAY_MS);
  await own.sweep();
  expect((await own.ask(`GET /restate/output/${id}`)).body).toHaveLength(200_000);
  own.jump(20 * DAY_MS + HEAD_OUTLIVES_MS);
  expect(await own.sweep()).toEqual([]);
  expect(await own.items.get(headKey(id))).toBeUndefined();
  await own.stop();
});
