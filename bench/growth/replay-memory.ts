/** What a resume of a large journal reads, and how much more memory it takes than that of a small one. */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BenchContext, Result } from "../report/bench.ts";

export interface ReplayPlan {
  readonly entries: number;
  readonly bytes: number;
}
export interface Resumed {
  readonly reads: number;
  readonly ms: number;
  readonly peakMb: number;
}

/** The others are compared with the first. */
const PLANS: readonly ReplayPlan[] = [
  { entries: 100, bytes: 100 },
  { entries: 10_000, bytes: 100 },
  { entries: 10_000, bytes: 1000 },
  { entries: 100, bytes: 5000 },
  { entries: 10_000, bytes: 5000 },
  { entries: 13, bytes: 4_000_000 },
];
const CHILD = fileURLToPath(new URL("replay-memory-child.ts", import.meta.url));

export async function replayMemory({ progress }: BenchContext): Promise<Result> {
  const measured: (ReplayPlan & Resumed)[] = [];
  for (const plan of PLANS) {
    progress(`${plan.entries} results of ${plan.bytes} bytes`);
    measured.push({ ...plan, ...(await resume(plan)) });
  }
  const [{ ms: msFirst, entries: first, peakMb: peakFirst }] = measured as [ReplayPlan & Resumed];
  const rows = measured.map(({ entries, bytes, reads, ms, peakMb }) => [
    `${entries} × ${bytes} bytes`,
    (entries * bytes) / 1e6,
    reads,
    ms / entries / (msFirst / first),
    Math.round(peakMb - peakFirst),
  ]);
  return {
    tables: [
      {
        id: "replay-memory",
        title: "Resuming a journal of step results",
        columns: [
          "journal",
          "MB",
          "reads",
          "time an entry, of the first's",
          "peak memory beyond the first's, MB",
        ],
        rows,
        notes: [
          "Local engine's store; a process for each. Reads are exact, times and memory are a machine's.",
        ],
      },
    ],
    data: measured,
  };
}

async function resume(plan: ReplayPlan): Promise<Resumed> {
  const folder = mkdtempSync(join(tmpdir(), "perdure-replay-"));
  try {
    const file = join(folder, "data.db");
    await child(file, plan, "write");
    return await child(file, plan, "resume");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function child(file: string, plan: ReplayPlan, mode: "write" | "resume"): Promise<Resumed> {
  const running = fork(CHILD, [file, JSON.stringify(plan), mode], { execArgv: process.execArgv });
  return new Promise((resolve, reject) => {
    let resumed: Resumed | undefined;
    running.on("message", (message) => (resumed = message as Resumed));
    running.on("error", reject);
    running.on("exit", (code) => {
      if (resumed && code === 0) resolve(resumed);
      else reject(new Error(`the process that was to ${mode} the journal ended with ${code}`));
    });
  });
}
