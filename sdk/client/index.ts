/**
 * The typed ingress client: calls handlers over HTTP, from outside, and asks after invocations, cancels and kills them.
 * Light: it needs `fetch` and nothing else.
 */
import { parseDuration, toMs, type Duration } from "../../lib/duration.ts";
import type { ClientRetryPolicy } from "./retry.ts";
import { type ClientAuth, ClientTransport, type RequestLimits } from "./transport.ts";
import type { HandlersOf } from "../context.ts";
import type {
  Descriptors,
  InferInput,
  InferOutput,
  ObjectDescriptor,
  ServiceDescriptor,
  WorkflowDescriptor,
} from "../descriptor.ts";
import { clientProxy } from "../held.ts";
import { jsonSerde, type Serde } from "../serde.ts";

export { HttpCallError } from "./transport.ts";
export type { AuthorizedRequest, ClientAuth } from "./transport.ts";
export { isTransient } from "./retry.ts";
export type { ClientRetryPolicy, RequestFailure } from "./retry.ts";

export interface ClientOptions {
  /** The ingress, `http://localhost:8080` locally. */
  readonly url: string;
  /** The admin API, for `cancel` and `kill`; `http://localhost:9070` locally. */
  readonly adminUrl?: string;
  /** Of every request. */
  readonly headers?: Record<string, string>;
  /** What lets each request in: `iam()` of `perdure/client/aws` for a deployment, or a function that answers headers, such as a token's.
   * Default: nothing. */
  readonly auth?: ClientAuth;
  /** Repeat requests that may be repeated: calls and sends with an idempotency key, a workflow's submission, and questions.
   * Default: never. */
  readonly retry?: ClientRetryPolicy | boolean;
  /** Of inputs and results whose handler has no other. Default: JSON. */
  readonly serde?: Serde<unknown>;
  readonly fetch?: typeof fetch;
}

export interface RequestOptions<I = unknown, O = unknown> extends RequestLimits {
  /** A repeat with the same key answers the first one's result. */
  idempotencyKey?: string;
  headers?: Record<string, string>;
  input?: Serde<I>;
  output?: Serde<O>;
}
export interface SendRequestOptions<I = unknown> extends Omit<RequestOptions<I>, "output"> {
  delay?: Duration | string;
}

export interface Sent {
  readonly invocationId: string;
  readonly status: "Accepted" | "PreviouslyAccepted";
  /** Of a delayed one: not before then. */
  readonly executionTime?: string;
}

/** How far an invocation is. `created` may run already, before anything of it is recorded. */
export interface InvocationStatus {
  readonly stage: "created" | "started" | "completed";
  /** Its failure, if it failed. */
  readonly error: { readonly code: number; readonly message: string } | null;
}
export type InvocationOutput<O> = { readonly ready: true; readonly result: O } | { readonly ready: false };

/** An invocation: by its id, as a workflow's run, or by the idempotency key of its request. */
export type InvocationRef =
  | string
  | { readonly workflow: string; readonly key: string }
  | {
      readonly service: string;
      readonly handler: string;
      readonly key?: string;
      readonly idempotencyKey: string;
    };

type Input<F> = F extends (context: never, ...input: infer A) => unknown ? A : never;
type Output<F> = F extends (...args: never[]) => infer R ? Awaited<R> : never;
export type ClientCalls<H> = {
  [K in keyof H]: (...args: [...Input<H[K]>, options?: ClientRequest]) => Promise<Output<H[K]>>;
};
type Sends<H> = { [K in keyof H]: (...args: [...Input<H[K]>, options?: ClientRequest]) => Promise<Sent> };
type InputArgs<I> = [I] extends [void] ? [] : [input: I];
type ContractCalls<H extends Descriptors> = {
  [K in keyof H]: (
    ...args: [...InputArgs<InferInput<H[K]>>, options?: ClientRequest]
  ) => Promise<InferOutput<H[K]>>;
};
type ContractSends<H extends Descriptors> = {
  [K in keyof H]: (...args: [...InputArgs<InferInput<H[K]>>, options?: ClientRequest]) => Promise<Sent>;
};

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

/** A definition, a contract, or a name alone. For a name the caller states the handlers. */
interface Named {
  readonly name: string;
  readonly _kind?: "service" | "object" | "workflow";
  readonly _handlers?: Descriptors;
}
type Keyed<H extends Descriptors> = ObjectDescriptor<string, H> | WorkflowDescriptor<string, H>;

/** A handler that is known by name alone. */
export interface GenericRequest<I> {
  readonly service: string;
  readonly handler: string;
  readonly key?: string;
  readonly parameter?: I;
}

