/** R21: what follows a send never overtakes it into nothing, in whatever order the mailbox's groups are handled. */
import { object, service, type Context, type ObjectContext } from "perdure";
import { expect, test } from "vitest";
import { REFUSALS_MAX } from "../../../lib/limits.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { invocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Message, Start } from "../../../lib/model/message.ts";
import { DispatcherWorld } from "./dispatcher-world.ts";

let ran: string[] = [];
const later = object({
  name: "Later",
  handlers: {
    act: async (ctx: ObjectContext) => {
      ran.push(await ctx.signal<string>("go"));
    },
  },
});
const sender = service({
  name: "Sender",
  handlers: {
    cancels: async (ctx: Context, delayMs: number) => {
      const sent = send(ctx, delayMs);
      ctx.cancel(await sent.invocationId);
    },
    signals: async (ctx: Context, delayMs: number) => {
      const sent = send(ctx, delayMs);
      ctx
        .invocation(await sent.invocationId)
        .signal("go")
        .resolve("gone");
    },
  },
});
const send = (ctx: Context, delay: number) =>
  ctx.genericSend({
    ...{ service: "Later", method: "act", key: "k", parameter: new Uint8Array(0) },
    ...(delay > 0 ? { delay } : {}),
  });

function startOf(handler: string, delayMs: number): Start {
  const id = invocationId("Sender", undefined, new Uint8Array(UNIQUE_SIZE).fill(9));
  return {
    ...({ kind: "start", id, incarnation: 0, origin: "o", headers: {}, acceptedAtMs: 0 } as const),
    ...{ target: { service: "Sender", handler }, input: new TextEncoder().encode(String(delayMs)) },
  };
}

/** Runs the handler, and delivers what it has sent: what comes after the send first. */
async function overtaken(handler: string, delayMs: number) {
  ran = [];
  const world = new DispatcherWorld([later, sender]);
  await world.deliver(startOf(handler, delayMs));
  const sent = world.sent.filter(({ id }) => id !== startOf(handler, 0).id);
  expect(sent.map(({ kind }) => kind)).toEqual(["start", "notify"]);
  for (const message of sent.toReversed()) expect(await world.deliver(message)).toBe(true);
  const { id } = sent[0] as Message;
  if (delayMs > 0) {
    await world.clock.advance(2 * delayMs);
    await world.deliver({ kind: "resume", id, incarnation: 0, enters: true });
  }
  return (await world.head(id))?.outcome;
}

test.each([0, 1000])("a cancellation comes before its send, which is delayed by %s ms", async (delayMs) => {
  expect(await overtaken("cancels", delayMs)).toMatchObject({ ok: false, failure: { code: 409 } });
  expect(ran).toEqual([]);
});

test.each([0, 1000])("a signal comes before its send, which is delayed by %s ms", async (delayMs) => {
  expect(await overtaken("signals", delayMs)).toMatchObject({ ok: true });
  expect(ran).toEqual(["gone"]);
});

test("a turn that a kill before its begin has refused comes again, and ends, however often its message failed before", async () => {
  ran = [];
  const world = new DispatcherWorld([later, sender]);
  const start = startOf("signals", 0);
  const { id } = start;
  world.items.beforeWrite = async ({ key }) => {
    if (key.pk !== headKey(id).pk) return;
    world.items.beforeWrite = async () => await Promise.resolve();
    await world.deliver({ kind: "kill", id, incarnation: 0 });
  };
  expect(await world.deliver(start, { receiveCount: REFUSALS_MAX })).toBe(false);
  expect(world.logged.filter((line) => line.startsWith("error"))).toEqual([]);
  expect(await world.deliver(start, { receiveCount: REFUSALS_MAX + 1 })).toBe(true);
  expect(await world.head(id)).toMatchObject({ status: "completed", outcome: { ok: false } });
});
