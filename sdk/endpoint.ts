/** A deployment's handlers, ready to be discovered and to run turns. */
import { Journal } from "../lib/store/journal.ts";
import { ReadAhead } from "../lib/store/read-ahead.ts";
import { loadValue } from "../lib/store/value-store.ts";
import { resultIn } from "../lib/turn/turn-machine.ts";
import { readInput, readLog } from "../lib/store/head-store.ts";
import { asError, OperationalError, TerminalError } from "../lib/errors.ts";
import { decodeNote } from "../lib/model/entry.ts";
import { type Head, parseHead } from "../lib/model/head.ts";
import type { ServiceType } from "../lib/model/manifest.ts";
import type { Target } from "../lib/model/message.ts";
import {
  type DiscoveryResponse,
  PROTOCOL_VERSION,
  type TurnOutcome,
  type TurnRequest,
} from "../lib/protocol.ts";
import type { InvocationRequest } from "./context.ts";
import { currentTurn } from "./turn/current-turn.ts";
import {
  type Definition,
  type HandlerFunction,
  handlerOptions,
  type Handlers,
  isDefinition,
  manifestOf,
  type WorkflowOptions,
} from "./definition.ts";
import { jsonSerde } from "./serde.ts";
import { limited } from "./turn/checked-value.ts";
import { AttemptHooks, SuspendedError } from "./hooks.ts";
import { levelOf, type Logging, type LoggerTransport, TurnLog } from "./logger.ts";
import { ReferenceContext } from "./turn/reference-context.ts";
import { TurnDriver } from "./turn/turn-driver.ts";
import type { History, TurnPorts } from "./turn/turn-ports.ts";
import { PACKAGE_VERSION } from "../lib/version.ts";
import { nonce } from "../lib/entropy.ts";

export type { TurnPorts };

type AnyDefinition = Definition<ServiceType, string, Handlers>;

export interface Endpoint {
  discover(): DiscoveryResponse;
  /** Runs one turn. Never throws for what the handler does: that is in the outcome. */
  runTurn(request: TurnRequest, ports: TurnPorts, extraArgs?: unknown[]): Promise<TurnOutcome>;
}

export interface EndpointOptions {
  /** What services do not say themselves. */
  readonly defaultServiceOptions?: WorkflowOptions;
  /** Takes what handlers say with `ctx.console`, and what there is to say of their invocations. Without it that is
   * printed, from the level on that `PERDURE_LOGGING` or `RESTATE_LOGGING` names. */
  readonly logger?: LoggerTransport;
}

/** Services and their options: what a deployment is made of. */
export interface Served extends EndpointOptions {
  /** What `service()`, `object()` and `workflow()` return. */
  readonly services: readonly unknown[];
}
/** Marks what stands for all that it serves, where definitions are expected. */
export const SERVED = Symbol.for("perdure.served");
/** Set by the process that runs a file for the local engine (runtime/dev/hosts/served-collector.ts). */
const COLLECTOR = Symbol.for("perdure.collector");

/** Under `perdure dev` nothing listens: the engine runs the file's code itself, so what would serve there is told to it.
 * `false`: this process has to serve by itself. */
export function collect(served: Served): boolean {
  const collector = (globalThis as { [COLLECTOR]?: (served: Served) => void })[COLLECTOR];
  collector?.(served);
  return collector !== undefined;
}

function servedBy(value: unknown): Served | undefined {
  const isHolder = (typeof value === "object" && value !== null) || typeof value === "function";
  return isHolder ? (value as { readonly [SERVED]?: Served })[SERVED] : undefined;
}

/** Throws `TypeError` with a reason for what is no list of definitions. */
export function createEndpoint(given: readonly unknown[], givenOptions: EndpointOptions = {}): Endpoint {
  if (!Array.isArray(given) || given.length === 0) {
    throw new TypeError("no services: expected an array of what service(), object() or workflow() return");
  }
  const [served] = given.map(servedBy).filter((found) => found !== undefined);
  const definitions: unknown[] = given.flatMap((each) => servedBy(each)?.services ?? [each]);
  if (definitions.length === 0) throw new TypeError("no services are bound to the endpoint");
  const { defaultServiceOptions, logger } = { ...served, ...givenOptions };
  const logging: Logging = { transport: logger, level: levelOf(process.env) };
  const services = new Map<string, AnyDefinition>();
  for (const definition of definitions) {
    if (!isDefinition(definition)) {
      throw new TypeError(
        `not a service definition: ${String(definition)}; expected what service(), object() or workflow() return`,
      );
    }
    if (services.has(definition.name)) throw new TypeError(`service "${definition.name}" is defined twice`);
    const options = { ...defaultServiceOptions, ...definition.options };
    services.set(definition.name, { ...definition, options });
  }
  const discovery: DiscoveryResponse = {
    version: PROTOCOL_VERSION,
    sdkVersion: PACKAGE_VERSION,
    services: [...services.values()].map(manifestOf),
  };
  return {
    discover: () => discovery,
    runTurn: async (request, ports, extraArgs = []) => {
      const { service, handler } = request.target;
      const definition = services.get(service);
      const fn =
        definition && Object.hasOwn(definition.handlers, handler) ? definition.handlers[handler] : undefined;
      if (!definition || !fn) {
        const message = `deployment ${request.deployment} has no handler ${service}/${handler}`;
        return { kind: "failed", failure: { code: 404, message }, length: 0, progress: false };
      }
      try {
        return await runTurn(definition, fn, request, ports, { extraArgs, logging });
      } catch (thrown) {
        if (thrown instanceof OperationalError)
          return { kind: "lost", reason: `${thrown.code}: ${thrown.message}` };
        throw thrown;
      }
    },
  };
}

