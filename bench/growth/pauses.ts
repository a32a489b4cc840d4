/** The longest that the local server's event loop stands still, by how many invocations are kept. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as turnOfLoop } from "node:timers/promises";
import { systemClock } from "../../lib/clock.ts";
import { systemEntropy } from "../../lib/entropy.ts";
import { silentLogger } from "../../lib/ports.ts";
import { Upkeep } from "../../runtime/dev/upkeep.ts";
import { openDatabase } from "../../runtime/local/database.ts";
import { LocalItemStore } from "../../runtime/local/item-store.ts";
import { LocalMailbox } from "../../runtime/local/mailbox.ts";
import type { BenchContext, Result } from "../report/bench.ts";
import { fill, list } from "./kept.ts";

const KEPT = [100_000, 1_000_000];

interface Paused {
  readonly kept: number;
  readonly what: string;
  readonly seconds: number;
  readonly longestMs: number;
  readonly longestCpuMs: number;
}

const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/** Runs `work`, and looks at the clock in each turn of the event loop meanwhile. */
async function watched(kept: number, what: string, work: () => Promise<unknown>): Promise<Paused> {
  const running = new Set([what]);
  let [longestMs, longestCpuMs] = [0, 0];
  const startMs = performance.now();
  let [lastMs, lastCpuMs] = [startMs, cpuMs()];
  const done = work().finally(() => running.clear());
  while (running.size > 0) {
    await turnOfLoop();
    const [nowMs, nowCpuMs] = [performance.now(), cpuMs()];
    longestMs = Math.max(longestMs, nowMs - lastMs);
    longestCpuMs = Math.max(longestCpuMs, nowCpuMs - lastCpuMs);
    [lastMs, lastCpuMs] = [nowMs, nowCpuMs];
  }
  await done;
  return { kept, what, seconds: (lastMs - startMs) / 1000, longestMs, longestCpuMs };
}

async function measure(kept: number, folder: string): Promise<Paused[]> {
  const path = join(folder, `${kept}.sqlite`);
  const first = openDatabase(path);
  await fill(new LocalItemStore(first), kept, Date.now() - 2 * kept);
  first.close();

  const openMs = performance.now();
  const openCpuMs = cpuMs();
  const database = openDatabase(path);
  const items = new LocalItemStore(database);
  const mailbox = new LocalMailbox(database);
  const opened = {
    ...{ kept, what: "opening the file" },
    ...{ seconds: (performance.now() - openMs) / 1000, longestMs: performance.now() - openMs },
    longestCpuMs: cpuMs() - openCpuMs,
  };
  const upkeep = new Upkeep({
    items,
    mailbox,
    clock: systemClock,
    entropy: systemEntropy,
    logger: silentLogger,
  });
  const found = (query: string) => () => list(items, items.listing, query, 1000);
  try {
    return [
      opened,
      await watched(
        kept,
        "counting what is open",
        () => new Promise<void>((resolve) => upkeep.start(() => resolve())),
      ),
      await watched(kept, "looking after all", () => upkeep.run()),
      await watched(kept, "looking after what is open", () => upkeep.run()),
      await watched(kept, "a list of 1,000", found("limit=1000")),
      await watched(kept, "a scan for what is not there", found("limit=100&scan=true&handler=other")),
    ];
  } finally {
    upkeep.stop();
    database.close();
  }
}

export async function pauses({ progress }: BenchContext): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "perdure-bench-"));
  const rows: Paused[] = [];
  try {
    for (const kept of KEPT) {
      progress(`pauses: ${kept.toLocaleString("en-US")} invocations`);
      rows.push(...(await measure(kept, folder)));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return {
    tables: [
      {
        id: "pauses",
        title: "The local server's longest pauses, by how many invocations are kept",
        columns: ["kept", "while", "takes s", "longest pause ms", "CPU ms of the longest"],
        rows: rows.map(({ kept, what, seconds, longestMs, longestCpuMs }) => [
          kept.toLocaleString("en-US"),
          what,
          seconds,
          longestMs,
          longestCpuMs,
        ]),
        notes: [
          "SQLite in a file. Opening comes before the first request is taken, so it delays that and nothing else.",
        ],
      },
    ],
    data: rows,
  };
}
