/**
 * What it takes to resume a journal: reads, time for each entry, and memory beyond that of a resume of 100 short entries.
 * `node --conditions=perdure-source scripts/measure-replay.ts`. Each journal is written by one process, into a SQLite file,
 * and resumed by another. Reads are exact; times and memory are this machine's.
 */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDatabase } from "../runtime/local/database.ts";
import { LocalItemStore } from "../runtime/local/item-store.ts";
import { type Context, service } from "../sdk/index.ts";
import { OneInvocation } from "../test/support/one-invocation.ts";

interface Plan {
  readonly entries: number;
  readonly bytes: number;
}
interface Resumed {
  readonly reads: number;
  readonly ms: number;
  readonly peakMb: number;
}

const PLANS: readonly Plan[] = [
  { entries: 100, bytes: 100 },
  { entries: 10_000, bytes: 100 },
  { entries: 10_000, bytes: 1000 },
  { entries: 100, bytes: 5000 },
  { entries: 10_000, bytes: 5000 },
  { entries: 13, bytes: 4_000_000 },
];

const source = service({
  name: "Source",
  handlers: {
    steps: async (ctx: Context, { entries, bytes }: Plan) => {
      let sum = 0;
      for (let n = 0; n < entries; n++) {
        sum += (await ctx.run("step", () => String(n).padEnd(bytes - 2, "x"))).length;
      }
      await ctx.sleep(1_000_000_000);
      return sum;
    },
  },
});

const MB = 1024 * 1024;

/** In a process of its own: writes the journal, or resumes it and tells what that took. */
async function child(file: string, plan: Plan, resumes: boolean): Promise<void> {
  const database = openDatabase(file);
  const items = new LocalItemStore(database);
  const one = new OneInvocation(items, source, "Source/steps", plan);
  const from = performance.now();
  const { kind } = resumes ? await one.wake() : await one.begin();
  const ms = performance.now() - from;
  if (kind !== (resumes ? "completed" : "suspended")) throw new Error(`the turn is ${kind}`);
  const { reads } = items.counts.journal;
  database.close();
  process.send?.({ reads, ms, peakMb: (process.resourceUsage().maxRSS * 1024) / MB } satisfies Resumed);
}

function run(file: string, plan: Plan, resumes: boolean): Promise<Resumed> {
  const execArgv = ["--conditions=perdure-source"];
  const args = [file, JSON.stringify(plan), String(resumes)];
  const process_ = fork(fileURLToPath(import.meta.url), args, { execArgv });
  return new Promise((resolve, reject) => {
    let resumed: Resumed | undefined;
    process_.on("message", (message) => (resumed = message as Resumed));
    process_.on("exit", (code) => {
      if (resumed && code === 0) resolve(resumed);
      else reject(new Error(`the child ended with ${code}`));
    });
  });
}

async function main(): Promise<void> {
  let baselineMb: number | undefined;
  console.log("entries     bytes  reads   µs an entry   peak memory beyond the first, MB");
  for (const plan of PLANS) {
    const folder = mkdtempSync(join(tmpdir(), "perdure-replay-"));
    try {
      const file = join(folder, "data.db");
      await run(file, plan, false);
      const { reads, ms, peakMb } = await run(file, plan, true);
      baselineMb ??= peakMb;
      const columns = [plan.entries, plan.bytes, reads, Math.round((1000 * ms) / plan.entries)];
      const [entries = 0, bytes = 0, read = 0, us = 0] = columns;
      console.log(
        `${String(entries).padStart(7)}  ${String(bytes).padStart(8)}  ${String(read).padStart(5)}  ${String(us).padStart(12)}   ${(peakMb - baselineMb).toFixed(0).padStart(6)}`,
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

const [file, plan, resumes] = process.argv.slice(2);
if (file !== undefined && plan !== undefined) await child(file, JSON.parse(plan) as Plan, resumes === "true");
else await main();
