/** Processes of a comparison. Their output is kept, to show it if they fail. All of them end with the comparison. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const START_MS_MAX = 60_000;
const POLL_MS = 50;
const STOP_MS_MAX = 5_000;

export interface Running {
  readonly name: string;
  readonly child: ChildProcess;
  readonly output: () => string;
}

const running = new Set<Running>();
process.on("exit", () => {
  for (const { child } of running) child.kill("SIGKILL");
});

export function start(
  name: string,
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): Running {
  let text = "";
  const child = spawn(command, args, {
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const started: Running = { name, child, output: () => text };
  running.add(started);
  child.on("exit", () => running.delete(started));
  return started;
}

export async function stopAll(): Promise<void> {
  await Promise.all(
    [...running].map(async ({ child }) => {
      const gone = once(child, "exit");
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
      await gone;
      clearTimeout(late);
    }),
  );
}

/** Asks until the answer is good. If the process ends first, or time is over, throws with what the process printed. */
export async function until({ name, child, output }: Running, ask: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + START_MS_MAX;
  while (performance.now() < deadlineMs && child.exitCode === null) {
    if (await ask().catch(() => false)) return;
    await delay(POLL_MS);
  }
  throw new Error(`${name} did not start:\n${output()}`);
}
