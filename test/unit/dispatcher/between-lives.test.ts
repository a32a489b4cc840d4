/** R21: what comes for the current life of an id, when the last one has expired and the next one's Start is on its way. */
import { service, type Context } from "perdure";
import { beforeEach, expect, test } from "vitest";
import { groupOf, invocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import { encodeMessage, type Kill, type Notify, type Start } from "../../../lib/model/message.ts";
import { DispatcherWorld } from "./dispatcher-world.ts";

const RETENTION_MS = 1000;
const waiter = service({
  name: "Waiter",
  handlers: {
    waits: async (ctx: Context) => await ctx.signal<string>("go"),
    ends: async () => await Promise.resolve("done"),
  },
  options: { idempotencyRetention: RETENTION_MS, journalRetention: 0 },
});
const id = invocationId("Waiter", undefined, new Uint8Array(UNIQUE_SIZE).fill(3));
const signal: Notify = {
  ...{ kind: "notify", id },
  note: { kind: "signalled", signal: "go", delivery: "d", outcome: new TextEncoder().encode('"gone"') },
};
const cancellation: Notify = { kind: "notify", id, note: { kind: "cancellation", delivery: "c" } };
const kill: Kill = { kind: "kill", id };

let world: DispatcherWorld;
const startOf = (handler: string, incarnation: number): Start => ({
  ...({
    kind: "start",
    id,
    incarnation,
    origin: `o${incarnation}`,
    headers: {},
    idempotencyKey: "k",
  } as const),
  ...{ target: { service: "Waiter", handler }, input: new Uint8Array(0), acceptedAtMs: world.clock.now() },
});
beforeEach(async () => {
  world = new DispatcherWorld([waiter]);
  await world.deliver(startOf("ends", 1));
  await world.clock.advance(RETENTION_MS + 1);
});

/** Delivers what was sent where Starts come, and what follows from that. */
async function deliverBehind(): Promise<void> {
  const behind = world.sent.splice(0);
  expect(behind).toMatchObject([{ behind: true }]);
  for (const message of behind) await world.deliverTexts([encodeMessage(message)], groupOf(id));
  for (const message of world.sent.splice(0)) expect(await world.deliver(message)).toBe(true);
}

test.each<[string, Notify | Kill, object]>([
  ["a signal", signal, { ok: true }],
  ["a cancellation", cancellation, { ok: false, failure: { message: "Cancelled" } }],
  ["a kill", kill, { ok: false, failure: { message: "killed" } }],
])("%s reaches the next life, whose Start was sent before it", async (_, message, outcome) => {
  const start = startOf("waits", 2);
  expect(await world.deliver(message)).toBe(true);
  expect(await world.deliver(start)).toBe(true);
  expect(await world.head(id)).toMatchObject({ incarnation: 2, status: "suspended" });
  await deliverBehind();
  expect(await world.head(id)).toMatchObject({ incarnation: 2, status: "completed", outcome });
});

test.each<[string, Notify | Kill]>([
  ["a signal", signal],
  ["a kill", kill],
])("%s without a next life is over when it has been behind Starts", async (_, message) => {
  expect(await world.deliver(message)).toBe(true);
  await deliverBehind();
  expect(world.sent).toEqual([]);
  expect(await world.head(id)).toMatchObject({ incarnation: 1, status: "completed" });
});

test("what names its life goes nowhere", async () => {
  expect(await world.deliver({ ...signal, incarnation: 1 })).toBe(true);
  expect(world.sent).toEqual([]);
});
