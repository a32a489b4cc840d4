/**
 * Carries requests over node:http to the ingress and to the admin API. A request may wait as long as its client does.
 *
 * Why no library: docs/decisions/0014-http.md.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type HttpRequest, type HttpResponse, jsonResponse } from "../http/message.ts";
import {
  BODIES_BYTES_MAX,
  DISCARD_BYTES_MAX,
  KEEP_ALIVE_MS,
  RECEIVED_HEADERS_BYTES_MAX,
} from "../../lib/limits/local.ts";

export type RequestHandler = (
  request: HttpRequest,
  signal: AbortSignal,
) => Promise<HttpResponse | StreamedResponse>;

/** An answer that goes on until its client goes or the server closes. */
export interface StreamedResponse extends Pick<HttpResponse, "status" | "headers"> {
  /** Called once the head is out. `send`: what is sent next; a client that does not read is cut off. `gone`: nobody is there any
   * more. */
  readonly stream: (send: (text: string) => void, gone: AbortSignal) => void;
}

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly bodyBytesMax: number;
  /** For all bodies that are being received. @default BODIES_BYTES_MAX */
  readonly bodiesBytesMax?: number;
}

/** What the bodies that are being received may hold, and do. */
interface Room {
  readonly bodyBytesMax: number;
  readonly bytesMax: number;
  bytes: number;
}

const NO_BODY = new Uint8Array(0);
const NO_QUERY = new URLSearchParams();

/** The port cannot be listened on. The message names the port and the reason. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  /** If somebody else listens on it. */
  readonly portInUse: number | undefined;

  constructor(message: string, options: ErrorOptions & { portInUse?: number } = {}) {
    super(message, options);
    this.portInUse = options.portInUse;
  }
}

export class HttpServer {
  readonly #server: Server;
  readonly #options: HttpServerOptions;
  /** Answers that go on. */
  readonly #streams = new Set<ServerResponse>();

  constructor(handle: RequestHandler, options: HttpServerOptions) {
    this.#options = options;
    const settings = {
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: RECEIVED_HEADERS_BYTES_MAX,
      noDelay: true,
    };
    const { bodyBytesMax, bodiesBytesMax: bytesMax = BODIES_BYTES_MAX } = options;
    const room: Room = { bodyBytesMax, bytesMax, bytes: 0 };
    this.#server = createServer(settings, (request, response) => {
      void serve(request, response, handle, room, this.#streams);
    });
  }

  /** Resolves with the URL to reach it at. Throws {@link ListenError}. */
  listen(): Promise<string> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) => {
        const inUse = error.code === "EADDRINUSE" ? { portInUse: port } : {};
        const message = `cannot listen on ${host}:${port}: ${reasonOf(error)}`;
        reject(new ListenError(message, { cause: error, ...inUse }));
      });
      this.#server.listen(port, host, () => {
        resolve(urlOf(host, (this.#server.address() as AddressInfo).port));
      });
    });
  }

  /** Takes no new connections, and ends the idle ones and the answers that go on. */
  close(): void {
    this.#server.close();
    for (const answered of this.#streams) answered.end();
    this.#server.closeIdleConnections();
  }

  /** Ends all connections. */
  destroy(): void {
    this.close();
    this.#server.closeAllConnections();
  }
}

/** A client on this machine reaches a server on these hosts as `localhost`. */
function urlOf(host: string, port: number): string {
  const reachable = ["127.0.0.1", "0.0.0.0", "::", "::1", "localhost"].includes(host) ? "localhost" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is in use",
  EACCES: "it is not permitted",
  EADDRNOTAVAIL: "this machine does not have that address",
};
const reasonOf = ({ code = "", message }: NodeJS.ErrnoException): string => REASONS[code] ?? message;

async function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  handle: RequestHandler,
  room: Room,
  streams: Set<ServerResponse>,
): Promise<void> {
  try {
    const body = hasBody(incoming) ? await readBody(incoming, room) : NO_BODY;
    if (!(body instanceof Uint8Array)) return answer(outgoing, body);
    const gone = new AbortController();
    outgoing.on("close", () => {
      if (!outgoing.writableFinished) gone.abort();
    });
    const answered = await handle(requestOf(incoming, body), gone.signal);
    if ("stream" in answered) stream(outgoing, answered, streams);
    else answer(outgoing, answered);
  } catch {
    // The client went away in the middle of its body or of the answer. Nobody is left to tell.
    outgoing.destroy();
  }
}

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

function requestOf(incoming: IncomingMessage, body: Uint8Array): HttpRequest {
  const { method = "GET", url = "/" } = incoming;
  const mark = url.indexOf("?");
  return {
    method,
    path: mark < 0 ? url : url.slice(0, mark),
    query: mark < 0 ? NO_QUERY : new URLSearchParams(url.slice(mark + 1)),
    // Node joins repeated headers itself. It does not join `set-cookie`, which requests do not have.
    headers: incoming.headers as Record<string, string>,
    body,
  };
}

/** Or how it is refused. Rejects when the client goes away. */
function readBody(incoming: IncomingMessage, room: Room): Promise<Uint8Array | HttpResponse> {
  const { bodyBytesMax } = room;
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let [bytes, held] = [0, 0];
    let refused: HttpResponse | undefined;
    const release = (): void => {
      room.bytes -= held;
      held = 0;
    };
    incoming.on("data", (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > bodyBytesMax) refused = tooLarge(bodyBytesMax);
      else if (room.bytes + chunk.byteLength > room.bytesMax) refused ??= noRoom();
      if (!refused) {
        held += chunk.byteLength;
        room.bytes += chunk.byteLength;
        chunks.push(chunk);
        return;
      }
      chunks = [];
      release();
      if (bytes > bodyBytesMax + DISCARD_BYTES_MAX) resolve(refused);
    });
    incoming.on("end", () => {
      const [first] = chunks;
      release();
      resolve(refused ?? (chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)));
    });
    incoming.on("close", () => {
      release();
      // Every request closes. Only one that ended too early gets an error: the error's stack costs more than all the rest.
      if (!incoming.complete) reject(new Error("the client has gone"));
    });
  });
}

function answer(outgoing: ServerResponse, { status, headers, body }: HttpResponse): void {
  if (outgoing.destroyed) return;
  outgoing.writeHead(status, { ...headers, "content-length": String(body.byteLength) });
  outgoing.end(body);
}

function stream(outgoing: ServerResponse, answered: StreamedResponse, streams: Set<ServerResponse>): void {
  if (outgoing.destroyed) return;
  const over = new AbortController();
  streams.add(outgoing);
  outgoing.on("close", () => {
    streams.delete(outgoing);
    over.abort();
  });
  outgoing.writeHead(answered.status, answered.headers);
  outgoing.flushHeaders();
  answered.stream((text) => {
    if (outgoing.writableEnded || outgoing.destroyed) return;
    // What it does not read would be kept here.
    if (outgoing.writableNeedDrain) outgoing.destroy();
    else outgoing.write(text);
  }, over.signal);
}

const tooLarge = (bytesMax: number): HttpResponse =>
  refusal(413, `the payload is too long; at most ${bytesMax} bytes are supported`);

const noRoom = (): HttpResponse =>
  refusal(503, "too many payloads are being received at the same time; try again", { "retry-after": "1" });

/** The connection is closed, because the rest of the body would be taken for the next request. */
const refusal = (code: number, message: string, headers: Record<string, string> = {}): HttpResponse =>
  jsonResponse(
    code,
    { code, message, source: "ingress" },
    { "x-restate-error-source": "ingress", connection: "close", ...headers },
  );
