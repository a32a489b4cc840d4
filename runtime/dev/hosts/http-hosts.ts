/**
 * Runs turns in processes that serve their handlers over HTTP and were registered by their URL. A turn is one request. Its
 * two bodies carry what the engine and the process ask of each other.
 *
 * If the process dies or cannot be reached, its turns fail with a {@link FunctionError} and are retried by policy, as with a
 * Lambda function: it may come back.
 *
 * Unlike a process of `perdure dev`, it cannot be killed from here. A turn that is given up may go on there. What it still
 * asks for is refused, and its earlier writes are fenced (W3).
 */
import type { Readable } from "node:stream";
import { SPEAKS_RESTATE } from "../../../lib/error-codes.ts";
import { FunctionError, OperationalError } from "../../../lib/errors.ts";
import type { Reached, Reachable } from "../../../lib/model/manifest.ts";
import type { InvocationId } from "../../../lib/model/ids.ts";
import type { Invoker } from "../../../lib/ports.ts";
import { checkOutcome, type DiscoveryResponse, type TurnOutcome } from "../../../lib/protocol.ts";
import { DeploymentError } from "../../deployments/error.ts";
import type { Discoverer } from "../../deployments/ports.ts";
import { Channel } from "./channel.ts";
import { encodeFrames, FrameReader } from "./frame.ts";
import { engineCalls, type EngineCalls, type EnginePorts, type HostCalls } from "./host-protocol.ts";
import type { OrderedRequest } from "./turn-orders.ts";
import { DISCOVERY_CONTENT_TYPE, TURN_CONTENT_TYPE } from "./hosted-turn.ts";
import {
  type Answered,
  type Ask,
  Http1Connection,
  Http2Connection,
  type HttpExchange,
} from "./http-exchange.ts";
import {
  DISCOVERY_BYTES_MAX,
  DISCOVERY_MS_MAX,
  HOST_ANSWER_MS_MAX,
  HOST_EXCERPT_CHARS_MAX,
  TURN_SLACK_MS,
} from "../../../lib/limits/local.ts";

export interface HttpHostsOptions {
  readonly ports: EnginePorts;
  readonly answerMs?: number;
  readonly turnSlackMs?: number;
}

type Connection = Http1Connection | Http2Connection;

export const isHttp = ({ address }: Reachable): boolean => /^https?:/u.test(address);

export class HttpHosts implements Invoker, Discoverer {
  readonly #calls: EngineCalls;
  readonly #answerMs: number;
  readonly #slackMs: number;
  readonly #connections = new Map<string, Connection>();
  readonly #open = new Set<HttpExchange>();
  /** The turns that run, by their channels. */
  readonly #turns = new Map<Channel<HostCalls>, InvocationId>();
  #stopped = false;

  constructor({ ports, answerMs = HOST_ANSWER_MS_MAX, turnSlackMs = TURN_SLACK_MS }: HttpHostsOptions) {
    this.#calls = engineCalls(ports);
    this.#answerMs = answerMs;
    this.#slackMs = turnSlackMs;
  }

  /** Whether a turn of it runs. */
  runs(id: InvocationId): boolean {
    return this.#channelsOf(id).length > 0;
  }

