/** A deployment's handlers: the runtime discovers them, and runs turns of them. */
import { Journal } from "../lib/store/journal.ts";
import { ReadAhead } from "../lib/store/read-ahead.ts";
import { loadValue } from "../lib/store/value-store.ts";
import { readHeaders, readInput, readLog } from "../lib/store/head-store.ts";
import { asError, OperationalError, TerminalError } from "../lib/errors.ts";
import { decodeNote, resultIn } from "../lib/model/entry.ts";
import { lastTimeIn } from "../lib/model/entry-times.ts";
import { type Head, parseHead } from "../lib/model/head.ts";
import { callerIn } from "../lib/model/caller.ts";
import { shownHeaders } from "../lib/model/header-names.ts";
import type { Headers } from "../lib/model/headers-value.ts";
import { JOURNAL_ENTRIES_MAX, JOURNAL_ENTRIES_WARNED, TURNS_BYTES_MAX } from "../lib/limits.ts";
import { isExclusive, type ServiceType } from "../lib/model/manifest.ts";
import type { Target } from "../lib/model/message.ts";
import { EMPTY } from "../lib/model/outcome.ts";
import { subscriptionOf } from "../lib/model/source-record.ts";
import { shownId } from "../lib/model/shown-id.ts";
import {
  type DiscoveryResponse,
  PROTOCOL_VERSION,
  type TurnOutcome,
  type TurnRequest,
} from "../lib/protocol.ts";
import type { InvocationRequest } from "./context.ts";
import { tellHandlers } from "./development.ts";
import { currentTurn } from "./turn/current-turn.ts";
import {
  type Definition,
  type HandlerFunction,
  handlerKind,
  handlerOptions,
  type Handlers,
  isDefinition,
  manifestOf,
} from "./definition.ts";
import { deserializeInput, jsonSerde, type Serde } from "./serde.ts";
import { definitionsIn, type EndpointOptions, servedBy } from "./served.ts";
import { stopwatchOf } from "../lib/ports.ts";
import { AttemptHooks, type HooksProvider, SuspendedError } from "./hooks.ts";
import { isJsonIn, levelOf, type LoggerTransport, type Logging, TurnLog } from "./logger.ts";
import { Forgotten } from "./turn/forgotten.ts";
import type { LeftOpen } from "./turn/open-operations.ts";
import type { HandlerCode } from "./turn/handler-code.ts";
import { RefusedInput } from "./turn/ending.ts";
import { ReferenceContext } from "./turn/reference-context.ts";
import { TurnDriver } from "./turn/turn-driver.ts";
import { traceTurn, type TurnTrace } from "./turn/turn-trace.ts";
import type { History, TurnPorts } from "./turn/turn-ports.ts";
import { PACKAGE_VERSION } from "../lib/version.ts";
import { nonce } from "../lib/entropy.ts";
import { targetText } from "../lib/model/target-text.ts";

export type { TurnPorts };
export { collect, type EndpointOptions, SERVED, type Served } from "./served.ts";

type AnyDefinition = Definition<ServiceType, string, Handlers>;

export interface Endpoint {
  discover(): DiscoveryResponse;
  /** Whether the handler's serde takes these bytes as its input. Runs nothing of the handler. Absent: an earlier version. */
  takes?(target: Pick<Target, "service" | "handler">, input: Uint8Array): boolean;
  /** Runs one turn. An error of the handler is part of the outcome, and not thrown. */
  runTurn(request: TurnRequest, ports: TurnPorts, extraArgs?: unknown[]): Promise<TurnOutcome>;
}

