/** A call of an object, by how much state its key has and how large the value is that it uses. */
import * as perdure from "perdure/restate";
import { statePartition } from "../../lib/model/ids.ts";
import { Account } from "../model/account.ts";
import { billPerMillion, type Usage } from "../model/bill.ts";
import type { BenchContext, Result } from "../report/bench.ts";
import { drawChart } from "../report/plot.ts";
import { keyed } from "./handlers.ts";

const KEYS = [1, 10, 100, 1000, 10_000];
const KILOBYTES = [1, 3, 10, 30, 100];
/** Sets of one handler call while the state is made. */
const FILL_AT_ONCE = 1000;

interface Grown {
  readonly size: number;
  readonly usage: Usage;
}

async function againstKeys(count: number): Promise<Grown> {
  const account = await Account.open({ services: [keyed(perdure)] });
  // The rest is written as the handler would write it. A journal of 10,000 sets is another benchmark.
  await account.measure(() => account.http("/Keyed/k/fill/send", Math.min(count, FILL_AT_ONCE)));
  for (let n = FILL_AT_ONCE; n < count; n++) {
    await account.items.write({
      op: "put",
      key: { table: "state", pk: statePartition("Keyed", "k"), sk: `key ${n}` },
      attributes: { f: "0", val: new Uint8Array(8) },
    });
  }
  const usage = await account.measure(() => account.http("/Keyed/k/add/send", 1));
  return { size: count, usage };
}

async function againstBytes(kilobytes: number): Promise<Grown> {
  const account = await Account.open({ services: [keyed(perdure)] });
  const bytes = kilobytes * 1024 - 2;
  await account.measure(() => account.http("/Keyed/k/rewrite/send", bytes));
  return {
    size: kilobytes,
    usage: await account.measure(() => account.http("/Keyed/k/rewrite/send", bytes)),
  };
}

export async function stateGrowth({ progress }: BenchContext): Promise<Result> {
  progress("object add against state keys");
  const byKeys: Grown[] = [];
  for (const count of KEYS) byKeys.push(await againstKeys(count));
  progress("object add against the size of the value");
  const byBytes: Grown[] = [];
  for (const kilobytes of KILOBYTES) byBytes.push(await againstBytes(kilobytes));
  const row = ({ size, usage }: Grown) => [
    String(size),
    usage.readUnits,
    usage.writeUnits,
    usage.bytesToHandlers,
    billPerMillion(usage).total,
  ];
  const columns = ["read units", "write units", "bytes to handlers", "$/million"];
  return {
    tables: [
      {
        id: "state-keys",
        title: "Object add against the key's number of state keys",
        columns: ["keys", ...columns],
        rows: byKeys.map(row),
      },
      {
        id: "state-bytes",
        title: "Object read and write against the value's size",
        columns: ["KB", ...columns],
        rows: byBytes.map(row),
        notes: [
          "A value is written twice: in the journal, which says what the turn did, and in the state, which outlives it.",
        ],
      },
    ],
    data: { byKeys, byBytes },
    plots: [
      {
        name: "state",
        svg: drawChart({
          title: "DynamoDB units of an object's handler",
          x: { label: "state keys, or KB of the value", scale: "log" },
          y: { label: "units", scale: "log" },
          series: [
            {
              name: "read, by keys",
              points: byKeys.map(({ size, usage }) => [size, usage.readUnits] as const),
            },
            {
              name: "write, by keys",
              points: byKeys.map(({ size, usage }) => [size, usage.writeUnits] as const),
            },
            {
              name: "read, by KB",
              points: byBytes.map(({ size, usage }) => [size, usage.readUnits] as const),
            },
            {
              name: "write, by KB",
              points: byBytes.map(({ size, usage }) => [size, usage.writeUnits] as const),
            },
          ],
        }),
      },
    ],
  };
}