  /** There is an order for it. If a turn of it runs, its process is told. An earlier version's does not understand that. */
  arm(id: InvocationId): void {
    for (const channel of this.#channelsOf(id)) channel.call("arm", id).catch(() => undefined);
  }

  /** The clocks of the turns that run are ahead by so much. Later turns are told with their requests. */
  jump(aheadMs: number): void {
    for (const channel of this.#turns.keys()) channel.call("jump", aheadMs).catch(() => undefined);
  }

  #channelsOf(id: InvocationId): Channel<HostCalls>[] {
    return [...this.#turns].flatMap(([channel, of]) => (of === id ? [channel] : []));
  }

  async invoke(deployment: Reached, request: OrderedRequest): Promise<TurnOutcome> {
    if (this.#stopped) throw new OperationalError("unavailable", "the engine is stopping");
    const headers = { ...deployment.headers, "content-type": TURN_CONTENT_TYPE };
    const exchange = this.#begin(deployment, { method: "POST", path: "/turn", headers });
    const channel = new Channel<HostCalls>(
      (frames) => void exchange.sending.write(encodeFrames(frames)),
      this.#calls,
    );
    const fail = (error: FunctionError): void => void closeServed(channel, error);
    const limit = setTimeout(
      () => fail(new FunctionError("timeout", `the turn did not end within its ${request.remainingMs} ms`)),
      request.remainingMs + this.#slackMs,
    );
    this.#hear(deployment, exchange, channel, fail);
    this.#turns.set(channel, request.id);
    try {
      return checkOutcome(await channel.call("turn", request));
    } catch (error) {
      if (error instanceof FunctionError) throw error;
      const { message } = error as Error;
      throw new FunctionError("crashed", `the turn failed outside of the handler: ${message}`, error);
    } finally {
      clearTimeout(limit);
      this.#turns.delete(channel);
      this.#end(exchange);
    }
  }

  /** Throws {@link OperationalError} if nobody answers, and {@link DeploymentError} if the answer is not Perdure's. */
  async discover(target: Reachable): Promise<DiscoveryResponse> {
    if (!isHttp(target)) {
      throw new OperationalError(
        "unavailable",
        "a local server reaches URLs only. Register a Lambda function with a server in AWS",
      );
    }
    const headers = { ...target.headers, accept: DISCOVERY_CONTENT_TYPE };
    const exchange = this.#begin(target, { method: "GET", path: "/discover", headers });
    try {
      const answered = await within(DISCOVERY_MS_MAX, exchange.answered);
      const text = await within(DISCOVERY_MS_MAX, readText(answered.body, DISCOVERY_BYTES_MAX));
      return parseDiscovery(answered, text);
    } catch (error) {
      throw error instanceof DeploymentError ? error : unreachable(target, error);
    } finally {
      exchange.destroy();
      this.#open.delete(exchange);
    }
  }

  /** Cuts off all turns. */
  stop(): void {
    this.#stopped = true;
    for (const exchange of this.#open) exchange.destroy();
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
  }

  #begin(target: Reachable, ask: Ask): HttpExchange {
    const exchange = this.#connectionTo(target).open(ask);
    // The code that awaits the answer reports the error.
    exchange.sending.on("error", () => undefined);
    exchange.answered.catch(() => undefined);
    this.#open.add(exchange);
    return exchange;
  }

  #end(exchange: HttpExchange): void {
    this.#open.delete(exchange);
    // The other side ends its body when it sees the end of ours. Until then HTTP/1.1 cannot use the connection again.
    exchange.sending.end();
    const cut = setTimeout(() => exchange.destroy(), this.#slackMs);
    cut.unref();
    exchange.sending.on("close", () => clearTimeout(cut));
  }

  #connectionTo(target: Reachable): Connection {
    const name = `${target.http11 === true ? 1 : 2} ${target.address}`;
    let connection = this.#connections.get(name);
    if (!connection) {
      connection = target.http11 === true ? new Http1Connection(target) : new Http2Connection(target);
      this.#connections.set(name, connection);
    }
    return connection;
  }

  /** Passes the process's frames to the channel, and fails the turn if the answer is not one or breaks off. */
  #hear(
    { address }: Reachable,
    exchange: HttpExchange,
    channel: Channel<HostCalls>,
    fail: (error: FunctionError) => void,
  ): void {
    const reader = new FrameReader((frames) => channel.receive(frames));
    within(this.#answerMs, exchange.answered).then(
      async ({ status, contentType, body }) => {
        if (status !== 200 || contentType !== TURN_CONTENT_TYPE) {
          const text = await readText(body, DISCOVERY_BYTES_MAX).catch(() => "");
          fail(new FunctionError("bad-answer", `${address} answered ${status}: ${excerpt(text)}`));
          return;
        }
        body.on("data", (chunk: Buffer) => {
          try {
            reader.push(chunk);
          } catch (error) {
            fail(
              new FunctionError(
                "bad-answer",
                `${address} sent something other than frames: ${reasonOf(error)}`,
                error,
              ),
            );
            exchange.destroy();
          }
        });
        let reason = "it was closed";
        body.on("error", (error) => (reason = reasonOf(error)));
        body.on("close", () => {
          fail(new FunctionError("crashed", `the connection to ${address} broke off in mid-turn: ${reason}`));
        });
      },
      (error: unknown) => {
        fail(new FunctionError("unreachable", `${address} cannot be reached: ${reasonOf(error)}`, error));
      },
    );
  }
}

/** What the process had asked for takes effect first. A failed turn's journal must be complete when somebody reads it. */
async function closeServed(channel: Channel<HostCalls>, error: FunctionError): Promise<void> {
  await channel.served();
  channel.close(error);
}

function parseDiscovery({ status, contentType, restateSdk }: Answered, text: string): DiscoveryResponse {
  if (restateSdk !== undefined && contentType !== DISCOVERY_CONTENT_TYPE)
    throw new DeploymentError("META0013", `${SPEAKS_RESTATE}. It is ${excerpt(restateSdk)}`);
  if (status !== 200) {
    throw new DeploymentError(
      "META0003",
      `got status code '${status}'. Make sure the provided URI has the correct path where the SDK endpoint is mounted. Body: ${excerpt(text)}`,
    );
  }
  if (contentType !== DISCOVERY_CONTENT_TYPE) {
    const found = `content type ${JSON.stringify(contentType)}`;
    throw new DeploymentError("META0013", `the answer is not from an endpoint of Perdure's SDK (${found})`);
  }
  try {
    return JSON.parse(text) as DiscoveryResponse;
  } catch (error) {
    throw new DeploymentError("META0013", `the answer is not JSON: ${reasonOf(error)}`);
  }
}

/** An HTTP/1.1 server refuses an HTTP/2 preface with an answer that is not HTTP/2. */
function unreachable({ address, http11 }: Reachable, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (http11 !== true && code === "ERR_HTTP2_ERROR") {
    return new DeploymentError(
      "META0014",
      `error when calling '${address}': it seems to speak HTTP/1.1 only. If it serves handlers, register it with "use_http_11": true`,
    );
  }
  return new OperationalError("unavailable", reasonOf(error), error);
}

/** If a stream's connection failed, Node gives the reason in the error's cause. */
function reasonOf(error: unknown): string {
  const { message, cause, errors } = error as Error & { readonly errors?: readonly Error[] };
  if (message === "" && errors !== undefined) return errors.map(reasonOf).join(", ");
  return cause instanceof Error ? reasonOf(cause) : message;
}

function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

async function readText(body: Readable, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new Error(`the answer has more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const excerpt = (text: string): string => text.slice(0, HOST_EXCERPT_CHARS_MAX);
