/**
 * An AWS endpoint on loopback. If LocalStack answers on :4566, it is that. Else it is MiniStack, which is installed once into
 * `.emulator/` and started with temporary folders. It gets nothing of this process's environment, so no credentials.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../scripts/free-ports.ts";
import { installedPackages } from "../support/python-packages.ts";

export const ROOT = join(import.meta.dirname, "../..");
const LOCALSTACK_PORT = 4566;
const START_MS_MAX = 30_000;
const REQUIREMENTS = join(import.meta.dirname, "requirements.txt");

export interface Emulator {
  /** Name and version, for the summary. */
  readonly name: string;
  readonly isLocalStack: boolean;
  readonly endpoint: string;
  /** A folder for files from functions to tests. Absent if the functions run elsewhere. */
  readonly folder?: string;
  /** Ends the processes that run functions, as a failing host would. Returns how many there were. */
  readonly killFunctions?: () => number;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** Throws an Error that says what is missing. */
export async function startEmulator(): Promise<Emulator> {
  const endpoint = `http://127.0.0.1:${LOCALSTACK_PORT}`;
  const found = await health(endpoint);
  if (found === undefined) return await startMiniStack();
  if (found.edition === "light")
    throw new Error(`a MiniStack that is not ours answers at ${endpoint}: stop it first`);
  const stop = async (): Promise<void> => undefined;
  return { name: `LocalStack ${found.version}`, isLocalStack: true, endpoint, log: () => "", stop };
}

interface Health {
  readonly version: string;
  readonly edition: string;
}

async function health(endpoint: string): Promise<Health | undefined> {
  try {
    const answer = await fetch(`${endpoint}/_localstack/health`, { signal: AbortSignal.timeout(2000) });
    const { version = "?", edition = "?" } = (await answer.json()) as Partial<Health>;
    return { version, edition };
  } catch {
    return undefined;
  }
}

async function startMiniStack(): Promise<Emulator> {
  const packages = installedPackages("ministack", REQUIREMENTS);
  const folder = mkdtempSync(join(tmpdir(), "perdure-cloud-"));
  for (const each of ["home", "tmp"]) mkdirSync(join(folder, each), { recursive: true });
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const logPath = join(folder, "ministack.log");
  const log = openSync(logPath, "w");
  const child = spawn("python3", [join(import.meta.dirname, "start-ministack.py")], {
    cwd: folder,
    // A process group of its own, which includes its functions' processes.
    detached: true,
    stdio: ["ignore", log, log],
    env: {
      ...{
        PYTHONPATH: packages,
        PYTHONDONTWRITEBYTECODE: "1",
        HOME: join(folder, "home"),
        TMPDIR: join(folder, "tmp"),
      },
      PATH: [dirname(process.execPath), process.env["PATH"] ?? ""].join(delimiter),
      ...{ BIND_HOST: "127.0.0.1", GATEWAY_PORT: String(port), IOT_MTLS_ENABLED: "0", SFTP_ENABLED: "0" },
      ...{ AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
    },
  });
  closeSync(log);
  const stop = (): void => stopGroup(child, folder);
  process.once("exit", stop);
  const { version } = await untilHealthy(endpoint, child, logPath);
  return {
    ...{ name: `MiniStack ${version}`, isLocalStack: false, endpoint, folder },
    killFunctions: () => killChildren(child),
    log: () => readFileSync(logPath, "utf8"),
    stop: async () => {
      process.off("exit", stop);
      stop();
    },
  };
}

async function untilHealthy(endpoint: string, child: ChildProcess, logPath: string): Promise<Health> {
  for (const deadline = Date.now() + START_MS_MAX; ; await sleep(100)) {
    const found = await health(endpoint);
    if (found !== undefined) return found;
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`MiniStack did not start:\n${readFileSync(logPath, "utf8").slice(-3000)}`);
    }
  }
}

function stopGroup({ pid }: ChildProcess, folder: string): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function killChildren({ pid }: ChildProcess): number {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  const children = lines
    .map((line) => line.trim().split(/ +/))
    .filter(([, parent, command = ""]) => parent === String(pid) && /(^|\/)node$/.test(command));
  for (const [child] of children) process.kill(Number(child), "SIGKILL");
  return children.length;
}
