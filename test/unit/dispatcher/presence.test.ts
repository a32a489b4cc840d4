/** R26, D1: a head that was made while a turn ran is that turn's, unless it was made for an attempt on another deployment. */
import { expect, test } from "vitest";
import { headAttributes, newHead } from "../../../lib/model/head.ts";
import { headKey } from "../../../lib/model/head-keys.ts";
import { invocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Start } from "../../../lib/model/message.ts";
import { Journal } from "../../../lib/store/journal.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { ManualClock } from "../local/manual-clock.ts";

const id = invocationId("Worker", undefined, new Uint8Array(UNIQUE_SIZE).fill(1));
const start: Start = {
  ...{ kind: "start", id, incarnation: 0, origin: "o", headers: {}, acceptedAtMs: 1 },
  ...{ target: { service: "Worker", handler: "go" }, input: new Uint8Array(0) },
};

test.each([
  ["dp_1", "won"],
  ["dp_2", "lost"],
])("a first append of a turn on %s is %s", async (deployment, kind) => {
  const [items, clock] = [new MemoryItemStore(), new ManualClock(1)];
  const made = {
    ...newHead(start, { deployment: "dp_1" }),
    ...headAttributes({ status: "running", writer: "mark" }),
  };
  await items.write({ op: "put", key: headKey(id), attributes: made });
  const journal = new Journal(items, clock, {
    ...{ id, incarnation: 0, deployment, start, writer: "turn", presence: "mark" },
  });
  const step = { kind: "run", command: 0, name: "s", outcome: new Uint8Array(1) } as const;
  expect(await journal.append([step], 0)).toMatchObject({ kind });
});
