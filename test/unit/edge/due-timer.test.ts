/** Guards that come out of the delay queue: those of invocations that have ended are dropped there (R25). */
import { expect, test } from "vitest";
import { headAttributes, newHead } from "../../../lib/model/head.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { invocationId } from "../../../lib/model/ids.ts";
import type { Outgoing, ReplyTo, Start } from "../../../lib/model/message.ts";
import { success } from "../../../lib/model/outcome.ts";
import type { HeadChange } from "../../../lib/model/head.ts";
import { guardTimer } from "../../../lib/store/guard.ts";
import { forwardTimer } from "../../../runtime/timers/due-timer.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";

const START: Start = {
  ...{ kind: "start", id: invocationId("T", undefined, new Uint8Array(14)), incarnation: 7, origin: "o" },
  ...{ target: { service: "T", handler: "hello" }, input: new Uint8Array(0), headers: {}, acceptedAtMs: 1 },
};
const WAITING: ReplyTo = { id: START.id, incarnation: 0, command: 1 };
const COMPLETED: HeadChange = { status: "completed", outcome: success() };

const CALLER: Start = {
  ...START,
  id: invocationId("T", undefined, new Uint8Array(14).fill(1)),
  incarnation: 0,
};

async function forwarded(
  heads: readonly (readonly [Start, HeadChange])[],
  guarded: Start = START,
): Promise<number> {
  const items = new MemoryItemStore();
  for (const [start, fields] of heads)
    await items.write({
      ...{ op: "put", key: headKey(start.id) },
      attributes: { ...newHead(start, {}), ...headAttributes(fields) },
    });
  const sent: Outgoing[] = [];
  const ports = {
    items,
    clock: { now: () => 100, after: () => () => undefined },
    mailbox: { sendBatch: async (batch: readonly Outgoing[]) => (sent.push(...batch), []) },
    timers: { schedule: async () => undefined },
  };
  await forwardTimer(ports, guardTimer(guarded, { name: "g", atMs: 50 }));
  return sent.length;
}

test.each<[string, Start | undefined, HeadChange, number]>([
  ["has ended", START, COMPLETED, 0],
  ["has ended, and a caller may not have been told", { ...START, replyTo: WAITING }, COMPLETED, 1],
  ["runs", START, { status: "running", guard: "g" }, 1],
  ["is another life", { ...START, incarnation: 8 }, COMPLETED, 1],
  ["has no head", undefined, {}, 1],
])("a guard of what %s", async (_, start, fields, count) => {
  expect(await forwarded(start ? [[start, fields]] : [])).toBe(count);
});

test.each<[string, readonly (readonly [Start, HeadChange])[], number]>([
  ["is open", [[CALLER, { status: "suspended" }]], 1],
  ["has ended", [[CALLER, COMPLETED]], 0],
  ["lives again", [[{ ...CALLER, incarnation: 1 }, COMPLETED]], 1],
  ["has no head", [], 1],
])(
  "R28: a guard of what has ended, which bears a caller that its head does not know and that %s",
  async (_, heads, count) => {
    const replyTo = { id: CALLER.id, incarnation: 0, command: 1 };
    expect(await forwarded([[START, COMPLETED], ...heads], { ...START, replyTo })).toBe(count);
  },
);
