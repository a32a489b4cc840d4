/**
 * The typed ingress client: calls handlers over HTTP, from outside. Light: it needs `fetch` and nothing else.
 */
import { parseDuration, toMs, type Duration } from "../lib/duration.ts";
import type { Definition, Handlers } from "./definition.ts";
import type { ServiceType } from "../lib/manifest.ts";
import { jsonSerde, type Serde } from "./serde.ts";

export interface ClientOptions {
  /** The ingress, `http://localhost:8080` locally. */
  readonly url: string;
  readonly headers?: Record<string, string>;
  readonly fetch?: typeof fetch;
}

export interface RequestOptions<I = unknown, O = unknown> {
  /** A repeat with the same key answers the first one's result. */
  idempotencyKey?: string;
  headers?: Record<string, string>;
  input?: Serde<I>;
  output?: Serde<O>;
  signal?: AbortSignal;
}
export interface SendRequestOptions<I = unknown> extends Omit<RequestOptions<I>, "output"> {
  delay?: Duration | string;
}

export interface Sent {
  readonly invocationId: string;
  readonly status: "Accepted" | "PreviouslyAccepted";
}

/** The ingress answered with an error: its status, and its body as text. */
export class HttpCallError extends Error {
  override readonly name = "HttpCallError";
  readonly status: number;
  readonly responseText: string;
  constructor(status: number, responseText: string) {
    super(`the ingress answered ${status}: ${responseText}`);
    this.status = status;
    this.responseText = responseText;
  }
}

type Input<F> = F extends (context: never, ...input: infer A) => unknown ? A : never;
type Output<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;
type Calls<H> = {
  [K in keyof H]: (...args: [...Input<H[K]>, options?: ClientRequest]) => Promise<Output<H[K]>>;
};
type Sends<H> = { [K in keyof H]: (...args: [...Input<H[K]>, options?: ClientRequest]) => Promise<Sent> };

/** Marks the options among a call's arguments. */
export class ClientRequest {
  readonly options: SendRequestOptions & { output?: Serde<unknown> };
  constructor(options: SendRequestOptions & { output?: Serde<unknown> }) {
    this.options = options;
  }
}
/** The last argument of a call or a send. */
export const options = (of: SendRequestOptions & { output?: Serde<unknown> }): ClientRequest =>
  new ClientRequest(of);

type Of<T extends ServiceType, H> =
  | Definition<T, string, H>
  | { readonly name: string; readonly handlers?: H };

export interface IngressClient {
  serviceClient<H extends Handlers>(definition: Of<"service", H>): Calls<H>;
  serviceSendClient<H extends Handlers>(definition: Of<"service", H>): Sends<H>;
  objectClient<H extends Handlers>(definition: Of<"object", H>, key: string): Calls<H>;
  objectSendClient<H extends Handlers>(definition: Of<"object", H>, key: string): Sends<H>;
  workflowClient<H extends Handlers>(definition: Of<"workflow", H>, key: string): Calls<H>;
  workflowSendClient<H extends Handlers>(definition: Of<"workflow", H>, key: string): Sends<H>;
  /** Awaits the result of an invocation that was sent. */
  attach<T = unknown>(invocationId: string, output?: Serde<T>): Promise<T>;
  resolveAwakeable<T>(id: string, payload?: T, serde?: Serde<T>): Promise<void>;
  rejectAwakeable(id: string, reason: string): Promise<void>;
}

/** A client of the ingress at `url`. Its methods throw {@link HttpCallError} for any status but a success. */
export function connect({ url, headers = {}, fetch: send = fetch }: ClientOptions): IngressClient {
  const base = url.replace(/\/+$/, "");

  async function post(path: string, body: Uint8Array, extra: Record<string, string>, signal?: AbortSignal) {
    const init = { method: "POST", headers: { ...headers, ...extra }, ...(signal ? { signal } : {}) };
    const response = await send(`${base}${path}`, {
      ...init,
      ...(body.byteLength > 0 ? { body: new Uint8Array(body) } : {}),
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (!response.ok) throw new HttpCallError(response.status, new TextDecoder().decode(bytes));
    return bytes;
  }

  function invoke(kind: "call" | "send", service: string, key?: string) {
    return async (handler: string, args: unknown[]): Promise<unknown> => {
      const given = args.at(-1) instanceof ClientRequest ? (args.pop() as ClientRequest).options : {};
      const input = given.input ?? jsonSerde();
      const segments = [kind, service, ...(key === undefined ? [] : [key]), handler].map(encodeURIComponent);
      const delay = given.delay === undefined ? "" : `?delay=${delayMs(given.delay)}ms`;
      const extra = {
        ...(input.contentType === undefined || args.length === 0
          ? {}
          : { "content-type": input.contentType }),
        ...given.headers,
        ...(given.idempotencyKey === undefined ? {} : { "idempotency-key": given.idempotencyKey }),
      };
      const bytes = await post(
        `/restate/${segments.join("/")}${delay}`,
        input.serialize(args[0]),
        extra,
        given.signal,
      );
      if (kind === "send") return jsonSerde<Sent>().deserialize(bytes);
      return (given.output ?? jsonSerde()).deserialize(bytes);
    };
  }

  const empty = new Uint8Array(0);
  const client = (kind: "call" | "send", service: string, key?: string) =>
    methods(invoke(kind, service, key));
  return {
    serviceClient: ({ name }) => client("call", name) as never,
    serviceSendClient: ({ name }) => client("send", name) as never,
    objectClient: ({ name }, key) => client("call", name, key) as never,
    objectSendClient: ({ name }, key) => client("send", name, key) as never,
    workflowClient: ({ name }, key) => client("call", name, key) as never,
    workflowSendClient: ({ name }, key) => client("send", name, key) as never,
    attach: async <T>(id: string, output: Serde<T> = jsonSerde<T>()) =>
      output.deserialize(await post(`/restate/attach/${encodeURIComponent(id)}`, empty, {})),
    resolveAwakeable: async <T>(id: string, payload?: T, serde: Serde<T> = jsonSerde<T>()) => {
      const type = serde.contentType === undefined ? {} : { "content-type": serde.contentType };
      await post(
        `/restate/awakeables/${encodeURIComponent(id)}/resolve`,
        serde.serialize(payload as T),
        type,
      );
    },
    rejectAwakeable: async (id, reason) => {
      const body = new TextEncoder().encode(reason);
      await post(`/restate/awakeables/${encodeURIComponent(id)}/reject`, body, {
        "content-type": "text/plain",
      });
    },
  };
}

function delayMs(delay: Duration | string): number {
  const ms = typeof delay === "string" ? parseDuration(delay) : toMs(delay);
  if (ms === undefined) throw new RangeError(`not a duration: ${JSON.stringify(delay)}`);
  return ms;
}

function methods(invoke: (handler: string, args: unknown[]) => Promise<unknown>): unknown {
  return new Proxy(
    {},
    {
      get: (_, name) =>
        typeof name === "string" && name !== "then" ? (...args: unknown[]) => invoke(name, args) : undefined,
    },
  );
}
