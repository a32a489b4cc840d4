/** The workloads of the benchmarks `cost` and `latency`: what a client does, and the least that it could cost. */
import type { Usage } from "../model/bill.ts";
import type { Account } from "../model/account.ts";
import { nextAwakeable } from "./services.ts";

export interface Workload {
  readonly name: string;
  /** What must be there before; not counted. */
  readonly before?: (account: Account, n: number) => Promise<void>;
  /** One run. `n` numbers the runs, for keys that must differ. Returns the milliseconds that the client waited. */
  readonly run: (account: Account, n: number) => Promise<number>;
  /** How many may run at once, for a workload that is large by itself. */
  readonly atOnceMax?: number;
  readonly floor: Floor;
}

/** The floor: what every engine on these primitives must pay to keep the guarantees. */
export interface Floor {
  readonly usage: Partial<Usage>;
  readonly why: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;

async function call(
  account: Account,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<number> {
  const { status, ms, body: bytes } = await account.http(path, body, { headers });
  if (status !== 200) throw new Error(`${path} answered ${status}: ${new TextDecoder().decode(bytes)}`);
  return ms;
}

async function send(account: Account, path: string, body?: unknown): Promise<number> {
  const { status, ms, body: bytes } = await account.http(path, body);
  if (status !== 202) throw new Error(`${path} answered ${status}: ${new TextDecoder().decode(bytes)}`);
  return ms;
}

// --- floors, in parts ----------------------------------------------------------------------------------------------

type Part = Partial<Usage>;
const sum = (...parts: readonly Part[]): Part => {
  const total: Record<string, number> = {};
  for (const part of parts) {
    for (const [name, amount] of Object.entries(part)) total[name] = (total[name] ?? 0) + amount;
  }
  return total;
};
const times = (count: number, part: Part): Part =>
  Object.fromEntries(Object.entries(part).map(([name, amount]) => [name, amount * count]));

/** A request, its function, which waits for the answer (about 60 ms), and one read of the result. */
const CALL: Part = { httpRequests: 1, ingressInvocations: 1, ingressMs: 60, readUnits: 1 };
/** A request, its function, one message sent. */
const SEND: Part = { httpRequests: 1, ingressInvocations: 1, ingressMs: 10 };
/** A durable trigger: sent, received, deleted. */
const MESSAGE: Part = { fifoRequests: 3 };
/** One run of a handler that receives its message itself, without a dispatcher in between. */
const turn = (writes: number): Part => ({
  handlerInvocations: 1,
  handlerMs: 3 + Math.ceil(writes * 2.47),
  writeUnits: writes,
});

/** A link of a chain: an invocation, a write before the call, one at the end. */
const LINK_MS = 18;

export const WORKLOADS: readonly Workload[] = [
  {
    name: "no-op service call",
    run: (account) => call(account, "/Tasks/nothing", "you"),
    floor: {
      usage: sum(CALL, MESSAGE, turn(1)),
      why: "a durable trigger, one run, its result written once and read once",
    },
  },
  {
    name: "10 sequential steps",
    run: (account) => call(account, "/Tasks/steps", 10),
    floor: {
      usage: sum(CALL, MESSAGE, turn(10)),
      why: "no step may act on a result that is not durable: a write each, the last with the result",
    },
  },
  {
    name: "100 sequential steps",
    run: (account) => call(account, "/Tasks/steps", 100),
    atOnceMax: 5,
    floor: { usage: sum(CALL, MESSAGE, turn(100)), why: "the same, 100 times" },
  },
  {
    name: "10 parallel steps",
    run: (account) => call(account, "/Tasks/parallel", 10),
    floor: { usage: sum(CALL, MESSAGE, turn(1)), why: "results that come together are one write" },
  },
  {
    name: "object add",
    run: (account, n) => call(account, `/Account/k${n}/add`, 1),
    floor: {
      usage: sum(CALL, MESSAGE, turn(2), { readUnits: 2 }),
      why: "lock and value read, journal and state written: the state outlives the journal",
    },
  },
  {
    name: "object of 1,000 keys, reads 3",
    before: async (account, n) => void (await call(account, `/Account/large${n}/fill`, 1000)),
    run: (account, n) => call(account, `/Account/large${n}/readThree`),
    atOnceMax: 3,
    floor: {
      usage: sum(CALL, MESSAGE, turn(1), { readUnits: 4 }),
      why: "lock and three values read, the result written",
    },
  },
  {
    name: "10 lazy state reads",
    run: (account, n) => call(account, `/Lazy/k${n}/readTen`),
    floor: {
      usage: sum(CALL, MESSAGE, turn(1), { readUnits: 11 }),
      why: "lock and ten values read, the result written",
    },
  },
  {
    name: "workflow with a promise",
    run: async (account, n) => {
      const ms = await send(account, `/Signup/w${n}/run/send`);
      await account.time.pause(500);
      return ms + (await call(account, `/Signup/w${n}/click`, "code"));
    },
    floor: {
      usage: sum(SEND, CALL, times(3, MESSAGE), turn(2), turn(1), turn(1), { writeUnits: 5, readUnits: 3 }),
      why: "the run: head, step, suspension, end, lock taken and left; the promise: waiter, value; the click: its end; three messages",
    },
  },
  ...(
    [
      ["1-minute sleep", 60_000],
      ["1-hour sleep", 60 * 60 * 1000],
      ["30-day sleep", 30 * DAY_MS],
    ] as const
  ).map(([name, ms]): Workload => ({
    name,
    run: (account) => send(account, "/Tasks/sleep/send", ms),
    floor: {
      usage: sum(SEND, times(2, MESSAGE), turn(1), turn(1), {
        readUnits: 1,
        standardRequests: 3,
        ...(ms > 15 * 60 * 1000 ? { schedules: 1 } : {}),
        timersInvocations: 1,
        timersMs: 9,
      }),
      why: `a run up to the sleep and one after it, a write each; ${ms > 15 * 60 * 1000 ? "a schedule and " : ""}a delayed message that becomes a message of the group`,
    },
  })),
  {
    name: "awakeable",
    run: async (account) => {
      const asked = nextAwakeable();
      const ms = await send(account, "/Tasks/awakeable/send");
      const id = await asked;
      await account.time.pause(500);
      const answer = await account.http(`/restate/awakeables/${id}/resolve`, "yes");
      if (answer.status !== 202) throw new Error(`resolving answered ${answer.status}`);
      return ms + answer.ms;
    },
    floor: {
      usage: sum(SEND, SEND, times(2, MESSAGE), turn(1), turn(1), { readUnits: 1 }),
      why: "the step with the suspension in one write, the end in another; resolving is a message",
    },
  },
  {
    name: "saga, 5 steps, compensates",
    run: (account) => call(account, "/Tasks/saga", 5),
    floor: { usage: sum(CALL, MESSAGE, turn(9)), why: "five steps and four compensations, a write each" },
  },
  {
    name: "fan-out to 100 calls",
    run: (account) => call(account, "/Tasks/fanOut", 100),
    atOnceMax: 3,
    floor: {
      usage: sum(CALL, MESSAGE, turn(16), turn(4), times(100, turn(1)), { fifoRequests: 150, readUnits: 2 }),
      why: "starts ten to a request, each reply a send of its own, both received and deleted by tens; 100 runs with a write each; 16 KB of calls and 4 KB of results in the parent's journal",
    },
  },
  {
    name: "chain of 10 calls",
    run: (account) => call(account, "/Tasks/chain", 10),
    floor: {
      usage: sum(CALL, MESSAGE, times(10, turn(2)), turn(1), { handlerMs: 55 * LINK_MS }),
      why: "a durable trigger; each caller written when it calls and when it ends, and waiting for all that come after it",
    },
  },
  {
    name: "one-way send",
    run: (account) => send(account, "/Tasks/nothing/send", "you"),
    floor: { usage: sum(SEND, MESSAGE, turn(1)), why: "a durable trigger, one run, its end written" },
  },
  {
    name: "delayed send",
    run: (account) => send(account, "/Tasks/nothing/send?delay=10m", "you"),
    floor: {
      usage: sum(SEND, MESSAGE, turn(1), {
        writeUnits: 1,
        readUnits: 1,
        standardRequests: 3,
        timersInvocations: 1,
        timersMs: 9,
      }),
      why: "its head, so that it can be asked for and cancelled; a delayed message that becomes a message of the group; one run",
    },
  },
  {
    name: "idempotent repeat",
    before: async (account, n) =>
      void (await call(account, "/Tasks/nothing", "you", { "idempotency-key": `repeat ${n}` })),
    run: (account, n) => call(account, "/Tasks/nothing", "you", { "idempotency-key": `repeat ${n}` }),
    floor: {
      usage: { httpRequests: 1, ingressInvocations: 1, ingressMs: 5, readUnits: 1 },
      why: "a request and one read of the result that is there",
    },
  },
];