/** `heard`: is told of all that is logged, besides. Throws `TypeError` with a reason if `given` is not a list of definitions. */
export function createEndpoint(
  given: readonly unknown[],
  givenOptions: EndpointOptions = {},
  heard?: LoggerTransport,
): Endpoint {
  if (!Array.isArray(given) || given.length === 0) {
    throw new TypeError("no services: expected an array of what service(), object() or workflow() return");
  }
  const definitions = given.flatMap((each) => definitionsIn(each, givenOptions));
  if (definitions.length === 0) throw new TypeError("no services are bound to the endpoint");
  const logger = givenOptions.logger ?? given.map(servedBy).find((served) => served?.logger)?.logger;
  const logging: Logging = {
    ...{ transport: logger, level: levelOf(process.env), isJson: isJsonIn(process.env), heard },
  };
  const services = new Map<string, AnyDefinition>();
  for (const { definition, defaultServiceOptions } of definitions) {
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
  const handlers = new Map(
    [...services.values()].flatMap((definition) =>
      Object.entries(definition.handlers).map(
        ([name, fn]) => [`${definition.name}/${name}`, boundHandler(definition, name, fn)] as const,
      ),
    ),
  );
  tellHandlers([...services.values()]);
  return {
    discover: () => discovery,
    takes: ({ service, handler: name }, input) => {
      const handler = handlers.get(`${service}/${name}`);
      if (!handler) return false;
      try {
        deserializeInput(handler.input, input);
        return true;
      } catch {
        return false;
      }
    },
    runTurn: async (request, ports, extraArgs = []) => {
      const { service, handler: name } = request.target;
      const handler = handlers.get(`${service}/${name}`);
      if (!handler) {
        const message = `deployment ${request.deployment} has no handler ${service}/${name}`;
        return { kind: "failed", failure: { code: 404, message }, length: 0, progress: false };
      }
      try {
        return await runTurn(handler, request, ports, { extraArgs, logging });
      } catch (thrown) {
        if (thrown instanceof OperationalError)
          return { kind: "lost", reason: `${thrown.code}: ${thrown.message}` };
        throw thrown;
      }
    },
  };
}

/** A handler with what its service says of it. */
interface BoundHandler extends HandlerCode {
  readonly fn: HandlerFunction;
  /** What `this` is in it. */
  readonly self: Handlers;
  readonly hooks: readonly HooksProvider[];
  readonly input: Serde<unknown>;
  readonly output: Serde<unknown>;
  readonly forgotten: Forgotten;
}

function boundHandler(
  { type, name: service, handlers, options: inherited }: AnyDefinition,
  name: string,
  fn: HandlerFunction,
): BoundHandler {
  const own = handlerOptions(fn);
  const options = { ...inherited, ...own };
  const serde = options.serde ?? jsonSerde<unknown>();
  return {
    serviceType: type,
    fn,
    self: handlers,
    options,
    hooks: [...(inherited?.hooks ?? []), ...(own.hooks ?? [])],
    serde,
    input: options.input ?? serde,
    output: options.output ?? serde,
    forgotten: new Forgotten(`${service}/${name}`),
    isExclusive: (other) => {
      const handler = Object.hasOwn(handlers, other) ? handlers[other] : undefined;
      return handler !== undefined && isExclusive(handlerKind(type, other, handler));
    },
  };
}

async function runTurn(
  handler: BoundHandler,
  request: TurnRequest,
  ports: TurnPorts,
  { extraArgs, logging }: { readonly extraArgs: unknown[]; readonly logging: Logging },
): Promise<TurnOutcome> {
  const beganMs = ports.clock.now();
  const { history, stored, body, headers } = await loadTurn(request, ports);
  const journal = new Journal(ports.items, ports.clock, {
    ...request,
    ...(stored ? { stored } : {}),
    ...lastTime(request, stored?.head, history),
    ...turnsBefore(request, stored?.head, beganMs),
    writer: nonce(ports.entropy, 6),
  });
  const { log: recorded } = history;
  const beginning = { request, head: stored?.head, log: recorded, headers, clock: ports.clock };
  const traced = traceTurn(beginning, ports.rehearsal !== undefined);
  const driver = new TurnDriver(request, ports, journal, history, handler.options);
  driver.writer.traced = traced;
  const over = new AttemptEnd();
  const asked = invocationRequest(request, stored?.head, { body, headers, traced, extraArgs, end: over });
  const log = new TurnLog(driver.machine, asked, logging, request.attempt.count);
  log.say("info", driver.machine.replaying ? "Replaying invocation." : "Starting invocation.");
  const isProcessing = (): boolean => !driver.machine.replaying;
  const hooks = handler.hooks.length > 0 ? new AttemptHooks(handler.hooks, asked, isProcessing) : undefined;
  const context = new ReferenceContext(driver, handler, { request: asked, hooks, log });
  const Refused = refusalOf(request, stored, history);
  const { forgotten } = handler;
  const warn = (text: string): void => log.warn(text);
  let left: readonly LeftOpen[] = [];
  forgotten.watch(driver.open, ports.issued);
  const call = async (): Promise<unknown> => {
    const result: unknown = await handler.fn.call(
      handler.self,
      context as never,
      parameterOf(handler.input, body, Refused) as never,
    );
    left = driver.open.returned();
    return result;
  };
  const run = async (): Promise<unknown> => {
    try {
      return await (hooks ? hooks.aroundHandler(() => currentTurn.run({ owner: context }, call)) : call());
    } catch (thrown) {
      throw thrownBy(handler, thrown);
    }
  };
  try {
    const around = hooks ? { isAround: true } : {};
    const ended = await currentTurn.run({ owner: context, ...around }, () =>
      driver.run(run, handler.output, async (entry, before) => await context.fill(entry, before)),
    );
    const outcome = await driver.writer.left(ended);
    tellRehearsal(ports, driver);
    traced.ended(outcome);
    sayEnd(log, outcome);
    if (outcome.kind === "completed") forgotten.returned(left, warn);
    if (driver.machine.isNearlyFull) log.say("warn", NEARLY_FULL);
    await hooks?.end(
      outcome.kind === "failed" ? new Error(outcome.failure.message) : new SuspendedError(),
      stopwatchOf(ports),
    );
    return outcome.kind === "failed"
      ? { ...outcome, ran: { fromMs: beganMs, untilMs: ports.clock.now() } }
      : outcome;
  } finally {
    over.comes();
  }
}

/** It has come to an end before it was stopped. */
function tellRehearsal({ rehearsal }: TurnPorts, { machine }: TurnDriver): void {
  if (machine.replaying) rehearsal?.endsEarly();
  if (machine.recorded.missesRead) rehearsal?.missesRead();
}

/** As the user's option makes it terminal. */
const thrownBy = ({ options: { asTerminalError } }: BoundHandler, thrown: unknown): unknown =>
  TerminalError.is(thrown) || thrown instanceof RefusedInput ? thrown : (asTerminalError?.(thrown) ?? thrown);

/** From where the journal counts times. */
function lastTime(
  { start }: TurnRequest,
  head: Head | undefined,
  { log }: History,
): { readonly lastMs?: number } {
  const acceptedAtMs = (head ?? start)?.acceptedAtMs;
  return acceptedAtMs === undefined ? {} : { lastMs: lastTimeIn(log, acceptedAtMs) };
}

/** An earlier version of the dispatcher does not bound them. Then no more are written. */
function turnsBefore(
  { turns }: TurnRequest,
  head: Head | undefined,
  beganMs: number,
): { readonly turn?: { readonly beganMs: number; readonly before: Uint8Array } } {
  const before = turns ?? head?.turns ?? EMPTY;
  return before.byteLength > 2 * TURNS_BYTES_MAX ? {} : { turn: { beganMs, before } };
}

/** Its signal is made when it is asked for. Few handlers do, and it would be a quarter of what a turn without a step computes. */
class AttemptEnd {
  #controller: AbortController | undefined;
  #isHere = false;

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isHere) this.#controller.abort();
    return this.#controller.signal;
  }

  comes(): void {
    this.#isHere = true;
    this.#controller?.abort();
  }
}

