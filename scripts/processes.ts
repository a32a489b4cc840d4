/**
 * Processes that a script starts: each in a process group of its own, so that its children end with it. What it prints is
 * kept, to be shown if it fails. None of them outlives the script.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

const READY_MS_MAX = 60_000;
const POLL_MS = 50;
const STOP_MS_MAX = 5_000;
const OUTPUT_CHARS_MAX = 4_000;

export interface RunningProcess {
  readonly name: string;
  readonly child: ChildProcess;
  /** The last that it has printed. */
  readonly output: () => string;
}

const running = new Set<RunningProcess>();
process.on("exit", () => {
  for (const each of running) signal(each, "SIGKILL");
});

/** `env`: beside this process's own variables. */
export function startProcess(
  name: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningProcess {
  const child = spawn(command, args, {
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream
      .setEncoding("utf8")
      .on("data", (text: string) => (output = (output + text).slice(-OUTPUT_CHARS_MAX)));
  const started: RunningProcess = { name, child, output: () => output };
  running.add(started);
  child.on("exit", () => running.delete(started));
  return started;
}

/** Asks until the answer is true. Throws with what the process has printed if it ends before, or takes too long. */
export async function untilReady(started: RunningProcess, ask: () => Promise<boolean>): Promise<void> {
  const { name, child, output } = started;
  const deadlineMs = performance.now() + READY_MS_MAX;
  while (performance.now() < deadlineMs && child.exitCode === null && child.signalCode === null) {
    if (await ask().catch(() => false)) return;
    await delay(POLL_MS);
  }
  throw new Error(`${name} did not start:\n${output()}`);
}

/** Linux counts in hundredths of a second. */
const TICK_MS = 10;

/** The CPU time of it and of its children that live, in milliseconds; `undefined` where there is no `/proc`. */
export function cpuMsOf({ child: { pid } }: RunningProcess): number | undefined {
  if (pid === undefined || !existsSync("/proc/self/stat")) return undefined;
  let ticks = 0;
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/u.test(entry))) {
    const [, , group, ...times] = fieldsOf(name);
    if (Number(group) === pid) ticks += Number(times[8]) + Number(times[9]);
  }
  return ticks * TICK_MS;
}

/** What the system says of a process, from its state on; nothing if it has ended meanwhile. */
function fieldsOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
  } catch {
    return [];
  }
}

/** Sends the signal, and SIGKILL some seconds later. Resolves when the process has ended. */
export async function stopProcess(started: RunningProcess, first: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (!running.has(started)) return;
  const ended = once(started.child, "exit");
  signal(started, first);
  const late = setTimeout(() => signal(started, "SIGKILL"), STOP_MS_MAX);
  await ended;
  clearTimeout(late);
}

export async function stopAllProcesses(): Promise<void> {
  await Promise.all([...running].map(async (each) => await stopProcess(each)));
}

/** To the whole group. A process that could not be started has none. */
function signal({ child }: RunningProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  process.kill(-child.pid, name);
}
