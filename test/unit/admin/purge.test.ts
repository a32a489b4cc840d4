/** `purge` and `purge-journal`: what they delete, what must stay, and where they may stop. */
import { object } from "perdure";
import { describe, expect, test } from "vitest";
import { fenceOf, hasReached, stateKey, tokenOf } from "../../../lib/model/fence.ts";
import { inputKey, pageKey, valueKey } from "../../../lib/model/head-keys.ts";
import { type InvocationId, journalPartition, promisePartition } from "../../../lib/model/ids.ts";
import { HEAD_OUTLIVES_MS, MAILBOX_RETENTION_MS, VALUE_ITEM_BYTES_MAX } from "../../../lib/limits.ts";
import { encodeMessage, type Start } from "../../../lib/model/message.ts";
import { encodeOutcome, success } from "../../../lib/model/outcome.ts";
import { refOf } from "../../../lib/model/value-ref.ts";
import type { Value } from "../../../lib/model/value.ts";
import { itemKeysOf, placeOf, readValue, writeValue } from "../../../lib/store/value-store.ts";
import { shownId, storedId } from "../../../lib/model/shown-id.ts";
import { Dispatcher } from "../../../runtime/dispatcher/dispatcher.ts";
import { completion } from "../../support/entries.ts";
import { bytes, NOW } from "../ingress/world.ts";
import { AdminWorld } from "./admin-world.ts";
import { ask, World } from "./engine.ts";

const TOKEN = tokenOf(0, "7");
const OLD_MS = MAILBOX_RETENTION_MS + 1;

async function itemsOf(world: AdminWorld, start: Start): Promise<string[]> {
  const page = await world.items.query("journal", journalPartition(start.id), "");
  return page.items.map(({ sk }) => sk);
}

/** A completed invocation with a page, an input and two values, one of which is its result. */
async function completed(world: AdminWorld, line = "POST /O/k/add/send"): Promise<Start> {
  const result = refOf(bytes("result"));
  const start = await world.invocation(
    {
      ...{ s: "completed", k: TOKEN, n: 3, b: 2, p: 1, in: true, ba: NOW, e: NOW + 1e9, ttl: 1 },
      x: encodeOutcome({ ok: true, ref: result }),
      l: [
        ["r", 1, "step", bytes("1")],
        ["s", 2, "count", bytes("9")],
      ],
      r: [["inv_caller", 0, 4]],
    },
    line,
  );
  const { id, incarnation } = start;
  const put = (key: Parameters<typeof world.items.get>[0], value: Uint8Array) =>
    world.items.write({ op: "put", key, attributes: { value } });
  await put(pageKey(id, incarnation, 0), bytes(""));
  await put(inputKey(id, incarnation), bytes("input"));
  await put(valueKey(id, result), bytes("result"));
  await put(valueKey(id, refOf(bytes("other"))), bytes("other"));
  return { ...start, replyTo: { id: start.id, incarnation: 0, command: 4 } };
}

