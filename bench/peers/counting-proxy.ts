/** A proxy between Restate's server and handlers. It counts invocations and the bytes that they carry. */
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export interface Counted {
  readonly invocations: number;
  readonly bytes: number;
}

export interface CountingProxy {
  readonly port: number;
  readonly counted: Counted;
  close(): void;
}

/** Forwards to `target` on loopback; requests to `/invoke/…` are counted, and the bytes of their bodies. */
export async function startCountingProxy(target: number): Promise<CountingProxy> {
  let invocations = 0;
  let bytes = 0;
  const server = createServer((incoming, outgoing) => {
    const { method, url = "", headers } = incoming;
    const isInvocation = url.startsWith("/invoke/");
    if (isInvocation) invocations++;
    const forwarded = request({ host: "127.0.0.1", port: target, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on("error", () => outgoing.destroy());
    incoming.on("data", (chunk: Buffer) => {
      if (isInvocation) bytes += chunk.byteLength;
    });
    incoming.pipe(forwarded);
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => void server.once("listening", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get counted() {
      return { invocations, bytes };
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