const NEARLY_FULL =
  `The journal is nearly full: it has ${JOURNAL_ENTRIES_WARNED} of at most ${JOURNAL_ENTRIES_MAX} operations. ` +
  "When it is full, the invocation is paused (RT1001).";

function sayEnd(log: TurnLog, outcome: TurnOutcome): void {
  if (outcome.kind === "completed") log.say("info", "Invocation completed.");
  else if (outcome.kind === "suspended") log.say("info", "Invocation suspended.");
  else if (outcome.kind === "lost")
    log.say("debug", "Attempt given up: another one goes on.", outcome.reason);
  else if (outcome.kind === "yielded") log.say("debug", "Out of time: another turn goes on.");
  else log.say("warn", "Attempt failed.", outcome.failure.stack ?? outcome.failure.message);
}

/** What the caller sent. Throws a TerminalError (400), or the error that is given, if the serde does not understand it. */
function parameterOf(
  input: Serde<unknown>,
  body: Uint8Array,
  Refused: typeof TerminalError | typeof RefusedInput,
): unknown {
  try {
    return deserializeInput(input, body);
  } catch (thrown) {
    const options = { errorCode: 400, cause: thrown };
    throw new Refused(`Failed to deserialize input: ${asError(thrown).message}`, options);
  }
}

/** A record's value that is not understood is set aside, unless something was done with it already (0046). */
const refusalOf = (
  { start }: TurnRequest,
  stored: { readonly head: Head } | undefined,
  { log }: History,
): typeof TerminalError | typeof RefusedInput =>
  log.length === 0 && subscriptionOf((start ?? stored?.head)?.origin ?? "") !== undefined
    ? RefusedInput
    : TerminalError;

/** What the turn begins with. */
async function loadTurn({ id, start, carried, head: item }: TurnRequest, { items }: TurnPorts) {
  const stored = item && { head: parseHead(item), item };
  const head = stored?.head;
  const [log, body, headers] = await Promise.all([
    head ? readLog(items, id, head) : [],
    readInput(items, id, start ?? head ?? {}),
    readHeaders(items, id, start?.headers ?? head?.headers ?? {}),
  ]);
  const apart = log.map(resultIn).filter((result) => typeof result === "string");
  const values = new ReadAhead(apart, (ref) => loadValue(items, id, ref));
  const history: History = { log, notes: head?.notes ?? [], carried: carried.map(decodeNote), values };
  return { history, stored, body, headers };
}

function invocationRequest(
  { id, target, start }: TurnRequest,
  head: Head | undefined,
  {
    body,
    headers: held,
    traced,
    extraArgs,
    end,
  }: {
    readonly body: Uint8Array;
    readonly headers: Headers;
    readonly traced: TurnTrace;
    readonly extraArgs: unknown[];
    readonly end: AttemptEnd;
  },
): InvocationRequest {
  const headers = shownHeaders(held);
  const caller = callerIn(held);
  const idempotencyKey = start?.idempotencyKey ?? head?.idempotencyKey;
  let shown: string | undefined;
  return {
    // Few handlers ask for it.
    get id() {
      return (shown ??= shownId(id));
    },
    target: { ...target, toString: () => targetText(target) },
    body,
    headers: new Map(Object.entries(headers)),
    // A hook makes the attempt's span from them.
    attemptHeaders: new Map(Object.entries(traced.headers)),
    scope: undefined,
    limitKey: undefined,
    extraArgs,
    get attemptCompletedSignal() {
      return end.signal;
    },
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(caller === undefined ? {} : { caller }),
  };
}
