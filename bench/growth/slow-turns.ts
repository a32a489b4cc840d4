/**
 * Turns that take long, such as calls of a language model, in the model's time (R26).
 *
 * - What one of a minute costs: let go of, and waited for as those of earlier handlers are.
 * - How many may begin a second before short calls beside them wait longer.
 */
import * as perdure from "perdure/restate";
import { Account } from "../model/account.ts";
import { billPerMillion, type Usage } from "../model/bill.ts";
import { sampled } from "../model/latency.ts";
import type { BenchContext, Result } from "../report/bench.ts";
import { quantileOf } from "../report/statistics.ts";
import type { Table } from "../report/table.ts";
import { DISPATCHERS_AT_ONCE } from "../../lib/limits/aws.ts";

const SEED = 7;
const LONG_MS = 60_000;
const SLOW_MS = 45_000;
/** Slow turns begin for so long before anything is measured, and while it is. */
const BEFORE_MS = 10_000;
const BEFORE_WAITED_MS = 50_000;
const MEASURED_MS = 20_000;
const SHORT_EVERY_MS = 50;

type Pause = (ms: number) => Promise<void>;

const services = (pause: Pause) => [
  perdure.service({
    name: "Model",
    handlers: {
      ask: async (ctx: perdure.Context, ms: number) => {
        await ctx.run("ask", async () => await pause(ms));
      },
    },
  }),
  perdure.object({
    name: "Agent",
    handlers: {
      ask: async (ctx: perdure.ObjectContext, ms: number) => {
        ctx.set("asked", true);
        await ctx.run("ask", async () => await pause(ms));
      },
    },
  }),
  perdure.service({ name: "Short", handlers: { nothing: async () => await Promise.resolve(null) } }),
  perdure.object({
    name: "Counter",
    handlers: {
      add: async (ctx: perdure.ObjectContext, by: number) => {
        const total = ((await ctx.get<number>("total")) ?? 0) + by;
        ctx.set("total", total);
        return total;
      },
    },
  }),
];

interface Kind {
  readonly waitsForTurns?: true;
  readonly concurrencyMax?: number;
  readonly isSampled?: true;
}

async function open({ waitsForTurns, concurrencyMax, isSampled }: Kind): Promise<Account> {
  let account: Account | undefined;
  const pause: Pause = async (ms) => await account?.time.pause(ms);
  account = await Account.open({
    services: services(pause),
    ...(isSampled ? { latency: sampled(SEED) } : {}),
    ...(waitsForTurns ? { waitsForTurns } : {}),
    ...(concurrencyMax === undefined ? {} : { concurrencyMax }),
  });
  await account.warm();
  return account;
}

interface Priced {
  readonly usage: Usage;
  readonly dollars: number;
}

async function costOf(path: string, kind: Kind): Promise<Priced> {
  const account = await open(kind);
  const usage = await account.measure(async () => await account.http(`${path}/send`, LONG_MS));
  return { usage, dollars: billPerMillion(usage).total };
}

interface Beside {
  readonly name: string;
  readonly perSecond: number;
  readonly dispatchers: number;
  readonly calls: readonly number[];
  readonly adds: readonly number[];
}

async function beside(
  name: string,
  perSecond: number,
  kind: Kind & { concurrencyMax: number },
): Promise<Beside> {
  const account = await open({ ...kind, isSampled: true });
  const { time } = account;
  const [calls, adds]: [number[], number[]] = [[], []];
  const under: Promise<unknown>[] = [];
  const beforeMs = kind.waitsForTurns ? BEFORE_WAITED_MS : BEFORE_MS;
  const slow = async (): Promise<void> => {
    const count = (perSecond * (beforeMs + MEASURED_MS)) / 1000;
    for (let n = 0; n < count; n++) {
      under.push(account.http("/Model/ask/send", SLOW_MS));
      await time.pause(1000 / perSecond);
    }
  };
  const short = async (): Promise<void> => {
    await time.pause(beforeMs);
    for (let n = 0; n < MEASURED_MS / SHORT_EVERY_MS; n++) {
      under.push(account.http("/Short/nothing").then(({ ms }) => void calls.push(ms)));
      under.push(account.http(`/Counter/c${n}/add`, 1).then(({ ms }) => void adds.push(ms)));
      await time.pause(SHORT_EVERY_MS);
    }
    await Promise.all(under);
  };
  await time.run(Promise.all([slow(), short()]));
  return { name, perSecond, dispatchers: kind.concurrencyMax, calls, adds };
}

