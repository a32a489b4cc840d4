/**
 * The same resume on Restate's server and SDK, over HTTP/2, as a long-running service.
 *
 * The journals are made first. The server suspends the invocations, and sends each whole journal when its awakeable is
 * resolved. Prints JSON, one result for each length.
 */
import { once } from "node:events";
import { createServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type * as restate from "perdure/restate";
import { importPeer } from "../peers/install.ts";
import { startRestateServer } from "../peers/restate-server.ts";
import { type Pass, resumable } from "./handlers.ts";

export interface RestateResumed {
  readonly entries: number;
  /** From the arrival of the request to the first line after the steps. */
  readonly turnMs: number;
  readonly replayMs: number;
  readonly replayCpuMs: number;
}

type Listener = (request: Http2ServerRequest, response: Http2ServerResponse) => void;
type RestateSdk = Pick<typeof restate, "service" | "object"> & {
  createEndpointHandler(options: { services: readonly unknown[]; logger: () => void }): Listener;
};

const WAIT_MS_MAX = 240_000;
/** Longer than the server takes to suspend what waits. */
const SUSPENDED_MS = 2000;

const lengths = process.argv.slice(2).map(Number);
const sdk = await importPeer<RestateSdk>("@restatedev/restate-sdk");
const passes: (Pass & { readonly atMs: number })[] = [];
let requestedAtMs = 0;
const service = resumable(sdk, (pass) => void passes.push({ ...pass, atMs: performance.now() }));
const listener = sdk.createEndpointHandler({ services: [service], logger: () => undefined });
const handlers = createServer((request, response) => {
  requestedAtMs = performance.now();
  listener(request, response);
}).listen(0, "127.0.0.1");
await once(handlers, "listening");
const server = await startRestateServer();
try {
  await server.register((handlers.address() as AddressInfo).port, { requestResponse: false });
  const results: RestateResumed[] = [];
  for (const entries of lengths) {
    passes.length = 0;
    await post("/Growth/resume/send", entries);
    const live = await passed(1);
    await delay(SUSPENDED_MS);
    await post(`/restate/awakeables/${live.awakeable}/resolve`, "yes");
    const replayed = await passed(2);
    results.push({
      entries,
      turnMs: replayed.atMs - requestedAtMs,
      replayMs: replayed.ms,
      replayCpuMs: replayed.cpuMs,
    });
  }
  console.log(JSON.stringify(results));
} finally {
  await server.stop();
}
// The ended server's HTTP/2 sessions would keep this process alive.
process.exit();

async function post(path: string, body: unknown): Promise<void> {
  const headers = { "content-type": "application/json" };
  const url = `http://127.0.0.1:${server.ingress}${path}`;
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  if (!response.ok)
    throw new Error(`Restate answered ${path} with ${response.status}: ${await response.text()}`);
}

async function passed(count: number): Promise<Pass & { readonly atMs: number }> {
  for (const deadline = Date.now() + WAIT_MS_MAX; ; await delay(20)) {
    const pass = passes[count - 1];
    if (pass) return pass;
    if (Date.now() > deadline) throw new Error("Restate did not come so far");
  }
}
