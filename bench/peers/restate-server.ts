/** Restate's published server, in a folder of its own, on free ports of loopback. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePorts } from "../../scripts/free-ports.ts";
import { peerFile } from "./install.ts";

const START_MS_MAX = 30_000;

export interface RestateServer {
  readonly ingress: number;
  /** Handlers on a port of loopback; `requestResponse`: as it talks to Lambda. */
  register(port: number, options: { readonly requestResponse: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/** With its defaults, except for the environment variables in `settings`. */
export async function startRestateServer(settings: Record<string, string> = {}): Promise<RestateServer> {
  const folder = mkdtempSync(join(tmpdir(), "perdure-bench-restate-"));
  const [node = 0, ingress = 0, admin = 0] = await freePorts(3);
  const child = spawn(process.execPath, [peerFile("@restatedev/restate-server/lib/index.js")], {
    detached: true,
    stdio: ["ignore", "ignore", "ignore"],
    env: {
      ...process.env,
      DO_NOT_TRACK: "1",
      RUST_LOG: "error",
      RESTATE_BASE_DIR: folder,
      RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
      ...settings,
    },
  });
  const kill = (): void => killGroup(child);
  // An interrupted run must not leave a server behind.
  process.once("exit", kill);
  await untilHealthy(`http://127.0.0.1:${admin}/health`, child);
  return {
    ingress,
    register: (port, { requestResponse }) => register(admin, port, requestResponse),
    async stop() {
      const ended = once(child, "exit");
      kill();
      await ended;
      process.off("exit", kill);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Its launcher starts the server as another process. Ending the group ends both. */
function killGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, "SIGKILL");
}

async function untilHealthy(url: string, child: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + START_MS_MAX; Date.now() < deadline; await delay(100)) {
    if (child.exitCode !== null) throw new Error(`Restate's server ended with ${child.exitCode}`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
  }
  throw new Error("Restate's server does not answer");
}

async function register(admin: number, handlers: number, requestResponse: boolean): Promise<void> {
  const body = JSON.stringify({ uri: `http://127.0.0.1:${handlers}`, use_http_11: requestResponse });
  for (const deadline = Date.now() + START_MS_MAX; ; await delay(200)) {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`http://127.0.0.1:${admin}/deployments`, { method: "POST", headers, body });
    if (response.ok) return;
    if (Date.now() > deadline)
      throw new Error(`Restate does not take the handlers: ${await response.text()}`);
  }
}
