/** Passes requests of an HTTP/2 server on as `Request`s. */
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { Readable } from "node:stream";
import type { FetchHandler } from "../../../sdk/serve/fetch.ts";

export function http2ToFetch(handler: FetchHandler) {
  return (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    void pass(handler, request, response);
  };
}

async function pass(
  handler: FetchHandler,
  request: Http2ServerRequest,
  response: Http2ServerResponse,
): Promise<void> {
  const headers = Object.entries(request.headers).filter(([name]) => !name.startsWith(":"));
  const hasBody = request.method !== "GET";
  const answer = await handler(
    new Request(`http://localhost${request.url}`, {
      method: request.method,
      headers: headers.map(([name, value]): [string, string] => [name, String(value)]),
      ...(hasBody ? { body: Readable.toWeb(request) as ReadableStream<Uint8Array>, duplex: "half" } : {}),
    }),
  );
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  for await (const chunk of answer.body ?? []) response.write(chunk);
  response.end();
}
