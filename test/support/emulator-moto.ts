/**
 * moto's server on loopback: a second opinion on SQS, DynamoDB, Lambda's control plane and EventBridge Scheduler. It keeps all in
 * memory, each region apart, and gets nothing of this process's environment, so no credentials.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../../scripts/free-ports.ts";
import { DUMMY_CREDENTIALS } from "./emulator-dynamo.ts";
import { installedPackages } from "./python-packages.ts";

const REQUIREMENTS = join(import.meta.dirname, "../moto/requirements.txt");
const START_MS_MAX = 180_000;

export const MOTO_ACCOUNT = "123456789012";

export interface Moto {
  readonly endpoint: string;
  /** What every client needs. */
  config(region: string): {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  close(): Promise<void>;
}

export async function startMoto(): Promise<Moto> {
  const packages = installedPackages("moto", REQUIREMENTS);
  const folder = mkdtempSync(join(tmpdir(), "perdure-moto-"));
  const port = String(await freePort());
  const start = "import sys; from moto.server import main; main(sys.argv[1:])";
  let log = "";
  const child = spawn("python3", ["-c", start, "--host", "127.0.0.1", "--port", port], {
    cwd: folder,
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      PATH: process.env["PATH"] ?? "",
      ...{ PYTHONPATH: packages, HOME: folder, TMPDIR: folder },
      ...{ AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
    },
  });
  // Its log, without which it would wait for a reader.
  child.stderr.on("data", (bytes: Buffer) => (log = (log + String(bytes)).slice(-3000)));
  const kill = (): void => void child.kill("SIGKILL");
  // An interrupted run must leave no process behind.
  process.once("exit", kill);
  const endpoint = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + START_MS_MAX; !(await answers(endpoint)); await sleep(100)) {
    if (child.exitCode === null && Date.now() < deadline) continue;
    kill();
    throw new Error(`moto did not start:\n${log}`);
  }
  return {
    endpoint,
    config: (region) => ({ endpoint, region, credentials: DUMMY_CREDENTIALS }),
    async close() {
      process.off("exit", kill);
      const ended = once(child, "exit");
      kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/moto-api/`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}
