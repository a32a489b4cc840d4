import { once } from "node:events";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { json } from "node:stream/consumers";
import { afterEach, expect, test } from "vitest";
import { HttpServer } from "../../../runtime/dev/http-server.ts";
import { localSiteOnly, preflightedFromOtherSites } from "../../../runtime/dev/local-site.ts";
import { emptyResponse, type HttpRequest } from "../../../runtime/http/message.ts";

const servers: HttpServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.destroy();
});

/** The status of a request with these headers, and whether it came through. */
async function ask(headers: Record<string, string>, listened = "127.0.0.1"): Promise<number> {
  let calls = 0;
  const handle = localSiteOnly(() => {
    calls++;
    return Promise.resolve(emptyResponse(202));
  }, listened);
  const request: HttpRequest = {
    method: "POST",
    path: "/deployments",
    query: new URLSearchParams(),
    headers,
    body: new Uint8Array(0),
  };
  const { status } = await handle(request, new AbortController().signal);
  expect(calls).toBe(status === 202 ? 1 : 0);
  return status;
}

test.each([
  ["localhost:9070"],
  ["LocalHost:9070"],
  ["localhost"],
  ["admin.localhost:9070"],
  ["127.0.0.1:9070"],
  ["127.1.2.3:9070"],
  ["[::1]:9070"],
])("a program on this machine that asks for %s comes in", async (host) => {
  expect(await ask({ host })).toBe(202);
});

test.each([
  ["evil.example:9070"],
  ["localhost.evil.example"],
  ["127.0.0.1.evil.example"],
  ["127.evil.example"],
  ["evil-localhost"],
  ["192.168.1.2:9070"],
  ["[::2]:9070"],
  ["box"],
  [""],
  ["a b"],
])("a name that resolves to this machine and is not its own, %j, is refused", async (host) => {
  expect(await ask({ host })).toBe(403);
});

test("what was told to listen on an address is asked for it, whatever way it is written", async () => {
  expect(await ask({ host: "192.168.1.2:9070" }, "192.168.1.2")).toBe(202);
  expect(await ask({ host: "192.168.1.3:9070" }, "192.168.1.2")).toBe(403);
  expect(await ask({ host: "[fd00::2]:9070" }, "fd00:0:0::2")).toBe(202);
  expect(await ask({ host: "Box.Lan:9070" }, "box.lan")).toBe(202);
  expect(await ask({ host: "localhost:9070" }, "192.168.1.2")).toBe(202);
});

test.each([["0.0.0.0"], ["::"]])("on all addresses (%s), any address and private names", async (listened) => {
  for (const host of ["192.168.1.2:9070", "[fd00::2]:9070", "perdure:9070", "host.docker.internal:9070"]) {
    expect(await ask({ host }, listened)).toBe(202);
  }
  for (const host of ["evil.example", "1.2.3.4.evil.example"])
    expect(await ask({ host }, listened)).toBe(403);
});

test.each([
  ["https://evil.example"],
  ["http://localhost.evil.example"],
  ["http://192.168.1.2"],
  ["null"],
  ["chrome-extension://abcdefgh"],
  [""],
])("a page of another site, %j, is refused", async (origin) => {
  expect(await ask({ host: "localhost:9070", origin })).toBe(403);
  expect(await ask({ origin })).toBe(403);
});

test("a page on this machine is not of another site, whatever its port; one on another machine is", async () => {
  expect(await ask({ host: "localhost:9070", origin: "http://localhost:9070" })).toBe(202);
  expect(await ask({ host: "localhost:9070", origin: "http://127.0.0.1:5173" })).toBe(202);
  expect(await ask({ host: "192.168.1.2:9070", origin: "http://192.168.1.2:80" }, "0.0.0.0")).toBe(202);
  expect(await ask({ host: "192.168.1.2:9070", origin: "http://6.6.6.6" }, "0.0.0.0")).toBe(403);
  expect(await ask({ host: "192.168.1.2:9070", origin: "http://localhost" }, "0.0.0.0")).toBe(403);
});

