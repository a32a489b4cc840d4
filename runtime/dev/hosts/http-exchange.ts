/** One request to a process that serves handlers, whose two bodies flow at the same time: over HTTP/2, or over HTTP/1.1
 * in chunks, which between two endpoints of Node's without a proxy is as good. */
import { Agent, request as requestHttp1 } from "node:http";
import { type ClientHttp2Session, connect } from "node:http2";
import { Agent as TlsAgent, request as requestHttps1 } from "node:https";
import type { Readable, Writable } from "node:stream";
import type { Reachable } from "../../../lib/model/manifest.ts";

export interface Exchange {
  readonly sending: Writable;
  /** When the response's head is there. Rejects if there will be none. */
  readonly answered: Promise<Answered>;
  /** Cuts it off. */
  destroy(): void;
}

export interface Answered {
  readonly status: number;
  readonly contentType: string;
  readonly body: Readable;
}

/** Where, under an address, handlers are asked. */
export type Ask = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Record<string, string>;
};

/** Of a stream and of a connection: values may have megabytes. */
const WINDOW_BYTES = 4 * 1024 * 1024;

export class Http2Connection {
  readonly #address: URL;
  #session: ClientHttp2Session | undefined;

  constructor({ address }: Reachable) {
    this.#address = new URL(address);
  }

  open({ method, path, headers }: Ask): Exchange {
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
        resolve({ status: head[":status"] ?? 0, contentType, body: stream });
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

  /** The session, or a new one if it takes no more requests. */
  #alive(): ClientHttp2Session {
    const held = this.#session;
    if (held && !held.closed && !held.destroyed) return held;
    const session = connect(this.#address, {
      settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
    });
    const forget = (): void => {
      if (this.#session === session) this.#session = undefined;
    };
    session.on("connect", () => session.setLocalWindowSize(WINDOW_BYTES));
    // Each of its streams reports the error, too.
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

  open({ method, path, headers }: Ask): Exchange {
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
        resolve({ status: response.statusCode ?? 0, contentType, body: response });
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

/** Handlers may be mounted below a path of the address. */
const under = ({ pathname }: URL, path: string): string => `${pathname.replace(/\/$/u, "")}${path}`;
