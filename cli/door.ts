/** A way to a server: its address, and how a request gets there. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { TIMEOUT_MS_MAX } from "../lib/limits/local.ts";
import { CLI_REQUEST_MS_MAX } from "../lib/limits/cli.ts";
import { CommandError, EXIT } from "./exit.ts";

export interface DoorRequest {
  readonly method: string;
  /** Percent-encoded, with the slash at its beginning and with its query. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** How long an answer may take; by default {@link CLI_REQUEST_MS_MAX}. `Infinity`: as long as it takes. */
  readonly timeoutMs?: number;
}

export interface DoorAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface Door {
  /** To be shown: a URL, or a function's name. */
  readonly address: string;
  /** Throws {@link Unreachable} if nothing answers. */
  send(request: DoorRequest): Promise<DoorAnswer>;
}

/** Nothing answers at the address, or not in time. */
export class Unreachable extends CommandError {
  override readonly name = "Unreachable";

  constructor(address: string, cause: unknown, advice: string) {
    super(`nothing answers at ${address}: ${reasonOf(cause)}`, {
      cause,
      advice,
      exitCode: EXIT.unreachable,
    });
  }
}

/** The first cause says why. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no answer in time";
  const { code } = error as NodeJS.ErrnoException;
  const own = error.message === "" ? (code ?? error.name) : error.message;
  return error.cause instanceof Error ? reasonOf(error.cause) : own;
}

/** A server that takes requests as they are, such as that of `perdure dev`. */
export class HttpDoor implements Door {
  readonly address: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.address = url.replace(/\/+$/u, "");
    this.#headers = headers;
  }

  async send(request: DoorRequest): Promise<DoorAnswer> {
    try {
      return await this.#send(request);
    } catch (error) {
      throw new Unreachable(
        this.address,
        error,
        "Is it running? `perdure dev` and `perdure up` start one here; --url or an environment (`perdure env`) names another.",
      );
    }
  }

  /** Not by `fetch`: it waits for five minutes at most, and a handler may take longer to answer. */
  async #send({
    method,
    path,
    headers,
    body,
    timeoutMs = CLI_REQUEST_MS_MAX,
  }: DoorRequest): Promise<DoorAnswer> {
    const url = new URL(`${this.address}${path}`);
    const { request } = await (url.protocol === "https:" ? import("node:https") : import("node:http"));
    const sent = request(url, {
      method,
      headers: {
        ...this.#headers,
        ...headers,
        ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }),
      },
      ...(timeoutMs <= TIMEOUT_MS_MAX ? { signal: AbortSignal.timeout(timeoutMs) } : {}),
    });
    // What happens after its beginning is the answer's error, too.
    sent.on("error", () => undefined);
    sent.end(body);
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    const chunks: Uint8Array[] = [];
    for await (const chunk of answer) chunks.push(chunk as Uint8Array);
    return {
      status: answer.statusCode ?? 0,
      headers: Object.fromEntries(
        Object.entries(answer.headers).map(([name, value]) => [name, [value].flat().join(", ")]),
      ),
      body: new Uint8Array(Buffer.concat(chunks)),
    };
  }
}