describe.each(["purge", "purge-journal"])("%s", (operation) => {
  test("of one that has not completed is 409", async () => {
    const world = new AdminWorld();
    const { id } = await world.invocation({ s: "suspended" });
    expect(await world.ask(`PATCH /invocations/${id}/${operation}`)).toMatchObject({
      status: 409,
      body: { message: `The invocation '${shownId(id)}' is not yet completed.` },
    });
  });

  test("of what is no id is 400, of an expired one 404", async () => {
    const world = new AdminWorld();
    expect((await world.ask(`PATCH /invocations/inv_x/${operation}`)).status).toBe(400);
    const { id } = await world.invocation({ s: "completed", x: bytes(""), e: NOW - 1 });
    expect((await world.ask(`PATCH /invocations/${id}/${operation}`)).status).toBe(404);
  });

  test("does first what the last append has left in doubt (R2)", async () => {
    const world = new AdminWorld();
    const start = await completed(world);
    const replies = [[start.id, 0, 4]];
    await world.putHead(start, { ...(await world.head(start.id)), r: replies });
    expect((await world.ask(`PATCH /invocations/${start.id}/${operation}`)).status).toBe(200);
    expect(await world.items.get(stateKey("O", "k", "count"))).toMatchObject({
      f: fenceOf(TOKEN, 2),
      val: bytes("9"),
    });
    expect(world.takeSent()).toMatchObject([
      { message: { kind: "notify", id: start.id, note: completion(4, bytes("result")) } },
    ]);
  });

  test("later brings no old state back to life", async () => {
    const world = new AdminWorld();
    const start = await completed(world);
    await world.clock.advance(OLD_MS);
    await world.ask(`PATCH /invocations/${start.id}/${operation}`);
    expect(await world.items.get(stateKey("O", "k", "count"))).toBeUndefined();
    expect(world.takeSent()).toEqual([]);
  });

  test("that stops at any write can be repeated", async () => {
    for (let writes = 0; writes < 8; writes++) {
      const world = new AdminWorld();
      const start = await completed(world);
      await world.clock.advance(OLD_MS);
      let left = writes;
      const write = world.items.write.bind(world.items);
      world.items.write = async (one) => {
        if (left-- === 0) world.items.fail("before");
        return await write(one);
      };
      const path = `PATCH /invocations/${start.id}/${operation}`;
      const first = await world.ask(path);
      if (first.status === 503) expect((await world.ask(path)).status).toBe(200);
      const kept = operation === "purge" ? ["head"] : ["head", refOf(bytes("result"))];
      expect(await itemsOf(world, start)).toEqual(kept);
    }
  });
});

test.each(["purge", "purge-journal"])("%s: what a message may name expires after it", async (operation) => {
  const world = new AdminWorld();
  const start = await completed(world);
  const value = new Uint8Array(VALUE_ITEM_BYTES_MAX + 1);
  const ref = refOf(value);
  const ports = { items: world.items, clock: world.clock };
  await writeValue(ports, placeOf(start.id), ref, value);
  await world.clock.advance(OLD_MS);
  expect((await world.ask(`PATCH /invocations/${start.id}/${operation}`)).status).toBe(200);
  for (const key of itemKeysOf(placeOf(start.id), ref)) {
    expect((await world.items.get(key))?.["ttl"]).toBe(
      Math.ceil((NOW + OLD_MS + MAILBOX_RETENTION_MS) / 1000),
    );
  }
  expect(await readValue(ports, placeOf(start.id), ref)).toEqual(value);
});

test("a purge removes nothing once another one has let the next life begin", async () => {
  const world = new AdminWorld();
  const start = await completed(world);
  await world.clock.advance(OLD_MS);
  const before = await itemsOf(world, start);
  const query = world.items.query.bind(world.items);
  world.items.query = async (...asked) => {
    const page = await query(...asked);
    await world.putHead(start, { ...(await world.head(start.id)), e: NOW });
    return page;
  };
  await world.ask(`PATCH /invocations/${start.id}/purge`);
  world.items.query = query;
  expect(await itemsOf(world, start)).toEqual(before);
});

test("a purge leaves what is stored anew after it has been listed", async () => {
  const world = new AdminWorld();
  const start = await completed(world);
  await world.clock.advance(OLD_MS);
  const key = valueKey(start.id, refOf(bytes("other")));
  const write = world.items.write.bind(world.items);
  world.items.write = async (one) => {
    if (one.op !== "delete") return await write(one);
    world.items.write = write;
    await write({ op: "put", key, attributes: { value: bytes("other"), ttl: 7 } });
    return await write(one);
  };
  expect((await world.ask(`PATCH /invocations/${start.id}/purge`)).status).toBe(200);
  expect(await itemsOf(world, start)).toEqual(["head", key.sk]);
});

test("a purged invocation is gone, but its head outlives the mailbox's messages (R10)", async () => {
  const world = new AdminWorld();
  const start = await completed(world);
  await world.clock.advance(OLD_MS);
  expect(await world.ask(`PATCH /invocations/${start.id}/purge`)).toEqual({
    status: 200,
    headers: {},
    body: "",
  });
  expect((await world.ask(`GET /invocations/${start.id}`)).status).toBe(404);
  expect((await world.ask(`PATCH /invocations/${start.id}/purge`)).status).toBe(404);
  const head = await world.head(start.id);
  const nowMs = world.clock.now();
  expect(head).toMatchObject({
    e: nowMs,
    ttl: Math.ceil((nowMs + HEAD_OUTLIVES_MS) / 1000),
    l: [],
    n: 0,
  });
  expect(head).not.toHaveProperty("in");
});

test("without its journal an invocation keeps its status and its result", async () => {
  const world = new AdminWorld();
  const start = await completed(world);
  await world.clock.advance(OLD_MS);
  expect((await world.ask(`PATCH /invocations/${start.id}/purge-journal`)).status).toBe(200);
  expect((await world.ask(`GET /invocations/${start.id}`)).body).toMatchObject({
    status: "completed",
    completion_result: "success",
    journal_size: 0,
  });
  expect((await world.ask(`GET /invocations/${start.id}/journal`)).body).toMatchObject({
    entries: [],
    output: { value: "result" },
  });
});

test("a purged workflow takes its state and promises with it, fenced against its own zombies (W3)", async () => {
  const world = new AdminWorld();
  const start = await world.invocation(
    { s: "completed", k: TOKEN, x: encodeOutcome(success()), e: NOW + 1e9 },
    "POST /W/k/run/send",
  );
  const promise = { table: "state", pk: promisePartition("W", "k"), sk: "p" } as const;
  await world.items.write({ op: "put", key: promise, attributes: { x: bytes("1") } });
  const key = stateKey("W", "k", "n");
  await world.items.write({ op: "put", key, attributes: { f: fenceOf(TOKEN, 3), val: bytes("1") } });
  expect((await world.ask(`PATCH /invocations/${start.id}/purge`)).status).toBe(200);
  expect(await world.items.get(promise)).toBeUndefined();
  const tombstone = await world.items.get(key);
  expect(tombstone).toMatchObject({ gone: true });
  expect(hasReached(tombstone, TOKEN, 50_000)).toBe(true);
  expect(hasReached(tombstone, tokenOf(0, "8"), 0)).toBe(false);
});

test("an idempotency key is free again, and a purged Start that comes again does not run", async () => {
  let runs = 0;
  const counter = object({
    name: "Counter",
    handlers: { add: async () => await Promise.resolve(++runs) },
  });
  const world = await World.of(counter);
  const headers = { "idempotency-key": "a" };
  expect(await world.call("/Counter/k/add", 1, headers)).toBe(1);
  const { id } = await world.ask("/Counter/k/add", 1, headers);
  expect((await ask(world, `PATCH /invocations/${id}/purge`)).status).toBe(200);
  expect((await world.output(id)).status).toBe(404);
  expect(await world.call("/Counter/k/add", 1, headers)).toBe(2);
  await world.stop();
});

test("what expired at its end is finished by the message that comes back (M1, R2)", async () => {
  const world = new AdminWorld();
  const start = await completed(world);
  await world.putHead(start, { ...(await world.head(start.id)), e: NOW, r: [] });
  const dispatcher = new Dispatcher({
    ...world.ports,
    timers: { schedule: () => Promise.resolve() },
    invoker: { invoke: () => Promise.reject(new Error("it has ended")) },
  });
  const incoming = {
    messageId: "m",
    group: "g",
    sequence: "7",
    body: encodeMessage({ ...start, accepted: true }),
  };
  await dispatcher.handle([{ ...incoming, receiveCount: 2 }], 60_000);
  expect(await world.items.get(stateKey("O", "k", "count"))).toMatchObject({ val: bytes("9") });
});

