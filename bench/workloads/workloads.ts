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

/** The floor: the least that any design on these primitives must pay to keep the guarantees. What is only this design's way is not in it. */
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

/** A request that invokes the handler's function itself. */
const CALL: Part = { httpRequests: 1 };
/** A message of a standard queue: sent, received, deleted. The handler's function receives it itself. */
const MESSAGE: Part = { standardRequests: 3 };
/** A request that the HTTP API makes a message, without a function. */
const SEND: Part = { httpRequests: 1, ...MESSAGE };
/** What has begun must end if its function dies: it is written down, and somebody looks whether it has ended. */
const GUARD: Part = { writeUnits: 1, readUnits: 0.5 };
/** One run of a handler. */
const turn = (writes: number): Part => ({
  handlerInvocations: 1,
  handlerMs: 3 + Math.ceil(writes * 2.47),
  writeUnits: writes,
});

/** DynamoDB's units for an item of a transaction. */
const TRANSACTED = 2;
/** A run that makes one transaction, which takes as long as two writes, and then ends. */
const TRANSACTION: Part = { ...turn(3), writeUnits: 0 };

/** A link of a chain: an invocation, a write before the call, one at the end. */
const LINK_MS = 18;

export const WORKLOADS: readonly Workload[] = [
  {
    name: "no-op service call",
    run: (account) => call(account, "/Tasks/nothing", "you"),
    floor: {
      usage: sum(CALL, turn(1)),
      why: "a direct invocation, its result written once",
    },
  },
  {
    name: "10 sequential steps",
    run: (account) => call(account, "/Tasks/steps", 10),
    floor: {
      usage: sum(CALL, GUARD, turn(10)),
      why: "no step may act on a result that is not durable: a write each, the last with the result; a guard",
    },
  },
  {
    name: "100 sequential steps",
    run: (account) => call(account, "/Tasks/steps", 100),
    atOnceMax: 5,
    floor: { usage: sum(CALL, GUARD, turn(100)), why: "the same, 100 times" },
  },
  {
    name: "10 parallel steps",
    run: (account) => call(account, "/Tasks/parallel", 10),
    floor: { usage: sum(CALL, GUARD, turn(1)), why: "results that come together are one write; a guard" },
  },
  ...[1, 2].map((count): Workload => ({
    name: `transaction of ${count} ${count === 1 ? "write" : "writes"}`,
    run: (account, n) => call(account, "/Orders/place", { id: `${count}-${n}`, count }),
    floor: {
      usage: sum(CALL, GUARD, TRANSACTION, { writeUnits: TRANSACTED * (count + 1) + 1 }),
      why: `a transaction of what is written with its record, ${TRANSACTED} units an item; the end, which is decided after it; a guard`,
    },
  })),
  {
    name: "object add",
    run: (account, n) => call(account, `/Account/k${n}/add`, 1),
    floor: {
      usage: sum(CALL, turn(1), { readUnits: 1 }),
      why: "the value read; value and result written together, if nobody else has written meanwhile",
    },
  },
  {
    name: "object of 1,000 keys, reads 3",
    before: async (account, n) => void (await call(account, `/Account/large${n}/fill`, 1000)),
    run: (account, n) => call(account, `/Account/large${n}/readThree`),
    atOnceMax: 3,
    floor: {
      usage: sum(CALL, turn(1), { readUnits: 3 }),
      why: "three values read, the result written if they are still so",
    },
  },
  {
    name: "10 lazy state reads",
    run: (account, n) => call(account, `/Lazy/k${n}/readTen`),
    floor: {
      usage: sum(CALL, turn(1), { readUnits: 10 }),
      why: "ten values read, the result written if they are still so",
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
      usage: sum(SEND, CALL, MESSAGE, times(3, turn(1)), { readUnits: 2 }),
      why: "the run: its step with its suspension, its end; the click: the promise's value with its own end; a message that starts the run and one that wakes it",
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
      usage: sum(SEND, MESSAGE, turn(1), turn(1), {
        readUnits: 1,
        ...(ms > 15 * 60 * 1000 ? { schedules: 1 } : {}),
      }),
      why: `a run up to the sleep and one after it, a write each; ${ms > 15 * 60 * 1000 ? "a schedule that sends " : ""}a delayed message`,
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
      usage: sum(SEND, SEND, turn(1), turn(1), { readUnits: 1 }),
      why: "the step with the suspension in one write, the end in another; resolving is a message",
    },
  },
  {
    name: "saga, 5 steps, compensates",
    run: (account) => call(account, "/Tasks/saga", 5),
    floor: {
      usage: sum(CALL, GUARD, turn(9)),
      why: "five steps and four compensations, a write each; a guard",
    },
  },
  {
    name: "fan-out to 100 calls",
    run: (account) => call(account, "/Tasks/fanOut", 100),
    atOnceMax: 3,
    floor: {
      usage: sum(CALL, GUARD, turn(20), times(100, turn(1))),
      why: "100 direct invocations with a write each; 16 KB of calls and 4 KB of results in the parent's journal; a guard",
    },
  },
  {
    name: "chain of 10 calls",
    run: (account) => call(account, "/Tasks/chain", 10),
    floor: {
      usage: sum(CALL, GUARD, times(10, turn(2)), turn(1), { handlerMs: 55 * LINK_MS }),
      why: "each caller written when it calls and when it ends, and waiting for all that come after it; a guard",
    },
  },
  {
    name: "one-way send",
    run: (account) => send(account, "/Tasks/nothing/send", "you"),
    floor: { usage: sum(SEND, turn(1)), why: "a message, one run, its end written" },
  },
  {
    name: "delayed send",
    run: (account) => send(account, "/Tasks/nothing/send?delay=10m", "you"),
    floor: {
      usage: sum(CALL, MESSAGE, turn(1), turn(1), { readUnits: 1 }),
      why: "its head, so that it can be asked for and cancelled; a delayed message; one run",
    },
  },
  {
    name: "idempotent repeat",
    before: async (account, n) =>
      void (await call(account, "/Tasks/nothing", "you", { "idempotency-key": `repeat ${n}` })),
    run: (account, n) => call(account, "/Tasks/nothing", "you", { "idempotency-key": `repeat ${n}` }),
    floor: {
      usage: sum(CALL, turn(0), { readUnits: 0.5 }),
      why: "a direct invocation and one read of the result that is there, which may lag",
    },
  },
];
