/**
 * The local server and Restate's, measured in one run on this machine: the same handlers, the same load generator, by turns.
 * Their defaults for syncing to the disk differ, so both run once with it and once without. Synced: what is answered, and what a step
 * rests on, was synced before. Each side has fewer syncs than commits then.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { medianOf } from "./report/statistics.ts";
import type { Load, Measured } from "./local-speed/load.ts";
import { type Durability, type RunningServer, startPerdure, startRestate } from "./local-speed/server.ts";

const ROUNDS = 3;
const WARM_SECONDS = 1;
const SECONDS = 2;
const CLIENTS = [1, 64];

interface Workload {
  readonly name: string;
  readonly path: string;
  readonly keys: number;
  readonly body: string;
}

const WORKLOADS: readonly Workload[] = [
  { name: "no-op", path: "/Noop/call", keys: 1, body: "" },
  { name: "object add, 1,000 keys", path: "/Counter/{n}/add", keys: 1000, body: "1" },
  { name: "10 steps", path: "/Steps/ten", keys: 1, body: "" },
];

export interface SpeedRow {
  readonly workload: string;
  readonly clients: number;
  readonly durability: Durability;
  readonly perdure: Speed;
  readonly restate: Speed;
  /** Requests per second, ours over theirs, per round: median, least, most. */
  readonly ratio: Spread;
}
export interface Speed {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the server and of the handlers' process, per request; `null`: unknown. */
  readonly cpuMs: number | null;
}
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Runs everything; `progress` is told what is being measured. Needs `npm run peers`. */
export async function measureLocalSpeed(progress: (line: string) => void): Promise<readonly SpeedRow[]> {
  const rows: SpeedRow[] = [];
  for (const durability of ["process", "power"] as const) {
    const folder = mkdtempSync(join(tmpdir(), "perdure-bench-"));
    const servers: RunningServer[] = [];
    try {
      const perdure = await startPerdure(folder, durability);
      servers.push(perdure);
      const restate = await startRestate(folder, durability);
      servers.push(restate);
      for (const clients of CLIENTS)
        for (const workload of WORKLOADS) {
          progress(`${workload.name}, ${clients} clients, ${DURABILITY_TEXT[durability]}`);
          rows.push(await compare(workload, clients, durability, perdure, restate));
        }
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    }
  }
  return rows;
}

export const DURABILITY_TEXT = { process: "not synced", power: "synced" } as const;

async function compare(
  workload: Workload,
  clients: number,
  durability: Durability,
  perdure: RunningServer,
  restate: RunningServer,
): Promise<SpeedRow> {
  const ours: Round[] = [];
  const theirs: Round[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // The machine is different for the second one. So they take turns in being first.
    const order = round % 2 === 0 ? [ours, theirs] : [theirs, ours];
    for (const results of order)
      results.push(await run(workload, clients, results === ours ? perdure : restate));
  }
  const ratios = ours.map((own, round) => own.requests / (theirs[round]?.requests ?? Number.NaN));
  return {
    workload: workload.name,
    clients,
    durability,
    perdure: speedOf(ours),
    restate: speedOf(theirs),
    ratio: { median: medianOf(ratios), min: Math.min(...ratios), max: Math.max(...ratios) },
  };
}

interface Round extends Measured {
  readonly cpuMs: number | undefined;
}

async function run(workload: Workload, clients: number, server: RunningServer): Promise<Round> {
  const { path, keys, body } = workload;
  const { port } = server;
  const before = server.cpuMs();
  const load: Load = { port, clients, path, keys, body, seconds: SECONDS, warmSeconds: WARM_SECONDS };
  const script = join(import.meta.dirname, "local-speed/load.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify(load)]);
  const measured = JSON.parse(stdout) as Measured;
  if (measured.failed > 0) throw new Error(`${measured.failed} requests of ${workload.name} failed`);
  const after = server.cpuMs();
  const isKnown = before !== undefined && after !== undefined;
  return { ...measured, cpuMs: isKnown ? (after - before) / measured.all : undefined };
}

function speedOf(results: readonly Round[]): Speed {
  const cpuMs = results.map((result) => result.cpuMs).filter((ms) => ms !== undefined);
  return {
    cpuMs: cpuMs.length === 0 ? null : medianOf(cpuMs),
    perSecond: medianOf(results.map((result) => result.requests / result.seconds)),
    p50Ms: medianOf(results.map((result) => result.p50Ms)),
    p99Ms: medianOf(results.map((result) => result.p99Ms)),
  };
}
