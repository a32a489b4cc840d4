/** Turns in processes that serve over HTTP: real servers with a fake endpoint. Any program may be at the other end. */
import { createServer as createHttp1 } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import { type AddressInfo, createServer as createTcp, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { Deployment } from "../../../lib/model/manifest.ts";
import type { TurnRequest } from "../../../lib/protocol.ts";
import { TURN_CONTENT_TYPE } from "../../../runtime/dev/hosts/hosted-turn.ts";
import { HttpHosts, type HttpHostsOptions } from "../../../runtime/dev/hosts/http-hosts.ts";
import { createEndpointHandler, type HttpHandler } from "../../../sdk/serve/index.ts";
import { createFetchHandler } from "../../../sdk/serve/fetch.ts";
import { service } from "../../../sdk/index.ts";
import type { Context } from "../../../sdk/context.ts";
import { MemoryItemStore } from "../../support/memory-item-store.ts";
import { http2ToFetch } from "./http2-to-fetch.ts";
import { turnRequest } from "./turn.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

const released = Promise.withResolvers<undefined>();
/** Two turns of `slow` have begun. */
const begun = Promise.withResolvers<undefined>();
let slow = 0;

const served = service({
  name: "Service",
  handlers: {
    handler: async (ctx: Context) => await ctx.run("step", () => "done"),
    never: async () => await new Promise(() => undefined),
    slow: async () => {
      if (++slow === 2) begun.resolve(undefined);
      return await released.promise;
    },
  },
});

function hostsOf(options: Partial<HttpHostsOptions> = {}) {
  const items = new MemoryItemStore();
  const registry = {
    service: async () => undefined,
    deployment: async () => undefined,
    services: async () => [],
  };
  const hosts = new HttpHosts({
    ports: {
      items,
      mailbox: { sendBatch: async () => [] },
      registry,
      timers: { schedule: async () => undefined },
      invoker: { invoke: () => Promise.reject(new Error("nothing is invoked")) },
    },
    ...options,
  });
  closing.push(() => hosts.stop());
  const run = (to: Partial<Deployment>, id: string, handler?: string, remainingMs?: number) =>
    hosts.invoke(
      { id: "dp_test", address: "", createdAtMs: 0, services: [], ...to },
      started(turnRequest(id, handler, remainingMs)),
    );
  return { hosts, run, items };
}

const started = (request: TurnRequest): TurnRequest => {
  const { id, target } = request;
  const input = Buffer.from("");
  return {
    ...request,
    start: { kind: "start", id, incarnation: 0, origin: id, target, input, headers: {}, acceptedAtMs: 0 },
  };
};

async function listen(server: Server, close: () => unknown = () => server.close()): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  closing.push(() => void close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const handlerOf = (): HttpHandler => createEndpointHandler({ services: [served] });

async function overTcp(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcp((socket) => {
    sockets.add(socket.on("error", () => undefined));
    onSocket(socket);
  });
  return listen(server, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
}

const kinds: readonly [string, () => Promise<Partial<Deployment>>][] = [
  ["HTTP/2", async () => ({ address: await listen(createHttp2(handlerOf())) })],
  ["HTTP/1.1", async () => ({ address: await listen(createHttp1(handlerOf())), http11: true })],
  [
    "fetch",
    async () => ({
      address: await listen(createHttp2(http2ToFetch(createFetchHandler({ services: [served] })))),
    }),
  ],
];

describe.each(kinds)("over %s", (_, start) => {
  test("discovers, and runs turns side by side whose ports are the engine's", async () => {
    const { hosts, run, items } = hostsOf();
    const to = await start();
    const address = to.address ?? "";
    expect(await hosts.discover({ ...to, address })).toMatchObject({ services: [{ name: "Service" }] });
    const outcomes = await Promise.all(["a", "b", "c"].map((id) => run(to, id)));
    expect(outcomes.map(({ kind }) => kind)).toEqual(["completed", "completed", "completed"]);
    // The step's result is part of the completing append.
    expect(items.counts.writes.journal).toBe(3);
  });

  test("a turn beyond its limit says so, and the next one is none the worse", async () => {
    const { run } = hostsOf();
    const to = await start();
    expect(await run(to, "a", "never", 10)).toMatchObject({ kind: "failed", failure: { code: 500 } });
    expect(await run(to, "b")).toMatchObject({ kind: "completed" });
  });

  test("an unknown handler fails its turn", async () => {
    const { run } = hostsOf();
    expect(await run(await start(), "a", "nowhere")).toMatchObject({
      kind: "failed",
      failure: { code: 404 },
    });
  });
});

describe("what is no endpoint", () => {
  test("nobody there: unreachable, and META0003", async () => {
    const { hosts, run } = hostsOf();
    const server = createHttp1();
    const address = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    for (const http11 of [true, false]) {
      await expect(run({ address, http11 }, "a")).rejects.toMatchObject({ code: "unreachable" });
      await expect(hosts.discover({ address, http11 })).rejects.toMatchObject({ code: "unavailable" });
    }
  });

  test("a function is reached in AWS only", async () => {
    const address = "arn:aws:lambda:eu-west-1:123456789012:function:greeter:8";
    await expect(hostsOf().hosts.discover({ address })).rejects.toMatchObject({ code: "unavailable" });
  });

  test("garbage on the port", async () => {
    const { hosts, run } = hostsOf();
    const address = await overTcp((socket) => socket.end("\u0000\u0001 what is this? \r\n\r\n"));
    for (const http11 of [true, false]) {
      await expect(run({ address, http11 }, "a")).rejects.toMatchObject({ name: "FunctionError" });
      await expect(hosts.discover({ address, http11 })).rejects.toThrow();
    }
  });

  test("silence on the port", async () => {
    const { run } = hostsOf({ answerMs: 100 });
    const address = await overTcp(() => undefined);
    for (const http11 of [true, false]) {
      await expect(run({ address, http11 }, "a")).rejects.toMatchObject({ code: "unreachable" });
    }
  });

  test("HTTP/1.1 where HTTP/2 is expected is META0014", async () => {
    const { hosts } = hostsOf();
    const address = await listen(createHttp1(handlerOf()));
    await expect(hosts.discover({ address })).rejects.toMatchObject({ code: "META0014" });
  });

  test("another web server: META0003 where it says no, META0013 where it answers something else", async () => {
    const { hosts, run } = hostsOf();
    const no = await listen(createHttp1((_, response) => response.writeHead(404).end("no such page")));
    await expect(hosts.discover({ address: no, http11: true })).rejects.toMatchObject({ code: "META0003" });
    await expect(run({ address: no, http11: true }, "a")).rejects.toThrow(/answered 404: no such page/);
    const yes = await listen(createHttp1((_, response) => response.end("<h1>It works!</h1>")));
    await expect(hosts.discover({ address: yes, http11: true })).rejects.toMatchObject({ code: "META0013" });
    await expect(run({ address: yes, http11: true }, "a")).rejects.toMatchObject({ code: "bad-answer" });
  });

  test("an endpoint of Restate's own SDK: META0013 says what to change", async () => {
    const { hosts } = hostsOf();
    // What version 1.17.2 answers.
    const text = `{"message":"Unsupported service discovery protocol version 'application/vnd.perdure.discovery.v1+json'"}`;
    const headers = {
      "content-type": "application/json",
      "x-restate-server": "restate-sdk-typescript/1.17.2",
    };
    const answering: readonly [http11: boolean, server: Server][] = [
      [true, createHttp1((_, response) => response.writeHead(415, headers).end(text))],
      [false, createHttp2((_, response) => response.writeHead(415, headers).end(text))],
    ];
    for (const [http11, server] of answering) {
      await expect(hosts.discover({ address: await listen(server), http11 })).rejects.toMatchObject({
        code: "META0013",
        message: expect.stringMatching(
          /this process speaks Restate's protocol; change its import to perdure\/restate .*restate-sdk-typescript\/1\.17\.2/,
        ) as string,
      });
    }
  });

  test("an answer in the right wrapping that is no frame", async () => {
    const { run } = hostsOf();
    const wrong = createHttp1((_, response) => {
      response.writeHead(200, { "content-type": "application/vnd.perdure.turn.v1+ndjson" });
      response.write("[1,2,3]\n{}\n");
    });
    const address = await listen(wrong, () => wrong.closeAllConnections());
    await expect(run({ address, http11: true }, "a")).rejects.toMatchObject({ code: "bad-answer" });
  });
});

test("a process that has begun to answer and says no more is given up", async () => {
  const { run } = hostsOf({ turnSlackMs: 50 });
  const mute = createHttp1((_, response) => {
    response.writeHead(200, { "content-type": "application/vnd.perdure.turn.v1+ndjson" }).flushHeaders();
  });
  const address = await listen(mute, () => mute.closeAllConnections());
  await expect(run({ address, http11: true }, "a", "handler", 10)).rejects.toMatchObject({ code: "timeout" });
});

describe("who asks", () => {
  test("gets a turn only with its content type, and a discovery only if Perdure is meant", async () => {
    const address = await listen(createHttp1(handlerOf()));
    const ask = (path: string, init?: RequestInit) => fetch(`${address}below/${path}`, init);
    expect((await ask("health")).status).toBe(200);
    expect((await ask("discover")).status).toBe(200);
    const foreign = { headers: { accept: "application/vnd.restate.endpointmanifest.v4+json" } };
    expect((await ask("discover", foreign)).status).toBe(415);
    expect((await ask("turn", { method: "POST", body: "[]" })).status).toBe(415);
    expect((await ask("invoke/Service/handler", { method: "POST" })).status).toBe(404);
  });
});

test("a process that goes away fails the turns that it had, and no others", async () => {
  const { run } = hostsOf();
  const server = createHttp1(handlerOf());
  const address = await listen(server);
  const lost = expect(run({ address, http11: true }, "a", "slow")).rejects.toMatchObject({ code: "crashed" });
  const elsewhere = await listen(createHttp2(handlerOf()));
  const kept = run({ address: elsewhere }, "b", "slow");
  await begun.promise;
  server.closeAllConnections();
  await lost;
  released.resolve(undefined);
  expect(await kept).toMatchObject({ kind: "completed" });
});

test("over fetch, an engine that goes away in the middle of a turn breaks nothing", async () => {
  const handle = createFetchHandler({ services: [served] });
  const asked = new TransformStream<Uint8Array, Uint8Array>();
  const init = { method: "POST", body: asked.readable, duplex: "half" } as RequestInit;
  const headers = { "content-type": TURN_CONTENT_TYPE };
  const answer = await handle(new Request("http://localhost/turn", { ...init, headers }));
  await answer.body?.cancel();
  await asked.writable.close();
  // An error here would be one that nobody handles: it would end the process.
  await new Promise((resolve) => setImmediate(resolve));
  expect(answer.status).toBe(200);
});
