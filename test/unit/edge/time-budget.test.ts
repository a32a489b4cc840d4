/** A turn that runs out of time between two steps is not a failure. The invocation goes on, and repeats nothing. */
import { type Context, object, type ObjectContext, service } from "perdure";
import { expect, test } from "vitest";
import type { TurnOutcome, TurnRequest } from "../../../lib/protocol.ts";
import { systemClock } from "../../../lib/clock.ts";
import { systemEntropy } from "../../../lib/entropy.ts";
import { createEndpoint } from "../../../sdk/endpoint.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { invocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import { readHead } from "../../../lib/store/head-store.ts";
import { World } from "../semantics/world.ts";

const STEPS = 12;
const STEP_MS = 100;
const runs: number[] = [];
const worker = service({
  name: "Worker",
  handlers: {
    steps: async (ctx: Context) => {
      for (let step = 0; step < STEPS; step++) {
        await ctx.run(`step ${step}`, async () => {
          runs.push(step);
          await new Promise((resolve) => setTimeout(resolve, STEP_MS));
        });
      }
      return runs.length;
    },
  },
});

const id = invocationId("Worker", undefined, new Uint8Array(UNIQUE_SIZE));
const target = { service: "Worker", handler: "steps" };
const items = new MemoryItemStore();
const endpoint = createEndpoint([worker]);

async function turn(remainingMs: number): Promise<TurnOutcome> {
  const stored = await readHead(items, id);
  const start = {
    kind: "start",
    id,
    incarnation: 0,
    origin: "test",
    target,
    headers: {},
    acceptedAtMs: 0,
  } as const;
  const request: TurnRequest = {
    ...({
      kind: "turn",
      version: 1,
      id,
      incarnation: 0,
      target,
      handlerKind: "plain",
      deployment: "dp_1",
    } as const),
    ...{ carried: [], ownsLock: false, attempt: { count: 1 }, remainingMs, retentionMs: 60_000 },
    start: { ...start, input: new Uint8Array(0) },
    ...(stored ? { head: stored.item } : {}),
  };
  return await endpoint.runTurn(request, {
    items,
    mailbox: { sendBatch: async () => [] },
    registry: { service: async () => undefined },
    ...{ clock: systemClock, entropy: systemEntropy },
  });
}

test.concurrent("between steps it ends itself, and the next turn goes on behind what is recorded", async () => {
  const outcomes: string[] = [];
  for (let turns = 0; turns < STEPS && outcomes.at(-1) !== "completed"; turns++) {
    const outcome = await turn(1000);
    outcomes.push(outcome.kind);
    if (outcome.kind === "yielded") expect((await readHead(items, id))?.head.length).toBe(outcome.length);
  }
  expect(outcomes.slice(0, -1)).toContain("yielded");
  expect(new Set(outcomes.slice(0, -1))).toEqual(new Set(["yielded"]));
  expect(outcomes.at(-1)).toBe("completed");
  expect(runs).toEqual(Array.from({ length: STEPS }, (_, step) => step));
});

test.concurrent("the dispatcher runs the next turn at once, and counts no attempt", async () => {
  let steps = 0;
  const patient = object({
    name: "Patient",
    // Three times as long as the turns above: a machine that stands still for a moment must not be what ends one.
    options: { abortTimeout: 3000, retryPolicy: { maxAttempts: 1, onMaxAttempts: "kill" } },
    handlers: {
      work: async (ctx: ObjectContext) => {
        for (let step = 0; step < STEPS; step++) {
          await ctx.run(`step ${step}`, async () => {
            steps++;
            await new Promise((resolve) => setTimeout(resolve, 3 * STEP_MS));
          });
        }
        return steps;
      },
    },
  });
  const world = await World.of(patient);
  try {
    expect(await world.call("/Patient/a/work")).toBe(STEPS);
  } finally {
    await world.stop();
  }
});
