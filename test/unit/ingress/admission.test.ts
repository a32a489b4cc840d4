import { describe, expect, test } from "vitest";
import { accept, type AcceptRequest, isPerhapsUnseen } from "../../../lib/store/admission.ts";
import { readInput } from "../../../lib/store/head-store.ts";
import { parseHead } from "../../../lib/model/head.ts";
import { inputKey } from "../../../lib/model/head-keys.ts";
import { childUnique, groupOf, invocationId, isExclusiveId, isInvocationId } from "../../../lib/model/ids.ts";
import type { Attributes } from "../../../lib/model/item.ts";
import { MAILBOX_RETENTION_MS, PAYLOAD_BYTES_MAX } from "../../../lib/limits.ts";
import { decodeMessage, type Outgoing } from "../../../lib/model/message.ts";
import { success } from "../../../lib/model/outcome.ts";
import type { Timers } from "../../../lib/ports.ts";
import { bytes, NOW, World } from "./world.ts";

const HOUR_MS = 60 * 60 * 1000;
const plain: AcceptRequest = {
  target: { service: "T", handler: "hello" },
  handlerKind: "plain",
  input: bytes('"x"'),
  headers: { a: "1" },
};
const keyed: AcceptRequest = {
  ...plain,
  target: { service: "O", key: "k", handler: "add" },
  handlerKind: "exclusive",
};
const run: AcceptRequest = {
  ...plain,
  target: { service: "W", key: "k", handler: "run" },
  handlerKind: "workflow",
};
const idempotent: AcceptRequest = { ...plain, idempotencyKey: "once" };
const long = new Uint8Array(2000).fill(7);

const headOf = async (world: World, id: string): Promise<Attributes> => {
  const item = await world.head(id);
  if (!item) throw new Error("there is no head");
  return item;
};

describe("a random id", () => {
  test("is one message and no write", async () => {
    const world = new World();
    const { id, ...acceptance } = await accept(world.ports, plain);

    expect(acceptance).toEqual({ incarnation: 0, status: "Accepted" });
    expect(world.takeSent()).toEqual([
      {
        group: id,
        dedup: expect.any(String),
        message: {
          kind: "start",
          id,
          incarnation: 0,
          origin: expect.any(String),
          target: plain.target,
          input: plain.input,
          headers: { a: "1" },
          acceptedAtMs: NOW,
        },
      },
    ]);
    expect(world.items.counts.writes.journal).toBe(0);
    expect(isInvocationId(id) && !isExclusiveId(id)).toBe(true);
  });

  test("of an exclusive handler is in its key's group", async () => {
    const world = new World();
    const first = await accept(world.ports, keyed);
    const second = await accept(world.ports, keyed);
    const groups = world.takeSent().map(({ group }) => group);

    expect(first.id).not.toBe(second.id);
    expect(groups).toEqual([groupOf(first.id), groupOf(first.id)]);
    expect(isExclusiveId(first.id)).toBe(true);
  });

  test("of a shared handler is in its own", async () => {
    const world = new World();
    const { id } = await accept(world.ports, { ...keyed, handlerKind: "shared" });
    expect(world.takeSent().map(({ group }) => group)).toEqual([id]);
  });

  test("tells its age, so that not yet visible is told from gone", async () => {
    const world = new World();
    const { id } = await accept(world.ports, keyed);
    expect(isPerhapsUnseen(id, NOW)).toBe(true);
    expect(isPerhapsUnseen(id, NOW - 60_000)).toBe(true);
    expect(isPerhapsUnseen(id, NOW + MAILBOX_RETENTION_MS)).toBe(true);
    expect(isPerhapsUnseen(id, NOW + MAILBOX_RETENTION_MS + HOUR_MS)).toBe(false);
    expect(isPerhapsUnseen(id, NOW - HOUR_MS)).toBe(false);
    expect(isPerhapsUnseen(invocationId("T", undefined, childUnique(id, 0, 1)), NOW)).toBe(false);
  });

  test("is not acknowledged when the mailbox may not hold it", async () => {
    const world = new World();
    world.mailboxFails = true;
    await expect(accept(world.ports, plain)).rejects.toThrow("the mailbox is away");
  });
});