export interface IngressClient {
  serviceClient<D>(definition: D | Named): ClientCalls<HandlersOf<D>>;
  serviceSendClient<D>(definition: D | Named): Sends<HandlersOf<D>>;
  objectClient<D>(definition: D | Named, key: string): ClientCalls<HandlersOf<D>>;
  objectSendClient<D>(definition: D | Named, key: string): Sends<HandlersOf<D>>;
  workflowClient<D>(definition: D | Named, key: string): ClientCalls<HandlersOf<D>>;
  workflowSendClient<D>(definition: D | Named, key: string): Sends<HandlersOf<D>>;
  /** By a contract (`iface`). */
  client<H extends Descriptors>(contract: ServiceDescriptor<string, H>): ContractCalls<H>;
  client<H extends Descriptors>(contract: Keyed<H>, key: string): ContractCalls<H>;
  sendClient<H extends Descriptors>(contract: ServiceDescriptor<string, H>): ContractSends<H>;
  sendClient<H extends Descriptors>(contract: Keyed<H>, key: string): ContractSends<H>;
  call<I = unknown, O = unknown>(request: GenericRequest<I>, options?: RequestOptions<I, O>): Promise<O>;
  send<I = unknown>(request: GenericRequest<I>, options?: SendRequestOptions<I>): Promise<Sent>;
  /** The result of an invocation, as soon as there is one. */
  attach<T = unknown>(invocation: InvocationRef, output?: Serde<T>, limits?: RequestLimits): Promise<T>;
  /** The result of an invocation, if there is one by now. */
  output<T = unknown>(invocation: InvocationRef, output?: Serde<T>): Promise<InvocationOutput<T>>;
  status(invocationId: string): Promise<InvocationStatus>;
  /** Asks it to end. What it awaits then throws a CancelledError. Needs `adminUrl`. */
  cancel(invocationId: string): Promise<void>;
  /** Ends it without running any more of its code. Needs `adminUrl`. */
  kill(invocationId: string): Promise<void>;
  resolveAwakeable<T>(id: string, payload?: T, serde?: Serde<T>): Promise<void>;
  rejectAwakeable(id: string, reason: string): Promise<void>;
}

const NOT_READY = 470;
const trimmed = (url: string): string => url.replace(/\/+$/, "");
const pathOf = (...segments: readonly string[]): string =>
  segments.map((segment) => `/${encodeURIComponent(segment)}`).join("");

/** A client of the ingress at `url`. Its methods throw {@link HttpCallError} for any status but a success. */
export const connect = (of: ClientOptions): IngressClient => new HttpClient(of) as unknown as IngressClient;

class HttpClient {
  readonly #url: string;
  readonly #adminUrl: string | undefined;
  readonly #serde: Serde<unknown>;
  readonly #transport: ClientTransport;

  constructor({ url, adminUrl, headers = {}, auth, retry = false, serde, fetch: given }: ClientOptions) {
    this.#url = trimmed(url);
    this.#adminUrl = adminUrl === undefined ? undefined : trimmed(adminUrl);
    this.#serde = serde ?? jsonSerde();
    this.#transport = new ClientTransport({ headers, auth, retry, fetch: given ?? fetch });
  }

  serviceClient(definition: Named): unknown {
    return this.#methods("call", definition);
  }
  serviceSendClient(definition: Named): unknown {
    return this.#methods("send", definition);
  }
  objectClient(definition: Named, key: string): unknown {
    return this.#methods("call", definition, key);
  }
  objectSendClient(definition: Named, key: string): unknown {
    return this.#methods("send", definition, key);
  }
  workflowClient(definition: Named, key: string): unknown {
    return this.#methods("call", definition, key);
  }
  workflowSendClient(definition: Named, key: string): unknown {
    return this.#methods("send", definition, key, "run");
  }
  client(contract: Named, key?: string): unknown {
    return this.#methods("call", contract, key);
  }
  sendClient(contract: Named, key?: string): unknown {
    return this.#methods("send", contract, key, contract._kind === "workflow" ? "run" : undefined);
  }

  call(request: GenericRequest<unknown>, given: RequestOptions = {}): Promise<unknown> {
    return this.#invoke("call", request, given);
  }
  send(request: GenericRequest<unknown>, given: SendRequestOptions = {}): Promise<unknown> {
    return this.#invoke("send", request, given);
  }

