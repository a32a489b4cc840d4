/**
 * Backlogs, in the model's time.
 *
 * - 10,000 messages for one key, and for 10,000 keys. How long do other keys wait meanwhile?
 * - An object that is suspended for an hour. What do other keys and its own callers wait?
 */
import * as perdure from "perdure/restate";
import { Account } from "../model/account.ts";
import { billPerMillion, difference, scaled } from "../model/bill.ts";
import { sampled } from "../model/latency.ts";
import type { BenchContext, Result } from "../report/bench.ts";
import { drawChart } from "../report/plot.ts";
import { quantileOf } from "../report/statistics.ts";
import { keyed } from "./handlers.ts";
import { isolation, isolationTable } from "./isolation.ts";

const MESSAGES = 10_000;
/** Of other keys, while the backlog drains. */
const OTHERS = 200;
const OTHERS_EVERY_MS = 100;
/** Batches handled at once: an account's default of 1,000 executions, two functions to a turn. */
const CONCURRENCY_MAX = 500;
const SEED = 7;
const SAMPLE_MS = 100;
const POINTS_MAX = 60;
const HOUR_MS = 60 * 60 * 1000;
const PARKED = 100;

interface Drained {
  readonly name: string;
  readonly seconds: number;
  readonly perSecond: number;
  readonly others: readonly number[];
  readonly dollarsPerMillion: number;
  readonly points: readonly (readonly [number, number])[];
}

const open = (): Promise<Account> =>
  Account.open({ services: [keyed(perdure)], latency: sampled(SEED), concurrencyMax: CONCURRENCY_MAX });

/** Calls to keys of their own, ten a second: how long each one waited. */
async function others(account: Account, waits: number[]): Promise<void> {
  const calls: Promise<void>[] = [];
  for (let n = 0; n < OTHERS; n++) {
    calls.push(account.http(`/Keyed/other${n}/add`, 1).then(({ ms }) => void waits.push(ms)));
    await account.time.pause(OTHERS_EVERY_MS);
  }
  await Promise.all(calls);
}

async function drain(name: string, keyOf: (n: number) => string): Promise<Drained> {
  const account = await open();
  const { time, meter } = account;
  const before = meter.usage;
  await time.run(
    Promise.all(Array.from({ length: MESSAGES }, (_, n) => account.http(`/Keyed/${keyOf(n)}/add/send`, 1))),
  );
  const startMs = time.exactMs;
  const waits: number[] = [];
  const points: [number, number][] = [[0, account.queues.depth]];
  const watch = async (): Promise<void> => {
    while (account.queues.depth > 0) {
      await time.pause(SAMPLE_MS);
      points.push([(time.exactMs - startMs) / 1000, account.queues.depth]);
    }
  };
  await time.run(Promise.all([watch(), others(account, waits)]));
  const drained = points.find(([, depth]) => depth <= OTHERS / 10) ?? points.at(-1) ?? [0, 0];
  await time.drain();
  const used = scaled(difference(meter.usage, before), 1 / (MESSAGES + OTHERS));
  return {
    name,
    seconds: drained[0],
    perSecond: MESSAGES / drained[0],
    others: waits,
    dollarsPerMillion: billPerMillion(used).total,
    points: thinned(points),
  };
}

/** As many as a plot shows. */
function thinned<T>(points: readonly T[]): readonly T[] {
  const every = Math.ceil(points.length / POINTS_MAX);
  return points.filter((_, index) => index % every === 0 || index === points.length - 1);
}

/** How long others wait while an object is suspended with callers parked behind it. And what a parked call costs. */
async function suspended(): Promise<{
  readonly waits: readonly number[];
  readonly parkedDollars: number;
  readonly parkedWrites: number;
}> {
  const account = await open();
  const { time, meter } = account;
  await time.run(account.http("/Keyed/busy/rest/send", HOUR_MS));
  await time.run(time.pause(1000));
  const before = meter.usage;
  for (let n = 0; n < PARKED; n++) await time.run(account.http("/Keyed/busy/add/send", 1));
  const waits: number[] = [];
  await time.run(others(account, waits));
  const meanwhile = difference(meter.usage, before);
  await time.drain();
  const all = difference(meter.usage, before);
  const alone = await suspendedOthersOnly();
  const parked = scaled(difference(all, alone), 1 / PARKED);
  if (meanwhile.handlerInvocations > OTHERS + 1)
    throw new Error("a parked call has run while its key was suspended");
  return { waits, parkedDollars: billPerMillion(parked).total, parkedWrites: parked.writeUnits };
}

/** The same, with no parked callers. */
async function suspendedOthersOnly() {
  const account = await open();
  const { time, meter } = account;
  await time.run(account.http("/Keyed/busy/rest/send", HOUR_MS));
  await time.run(time.pause(1000));
  const before = meter.usage;
  await time.run(others(account, []));
  await time.drain();
  return difference(meter.usage, before);
}

async function quiet(): Promise<readonly number[]> {
  const account = await open();
  const waits: number[] = [];
  await account.time.run(others(account, waits));
  return waits;
}

export async function backlogGrowth({ progress }: BenchContext): Promise<Result> {
  progress("others alone");
  const alone = await quiet();
  progress("backlog of 10,000 messages on one key");
  const one = await drain("10,000 on one key", () => "hot");
  progress("backlog of 10,000 messages on 10,000 keys");
  const many = await drain("10,000 on 10,000 keys", (n) => `k${n}`);
  progress("a suspended object under traffic");
  const held = await suspended();
  const beside = await isolation(progress);
  const p = (waits: readonly number[], at: number): number => Math.round(quantileOf(waits, at));
  return {
    tables: [
      {
        id: "backlog",
        title: "Backlogs, in the model's time",
        columns: ["", "drained in s", "messages/s", "$/million", "others' calls p50 ms", "p99 ms"],
        rows: [
          ["no backlog", null, null, null, p(alone, 0.5), p(alone, 0.99)],
          ...[one, many].map(({ name, seconds, perSecond, dollarsPerMillion, others: waits }) => [
            name,
            Math.round(seconds),
            Math.round(perSecond),
            dollarsPerMillion,
            p(waits, 0.5),
            p(waits, 0.99),
          ]),
          [
            "an object suspended, 100 parked",
            null,
            null,
            held.parkedDollars,
            p(held.waits, 0.5),
            p(held.waits, 0.99),
          ],
        ],
        notes: [
          `Others: ${OTHERS} calls of keys of their own, ten a second, while the backlog drains. ${CONCURRENCY_MAX} batches at once; seed ${SEED}; the model's latencies, so not a measurement of AWS.`,
          `$/million of the last line: of a call that is parked and runs later (${held.parkedWrites.toFixed(1)} write units).`,
        ],
      },
      isolationTable(beside),
    ],
    data: { alone, one, many, held, beside },
    plots: [
      {
        name: "backlog",
        svg: drawChart({
          title: "10,000 messages draining",
          x: { label: "seconds, by the model" },
          y: { label: "messages left" },
          series: [one, many].map(({ name, points }) => ({ name, points })),
        }),
      },
    ],
  };
}
