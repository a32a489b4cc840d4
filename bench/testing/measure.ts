/** Measures `perdure/testing` in a process of its own, which has nothing else in its memory. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

export interface KitSpeed {
  /** Of CPU, as the others. */
  readonly startMs: number;
  readonly shortMs: number;
  /** A workflow that sleeps for a month; and one that sleeps for 30 days, one after the other. */
  readonly monthMs: number;
  readonly daysMs: number;
  readonly environmentMb: number;
}

const CHILD = new URL("measure-child.ts", import.meta.url).pathname;
const FLAGS = ["--conditions=perdure-source", "--expose-gc"];

/** `determinism`: whether handlers are replayed ({@link TestEnvironmentOptions}). */
export async function measureKit(
  determinism: "replay" | "off",
  progress: (line: string) => void,
): Promise<KitSpeed> {
  progress(`determinism: ${determinism}`);
  const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, CHILD, determinism]);
  return JSON.parse(stdout) as KitSpeed;
}