  /** An object that has every handler. `submitted`: the one whose repeat is the same invocation, by the workflow's key. */
  #methods(kind: "call" | "send", { name: service, _handlers }: Named, key?: string, submitted?: string) {
    const method =
      (handler: string) =>
      (...args: unknown[]) => {
        const given = args.at(-1) instanceof ClientRequest ? (args.pop() as ClientRequest).options : {};
        const declared = _handlers && Object.hasOwn(_handlers, handler) ? _handlers[handler] : undefined;
        const serdes = {
          ...(declared?._inputSerde ? { input: declared._inputSerde } : {}),
          ...(declared?._outputSerde ? { output: declared._outputSerde } : {}),
        };
        const request = { service, handler, ...(key === undefined ? {} : { key }) };
        const parameter = args.length === 0 ? {} : { parameter: args[0] };
        return this.#invoke(
          kind,
          { ...request, ...parameter },
          { ...serdes, ...given },
          handler === submitted,
        );
      };
    return clientProxy(service, method);
  }

  async #invoke(
    kind: "call" | "send",
    request: GenericRequest<unknown>,
    given: SendRequestOptions & { output?: Serde<unknown> },
    isSubmission = false,
  ): Promise<unknown> {
    const { service, key, handler } = request;
    const { input = this.#serde, output = this.#serde, idempotencyKey, delay } = given;
    const body = input.serialize(request.parameter);
    const isGiven = Object.hasOwn(request, "parameter") && (body.byteLength > 0 || input !== this.#serde);
    const type = isGiven && input.contentType !== undefined ? { "content-type": input.contentType } : {};
    const query = delay === undefined ? "" : `?delay=${delayMs(delay)}ms`;
    const bytes = await this.#transport.send({
      method: "POST",
      url: `${this.#url}${pathOf("restate", kind, service, ...(key === undefined ? [] : [key]), handler)}${query}`,
      headers: {
        ...type,
        ...given.headers,
        ...(idempotencyKey === undefined ? {} : { "idempotency-key": idempotencyKey }),
      },
      body,
      isRepeatable: isSubmission || idempotencyKey !== undefined,
      limits: limitsOf(given),
    });
    return kind === "send" ? jsonSerde<Sent>().deserialize(bytes) : output.deserialize(bytes);
  }

  async attach(of: InvocationRef, output = this.#serde, limits: RequestLimits = {}): Promise<unknown> {
    return output.deserialize(await this.#result("attach", of, limits));
  }

  async output(of: InvocationRef, output = this.#serde): Promise<InvocationOutput<unknown>> {
    try {
      return { ready: true, result: output.deserialize(await this.#result("output", of, {})) };
    } catch (thrown) {
      if ((thrown as { status?: unknown } | undefined)?.status === NOT_READY) return { ready: false };
      throw thrown;
    }
  }

  async #result(how: "attach" | "output", of: InvocationRef, limits: RequestLimits): Promise<Uint8Array> {
    const url = `${this.#url}/restate/${how}`;
    const common = { isRepeatable: true, limits };
    if (typeof of === "string") {
      return await this.#transport.send({ ...common, method: "GET", url: `${url}${pathOf(of)}` });
    }
    const headers = { "content-type": "application/json" };
    const body = jsonSerde().serialize(targetOf(of));
    return await this.#transport.send({ ...common, method: "POST", url, headers, body });
  }

  async status(id: string): Promise<InvocationStatus> {
    const url = `${this.#url}${pathOf("restate", "invocation", id, "status")}`;
    const bytes = await this.#transport.send({ method: "GET", url, isRepeatable: true });
    return jsonSerde<InvocationStatus>().deserialize(bytes);
  }

  /** Not repeated: the invocation would get a second cancellation. */
  async cancel(id: string): Promise<void> {
    await this.#control(id, "cancel", false);
  }
  async kill(id: string): Promise<void> {
    await this.#control(id, "kill", true);
  }

  async #control(id: string, action: "cancel" | "kill", isRepeatable: boolean): Promise<void> {
    if (this.#adminUrl === undefined) throw new TypeError(`${action}() needs connect({ adminUrl })`);
    const url = `${this.#adminUrl}${pathOf("invocations", id, action)}`;
    await this.#transport.send({ method: "PATCH", url, isRepeatable });
  }

  async resolveAwakeable(id: string, payload?: unknown, serde = this.#serde): Promise<void> {
    const headers: Record<string, string> =
      serde.contentType === undefined ? {} : { "content-type": serde.contentType };
    await this.#complete(id, "resolve", headers, serde.serialize(payload));
  }
  async rejectAwakeable(id: string, reason: string): Promise<void> {
    await this.#complete(id, "reject", { "content-type": "text/plain" }, new TextEncoder().encode(reason));
  }

  /** An awakeable is completed once: a repeat changes nothing. */
  async #complete(
    id: string,
    action: string,
    headers: Record<string, string>,
    body: Uint8Array,
  ): Promise<void> {
    const url = `${this.#url}${pathOf("restate", "awakeables", id, action)}`;
    await this.#transport.send({ method: "POST", url, headers, body, isRepeatable: true });
  }
}

/** As the ingress wants it. */
function targetOf(of: Exclude<InvocationRef, string>): object {
  return "workflow" in of
    ? { target: "workflow", workflowName: of.workflow, workflowKey: of.key }
    : { target: "idempotentInvocation", ...of };
}

function limitsOf({ timeout, signal }: RequestLimits): RequestLimits {
  return { ...(timeout === undefined ? {} : { timeout }), ...(signal === undefined ? {} : { signal }) };
}

function delayMs(delay: Duration | string): number {
  const ms = typeof delay === "string" ? parseDuration(delay) : toMs(delay);
  if (ms === undefined) throw new RangeError(`not a duration: ${JSON.stringify(delay)}`);
  return ms;
}
