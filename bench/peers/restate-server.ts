/** Restate's published server, in a folder of its own, on free ports of loopback. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePorts } from "../../scripts/free-ports.ts";
import { cpuMsOf, startProcess, stopProcess, untilReady } from "../../scripts/processes.ts";
import { peerFile } from "./install.ts";

const START_MS_MAX = 30_000;

export interface RestateServer {
  /** Ports. */
  readonly ingress: number;
  readonly admin: number;
  /** Handlers on a port of loopback; `requestResponse`: as it talks to Lambda. */
  register(port: number, options: { readonly requestResponse: boolean }): Promise<void>;
  /** See {@link cpuMsOf}. */
  cpuMs(): number | undefined;
  stop(): Promise<void>;
}

/** With its defaults, except for the environment variables in `settings`. */
export async function startRestateServer(settings: Record<string, string> = {}): Promise<RestateServer> {
  const folder = mkdtempSync(join(tmpdir(), "perdure-bench-restate-"));
  const [node = 0, ingress = 0, admin = 0] = await freePorts(3);
  const server = startProcess(
    "Restate's server",
    process.execPath,
    [peerFile("@restatedev/restate-server/lib/index.js")],
    {
      DO_NOT_TRACK: "1",
      RUST_LOG: "error",
      RESTATE_BASE_DIR: folder,
      RESTATE_BIND_ADDRESS: `127.0.0.1:${node}`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${admin}`,
      ...settings,
    },
  );
  await untilReady(server, async () => (await fetch(`http://127.0.0.1:${admin}/health`)).ok);
  return {
    ingress,
    admin,
    cpuMs: () => cpuMsOf(server),
    register: (port, { requestResponse }) => register(admin, port, requestResponse),
    async stop() {
      // Its data is thrown away, so it need not end in order.
      await stopProcess(server, "SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
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
