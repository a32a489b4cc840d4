/**
 * Gives an HTTP API of the emulator an address of its own. Emulators tell APIs apart by the host name of the request. Not
 * every resolver knows that name, and `fetch` cannot set it. Requests to an API that wants IAM are signed.
 */
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { REGION } from "./cdk.ts";

export interface Proxy {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** `apiUrl`: the stack's output. `endpoint`: the emulator's address. */
export async function proxyTo(apiUrl: string, endpoint: string, signed: boolean): Promise<Proxy> {
  const { host } = new URL(apiUrl);
  return await serve((incoming, answer) => void forward(incoming, answer, { host, endpoint, signed }));
}

/** A server on a port of its own. */
export async function serve(
  handle: (incoming: IncomingMessage, answer: ServerResponse) => void,
): Promise<Proxy> {
  const server = createServer(handle);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Route {
  readonly host: string;
  readonly endpoint: string;
  readonly signed: boolean;
}

async function forward(incoming: IncomingMessage, answer: ServerResponse, route: Route): Promise<void> {
  const body = await buffer(incoming);
  const { method = "GET", url = "/" } = incoming;
  const signature = route.signed ? sign(method, url, route.host, body) : {};
  const { hostname, port } = new URL(route.endpoint);
  const headers = { ...incoming.headers, host: route.host, ...signature };
  const outgoing = request({ hostname, port, method, path: url, headers, setHost: false }, (answered) => {
    answer.writeHead(answered.statusCode ?? 502, answered.headers);
    answered.pipe(answer);
  });
  outgoing.once("error", () => answer.destroy());
  outgoing.end(body);
}

const hash = (text: string | Buffer): string => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** Signature Version 4, with the dummy credentials. */
function sign(method: string, url: string, host: string, body: Buffer): Record<string, string> {
  const now = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const scope = `${now.slice(0, 8)}/${REGION}/execute-api/aws4_request`;
  const { pathname, searchParams } = new URL(url, "http://localhost");
  searchParams.sort();
  const names = "host;x-amz-date";
  const canonical = [
    method,
    pathname,
    searchParams,
    `host:${host}`,
    `x-amz-date:${now}`,
    "",
    names,
    hash(body),
  ];
  const text = ["AWS4-HMAC-SHA256", now, scope, hash(canonical.join("\n"))].join("\n");
  const key = scope.split("/").reduce<string | Buffer>((held, part) => hmac(held, part), "AWS4test");
  const signature = hmac(key, text).toString("hex");
  return {
    "x-amz-date": now,
    authorization: `AWS4-HMAC-SHA256 Credential=test/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  };
}
