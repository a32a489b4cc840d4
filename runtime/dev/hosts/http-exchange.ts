/**
 * Requests to processes that serve handlers. The bodies of request and answer flow at the same time: over HTTP/2, or over
 * HTTP/1.1 in chunks. If both ends are Node and no proxy is between them, HTTP/1.1 does it as well.
 */
import { Agent, type IncomingHttpHeaders, request as requestHttp1 } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import { Agent as TlsAgent, request as requestHttps1 } from "node:https";
import type { Readable, Writable } from "node:stream";
import type { Reachable } from "../../../lib/model/manifest.ts";
import { HTTP2_WINDOW_BYTES } from "../../../lib/limits/local.ts";

/** One request and its answer. */
export interface HttpExchange {
  readonly sending: Writable;
  /** Resolves when the head of the answer is there. Rejects if there will be none. */
  readonly answered: Promise<Answered>;
  /** Cuts it off. */
  destroy(): void;
}

export interface Answered {
  readonly status: number;
  readonly contentType: string;
  /** Of Restate's SDKs: which of them answers. */
  readonly restateSdk?: string;
  readonly body: Readable;
}

function restateSdkIn({ "x-restate-server": name }: IncomingHttpHeaders): { readonly restateSdk?: string } {
  return typeof name === "string" ? { restateSdk: name } : {};
}

/** What is asked. The path is below the deployment's address. */
export type Ask = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Record<string, string>;
};

export class Http2Connection {
  readonly #address: URL;
  #session: ClientHttp2Session | undefined;

  constructor({ address }: Reachable) {
    this.#address = new URL(address);
  }

  open({ method, path, headers }: Ask): HttpExchange {
    const { host, protocol } = this.#address;
    const stream = this.#alive().request(
      {
        ...headers,
        ":method": method,
        ":path": under(this.#address, path),
        ":authority": host,
        ":scheme": protocol.slice(0, -1),
      },
      { endStream: method === "GET" },
    );
    const answered = new Promise<Answered>((resolve, reject) => {
      stream.on("response", (head) => {
        const contentType = head["content-type"] ?? "";
        resolve({ status: head[":status"] ?? 0, contentType, ...restateSdkIn(head), body: stream });
      });
      stream.on("error", reject);
      stream.on("close", () => reject(new Error("the connection was closed")));
    });
    return { sending: stream, answered, destroy: () => stream.destroy() };
  }

  close(): void {
    this.#session?.destroy();
    this.#session = undefined;
  }

  /** The session, or a new one if the old one takes no more requests. */
  #alive(): ClientHttp2Session {
    const held = this.#session;
    if (held && !held.closed && !held.destroyed) return held;
    const session = connect(this.#address, {
      settings: { initialWindowSize: HTTP2_WINDOW_BYTES, enablePush: false },
    });
    const forget = (): void => {
      if (this.#session === session) this.#session = undefined;
    };
    session.on("connect", () => session.setLocalWindowSize(HTTP2_WINDOW_BYTES));
    // Each stream of the session reports the error as well.
    session.on("error", forget);
    session.on("goaway", forget);
    session.on("close", forget);
    this.#session = session;
    return session;
  }
}

export class Http1Connection {
  readonly #address: URL;
  readonly #agent: Agent;

  constructor({ address }: Reachable) {
    this.#address = new URL(address);
    this.#agent = this.#isTls() ? new TlsAgent({ keepAlive: true }) : new Agent({ keepAlive: true });
  }

  open({ method, path, headers }: Ask): HttpExchange {
    const { origin } = this.#address;
    const request = this.#isTls() ? requestHttps1 : requestHttp1;
    const sending = request(`${origin}${under(this.#address, path)}`, {
      method,
      headers,
      agent: this.#agent,
    });
    sending.setNoDelay(true);
    const answered = new Promise<Answered>((resolve, reject) => {
      sending.on("response", (response) => {
        const contentType = response.headers["content-type"] ?? "";
        const { statusCode = 0 } = response;
        resolve({ status: statusCode, contentType, ...restateSdkIn(response.headers), body: response });
      });
      sending.on("error", reject);
      sending.on("close", () => reject(new Error("the connection was closed")));
    });
    if (method === "GET") sending.end();
    else sending.flushHeaders();
    return { sending, answered, destroy: () => sending.destroy() };
  }

  close(): void {
    this.#agent.destroy();
  }

  #isTls(): boolean {
    return this.#address.protocol === "https:";
  }
}

/** The address may have a path, below which the handlers are mounted. */
const under = ({ pathname }: URL, path: string): string => `${pathname.replace(/\/$/u, "")}${path}`;