test("what the browser says to come from another site is refused, also without an origin", async () => {
  const host = "localhost:9070";
  expect(await ask({ host, "sec-fetch-site": "cross-site" })).toBe(403);
  for (const site of ["same-origin", "same-site", "none"]) {
    expect(await ask({ host, "sec-fetch-site": site })).toBe(202);
  }
});

test("what is older than hosts comes in", async () => {
  expect(await ask({})).toBe(202);
});

test("the answer says why, as the admin API does, and lets no page read it", async () => {
  const handle = localSiteOnly(() => Promise.resolve(emptyResponse(202)), "127.0.0.1");
  const server = new HttpServer(handle, { host: "127.0.0.1", port: 0, bodyBytesMax: 1 });
  servers.push(server);
  const url = (await server.listen()).replace("localhost", "127.0.0.1");
  const said = async (headers: Record<string, string>): Promise<unknown> => {
    const outgoing = httpRequest(`${url}/deployments`, { method: "POST", headers });
    outgoing.end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    expect(response.statusCode).toBe(403);
    expect(response.headers["access-control-allow-origin"]).toBeUndefined();
    return json(response);
  };
  expect(await said({ origin: "https://evil.example", "content-type": "text/plain" })).toEqual({
    message: "the admin API takes no requests from pages of other sites (https://evil.example)",
    restate_code: null,
  });
  expect(await said({ host: "evil.example:9070" })).toEqual({
    message:
      'the admin API is not served as "evil.example:9070": ask for localhost, or for the address that the server listens on (--host)',
    restate_code: null,
  });
});

/** The status of a request to a handler. */
async function callAs(headers: Record<string, string>, method = "POST"): Promise<number> {
  const handle = preflightedFromOtherSites(() => Promise.resolve(emptyResponse(202)));
  const request = { method, path: "/S/h", query: new URLSearchParams(), headers, body: new Uint8Array(0) };
  return (await handle(request, new AbortController().signal)).status;
}

const EVIL = { host: "localhost:8080", origin: "https://evil.example" };

test.each([
  [{ "content-type": "text/plain" }, "POST"],
  [{ "content-type": "Text/Plain; charset=utf-8" }, "POST"],
  [{ "content-type": "application/x-www-form-urlencoded" }, "POST"],
  [{ "content-type": "multipart/form-data; boundary=x" }, "POST"],
  [{}, "POST"],
  [{}, "GET"],
])(
  "a page of another site does not call a handler with %j by %s, which needs no preflight",
  async (headers, method) => {
    expect(await callAs({ ...EVIL, ...headers }, method)).toBe(403);
    const noOrigin = { host: "localhost:8080", "sec-fetch-site": "cross-site", ...headers };
    expect(await callAs(noOrigin, method)).toBe(403);
    expect(await callAs({ host: "localhost:8080", origin: "null", ...headers }, method)).toBe(403);
  },
);

test.each([
  [{ ...EVIL, "content-type": "application/json" }, "POST"],
  [{ ...EVIL, "idempotency-key": "k" }, "POST"],
  [{ ...EVIL }, "OPTIONS"],
  [{ host: "localhost:8080", origin: "http://localhost:5173", "content-type": "text/plain" }, "POST"],
  [{ host: "localhost:8080", origin: "http://127.0.0.1:5173" }, "GET"],
  [{ host: "localhost:8080", "sec-fetch-site": "same-site" }, "GET"],
  [{ host: "localhost:8080", "sec-fetch-site": "none" }, "GET"],
  [{ host: "localhost:8080", "content-type": "text/plain" }, "POST"],
  [{}, "GET"],
])(
  "what a browser has asked for, the user's own pages and programs come in: %j by %s",
  async (headers, method) => {
    expect(await callAs(headers, method)).toBe(202);
  },
);
