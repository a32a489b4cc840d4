/** A batch of the mailbox: which messages are given back, and what happens if a handler's function does not run. */
import { expect, test } from "vitest";
import { readHead } from "../../../lib/store/head-store.ts";
import { FunctionError, OperationalError } from "../../../lib/errors.ts";
import { groupOf, invocationId, type InvocationId } from "../../../lib/model/ids.ts";
import type { Deployment, RegisteredService } from "../../../lib/model/manifest.ts";
import { encodeMessage, type Incoming } from "../../../lib/model/message.ts";
import type { Metric } from "../../../lib/metrics.ts";
import { type Invoker, silentLogger } from "../../../lib/ports.ts";
import { Dispatcher } from "../../../runtime/dispatcher/dispatcher.ts";
import { systemClock } from "../../../lib/clock.ts";
import { systemEntropy } from "../../../lib/entropy.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";

const service = {
  ...({ name: "Counter", type: "object", deployment: "dp_1", revision: 1 } as const),
  handlers: [{ name: "add", kind: "exclusive" }],
} as unknown as RegisteredService;
const deployment: Deployment = { id: "dp_1", address: "arn", createdAtMs: 0, services: [service] };

function dispatching(invoke: Invoker["invoke"]) {
  const items = new MemoryItemStore();
  const timers: number[] = [];
  const measured: Metric[] = [];
  const dispatcher = new Dispatcher({
    items,
    mailbox: { sendBatch: async () => [] },
    timers: { schedule: async ({ atMs }) => void timers.push(atMs) },
    invoker: { invoke },
    registry: {
      service: async () => service,
      deployment: async () => deployment,
      services: async () => [service],
    },
    clock: systemClock,
    entropy: systemEntropy,
    logger: silentLogger,
    meter: { measure: (metric) => void measured.push(metric) },
  });
  return { items, timers, measured, dispatcher };
}

let sequence = 0;
function start(key: string): Incoming & { readonly id: InvocationId } {
  sequence++;
  const id = invocationId("Counter", key, new Uint8Array(14).fill(sequence));
  const target = { service: "Counter", handler: "add", key };
  const origin = `o${sequence}`;
  const message = {
    kind: "start",
    id,
    incarnation: 0,
    origin,
    target,
    headers: {},
    acceptedAtMs: 0,
  } as const;
  const body = encodeMessage({ ...message, input: new Uint8Array(0) });
  return {
    id,
    messageId: `m${sequence}`,
    group: groupOf(id),
    sequence: String(sequence),
    receiveCount: 1,
    body,
  };
}
const completed = { kind: "completed", ownsLock: false, replies: [] } as const;

test("of each group, what comes from the first failure on is given back; other groups are done", async () => {
  const ran: string[] = [];
  const { dispatcher } = dispatching(async (_, { target: { key = "" } }) => {
    ran.push(key);
    if (key === "bad" && ran.filter((each) => each === "bad").length === 2) {
      throw new OperationalError("unavailable", "no answer");
    }
    return completed;
  });
  const [a1, b1, b2, a2, b3, c1] = [
    start("good"),
    start("bad"),
    start("bad"),
    start("good"),
    start("bad"),
    start("other"),
  ];
  const finished: [string[], string[]][] = [];
  const ids = (messages: readonly Incoming[]): string[] => messages.map(({ messageId }) => messageId);
  const failed = await dispatcher.handle([a1, b1, b2, a2, b3, c1] as Incoming[], 60_000, {
    holds: () => true,
    finish: (done, givenBack) => void finished.push([ids(done), ids(givenBack)]),
  });
  expect(failed).toEqual(ids([b2, b3] as Incoming[]));
  expect(ran.filter((key) => key === "bad")).toHaveLength(2);
  expect(finished).toHaveLength(3);
  expect(finished).toContainEqual([ids([b1] as Incoming[]), failed]);
  expect(finished).toContainEqual([ids([a1, a2] as Incoming[]), []]);
});

test("R7: a group that is not held any more is not gone on with", async () => {
  const { dispatcher } = dispatching(async () => completed);
  const [a1, a2, b1] = [start("lost"), start("lost"), start("kept")];
  let asked = 0;
  const failed = await dispatcher.handle([a1, a2, b1], 60_000, {
    holds: (group) => group !== a1.group || asked++ === 0,
    finish: () => undefined,
  });
  expect(failed).toEqual([a2.messageId]);
});

test.concurrent("a throttle counts as no attempt, is seen at the invocation, and is tried again by a timer", async () => {
  let invoked = 0;
  const { dispatcher, items, timers, measured } = dispatching(async () => {
    invoked++;
    throw new FunctionError("throttled", "the function was not run: TooManyRequestsException");
  });
  const message = start("busy");
  expect(await dispatcher.handle([message], 60_000)).toEqual([]);
  expect(invoked).toBe(4);
  const head = (await readHead(items, message.id))?.head;
  expect(head).toMatchObject({ status: "backing-off", attempt: { count: 0 }, failure: { code: 429 } });
  expect(head?.failure?.message).toContain("TooManyRequestsException");
  expect(timers).toEqual([head?.dueAtMs]);
  expect(measured.filter((metric) => metric === "throttled")).toHaveLength(4);
  expect(measured).not.toContain("failed");
});

test.concurrent("a version that is gone is retried by the policy, and says what to do", async () => {
  const { dispatcher, items } = dispatching(async () => {
    throw new FunctionError("refused", "arn was not run: this version does not exist any longer");
  });
  const message = start("gone");
  expect(await dispatcher.handle([message], 60_000)).toEqual([]);
  const head = (await readHead(items, message.id))?.head;
  expect(head).toMatchObject({ status: "backing-off", failure: { code: 503 } });
  expect(head?.attempt.count).toBeGreaterThan(1);
});
