/**
 * Turns services into a Lambda function's handler: `export const handler = createLambdaHandler({ services: [...] })`.
 * The dispatcher invokes it with turns, a deployment with a discovery request and with rehearsals. It appends to the journal itself, by
 * a light client of its own, and loads nothing of the AWS SDK: cold start is part of the product.
 */
import { systemClock } from "../lib/clock.ts";
import { systemEntropy } from "../lib/entropy.ts";
import { openTo } from "../lib/aws/clients.ts";
import { connectHandler } from "../lib/aws/handler-connection.ts";
import { RegistryReader } from "../lib/store/registry-reader.ts";
import { type Environment, ENVIRONMENT, resourcesIn } from "../lib/environment.ts";
import { type Resources, resourcesId } from "../lib/model/resources.ts";
import {
  journalsAsked,
  type RehearsalRequest,
  type RehearsalResponse,
} from "../lib/replay/rehearsal-request.ts";
import type { DiscoveryRequest, DiscoveryResponse, TurnOutcome, TurnRequest } from "../lib/protocol.ts";
import { decodeTurnRequest, encodeTurnOutcome, PROTOCOL_VERSION } from "../lib/protocol.ts";
import { type Invoked, isThroughDoor, notHere, notMeant, onlyCall } from "./direct-door.ts";
import { collect, createEndpoint, type Endpoint, type Served, type TurnPorts } from "./endpoint.ts";
import { beforeAnswer } from "./on-answer.ts";
import { replayedBy } from "./rehearsals.ts";
import { LAMBDA_ANSWER_MS } from "../lib/limits.ts";
import { REHEARSAL_MS_MAX } from "../lib/limits/replay.ts";

export type LambdaHandlerOptions = Served;

interface LambdaContext extends Invoked {
  getRemainingTimeInMillis(): number;
}

/** A Lambda function's handler for these services. A turn's request names the tables and queues; if it does not, the stack's
 * environment variables do. Throws `TypeError` if `services` is not a list of definitions. */
export function createLambdaHandler({ services, ...options }: LambdaHandlerOptions) {
  const endpoint = createEndpoint(services, options);
  // Under `perdure dev` there is nothing to connect to: the engine runs the turns itself.
  if (!collect({ services, ...options })) void openTo(process.env, "dynamodb", "sqs");
  const connected = new Connected();
  const rehearsed = async (asked: RehearsalRequest, isCall: boolean): Promise<RehearsalResponse> => {
    if (isCall) throw new TypeError("not a call: other handlers may invoke this function for calls only");
    const journals = journalsAsked(asked);
    // What a rehearsal logs would look like an attempt of the invocation.
    const quiet = createEndpoint(services, { ...options, logger: () => undefined });
    return { kind: "rehearsed", replayed: await replayedBy(quiet, journals, REHEARSAL_MS_MAX) };
  };
  const answer = async (event: unknown, context: LambdaContext): Promise<unknown> => {
    const isCall = isThroughDoor(context, process.env[ENVIRONMENT.directAlias]);
    const asked = parseRequest(event);
    if (asked.kind === "rehearse") return await rehearsed(asked, isCall);
    if (asked.kind === "discover") return discovered(endpoint, process.env);
    const request = isCall ? onlyCall(asked, endpoint.discover().services) : asked;
    const resources = request.resources ?? resourcesIn(process.env);
    const notRun = notMeant(asked, context) ?? notHere(asked, resources);
    if (notRun) return answerOf(notRun);
    const leftMs = context.getRemainingTimeInMillis() - LAMBDA_ANSWER_MS;
    const outcome = await endpoint.runTurn(within(request, leftMs), connected.to(resources), [context]);
    const { resourcesId: where } = asked;
    return answerOf(where === undefined ? outcome : { ...outcome, resourcesId: where });
  };
  return async (event: unknown, context: LambdaContext): Promise<unknown> => {
    try {
      return await answer(event, context);
    } finally {
      await beforeAnswer();
    }
  };
}

const answerOf = (outcome: TurnOutcome): unknown => JSON.parse(encodeTurnOutcome(outcome)) as unknown;

/** Connections are kept from one turn to the next. They change only when the runtime's data has moved. */
class Connected {
  #last: { readonly id: string; readonly ports: TurnPorts } | undefined;

  /** Throws `Error` with the name of a variable that is not set. */
  to(resources: Resources): TurnPorts {
    const id = resourcesId(resources);
    if (this.#last?.id !== id) this.#last = { id, ports: connect(resources) };
    return this.#last.ports;
  }
}

/** It ends while the function still can say so. */
const within = (request: TurnRequest, leftMs: number): TurnRequest => {
  const { relay, remainingMs } = request;
  return {
    ...request,
    remainingMs: Math.min(remainingMs, leftMs),
    ...(relay ? { relay: { ...relay, remainingMs: Math.min(relay.remainingMs, leftMs) } } : {}),
  };
};

/** Where the stack gives no access to timers, a turn cannot guard itself (R27). */
function discovered(endpoint: Endpoint, environment: Environment): DiscoveryResponse {
  const discovery = endpoint.discover();
  if (environment[ENVIRONMENT.delayQueueUrl]) return discovery;
  const unguarded = { guards: false, relays: false };
  return { ...discovery, services: discovery.services.map((service) => ({ ...service, ...unguarded })) };
}

/** Throws `TypeError` for an event that no runtime of this version sends. */
function parseRequest(event: unknown): TurnRequest | DiscoveryRequest | RehearsalRequest {
  const { kind, version } = (typeof event === "object" && event !== null ? event : {}) as Partial<
    TurnRequest | DiscoveryRequest | RehearsalRequest
  >;
  if (kind !== "turn" && kind !== "discover" && kind !== "rehearse") {
    throw new TypeError(
      "not a Perdure request: this function is invoked by Perdure's dispatcher, not directly",
    );
  }
  if (version !== PROTOCOL_VERSION) {
    throw new TypeError(
      `protocol version ${String(version)} is not supported: this SDK speaks ${PROTOCOL_VERSION}. Upgrade the older side.`,
    );
  }
  // Its journals are texts.
  if (kind === "rehearse") return event as RehearsalRequest;
  return decodeTurnRequest(JSON.stringify(event));
}

function connect(resources: Resources): TurnPorts {
  const connection = connectHandler(process.env, resources);
  const { items } = connection;
  return {
    ...connection,
    registry: new RegistryReader(items, systemClock),
    clock: systemClock,
    entropy: systemEntropy,
  };
}
