/** Sends a client's requests, and sends them again where that is harmless. */
import { type ClientRetryPolicy, ClientRetries, type RequestFailure } from "./retry.ts";

/** The ingress (or the admin API) answered with an error: its status, and its body as text. */
export class HttpCallError extends Error {
  override readonly name = "HttpCallError";
  readonly status: number;
  readonly responseText: string;
  /** Of the invocation, if the answer names one. After a 504 you get its result with `attach`. */
  readonly invocationId?: string;
  constructor(status: number, responseText: string, invocationId?: string) {
    super(`the ingress answered ${status}: ${responseText}`);
    this.status = status;
    this.responseText = responseText;
    if (invocationId !== undefined) this.invocationId = invocationId;
  }
}

/** How long a request may take. */
export interface RequestLimits {
  /** Milliseconds, of each attempt. */
  timeout?: number;
  /** Ends the request and its retries. Not together with `timeout`. */
  signal?: AbortSignal;
}

export interface TransportRequest {
  readonly method: "GET" | "POST" | "PATCH";
  readonly url: string;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array;
  /** It may be sent twice. */
  readonly isRepeatable: boolean;
  readonly limits?: RequestLimits;
}

/** A request, as it is about to be sent. */
export interface AuthorizedRequest {
  readonly method: string;
  readonly url: string;
  readonly body?: Uint8Array;
}

/** Makes the headers that let a request in: a signature, or a token that is renewed now and then. Each attempt asks for them. */
export type ClientAuth = (
  request: AuthorizedRequest,
) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;

export interface TransportOptions {
  readonly headers: Record<string, string>;
  readonly auth: ClientAuth | undefined;
  readonly retry: ClientRetryPolicy | boolean;
  readonly fetch: typeof fetch;
}

export class ClientTransport {
  readonly #options: TransportOptions;
  readonly #retries: ClientRetries | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
    if (options.retry !== false)
      this.#retries = new ClientRetries(options.retry === true ? {} : options.retry);
  }

  /** The body of a success. Throws {@link HttpCallError} for any other status, what `fetch` throws if nothing came
   * back, and the signal's reason. */
  async send(request: TransportRequest): Promise<Uint8Array> {
    const { limits = {}, isRepeatable } = request;
    if (limits.signal !== undefined && limits.timeout !== undefined) {
      throw new TypeError("a request has a signal or a timeout, not both");
    }
    const startMs = Date.now();
    for (let attempt = 0; ; attempt++) {
      const failure = await this.#attempt(request);
      if (failure instanceof Uint8Array) return failure;
      const delayMs =
        isRepeatable && limits.signal?.aborted !== true
          ? this.#retries?.delayMs(failure, attempt, Date.now() - startMs)
          : undefined;
      if (delayMs === undefined) throw errorOf(failure);
      await pauseUnless(limits.signal, delayMs);
    }
  }

  async #attempt({ method, url, headers, body, limits = {} }: TransportRequest) {
    const { auth } = this.#options;
    const has = body !== undefined && body.byteLength > 0;
    const lets = auth ? await auth({ method, url, ...(has ? { body } : {}) }) : {};
    const signal =
      limits.signal ?? (limits.timeout === undefined ? undefined : AbortSignal.timeout(limits.timeout));
    try {
      const response = await this.#options.fetch(url, {
        method,
        headers: { ...this.#options.headers, ...headers, ...lets },
        ...(has ? { body: new Uint8Array(body) } : {}),
        ...(signal ? { signal } : {}),
      });
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (response.ok) return bytes;
      const text = new TextDecoder().decode(bytes);
      return { kind: "response", status: response.status, headers: response.headers, body: text } as const;
    } catch (error) {
      return { kind: "network", error } as const;
    }
  }
}

function errorOf(failure: RequestFailure): unknown {
  if (failure.kind === "network") return failure.error;
  return new HttpCallError(failure.status, failure.body, failure.headers.get("x-restate-id") ?? undefined);
}

/** Rejects with the signal's reason as soon as that is aborted. */
async function pauseUnless(signal: AbortSignal | undefined, ms: number): Promise<void> {
  signal?.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