describe("a derived id", () => {
  test("has its head before its Start", async () => {
    const world = new World();
    world.mailboxFails = true;
    await expect(accept(world.ports, idempotent)).rejects.toThrow("the mailbox is away");

    // The crash between the two: a repeat goes on from the head.
    world.mailboxFails = false;
    const { id, incarnation, status } = await accept(world.ports, { ...idempotent, input: bytes('"other"') });
    expect(status).toBe("PreviouslyAccepted");
    expect(await headOf(world, id)).toMatchObject({
      s: "accepted",
      i: incarnation,
      q: "once",
      c: NOW,
      u: NOW,
    });
    expect(world.takeSent()).toEqual([
      {
        group: id,
        dedup: expect.any(String),
        message: {
          kind: "start",
          id,
          incarnation,
          origin: (await headOf(world, id))["o"],
          target: idempotent.target,
          input: bytes('"x"'),
          headers: { a: "1" },
          idempotencyKey: "once",
          acceptedAtMs: NOW,
          accepted: true,
          resent: true,
        },
      },
    ]);
  });

  test("depends on service, key, handler and idempotency key", async () => {
    const world = new World();
    const requests: AcceptRequest[] = [
      idempotent,
      { ...idempotent, idempotencyKey: "twice" },
      { ...idempotent, target: { service: "T", handler: "json" } },
      { ...keyed, idempotencyKey: "once" },
      { ...keyed, idempotencyKey: "once", target: { service: "O", key: "", handler: "add" } },
      run,
    ];
    const ids = new Set<string>();
    for (const request of requests) {
      const { id, incarnation, status } = await accept(world.ports, request);
      expect([status, incarnation === 0]).toEqual(["Accepted", false]);
      ids.add(id);
    }
    expect(ids.size).toBe(requests.length);
    expect(world.takeSent().map(({ message }) => message)).toMatchObject(
      requests.map(() => ({ accepted: true })),
    );
  });

  test("is found again, whatever became of it", async () => {
    const world = new World();
    const first = await accept(world.ports, idempotent);
    const start = world.takeStart();
    for (const status of ["pending", "running", "suspended", "backing-off", "paused"]) {
      await world.putHead(start, { s: status, y: NOW + 1 });
      expect(await accept(world.ports, idempotent)).toEqual({ ...first, status: "PreviouslyAccepted" });
      expect(world.takeSent()).toEqual([]);
    }
    await world.complete(start, success());
    expect(await accept(world.ports, idempotent)).toEqual({ ...first, status: "PreviouslyAccepted" });
    expect(world.takeSent()).toEqual([]);
  });

  test("lives again once its result has expired, as another incarnation", async () => {
    const world = new World();
    const first = await accept(world.ports, idempotent);
    await world.complete(world.takeStart(), success(), HOUR_MS);

    await world.clock.advance(HOUR_MS - 1);
    expect(await accept(world.ports, idempotent)).toMatchObject({ status: "PreviouslyAccepted" });
    await world.clock.advance(1);
    const second = await accept(world.ports, idempotent);

    expect(second).toMatchObject({ id: first.id, status: "Accepted" });
    expect(second.incarnation).not.toBe(first.incarnation);
    expect(world.takeStart()).toMatchObject({ incarnation: second.incarnation, acceptedAtMs: NOW + HOUR_MS });
    expect(Object.keys(await headOf(world, first.id))).not.toContain("ttl");
  });

  test("knows its own write when the store refuses it by its own first try", async () => {
    const world = new World();
    const write = world.items.write.bind(world.items);
    const twice = {
      ...world.ports,
      items: Object.assign(Object.create(world.items) as typeof world.items, {
        write: async (put: Parameters<typeof write>[0]) => (await write(put), write(put)),
      }),
    };
    expect(await accept(twice, idempotent)).toMatchObject({ status: "Accepted" });
    expect(world.takeStart()).not.toHaveProperty("resent");
  });

  test("is in doubt when the store does not answer; a repeat finds it", async () => {
    const world = new World();
    world.items.fail("after");
    await expect(accept(world.ports, idempotent)).rejects.toThrow("the answer was lost");
    expect(world.takeSent()).toEqual([]);
    expect(await accept(world.ports, idempotent)).toMatchObject({ status: "PreviouslyAccepted" });
    expect(world.takeStart()).toMatchObject({ resent: true });
  });

  test("is resent at most once a minute, as far as the mailbox remembers", async () => {
    const world = new World();
    await accept(world.ports, idempotent);
    for (let repeats = 0; repeats < 3; repeats++) await accept(world.ports, idempotent);
    await world.clock.advance(60_000);
    await accept(world.ports, idempotent);
    const dedups = world.takeSent().map(({ dedup }) => dedup);
    expect([dedups.length, new Set(dedups).size]).toEqual([5, 3]);
  });

  test("of a workflow's run remembers whose it is", async () => {
    const world = new World();
    const first = await accept(world.ports, { ...run, idempotencyKey: "mine" });
    expect(await accept(world.ports, run)).toEqual({
      id: first.id,
      incarnation: first.incarnation,
      status: "PreviouslyAccepted",
      idempotencyKey: "mine",
    });
    expect(groupOf(first.id)).not.toBe(first.id);
  });
});

