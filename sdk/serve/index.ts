/**
 * Serves handlers over HTTP to a Perdure server that runs by itself: to `perdure dev` without a file. There this process is
 * registered by its URL (docs/decisions/0005-serving-over-http.md). In AWS nothing listens: see `perdure/lambda`.
 *
 * @example
 * ```ts
 * await serve({ services: [greeter], port: 9080 });
 * ```
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { AddressInfo } from "node:net";
import { isTracingAsked } from "../../lib/tracing/asked.ts";
import { HostedTurn, TURN_CONTENT_TYPE } from "../../runtime/dev/hosts/hosted-turn.ts";
import { type Endpoint, SERVED, type Served } from "../endpoint.ts";
import { answerAtOnce, servedEndpoint } from "./answer.ts";

export interface ServeOptions extends Served {
  /** By default the environment variable `PORT`, or 9080. 0: any port that is free. */
  readonly port?: number | undefined;
  /** The address to listen on. By default the environment variable `PERDURE_HOST`, or 127.0.0.1: everybody who reaches the
   * port can run handlers. */
  readonly host?: string | undefined;
}

/** For `http2.createServer` and `http.createServer`. */
export interface HttpHandler {
  (request: IncomingMessage, response: ServerResponse): void;
  (request: Http2ServerRequest, response: Http2ServerResponse): void;
}

type Request = IncomingMessage | Http2ServerRequest;
/** What the two kinds of response have in common. */
type Response = Pick<ServerResponse, "writeHead" | "flushHeaders" | "on"> & {
  write(bytes: Uint8Array): boolean;
  end(text?: string): unknown;
};

const DEFAULT_PORT = 9080;
const DEFAULT_HOST = "127.0.0.1";

/** Throws `TypeError` if `services` is not a list of definitions. */
export function createEndpointHandler(options: Served): HttpHandler & { readonly [SERVED]: Served } {
  return Object.assign(handlerOf(servedEndpoint(options).endpoint), { [SERVED]: options });
}

const handlerOf =
  (endpoint: Endpoint): HttpHandler =>
  (request: Request, response: object) =>
    answer(endpoint, request, response as Response);

/** Resolves with the port once the server listens on it, over HTTP/2. Rejects if it cannot listen. */
export function serve({ port, host, ...options }: ServeOptions): Promise<number> {
  const { env } = process;
  const wanted = port ?? Number(env["PORT"] ?? DEFAULT_PORT);
  const { endpoint, collected } = servedEndpoint(options);
  if (collected) return Promise.resolve(wanted);
  if (isTracingAsked(env)) void import("../tracing/index.ts");
  const server = createServer(handlerOf(endpoint));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(wanted, host ?? env["PERDURE_HOST"] ?? DEFAULT_HOST, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function answer(endpoint: Endpoint, request: Request, response: Response): void {
  const [path = ""] = (request.url ?? "").split("?");
  const { accept, "content-type": asked } = request.headers;
  const atOnce = answerAtOnce(endpoint, { path, accept, contentType: asked });
  if (!atOnce) return runTurn(endpoint, request, response);
  const { status, text, contentType = "text/plain" } = atOnce;
  request.resume();
  response.writeHead(status, { "content-type": contentType });
  response.end(text);
}

function runTurn(endpoint: Endpoint, request: Request, response: Response): void {
  const turn = new HostedTurn(
    (asked, ports) => endpoint.runTurn(asked, ports),
    (bytes) => void response.write(bytes),
  );
  response.writeHead(200, { "content-type": TURN_CONTENT_TYPE });
  response.flushHeaders();
  request.on("data", (chunk: Buffer) => {
    try {
      turn.push(chunk);
    } catch {
      turn.close();
      response.end();
    }
  });
  request.on("end", () => {
    turn.close();
    response.end();
  });
  for (const side of [request, response]) {
    side.on("error", () => turn.close());
    side.on("close", () => turn.close());
  }
}
