/**
 * Serves handlers over HTTP to a Perdure server that runs on its own: `perdure dev` without a file, with which this
 * process is registered by its URL (docs/decisions/0005). In AWS nothing listens: see `perdure/lambda`.
 *
 * @example
 * ```ts
 * await serve({ services: [greeter], port: 9080 });
 * ```
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import type { AddressInfo } from "node:net";
import {
  DISCOVERY_CONTENT_TYPE,
  HostedTurn,
  TURN_CONTENT_TYPE,
} from "../../runtime/dev/hosts/hosted-turn.ts";
import { collect } from "../turn/collected.ts";
import { createEndpoint, type Endpoint, type EndpointOptions, SERVED, type Served } from "../endpoint.ts";

export interface HandlerOptions extends EndpointOptions {
  /** What `service()`, `object()` and `workflow()` return. */
  readonly services: readonly unknown[];
}

export interface ServeOptions extends HandlerOptions {
  /** By default that of the environment variable `PORT`, or 9080. 0: any that is free. */
  readonly port?: number | undefined;
  /** The address to listen on. By default that of the environment variable `PERDURE_HOST`, or 127.0.0.1: whoever reaches
   * the port can run handlers. */
  readonly host?: string | undefined;
}

/** For `http2.createServer` and `http.createServer`. */
export interface HttpHandler {
  (request: IncomingMessage, response: ServerResponse): void;
  (request: Http2ServerRequest, response: Http2ServerResponse): void;
}

type Request = IncomingMessage | Http2ServerRequest;
/** What the two kinds have in common. */
type Response = Pick<ServerResponse, "writeHead" | "flushHeaders" | "on"> & {
  write(bytes: Uint8Array): boolean;
  end(text?: string): unknown;
};

const DEFAULT_PORT = 9080;
const DEFAULT_HOST = "127.0.0.1";

/** Throws `TypeError` for what is no list of definitions. */
export function createEndpointHandler(options: HandlerOptions): HttpHandler & { readonly [SERVED]: Served } {
  const { services, ...rest } = options;
  const endpoint = createEndpoint(services, rest);
  collect(options);
  const handle = (request: Request, response: object): void =>
    answer(endpoint, request, response as Response);
  return Object.assign(handle, { [SERVED]: options });
}

/** Resolves with the port once it is listened on, over HTTP/2. Rejects if it cannot be. */
export function serve({ port, host, ...options }: ServeOptions): Promise<number> {
  const { env } = process;
  const wanted = port ?? Number(env["PORT"] ?? DEFAULT_PORT);
  const { services, ...rest } = options;
  if (collect(options)) {
    createEndpoint(services, rest);
    return Promise.resolve(wanted);
  }
  const server = createServer(createEndpointHandler(options));
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(wanted, host ?? env["PERDURE_HOST"] ?? DEFAULT_HOST, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function answer(endpoint: Endpoint, request: Request, response: Response): void {
  const [path = ""] = (request.url ?? "").split("?");
  const answerText = (status: number, text: string, contentType = "text/plain"): void => {
    request.resume();
    response.writeHead(status, { "content-type": contentType });
    response.end(text);
  };
  if (path.endsWith("/health")) return answerText(200, "");
  if (path.endsWith("/discover")) {
    if (acceptsDiscovery(request.headers.accept)) {
      return answerText(200, JSON.stringify(endpoint.discover()), DISCOVERY_CONTENT_TYPE);
    }
    return answerText(415, FOREIGN);
  }
  if (!path.endsWith("/turn")) return answerText(404, "not found");
  // A content type that no web page can send on its own: none may run handlers because a browser can reach the port.
  if (request.headers["content-type"] !== TURN_CONTENT_TYPE) return answerText(415, FOREIGN);
  runTurn(endpoint, request, response);
}

export const FOREIGN =
  "these handlers are served by Perdure: register them with a Perdure server of this version";

/** The wildcard is for people with a browser. */
export const acceptsDiscovery = (accept = "*/*"): boolean =>
  accept.includes(DISCOVERY_CONTENT_TYPE) || accept.includes("*/*");

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
