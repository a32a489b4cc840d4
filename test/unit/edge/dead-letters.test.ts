/** R16: the invocation of a message in the dead-letter queue is paused. */
import { expect, test } from "vitest";
import { readHead } from "../../../lib/store/head-store.ts";
import { inputAttributes, newHead } from "../../../lib/model/head.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { invocationId } from "../../../lib/model/ids.ts";
import { encodeMessage, type Message, type Start } from "../../../lib/model/message.ts";
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
  const queue = letters.map((letter) => ({
    body: typeof letter === "string" ? letter : encodeMessage(letter),
    sinceMs: NOW_MS - 1000,
  }));
  const deadLetters = { next: async () => queue.splice(0, 1) };
  return { items, watch: new DeadLetterWatch({ items, deadLetters, clock, logger: silentLogger }) };
}
const write = async (items: MemoryItemStore, fields: Record<string, string | number>): Promise<void> => {
  const attributes = { ...newHead(start, {}), ...inputAttributes(start), ...fields };
  await items.write({ op: "put", key: headKey(id), attributes });
};
const headIn = async (items: MemoryItemStore) => (await readHead(items, id))?.head;

test("a start that never became an invocation is paused, with its input, and without a place among its key's writers", async () => {
  const { items, watch } = await watching(start);
  expect(await watch.run()).toEqual({ found: 1, paused: 1 });
  const head = await headIn(items);
  expect(head).toMatchObject({ status: "paused", input: start.input, origin: "o", failure: { code: 500 } });
  expect(head?.failure?.message).toContain("dead-letter queue");
  expect(head?.token).toBeUndefined();
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

test("what is no message, and a late one for nobody, are counted and do no harm", async () => {
  const { items, watch } = await watching("nonsense", { kind: "kill", id });
  expect(await watch.run()).toEqual({ found: 2, paused: 0 });
  expect(await headIn(items)).toBeUndefined();
});
