/** AWS Lambda durable functions: what the published SDK records with its local runner, at published prices. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PRICES } from "../model/bill.ts";

/** What one execution recorded. */
interface Recorded {
  readonly status: string;
  /** Operations by type. */
  readonly types: Readonly<Record<string, number>>;
  readonly invocations: number;
  readonly checkpoints: number;
}

export interface DurableCost {
  /** Billed operations: one for the start, one for each step, wait, callback and invoke; completions are free. */
  readonly operations: number;
  readonly checkpoints: number;
  readonly invocations: number;
  /** Of the operations alone. */
  readonly dollarsPerMillion: number;
}

const CHAIN_LENGTH = 10;
const FAN_OUT = 100;

/** By workload. Workloads that it cannot express are missing. */
export async function measureDurable(): Promise<ReadonlyMap<string, DurableCost>> {
  const child = fileURLToPath(new URL("durable-child.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=perdure-source", child], {
    timeout: 120_000,
  });
  const recorded = JSON.parse(stdout) as Record<string, Recorded>;
  return new Map(Object.entries(recorded).map(([name, execution]) => [name, costOf(name, execution)]));
}

function costOf(name: string, { status, types, invocations, checkpoints }: Recorded): DurableCost {
  if (status !== "SUCCEEDED") throw new Error(`${name} on durable functions ended ${status}`);
  const inner = Object.values(types).reduce((sum, count) => sum + count, 0);
  // The callees are executions, too: each pays for its start.
  if (name.startsWith("fan-out")) return priced(1 + inner + FAN_OUT, checkpoints, invocations + FAN_OUT);
  if (name.startsWith("chain")) {
    const links = CHAIN_LENGTH;
    return priced(1 + links * (inner + 1), links * checkpoints, links * invocations + 1);
  }
  return priced(1 + inner, checkpoints, invocations);
}

const priced = (operations: number, checkpoints: number, invocations: number): DurableCost => ({
  operations,
  checkpoints,
  invocations,
  dollarsPerMillion: operations * PRICES.peers.lambdaDurableFunctions.operation * 1e6,
});
