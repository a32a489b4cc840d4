/**
 * The HTTP ingress, over ports: Restate's paths, statuses and bodies, so that its published clients work unchanged.
 * Requests come in at the door (`core/door.ts`); everything else is a look at a head or a message to a mailbox group.
 * Nothing is kept between requests.
 *
 * What differs from Restate, on purpose: a workflow's `run` takes an idempotency key, by which a caller's own repeat
 * is told from somebody else's run; a content type that a handler does not take is 415; a terminal error whose code
 * is no HTTP error is answered 500; a body that is not JSON where JSON is due is 400, not 500; an id that may still
 * become visible is never answered 404.
 */
import { OperationalError } from "../../lib/errors.ts";
import { type HttpRequest, type HttpResponse, jsonResponse, segmentsOf } from "../http/message.ts";
import { match, route, type Route } from "../http/router.ts";
import { rejectAwakeable, resolveAwakeable } from "./awakeable.ts";
import { errorResponse, IngressError, methodNotAllowed } from "./error.ts";
import { invoke } from "./invoke.ts";
import { byBody, byId, byIdempotencyKey, byWorkflow } from "./lookup.ts";
import type { Exchange, Handling, IngressPorts } from "./ports.ts";
import { attach, peek } from "./result.ts";
import { invocationStatus } from "./status.ts";

/** For hosts that cut a request off: API Gateway does after 29 to 30 seconds. */
export const CALL_WAIT_MS = 25_000;

export interface IngressOptions {
  /** How long a call or an attachment holds its connection before it is answered 504; by default until the client goes. */
  readonly callWaitMs?: number;
}

const RESERVED = "restate";

const ROUTES: readonly Route<Exchange, Handling>[] = [
  route("GET", "/restate/health", health),
  ...(["GET", "POST"] as const).flatMap((method) => [
    route(method, "/restate/attach/:id", (x: Exchange, { id }) => attach(x, byId(id))),
    route(method, "/restate/output/:id", (x: Exchange, { id }) => peek(x, byId(id))),
  ]),
  route("POST", "/restate/attach", async (x) => attach(x, await byBody(x.ports.registry, x.request))),
  route("POST", "/restate/output", async (x) => peek(x, await byBody(x.ports.registry, x.request))),
  route("POST", "/restate/lookup", lookup),
  route("GET", "/restate/workflow/:name/:key/attach", (x, { name, key }) => attach(x, byWorkflow(name, key))),
  route("GET", "/restate/workflow/:name/:key/output", (x, { name, key }) => peek(x, byWorkflow(name, key))),
  route("GET", "/restate/invocation/:id/status", (x, { id }) => invocationStatus(x, byId(id))),
  route("GET", "/restate/invocation/:id/attach", (x, { id }) => attach(x, byId(id))),
  route("GET", "/restate/invocation/:id/output", (x, { id }) => peek(x, byId(id))),
  ...(["/:service/:handler/:idempotencyKey", "/:service/:key/:handler/:idempotencyKey"] as const).flatMap(
    (names) => [
      route("GET", `/restate/invocation${names}/attach`, async (x: Exchange, of: IdempotentNames) =>
        attach(x, await byIdempotencyKey(x.ports.registry, of)),
      ),
      route("GET", `/restate/invocation${names}/output`, async (x: Exchange, of: IdempotentNames) =>
        peek(x, await byIdempotencyKey(x.ports.registry, of)),
      ),
    ],
  ),
  ...(["/restate/awakeables", "/restate/a"] as const).flatMap((path) => [
    route("POST", `${path}/:id/resolve`, (x: Exchange, { id }: { id: string }) => resolveAwakeable(x, id)),
    route("POST", `${path}/:id/reject`, (x: Exchange, { id }: { id: string }) => rejectAwakeable(x, id)),
  ]),
];

interface IdempotentNames {
  readonly service: string;
  readonly key?: string;
  readonly handler: string;
  readonly idempotencyKey: string;
}

export class Ingress {
  readonly #ports: IngressPorts;
  readonly #callWaitMs: number;

  constructor(ports: IngressPorts, options: IngressOptions = {}) {
    this.#ports = ports;
    this.#callWaitMs = options.callWaitMs ?? Number.POSITIVE_INFINITY;
  }

  /** Answers every request; never rejects. `signal`: aborted when the client has gone, which ends waiting. */
  async handle(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    try {
      return await dispatch({ ports: this.#ports, request, signal, callWaitMs: this.#callWaitMs });
    } catch (error) {
      return errorResponse(this.#refusal(error, request));
    }
  }

  #refusal(error: unknown, { method, path }: HttpRequest): IngressError {
    if (error instanceof IngressError) return error;
    const fields = { method, path, error };
    if (error instanceof OperationalError) {
      this.#ports.logger.log("warn", "ingress: a port failed", fields);
      // Whether the request took effect is open, so that only an idempotent one may be repeated.
      return new IngressError(503, `the request could not be completed: ${error.message}`);
    }
    this.#ports.logger.log("error", "ingress: unexpected failure", fields);
    return new IngressError(500, "internal error");
  }
}

async function dispatch(exchange: Exchange): Handling {
  const { method, path } = exchange.request;
  const segments = segmentsOf(path);
  if (!segments) throw new IngressError(400, `bad path, cannot decode: ${path}`);
  const [first = "", second = "", ...rest] = segments;
  if (first !== RESERVED) {
    if (segments.length < 2) throw new IngressError(400, `bad path: ${path}`);
    return invoke(exchange, segments, "legacy");
  }
  if (second === "call" || second === "send") return invoke(exchange, rest, second);
  const found = match(ROUTES, method, segments);
  if (found.kind === "found") return found.run(exchange);
  if (found.kind === "wrong-method") throw methodNotAllowed(found.allow);
  throw segments.length < 2 ? new IngressError(400, `bad path: ${path}`) : new IngressError(404, "not found");
}

async function health({ ports }: Exchange): Handling {
  const services = await ports.registry.services();
  return jsonResponse(200, { services: services.map(({ name }) => name).toSorted() });
}

async function lookup({ ports, request }: Exchange): Handling {
  const { id } = await byBody(ports.registry, request);
  return jsonResponse(200, { invocationId: id }, { "x-restate-id": id });
}
