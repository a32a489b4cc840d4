import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { type RequestHandler, HttpServer } from "../../../runtime/dev/http-server.ts";
import { emptyResponse, type HttpRequest, jsonResponse } from "../../../runtime/http/message.ts";

const servers: HttpServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.destroy();
});

async function serve(handle: RequestHandler, bodiesBytesMax = 1_000_000): Promise<string> {
  const server = new HttpServer(handle, { host: "127.0.0.1", port: 0, bodyBytesMax: 1_000, bodiesBytesMax });
  servers.push(server);
  return (await server.listen()).replace("localhost", "127.0.0.1");
}

/** A handler that answers what it was asked. */
const echo: RequestHandler = (request) =>
  Promise.resolve(
    jsonResponse(200, { ...request, query: [...request.query], body: Buffer.from(request.body).toString() }),
  );

test("a request is passed on as it was sent", async () => {
  const url = await serve(echo);
  const response = await fetch(`${url}/a%2Fb/c?x=1&x=2%203`, {
    method: "PUT",
    headers: { "X-One": "1", "content-type": "text/plain" },
    body: "hällo",
  });
  const request = (await response.json()) as HttpRequest;
  expect(request).toMatchObject({
    method: "PUT",
    path: "/a%2Fb/c",
    query: [
      ["x", "1"],
      ["x", "2 3"],
    ],
    headers: { "x-one": "1", "content-type": "text/plain" },
    body: "hällo",
  });
  expect(response.headers.get("content-length")).not.toBeNull();
});

test("repeated headers are joined", async () => {
  const url = await serve(echo);
  const outgoing = httpRequest(`${url}/`, { headers: { "x-many": ["a", "b"] } });
  outgoing.end();
  const [response] = (await once(outgoing, "response")) as [NodeJS.ReadableStream];
  expect(JSON.parse(await text(response))).toMatchObject({ headers: { "x-many": "a, b" } });
});

test("a GET's body, a key of dots and a request without a host are passed on, too", async () => {
  const url = new URL(await serve(echo));
  const ask = async (head: string, body = "") => {
    const socket = connect(Number(url.port), url.hostname);
    socket.end(`${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    const answer = await text(socket);
    return JSON.parse(answer.slice(answer.indexOf("{"))) as HttpRequest;
  };
  const host = `host: ${url.host}\r\nconnection: close`;
  expect(await ask(`GET /O/k/get HTTP/1.1\r\n${host}`, "hello")).toMatchObject({ body: "hello" });
  expect(await ask(`POST /O/../get HTTP/1.1\r\n${host}`)).toMatchObject({ path: "/O/../get" });
  expect(await ask(`POST /O/a\\b/get HTTP/1.1\r\n${host}`)).toMatchObject({ path: "/O/a\\b/get" });
  expect(await ask("POST /O/k/get HTTP/1.0")).toMatchObject({ path: "/O/k/get" });
});

test("status, headers and bytes are answered as they are; nothing too", async () => {
  const url = await serve(({ path }) =>
    Promise.resolve(
      path === "/none"
        ? emptyResponse(202, { "x-restate-id": "inv_1" })
        : { status: 470, headers: { "content-type": "application/x" }, body: Uint8Array.of(0, 255) },
    ),
  );
  const bytes = await fetch(`${url}/bytes`);
  expect([bytes.status, bytes.headers.get("content-type")]).toEqual([470, "application/x"]);
  expect([...new Uint8Array(await bytes.arrayBuffer())]).toEqual([0, 255]);
  const none = await fetch(`${url}/none`, { method: "POST" });
  expect([none.status, none.headers.get("x-restate-id"), none.headers.get("content-length")]).toEqual([
    202,
    "inv_1",
    "0",
  ]);
});

test.each([
  ["of a known length", () => "x".repeat(2_000)],
  ["in pieces", () => new Blob(["x".repeat(1_000), "y".repeat(1_000)]).stream()],
])("a body that is too long, %s, is answered 413, and the connection closed", async (_name, body) => {
  let calls = 0;
  const url = await serve((request, signal) => {
    calls++;
    return echo(request, signal);
  });
  const init = { method: "POST", body: body(), duplex: "half" } as RequestInit;
  const response = await fetch(url, init);
  expect([response.status, response.headers.get("connection")]).toEqual([413, "close"]);
  expect(await response.json()).toMatchObject({ code: 413, source: "ingress" });
  expect(calls).toBe(0);
  expect((await fetch(url, { method: "POST", body: "x".repeat(1_000) })).status).toBe(200);
});

test("bodies that are being received have a bound together: what is beyond it is refused, until there is room", async () => {
  const url = await serve(echo, 1_500);
  const { hostname, port } = new URL(url);
  const slow = connect(Number(port), hostname);
  slow.write(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n${"x".repeat(999)}`);
  const ask = async () => await fetch(url, { method: "POST", body: "y".repeat(900) });
  await expect.poll(async () => (await ask()).status).toBe(503);
  const refused = await ask();
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
  expect(await refused.json()).toMatchObject({ code: 503, source: "ingress" });
  expect((await fetch(url, { method: "POST", body: "y".repeat(400) })).status).toBe(200);
  slow.destroy();
  await expect.poll(async () => (await ask()).status).toBe(200);
});

test("a client that goes away ends the wait", async () => {
  let aborted: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => (aborted = resolve));
  const url = await serve(
    (_request, signal) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          aborted();
          resolve(emptyResponse(200));
        });
      }),
  );
  const controller = new AbortController();
  const asked = fetch(url, { signal: controller.signal }).catch(() => "cut off");
  setTimeout(() => controller.abort(), 50);
  expect(await asked).toBe("cut off");
  await gone;
});

test("an answered request's signal is never aborted", async () => {
  const signals: AbortSignal[] = [];
  const url = await serve((request, signal) => {
    signals.push(signal);
    return echo(request, signal);
  });
  await (await fetch(url, { headers: { connection: "close" } })).text();
  await expect.poll(() => signals.map(({ aborted }) => aborted)).toEqual([false]);
});

test("a client that goes away in the middle of its body is no request", async () => {
  let calls = 0;
  const url = new URL(await serve((request, signal) => (calls++, echo(request, signal))));
  const socket = connect(Number(url.port), url.hostname);
  socket.write("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf");
  await once(socket, "connect");
  socket.destroy();
  await (await fetch(url)).text();
  expect(calls).toBe(1);
});

test("a port in use, or an address that is not ours, is refused with a reason", async () => {
  const url = new URL(await serve(echo));
  const again = new HttpServer(echo, { host: "127.0.0.1", port: Number(url.port), bodyBytesMax: 1 });
  await expect(again.listen()).rejects.toThrow(`cannot listen on 127.0.0.1:${url.port}: the port is in use`);
  const elsewhere = new HttpServer(echo, { host: "203.0.113.1", port: 0, bodyBytesMax: 1 });
  await expect(elsewhere.listen()).rejects.toThrow("does not have that address");
});
