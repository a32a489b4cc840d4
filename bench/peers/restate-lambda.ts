/**
 * Restate with handlers in request/response mode, as it calls Lambda: its published server and SDK, the workloads'
 * handlers, and a counting proxy between server and handlers.
 */
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type Counted, startCountingProxy } from "./counting-proxy.ts";
import { importPeer } from "./install.ts";
import { startRestateServer } from "./restate-server.ts";
import { nextAwakeable, type Sdk, servicesOf } from "../workloads/services.ts";

type RestateSdk = Sdk & {
  createEndpointHandler(options: {
    services: readonly unknown[];
    bidirectional: boolean;
    logger?: () => void;
  }): RequestListener;
};

/** A workload is over when nothing has been invoked for so long. */
const QUIET_MS = 300;

export interface RestateOnLambda {
  /** What a workload used. */
  measure(workload: string): Promise<Counted | undefined>;
  stop(): Promise<void>;
}

/** What a client does, by workload. Sleeps are short here: they cost the same as long ones. */
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
  const server = await startRestateServer();
  await server.register(proxy.port, { requestResponse: true });
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
