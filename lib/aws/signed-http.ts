/**
 * One signed request to a service of AWS, over connections that are kept (docs/decisions/0012-light-client.md).
 *
 * While nothing happens, Lambda freezes a function. The service may close its connections meanwhile, and so may a gateway of a
 * VPC, which says nothing. So a connection that nobody has used for a while is not used again, and every request has a time
 * limit of its own (docs/decisions/0030-the-runtime-without-the-sdk.md).
 */
import type { Agent, IncomingHttpHeaders } from "node:http";
import type { RequestOptions } from "node:https";
import type { Socket } from "node:net";
import { AWS_CONNECT_MS_MAX, AWS_CONNECTIONS_MAX, AWS_IDLE_MS_MAX, AWS_OPEN_MS_MAX } from "../limits/aws.ts";
import { amzDate, authorization, type Credentials } from "./signature.ts";

export interface Connected {
  /** The service's name in signatures: `dynamodb`. */
  readonly service: string;
  readonly region: string;
  readonly endpoint: URL;
  /** Asked for at each request, since they may have been renewed. */
  readonly credentials: () => Credentials;
}

export interface ServiceRequest {
  /** Absent: `POST`. */
  readonly method?: string;
  /** Absent: `/`. */
  readonly path?: string;
  /** Escaped, its names in order. */
  readonly query?: string;
  /** In lower case, besides those of the signature. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** So long its connection may be silent. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

// Loaded with this file, while the function initialises. By an `import`, Node would read all that such a module exports, and
// load fetch and HTTP/2 for it: three times as much. Only emulators have no TLS.
const https = process.getBuiltinModule("node:https");
const httpOf = (isSecure: boolean) => (isSecure ? https : process.getBuiltinModule("node:http"));

/** What carries requests. */
export interface Sends {
  send(request: ServiceRequest): Promise<HttpAnswer>;
}

/** How a connection ends that the service has closed while nobody used it, or while the function was frozen. */
const CLOSED: ReadonlySet<unknown> = new Set(["ECONNRESET", "EPIPE"]);

export class SignedHttp implements Sends {
  readonly #options: Connected;
  readonly #agent: Agent;
  /** When a connection was given back. */
  readonly #idleSinceMs = new WeakMap<object, number>();
  #opening: Promise<void> | undefined;

  constructor(options: Connected) {
    this.#options = options;
    this.#agent = new (httpOf(this.isSecure).Agent)({ keepAlive: true, maxSockets: AWS_CONNECTIONS_MAX });
    this.#agent.on("free", (socket: object) => this.#idleSinceMs.set(socket, Date.now()));
  }

  /** Throws Node's error if there is no answer. `wasKept`: its connection had been used before, and no byte has come. */
  async send(asked: ServiceRequest): Promise<HttpAnswer> {
    if (this.#opening) await this.#opening;
    this.#dropIdle(AWS_IDLE_MS_MAX);
    return await this.#send(asked);
  }

  /**
   * The same. If a kept connection turns out to be closed, it asks once more, over a new one. So what is asked must be
   * harmless to repeat: the service may have got it.
   */
  async sendAgain(asked: ServiceRequest): Promise<HttpAnswer> {
    try {
      return await this.send(asked);
    } catch (error) {
      if (!isClosed(error)) throw error;
      this.#dropIdle(-1);
      return await this.#send(asked);
    }
  }

  get host(): string {
    return this.#options.endpoint.host;
  }

  get isSecure(): boolean {
    return this.#options.endpoint.protocol === "https:";
  }

  /**
   * Opens a connection, for the first request to come. What it asks for needs no signature and costs nothing; whatever is answered,
   * the connection stays. It never throws, and takes no longer than {@link AWS_OPEN_MS_MAX}.
   */
  async open(): Promise<void> {
    this.#opening ??= this.#opened();
    await this.#opening;
    this.#opening = undefined;
  }

  async #opened(): Promise<void> {
    const { endpoint } = this.#options;
    const { request: open } = httpOf(this.isSecure);
    const options = { method: "GET", path: "/ping", agent: this.#agent };
    await new Promise<void>((resolve) => {
      const request = open(endpoint, options, (response) => void response.on("close", resolve).resume());
      const timer = setTimeout(() => request.destroy(), AWS_OPEN_MS_MAX);
      request.on("error", () => resolve()).on("close", () => clearTimeout(timer));
      request.end();
    });
  }

  #send(asked: ServiceRequest): Promise<HttpAnswer> {
    const { method = "POST", path = "/", query, headers: given, body, timeoutMs, signal } = asked;
    const { endpoint } = this.#options;
    const options: RequestOptions = {
      ...{ method, path: query === undefined ? path : `${path}?${query}`, agent: this.#agent },
      ...{ headers: this.#signed(asked, given), timeout: timeoutMs },
      ...(signal ? { signal } : {}),
    };
    const { request: open } = httpOf(this.isSecure);
    return new Promise((resolve, reject) => {
      let begun = false;
      const request = open(endpoint, options, (response) => {
        begun = true;
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text });
        });
      });
      const late = (ms: number): void =>
        void request.destroy(named("TimeoutError", `no answer in ${ms} ms from ${endpoint.host}`));
      request.on("timeout", () => late(timeoutMs));
      request.on("socket", (socket) => connectSoon(socket, () => late(AWS_CONNECT_MS_MAX)));
      request.on("error", (error) =>
        reject(Object.assign(error, { wasKept: request.reusedSocket && !begun })),
      );
      request.end(body);
    });
  }

  /** Ends its connections. */
  destroy(): void {
    this.#agent.destroy();
  }

  #dropIdle(idleMsMax: number): void {
    const nowMs = Date.now();
    for (const sockets of Object.values(this.#agent.freeSockets))
      for (const socket of sockets ?? [])
        if (nowMs - (this.#idleSinceMs.get(socket) ?? 0) > idleMsMax) socket.destroy();
  }

  #signed(
    { method = "POST", path = "/", query = "", body }: ServiceRequest,
    given: ServiceRequest["headers"],
  ): Record<string, string | number> {
    const { service, region, endpoint, credentials } = this.#options;
    const held = credentials();
    const nowMs = Date.now();
    const headers = {
      ...given,
      host: endpoint.host,
      "x-amz-date": amzDate(nowMs),
      ...(held.sessionToken === undefined ? {} : { "x-amz-security-token": held.sessionToken }),
    };
    const signing = { service, region, credentials: held, nowMs, method, path, query };
    return {
      ...headers,
      authorization: authorization(headers, body, signing),
      "content-length": Buffer.byteLength(body),
    };
  }
}

/** Whether a kept connection was closed, and nothing has been answered. */
export function isClosed(error: unknown): boolean {
  const { code, wasKept } = error as { readonly code?: unknown; readonly wasKept?: boolean };
  return wasKept === true && CLOSED.has(code);
}

function connectSoon(socket: Socket, late: () => void): void {
  if (!socket.connecting) return;
  const timer = setTimeout(late, AWS_CONNECT_MS_MAX);
  const stop = (): void => clearTimeout(timer);
  socket.once("connect", stop).once("close", stop);
}

export const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });
