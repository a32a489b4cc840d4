/** Measures `perdure/testing` in a process of its own, which has nothing else in its memory. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

export interface KitSpeed {
  /** Of CPU, as the other two. */
  readonly startMs: number;
  readonly shortMs: number;
  readonly monthMs: number;
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
