/** R16: the invocation of a message in the dead-letter queue is paused. */
import { expect, test } from "vitest";
import { systemEntropy } from "../../../lib/entropy.ts";
import { addToStub, killStub } from "../../../lib/store/head/transitions.ts";
import { readHead } from "../../../lib/store/head-store.ts";
import { ItemRegistry } from "../../../lib/store/registry.ts";
import { inputAttributes, newHead } from "../../../lib/model/head.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { invocationId } from "../../../lib/model/ids.ts";
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type Outgoing,
  type Start,
} from "../../../lib/model/message.ts";
import { MAILBOX_RETENTION_MS } from "../../../lib/limits.ts";
import { silentLogger } from "../../../lib/ports.ts";
import { DeadLetterWatch } from "../../../runtime/reconciler/dead-letters.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";

const NOW_MS = 1_000_000;
const clock = { now: () => NOW_MS, after: () => () => undefined };
const id = invocationId("Counter", "a", new Uint8Array(14));
const start: Start = {
  ...{ kind: "start", id, incarnation: 0, origin: "o", headers: {}, acceptedAtMs: 1 },
  target: { service: "Counter", handler: "add", key: "a" },
  input: Uint8Array.of(49),
};

async function watching(...letters: readonly (Message | string)[]) {
  const items = new MemoryItemStore();
  const removed: string[] = [];
  const queue = letters.map((letter) => ({
    body: typeof letter === "string" ? letter : encodeMessage(letter),
    sinceMs: NOW_MS - 1000,
    remove: async () => {
      removed.push(typeof letter === "string" ? letter : letter.kind);
      await Promise.resolve();
    },
  }));
  const deadLetters = { next: async () => queue.splice(0, 1) };
  const sent: Message[] = [];
  const sendBatch = async (batch: readonly Outgoing[]): Promise<number[]> => {
    sent.push(...batch.map(({ body }) => decodeMessage(body)));
    return await Promise.resolve([]);
  };
  const registry = new ItemRegistry(items, clock, 0);
  const ports = { items, registry, mailbox: { sendBatch }, clock, entropy: systemEntropy };
  return {
    items,
    sent,
    removed,
    watch: new DeadLetterWatch({ ...ports, deadLetters, logger: silentLogger }),
  };
}
const write = async (items: MemoryItemStore, fields: Record<string, string | number>): Promise<void> => {
  const attributes = { ...newHead(start, {}), ...inputAttributes(start), ...fields };
  await items.write({ op: "put", key: headKey(id), attributes });
};
const headIn = async (items: MemoryItemStore) => (await readHead(items, id))?.head;

test("a start that never became an invocation is paused, with its input, and without a place among its key's writers", async () => {
  const { items, watch, removed } = await watching(start);
  expect(await watch.run()).toEqual({ found: 1, paused: 1 });
  const head = await headIn(items);
  expect(head).toMatchObject({ status: "paused", input: start.input, origin: "o", failure: { code: 500 } });
  expect(head?.failure?.message).toContain(
    "gave up delivering a message (start): nothing of it is missing here",
  );
  expect(head?.token).toBeUndefined();
  // What comes behind it in its group is seen only then.
  expect(removed).toEqual(["start"]);
});

test("a start that is delayed, and one whose head is there, stay among the dead letters", async () => {
  const delayed = await watching({ ...start, dueAtMs: NOW_MS + 5000 });
  expect(await delayed.watch.run()).toEqual({ found: 1, paused: 1 });
  expect((await headIn(delayed.items))?.failure?.message).toContain("dead-letter queue");
  const known = await watching(start);
  await write(known.items, { s: "running", u: NOW_MS - 5000 });
  expect(await known.watch.run()).toEqual({ found: 1, paused: 1 });
  expect([delayed.removed, known.removed]).toEqual([[], []]);
});

test.each(["suspended", "running", "backing-off", "accepted"])("one that is %s is paused", async (status) => {
  const { items, watch } = await watching({
    kind: "notify",
    id,
    incarnation: 0,
    note: { kind: "completion", command: 0, outcome: null },
  });
  await write(items, { s: status, u: NOW_MS - 5000 });
  expect(await watch.run()).toEqual({ found: 1, paused: 1 });
  expect(await headIn(items)).toMatchObject({ status: "paused", modifiedAtMs: NOW_MS });
});

test.each([
  ["one that has moved since", { s: "suspended", u: NOW_MS - 500 }, {}],
  ["one that has ended", { s: "completed", u: 1 }, {}],
  ["one that is paused", { s: "paused", u: 1 }, {}],
  ["another life of it", { s: "suspended", u: 1 }, { incarnation: 7 }],
])("%s is left alone", async (_, fields, message) => {
  const { items, watch } = await watching({ kind: "resume", id, incarnation: 0, ...message });
  await write(items, fields);
  expect(await watch.run()).toEqual({ found: 1, paused: 0 });
  expect((await headIn(items))?.status).toBe(fields.s);
});

test.each([
  ["may have done nothing after that", 0, 1],
  ["has ended long ago", -MAILBOX_RETENTION_MS, 0],
])("R2: one that has ended under the message, and %s", async (_, afterMs, pokes) => {
  const { items, sent, watch } = await watching({ kind: "resume", id, incarnation: 0 });
  await write(items, { s: "completed", u: NOW_MS + afterMs });
  expect(await watch.run()).toEqual({ found: 1, paused: 0 });
  expect(sent).toEqual(
    Array.from({ length: pokes }, () => ({ kind: "resume", id, incarnation: 0, enters: true, poke: true })),
  );
});

test("what is no message, and a late one for nobody, are counted and do no harm", async () => {
  const { items, watch } = await watching("nonsense", { kind: "kill", id });
  expect(await watch.run()).toEqual({ found: 2, paused: 0 });
  expect(await headIn(items)).toBeUndefined();
});

const stubs = {
  killed: async (items: MemoryItemStore) => await killStub({ items, clock }, id, 0),
  cancelled: async (items: MemoryItemStore) =>
    await addToStub({ items, clock }, id, 0, { kind: "cancellation", delivery: "c" }),
};

test.each(["killed", "cancelled"] as const)(
  "a start of what was %s before it began ends, and a message sees to what follows",
  async (how) => {
    const { items, sent, watch } = await watching(start);
    await stubs[how](items);
    expect(await watch.run()).toEqual({ found: 1, paused: 0 });
    const end = { ok: false, failure: { code: 409, message: how } };
    expect(await headIn(items)).toMatchObject({ status: "completed", origin: "o", outcome: end });
    expect(sent).toEqual([{ kind: "resume", id, incarnation: 0, enters: true, poke: true }]);
  },
);

test("a watch that died after it had made the head ends it at its next look", async () => {
  const { items, sent, watch } = await watching(start);
  await write(items, { s: "accepted", u: NOW_MS, kd: 1 });
  expect(await watch.run()).toEqual({ found: 1, paused: 0 });
  expect((await headIn(items))?.status).toBe("completed");
  expect(sent).toHaveLength(1);
});

test("a signal that came before is kept by what is paused", async () => {
  const { items, sent, watch } = await watching(start);
  const note = { kind: "signalled", signal: "s", delivery: "d", outcome: null } as const;
  await addToStub({ items, clock }, id, 0, note);
  expect(await watch.run()).toEqual({ found: 1, paused: 1 });
  expect(await headIn(items)).toMatchObject({ status: "paused", notes: [note] });
  expect(sent).toEqual([]);
});