const MANY_DISPATCHERS = 250;
/** What turns beside are, how many begin in a second, how many dispatchers there are. */
const RUNS: readonly (readonly [name: string, perSecond: number, dispatchers: number, waits?: true])[] = [
  ["none", 0, DISPATCHERS_AT_ONCE],
  ["waited for", 2, DISPATCHERS_AT_ONCE, true],
  ["let go of", 2, DISPATCHERS_AT_ONCE],
  ["let go of", 20, DISPATCHERS_AT_ONCE],
  ["let go of", 100, DISPATCHERS_AT_ONCE],
  ["let go of", 100, MANY_DISPATCHERS],
];

export async function slowTurns({ progress }: BenchContext): Promise<Result> {
  progress("a turn of a minute");
  const costs: [string, Priced][] = [];
  for (const [what, path] of [
    ["service", "/Model/ask"],
    ["object", "/Agent/k/ask"],
  ] as const) {
    costs.push([`${what}, let go of`, await costOf(path, {})]);
    costs.push([`${what}, waited for`, await costOf(path, { waitsForTurns: true })]);
  }
  const runs: Beside[] = [];
  for (const [name, perSecond, concurrencyMax, waitsForTurns] of RUNS) {
    progress(`${perSecond} slow turns a second, ${concurrencyMax} dispatchers, ${name}`);
    runs.push(await beside(name, perSecond, { concurrencyMax, ...(waitsForTurns ? { waitsForTurns } : {}) }));
  }
  return { tables: [costTable(costs), besideTable(runs)], data: { costs, runs } };
}

const costTable = (costs: readonly (readonly [string, Priced])[]): Table => ({
  id: "slow-turn-cost",
  title: "A turn of a minute, dollars a million",
  columns: [
    "",
    "$/million",
    "handler s",
    "dispatcher s",
    "write units",
    "FIFO requests",
    "standard requests",
  ],
  rows: costs.map(([name, { usage, dollars }]) => [
    name,
    dollars,
    usage.handlerMs / 1000,
    usage.dispatcherMs / 1000,
    usage.writeUnits,
    usage.fifoRequests,
    usage.standardRequests,
  ]),
  notes: [
    "A send, with one step of a minute. Handler and dispatcher have 512 MB. Waited for: as those of handlers that an earlier version has deployed.",
  ],
});

function besideTable(runs: readonly Beside[]): Table {
  const p = (waits: readonly number[], at: number): number => Math.round(quantileOf(waits, at));
  return {
    id: "slow-turns",
    title: "Short calls beside turns of 45 s, in the model's time",
    columns: [
      "",
      "slow turns/s",
      "dispatchers",
      "no-op p50 ms",
      "no-op p99",
      "object add p50",
      "object add p99",
    ],
    rows: runs.map(({ name, perSecond, dispatchers, calls, adds }) => [
      ...[name, perSecond, dispatchers],
      ...[calls, adds].flatMap((waits) => [p(waits, 0.5), p(waits, 0.99)]),
    ]),
    notes: [
      `Sends to a service; a no-op call and a call of an object of its own each ${SHORT_EVERY_MS} ms for ${MEASURED_MS / 1000} s. Seed ${SEED}; the model's latencies, so not a measurement of AWS. The handlers themselves need as many concurrent executions as turns run: 100 a second of 45 s are 4,500.`,
    ],
  };
}
