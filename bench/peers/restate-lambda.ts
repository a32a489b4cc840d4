/**
 * Restate with handlers in request/response mode, which is what it uses for Lambda: its published server, its published
 * SDK, the handlers of the workloads, and a proxy between the two that counts.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Counted, startCountingProxy } from "./counting-proxy.ts";
import { importPeer, peerFile } from "./install.ts";
import { nextAwakeable, type Sdk, servicesOf } from "../workloads/services.ts";

type RestateSdk = Sdk & {
  createEndpointHandler(options: {
    services: readonly unknown[];
    bidirectional: boolean;
    logger?: () => void;
  }): RequestListener;
};

const START_MS_MAX = 30_000;
/** A workload is over when nothing has been invoked for so long. */
const QUIET_MS = 300;

export interface RestateOnLambda {
  /** What a workload used. */
  measure(workload: string): Promise<Counted | undefined>;
  stop(): Promise<void>;
}

/** What a client does, by workload. Long sleeps cost the same as short ones, and are waited for here. */
type Client = (
  post: (path: string, body?: unknown, headers?: Record<string, string>) => Promise<string>,
) => Promise<void>;
const CLIENTS: Readonly<Record<string, Client>> = {
  "no-op service call": async (post) => void (await post("/Tasks/nothing", "you")),
  "10 sequential steps": async (post) => void (await post("/Tasks/steps", 10)),
  "100 sequential steps": async (post) => void (await post("/Tasks/steps", 100)),
  "10 parallel steps": async (post) => void (await post("/Tasks/parallel", 10)),
  "object add": async (post) => void (await post("/Account/k/add", 1)),
  "object of 1,000 keys, reads 3": async (post) => void (await post("/Account/large/readThree")),
  "10 lazy state reads": async (post) => void (await post("/Lazy/k/readTen")),
  "workflow with a promise": async (post) => {
    await post("/Signup/w/run/send");
    await delay(QUIET_MS);
    await post("/Signup/w/click", "code");
  },
  "1-minute sleep": async (post) => void (await post("/Tasks/sleep", 1000)),
  awakeable: async (post) => {
    const asked = nextAwakeable();
    await post("/Tasks/awakeable/send");
    const id = await asked;
    await delay(QUIET_MS);
    await post(`/restate/awakeables/${id}/resolve`, "yes");
  },
  "saga, 5 steps, compensates": async (post) => void (await post("/Tasks/saga", 5)),
  "fan-out to 100 calls": async (post) => void (await post("/Tasks/fanOut", 100)),
  "chain of 10 calls": async (post) => void (await post("/Tasks/chain", 10)),
  "one-way send": async (post) => void (await post("/Tasks/nothing/send", "you")),
  "delayed send": async (post) => {
    await post("/Tasks/nothing/send?delay=200ms", "you");
    await delay(2 * QUIET_MS);
  },
  "idempotent repeat": async (post) =>
    void (await post("/Tasks/nothing", "you", { "idempotency-key": "repeat" })),
};
/** Before the workload, uncounted. */
const BEFORE: Readonly<Record<string, Client>> = {
  "object of 1,000 keys, reads 3": async (post) => void (await post("/Account/large/fill", 1000)),
  "idempotent repeat": async (post) =>
    void (await post("/Tasks/nothing", "you", { "idempotency-key": "repeat" })),
};

export async function startRestateOnLambda(): Promise<RestateOnLambda> {
  const sdk = await importPeer<RestateSdk>("@restatedev/restate-sdk");
  const handlers = createServer(
    sdk.createEndpointHandler({ services: servicesOf(sdk), bidirectional: false, logger: () => undefined }),
  ).listen(0, "127.0.0.1");
  await once(handlers, "listening");
  const proxy = await startCountingProxy((handlers.address() as AddressInfo).port);
  const server = await startServer();
  await register(server.admin, proxy.port);
  const post = async (
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<string> => {
    const type = body === undefined ? {} : { "content-type": "application/json" };
    const init = { method: "POST", headers: { ...type, ...headers } };
    const url = `http://127.0.0.1:${server.ingress}${path}`;
    const response = await fetch(url, body === undefined ? init : { ...init, body: JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`Restate answered ${path} with ${response.status}: ${text}`);
    return text;
  };
  const quiet = async (): Promise<Counted> => {
    for (let last = -1; last !== proxy.counted.invocations; await delay(QUIET_MS))
      last = proxy.counted.invocations;
    return proxy.counted;
  };
  return {
    async measure(workload) {
      const client = CLIENTS[workload];
      if (!client) return undefined;
      await BEFORE[workload]?.(post);
      const before = await quiet();
      await client(post);
      const after = await quiet();
      return { invocations: after.invocations - before.invocations, bytes: after.bytes - before.bytes };
    },
    async stop() {
      await server.stop();
      proxy.close();
      handlers.closeAllConnections();
      handlers.close();
    },
  };
}

async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), "perdure-bench-restate-"));
  const [node, ingress, admin] = await Promise.all([freePort(), freePort(), freePort()]);
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
    },
  });
  const kill = (): void => killGroup(child);
  // A run that is broken off must not leave a server behind.
  process.once("exit", kill);
  await untilHealthy(`http://127.0.0.1:${admin}/health`, child);
  return {
    ingress,
    admin,
    async stop() {
      const ended = once(child, "exit");
      kill();
      await ended;
      process.off("exit", kill);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Its launcher starts the server as a process of its own: the group ends both. */
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

async function register(admin: number, handlers: number): Promise<void> {
  const body = JSON.stringify({ uri: `http://127.0.0.1:${handlers}`, use_http_11: true });
  for (const deadline = Date.now() + START_MS_MAX; ; await delay(200)) {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`http://127.0.0.1:${admin}/deployments`, { method: "POST", headers, body });
    if (response.ok) return;
    if (Date.now() > deadline)
      throw new Error(`Restate does not take the handlers: ${await response.text()}`);
  }
}

async function freePort(): Promise<number> {
  const server = createSocket().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
