/**
 * One slow service beside others, in the model's time: what the others' calls wait, with all in the runtime's mailbox and with a
 * mailbox of the slow one's own.
 */
import * as perdure from "perdure/restate";
import { DISPATCHERS_AT_ONCE, OWN_DISPATCHERS_AT_ONCE } from "../../lib/limits/aws.ts";
import { Account } from "../model/account.ts";
import { billPerMillion, difference, scaled } from "../model/bill.ts";
import { sampled } from "../model/latency.ts";
import { quantileOf } from "../report/statistics.ts";
import type { Cell, Table } from "../report/table.ts";
import { keyed } from "./handlers.ts";

const SEED = 7;
const OTHERS = 200;
const OTHERS_EVERY_MS = 100;
/** The slow service's work begins so long before the others' calls. */
const BEFORE_MS = 15_000;

interface Load {
  readonly name: string;
  readonly turnMs: number;
  /** Sends at once. */
  readonly burst?: number;
  /** Sends a second, for as long as the others call. */
  readonly perSecond?: number;
}

const LOADS: readonly Load[] = [
  { name: "nothing else", turnMs: 0 },
  { name: "100 turns of 45 s a second", turnMs: 45_000, perSecond: 100 },
  { name: "5,000 sends of 2 s each, at once", turnMs: 2000, burst: 5000 },
];

export interface Beside {
  readonly name: string;
  readonly own: boolean;
  /** Milliseconds of the others' calls. */
  readonly waits: readonly number[];
  /** Dollars per million of the slow service's sends. */
  readonly dollars: number;
}

async function beside({ name, turnMs, burst = 0, perSecond = 0 }: Load, own: boolean): Promise<Beside> {
  let pause = async (ms: number): Promise<void> => await Promise.resolve(void ms);
  const slow = perdure.service({
    name: "Slow",
    handlers: { turn: async (_: perdure.Context, ms: number) => await pause(ms) },
  });
  const account = await Account.open({
    services: [slow, keyed(perdure)],
    latency: sampled(SEED),
    concurrencyMax: DISPATCHERS_AT_ONCE,
    ...(own ? { own: { services: ["Slow"], concurrencyMax: OWN_DISPATCHERS_AT_ONCE } } : {}),
  });
  const { time, meter } = account;
  pause = async (ms) => await time.pause(ms);
  const send = async (): Promise<void> => void (await account.http("/Slow/turn/send", turnMs));
  await time.run(account.http("/Keyed/warm/add", 1));
  const before = meter.usage;
  const work: Promise<void>[] = Array.from({ length: burst }, send);
  let sent = burst;
  const state = { isOver: false };
  const keepSending = async (): Promise<void> => {
    if (perSecond === 0) return;
    for (; !state.isOver; sent++) {
      work.push(send());
      await time.pause(1000 / perSecond);
    }
  };
  const waits: number[] = [];
  const call = async (): Promise<void> => {
    await time.pause(burst > 0 ? 0 : BEFORE_MS);
    const calls: Promise<void>[] = [];
    for (let n = 0; n < OTHERS; n++) {
      calls.push(account.http(`/Keyed/other${n}/add`, 1).then(({ ms }) => void waits.push(ms)));
      await time.pause(OTHERS_EVERY_MS);
    }
    await Promise.all(calls);
    state.isOver = true;
  };
  await time.run(Promise.all([keepSending(), call()]).then(async () => await Promise.all(work)));
  await time.drain();
  const used = scaled(difference(meter.usage, before), 1 / Math.max(1, sent));
  return { name, own, waits, dollars: sent === 0 ? 0 : billPerMillion(used).total };
}

export async function isolation(progress: (line: string) => void): Promise<readonly Beside[]> {
  const results: Beside[] = [];
  for (const load of LOADS) {
    for (const own of load.turnMs > 0 ? [false, true] : [false]) {
      progress(`beside ${load.name}, ${own ? "a mailbox of its own" : "one mailbox"}`);
      results.push(await beside(load, own));
    }
  }
  return results;
}

export function isolationTable(results: readonly Beside[]): Table {
  const p = (waits: readonly number[], at: number): number => Math.round(quantileOf(waits, at));
  return {
    id: "isolation",
    title: "Calls of an object beside one slow service, in the model's time",
    columns: [
      "the slow service",
      "its mailbox",
      "others' calls p50 ms",
      "p90 ms",
      "p99 ms",
      "$/million of its sends",
    ],
    rows: results.map(({ name, own, waits, dollars }): Cell[] => [
      name,
      name === "nothing else" ? null : own ? "its own" : "the runtime's",
      ...[0.5, 0.9, 0.99].map((at) => p(waits, at)),
      dollars === 0 ? null : dollars,
    ]),
    notes: [
      `${OTHERS} calls of keys of their own, ten a second, by the queue. The runtime's mailbox has ${DISPATCHERS_AT_ONCE} dispatchers at once, the own one ${OWN_DISPATCHERS_AT_ONCE}: the defaults. Seed ${SEED}.`,
      "The account's concurrent executions are not modelled: give the slow service a `reservedConcurrency`.",
    ],
  };
}