describe.each(["purge", "purge-journal"])("%s beside", (operation) => {
  /** Ended, with a log that names a value, and a page. */
  const large = async (world: AdminWorld): Promise<Start> => {
    const [value, result] = [refOf(bytes("large")), refOf(bytes("result"))];
    const start = await world.withLog([["r", 1, "two", value]], {
      ...{ s: "completed", n: 2, b: 1, p: 1, in: true, x: encodeOutcome({ ok: true, ref: result }) },
    });
    const { id, incarnation } = start;
    const put = (key: Parameters<typeof world.items.get>[0], attributes: Record<string, Value>) =>
      world.items.write({ op: "put", key, attributes });
    await put(pageKey(id, incarnation, 0), { l: [["r", 0, "one", bytes("1")]] });
    await put(inputKey(id, incarnation), { value: bytes("input") });
    await put(valueKey(id, value), { value: bytes("large") });
    await put(valueKey(id, result), { value: bytes("result") });
    await world.clock.advance(OLD_MS);
    return start;
  };
  /** Asks while a purge comes before the read of that number. Answers the status, if there were so many reads. */
  const askBeside = async (world: AdminWorld, purge: string, line: string, reads: number) => {
    let [left, isPurged] = [reads, false];
    const hold = async (): Promise<void> => {
      if (isPurged || left-- > 0) return;
      isPurged = true;
      expect((await world.ask(purge)).status).toBe(200);
    };
    const [get, query] = [world.items.get.bind(world.items), world.items.query.bind(world.items)];
    world.items.get = async (...args) => (await hold(), await get(...args));
    world.items.query = async (...args) => (await hold(), await query(...args));
    const { status, body } = await world.ask(line);
    return { status, body, isPurged };
  };

  test.each([
    ["a restart from a prefix", "PATCH /invocations/ID/restart-as-new?from=2&deployment=keep"],
    ["a look at the journal", "GET /invocations/ID/journal"],
  ])("%s is answered as before or after it, and loses nothing", async (_, line) => {
    for (let reads = 0; ; reads++) {
      const world = new AdminWorld();
      const { id } = await large(world);
      const purge = `PATCH /invocations/${id}/${operation}`;
      const { status, body, isPurged } = await askBeside(world, purge, line.replace("ID", id), reads);
      expect([200, 404, 410]).toContain(status);
      expect(world.logs.filter(({ level }) => level === "error")).toEqual([]);
      const made = storedId((body as { new_invocation_id?: string }).new_invocation_id ?? "");
      if (made !== undefined)
        expect(await world.items.get(valueKey(made, refOf(bytes("large"))))).toMatchObject({
          value: bytes("large"),
        });
      if (!isPurged) return;
    }
  });
});

test("a request that comes again, beside the end and the purge of the first, is told of it", async () => {
  const world = new AdminWorld();
  const again = async () =>
    await world.request("POST /T/hello/send", JSON.stringify("x".repeat(10_000)), { "idempotency-key": "k" });
  const { invocationId: id } = (await again()).body as { invocationId: InvocationId };
  const start = world.takeStart();
  let isGone = false;
  const get = world.items.get.bind(world.items);
  world.items.get = async (key) => {
    if (key.sk === "head" || isGone) return await get(key);
    isGone = true;
    await world.putHead(start, { s: "completed", x: encodeOutcome(success(bytes("1"))), e: NOW + 1e9 });
    await world.items.write({ op: "delete", key });
    return undefined;
  };
  expect(await again()).toMatchObject({
    status: 202,
    body: { invocationId: id, status: "PreviouslyAccepted" },
  });
  expect(isGone).toBe(true);
  expect(world.takeSent()).toEqual([]);
  expect(world.logs.filter(({ level }) => level === "error")).toEqual([]);
});

test("who asks for a result beside its purge is told that it is gone", async () => {
  const world = new AdminWorld();
  const start = await completed(world);
  await world.clock.advance(OLD_MS);
  const get = world.items.get.bind(world.items);
  let isGone = false;
  world.items.get = async (key) => {
    if (key.sk === "head" || isGone) return await get(key);
    isGone = true;
    expect((await world.ask(`PATCH /invocations/${start.id}/purge`)).status).toBe(200);
    return await get(key);
  };
  expect((await world.request(`GET /restate/invocation/${start.id}/output`)).status).toBe(404);
  expect(isGone).toBe(true);
  expect(world.logs.filter(({ level }) => level === "error")).toEqual([]);
});
