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

test.each<[string, Start | undefined, HeadChange, number]>([
  ["has ended", START, COMPLETED, 0],
  ["has ended, and a caller may not have been told", { ...START, replyTo: WAITING }, COMPLETED, 1],
  ["runs", START, { status: "running", guard: "g" }, 1],
  ["is another life", { ...START, incarnation: 8 }, COMPLETED, 1],
  ["has no head", undefined, {}, 1],
])("a guard of what %s", async (_, start, fields, forwarded) => {
  const items = new MemoryItemStore();
  if (start)
    await items.write({
      ...{ op: "put", key: headKey(START.id) },
      attributes: { ...newHead(start, {}), ...headAttributes(fields) },
    });
  const sent: Outgoing[] = [];
  const ports = {
    items,
    clock: { now: () => 100, after: () => () => undefined },
    mailbox: { sendBatch: async (batch: readonly Outgoing[]) => (sent.push(...batch), []) },
    timers: { schedule: async () => undefined },
  };
  await forwardTimer(ports, guardTimer(START, { name: "g", atMs: 50 }));
  expect(sent).toHaveLength(forwarded);
});
