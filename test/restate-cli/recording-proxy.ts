/** Stands before an admin API and notes every query that passes. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

export interface RecordingProxy {
  readonly url: string;
  /** What has passed since the last call. */
  taken(): string[];
  stop(): void;
}

export async function startRecordingProxy(admin: string): Promise<RecordingProxy> {
  let passed: string[] = [];
  const server = createServer((request, response) => void pass(request, response));
  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const { accept = "", "content-type": type } = request.headers;
    const path = request.url ?? "/";
    if (path.endsWith("/query")) {
      const { query } = JSON.parse(String(body)) as { query: string };
      passed.push(query);
    }
    const answer = await fetch(`${admin}${path}`, {
      method: request.method ?? "GET",
      headers: {
        ...(accept === "" ? {} : { accept }),
        ...(type === undefined ? {} : { "content-type": type }),
      },
      ...(body.length === 0 ? {} : { body }),
    });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" });
    response.end(Buffer.from(await answer.arrayBuffer()));
  }
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: () => {
      const taken = passed;
      passed = [];
      return taken;
    },
    stop: () => void server.close(),
  };
}