describe("a long input", () => {
  test("has an item of its own before the head", async () => {
    const world = new World();
    const { id, incarnation } = await accept(world.ports, { ...idempotent, input: long });
    const item = await headOf(world, id);
    expect(item["in"]).toBe(true);
    expect(await readInput(world.items, id, parseHead(item))).toEqual(long);
    expect(await world.items.get(inputKey(id, incarnation))).toMatchObject({ value: long });
    expect(world.takeStart().input).toEqual(long);

    await accept(world.ports, { ...idempotent, input: new Uint8Array(3000) });
    expect(world.takeStart()).toMatchObject({ input: long, resent: true });
    expect(world.items.counts.writes.journal).toBe(2);
  });

  test("of a request that loses the race is not the winner's, and is removed", async () => {
    const world = new World();
    const [one, two] = await Promise.all([
      accept(world.ports, { ...idempotent, input: long }),
      accept(world.ports, { ...idempotent, input: new Uint8Array(2000).fill(8) }),
    ]);
    expect([one.status, two.status].toSorted()).toEqual(["Accepted", "PreviouslyAccepted"]);
    expect(one.incarnation).toBe(two.incarnation);
    const inputs = await world.items.query("journal", `${one.id.slice(4, 12)}.inv.${one.id}`, "input#");
    const winner = one.status === "Accepted" ? 7 : 8;
    expect(inputs.items.map(({ attributes }) => (attributes["value"] as Uint8Array)[0])).toEqual([winner]);
    for (const { message } of world.takeSent())
      expect(message).toMatchObject({ input: new Uint8Array(2000).fill(winner) });
  });

  test("beyond the limit is refused", async () => {
    const world = new World();
    await expect(
      accept(world.ports, { ...plain, input: new Uint8Array(PAYLOAD_BYTES_MAX + 1) }),
    ).rejects.toThrow("P1");
  });
});

describe("a delayed start", () => {
  test("has a head, and waits behind nobody of its key", async () => {
    const world = new World();
    const { id, ...acceptance } = await accept(world.ports, { ...keyed, delayMs: HOUR_MS });
    expect(acceptance).toEqual({ incarnation: 0, status: "Accepted", dueAtMs: NOW + HOUR_MS });
    expect(await headOf(world, id)).toMatchObject({
      s: "scheduled",
      y: NOW + HOUR_MS,
      i: 0,
      in: bytes('"x"'),
      h: { a: "1" },
    });
    expect(world.takeSent()).toMatchObject([
      { group: id, message: { kind: "start", accepted: true, dueAtMs: NOW + HOUR_MS } },
    ]);
  });

  test("sets its own timer where admission may, for its first due time, and sends nothing", async () => {
    const world = new World();
    const timers: { atMs: number; message: Outgoing }[] = [];
    const ports = {
      ...world.ports,
      timers: { schedule: async (timer) => void timers.push(timer) } as Timers,
    };
    const first = await accept(ports, { ...run, delayMs: HOUR_MS });
    await world.clock.advance(1000);
    await accept(ports, { ...run, delayMs: 5 });
    expect(world.takeSent()).toEqual([]);
    expect(timers).toHaveLength(2);
    expect(timers[1]).toEqual(timers[0]);
    expect(timers[0]?.atMs).toBe(NOW + HOUR_MS);
    const { id, incarnation } = first;
    expect(decodeMessage(timers[0]?.message.body ?? "")).toEqual({
      kind: "resume",
      id,
      incarnation,
      dueAtMs: NOW + HOUR_MS,
      enters: true,
    });
  });

  test("is resent for its first due time", async () => {
    const world = new World();
    const first = await accept(world.ports, { ...run, delayMs: HOUR_MS });
    world.takeSent();
    await world.clock.advance(1000);
    expect(await accept(world.ports, { ...run, delayMs: 5 })).toEqual({
      ...first,
      status: "PreviouslyAccepted",
    });
    expect(world.takeSent()).toMatchObject([
      { group: first.id, message: { resent: true, accepted: true, dueAtMs: NOW + HOUR_MS } },
    ]);
  });

  test("by nothing is not delayed", async () => {
    const world = new World();
    expect(await accept(world.ports, { ...plain, delayMs: 0 })).not.toHaveProperty("dueAtMs");
    expect(world.items.counts.writes.journal).toBe(0);
  });
});

test.each([idempotent, run])(
  "an input that a purge of another life took away is stored again",
  async (request) => {
    const [world, other] = [new World(), new World()];
    const { id } = await accept(other.ports, request);
    const gone = { ...(await headOf(other, id)), s: "completed", i: 1, o: "other", e: NOW - 1 };
    const write = world.items.write.bind(world.items);
    world.items.write = async (one) => {
      const result = await write(one);
      if (!one.key.sk.startsWith("input#")) return result;
      // A life comes, ends and is purged, between the input and the head.
      world.items.write = write;
      await write({ op: "put", key: { ...one.key, sk: "head" }, attributes: gone });
      await write({ op: "delete", key: one.key });
      return result;
    };
    const accepted = await accept(world.ports, { ...request, input: long });
    expect(accepted).toMatchObject({ id, status: "Accepted" });
    const head = parseHead(await headOf(world, id));
    expect(head.incarnation).toBe(accepted.incarnation);
    expect(await readInput(world.items, id, head)).toEqual(long);
  },
);