async function runTurn(
  definition: AnyDefinition,
  fn: HandlerFunction,
  request: TurnRequest,
  ports: TurnPorts,
  { extraArgs, logging }: { readonly extraArgs: unknown[]; readonly logging: Logging },
): Promise<TurnOutcome> {
  const own = handlerOptions(fn);
  const options = { ...definition.options, ...own };
  const stored = request.head && { head: parseHead(request.head), item: request.head };
  const { history, ...sent } = await loadHistory(request, stored?.head, ports);
  const { body } = sent;
  const journal = new Journal(ports.items, ports.clock, {
    ...request,
    ...(stored ? { stored } : {}),
    writer: nonce(ports.entropy, 6),
  });
  const driver = new TurnDriver(request, ports, journal, history, options);
  const over = new AbortController();
  const asTerminalError = (error: unknown): TerminalError | undefined => options.asTerminalError?.(error);
  const asked = invocationRequest(request, sent, extraArgs, over.signal);
  const log = new TurnLog(driver, asked, logging);
  log.say("info", driver.replaying ? "Replaying invocation." : "Starting invocation.");
  const hooks = new AttemptHooks([...(definition.options?.hooks ?? []), ...(own.hooks ?? [])], asked);
  const context = new ReferenceContext(driver, ports, request, {
    serviceType: definition.type,
    serde: options.serde ?? jsonSerde(),
    asTerminalError,
    request: asked,
    hooks,
    log,
  });
  const input = options.input ?? options.serde ?? jsonSerde<unknown>();
  const output = options.output ?? options.serde ?? jsonSerde<unknown>();
  const handle = async (): Promise<unknown> => {
    const parameter = deserializeInput(() => input.deserialize(body));
    return await fn.call(definition.handlers, context as never, parameter as never);
  };
  const run = async (): Promise<unknown> => {
    try {
      return await hooks.aroundHandler(handle);
    } catch (thrown) {
      throw TerminalError.is(thrown) ? thrown : (asTerminalError(thrown) ?? thrown);
    }
  };
  const { service, handler } = request.target;
  const serialize = (value: unknown): Uint8Array =>
    limited(output.serialize(value), `the result of ${service}/${handler}`);
  try {
    const outcome = await currentTurn.run({ owner: context }, () => driver.run(run, serialize, context.fill));
    sayEnd(log, outcome);
    await hooks.end(
      outcome.kind === "failed" ? new Error(outcome.failure.message) : new SuspendedError(),
      ports.clock,
    );
    return outcome;
  } finally {
    over.abort();
  }
}

/** W3C's, which the caller sent: of an attempt, since a hook makes the attempt's span of them. */
const TRACE_HEADERS = ["traceparent", "tracestate", "baggage"] as const;

function sayEnd(log: TurnLog, outcome: TurnOutcome): void {
  if (outcome.kind === "completed") log.say("info", "Invocation completed.");
  else if (outcome.kind === "suspended") log.say("info", "Invocation suspended.");
  else if (outcome.kind === "lost")
    log.say("debug", "Attempt given up: another one goes on.", outcome.reason);
  else if (outcome.kind === "yielded") log.say("debug", "Out of time: another turn goes on.");
  else log.say("warn", "Attempt failed.", outcome.failure.stack ?? outcome.failure.message);
}

/** A target that says what it is. */
class RequestTarget implements Target {
  readonly service: string;
  readonly handler: string;
  readonly key?: string;
  constructor({ service, handler, key }: Target) {
    this.service = service;
    this.handler = handler;
    if (key !== undefined) this.key = key;
  }
  toString(): string {
    const { service, handler, key } = this;
    return key === undefined ? `${service}/${handler}` : `${service}/${key}/${handler}`;
  }
}

function deserializeInput(deserialize: () => unknown): unknown {
  try {
    return deserialize();
  } catch (thrown) {
    throw new TerminalError(`Failed to deserialize input: ${asError(thrown).message}`, {
      errorCode: 400,
      cause: thrown,
    });
  }
}

async function loadHistory(request: TurnRequest, head: Head | undefined, { items }: TurnPorts) {
  const { id, start } = request;
  const [log, body] = await Promise.all([
    head ? readLog(items, id, head) : [],
    readInput(items, id, start ?? head ?? {}),
  ]);
  const apart = log.map(resultIn).filter((result) => typeof result === "string");
  const values = new ReadAhead(apart, (ref) => loadValue(items, id, ref));
  const carried = request.carried.map(decodeNote);
  const history: History = { log, notes: head?.notes ?? [], carried, values };
  const idempotencyKey = start?.idempotencyKey ?? head?.idempotencyKey;
  return { history, body, headers: start?.headers ?? head?.headers ?? {}, idempotencyKey };
}

function invocationRequest(
  { id, target }: TurnRequest,
  { body, headers, idempotencyKey }: Omit<Awaited<ReturnType<typeof loadHistory>>, "history">,
  extraArgs: unknown[],
  attemptCompletedSignal: AbortSignal,
): InvocationRequest {
  return {
    id,
    target: new RequestTarget(target),
    body,
    headers: new Map(Object.entries(headers)),
    attemptHeaders: new Map(
      TRACE_HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])),
    ),
    scope: undefined,
    limitKey: undefined,
    extraArgs,
    attemptCompletedSignal,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
  };
}
