/**
 * The HTTP ingress, over ports: Restate's paths, statuses and bodies, so that its published clients work unchanged.
 *
 * Job: routes requests and turns errors into answers. A call or a send is admitted (`lib/store/admission.ts`). Everything
 * else reads a head, or sends a message to a mailbox group. Nothing is kept between requests.
 *
 * Where it differs from Restate on purpose: docs/ingress.md.
 */
import { type Cors, EVERY_PAGE } from "../../lib/cors.ts";
import { OperationalError } from "../../lib/errors.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import { type HttpRequest, type HttpResponse, jsonResponse } from "../http/message.ts";
import { match, route, type Route, segmentsOf } from "../http/router.ts";
import { corsHeaders, preflight } from "./cors.ts";
import { completeAwakeable, rejectedWith, resolvedWith, sendSignal } from "./delivery.ts";
import { DoorTurns } from "./door.ts";
import { idHeader, ingressErrorResponse, IngressError, methodNotAllowed } from "./error.ts";
import { invoke } from "./invoke.ts";
import { byBody, byId, byIdempotencyKey, byWorkflow, type IdempotentTarget } from "./lookup.ts";
import type { Handling, IngressExchange, IngressPorts } from "./ports.ts";
import { awaitResult, invocationStatus, peek } from "./result.ts";

export interface IngressOptions {
  /** How long a call or an attachment holds its connection before it is answered 504. By default until the client goes. */
  readonly callWaitMs?: number;
  /** Pages of other origins. By default every one may call, without credentials. */
  readonly cors?: Cors;
}

const RESERVED = "restate";

const ROUTES: readonly Route<IngressExchange, Handling>[] = [
  route("GET", "/restate/health", health),
  ...(["GET", "POST"] as const).flatMap((method) => [
    route(method, "/restate/attach/:id", (x: IngressExchange, { id }) => awaitResult(x, byId(id))),
    route(method, "/restate/output/:id", (x: IngressExchange, { id }) => peek(x, byId(id))),
  ]),
  route("POST", "/restate/attach", async (x) => awaitResult(x, await byBody(x.ports.registry, x.request))),
  route("POST", "/restate/output", async (x) => peek(x, await byBody(x.ports.registry, x.request))),
  route("POST", "/restate/lookup", lookup),
  route("GET", "/restate/workflow/:name/:key/attach", async (x, { name, key }) =>
    awaitResult(x, await byWorkflow(x.ports.registry, name, key)),
  ),
  route("GET", "/restate/workflow/:name/:key/output", async (x, { name, key }) =>
    peek(x, await byWorkflow(x.ports.registry, name, key)),
  ),
  route("GET", "/restate/invocation/:id/status", (x, { id }) => invocationStatus(x, byId(id))),
  route("GET", "/restate/invocation/:id/attach", (x, { id }) => awaitResult(x, byId(id))),
  route("GET", "/restate/invocation/:id/output", (x, { id }) => peek(x, byId(id))),
  ...(["/:service/:handler/:idempotencyKey", "/:service/:key/:handler/:idempotencyKey"] as const).flatMap(
    (names) => [
      route("GET", `/restate/invocation${names}/attach`, async (x: IngressExchange, of: IdempotentTarget) =>
        awaitResult(x, await byIdempotencyKey(x.ports.registry, of)),
      ),
      route("GET", `/restate/invocation${names}/output`, async (x: IngressExchange, of: IdempotentTarget) =>
        peek(x, await byIdempotencyKey(x.ports.registry, of)),
      ),
    ],
  ),
  ...[["resolve", resolvedWith] as const, ["reject", rejectedWith] as const].flatMap(([verb, outcomeOf]) => [
    route("POST", `/restate/invocation/:id/signals/:name/${verb}`, (x: IngressExchange, { id, name }) =>
      sendSignal(x, id, name, outcomeOf),
    ),
    ...(["awakeables", "a"] as const).map((path) =>
      route("POST", `/restate/${path}/:id/${verb}`, (x: IngressExchange, { id }) =>
        completeAwakeable(x, id, outcomeOf),
      ),
    ),
  ]),
];

const AWAKEABLE_FORMS =
  "bad path, expected either /restate/awakeables/:id/resolve or /restate/awakeables/:id/reject";
const INVOKE_FORMS =
  "bad path, expected /restate/call/:service[/:key]/:handler or /restate/send/:service[/:key]/:handler";
/** The forms that are named if a path begins well and ends too early. */
const FORMS: Readonly<Record<string, string>> = {
  call: INVOKE_FORMS,
  send: INVOKE_FORMS,
  a: AWAKEABLE_FORMS,
  awakeables: AWAKEABLE_FORMS,
  invocation:
    "bad path, expected /restate/invocation/:invocation_id/output, /attach, /status or /signals/:name/resolve, or " +
    "/restate/invocation/:invocation_target/:idempotency_key/output or /attach",
  workflow: "bad path, expected /restate/workflow/:name/:key/output or /restate/workflow/:name/:key/attach",
};

export class Ingress {
  readonly #ports: IngressPorts;
  readonly #callWaitMs: number;
  readonly #cors: Cors;
  /** Turns that run here. Absent: none do. */
  readonly door: DoorTurns | undefined;

  constructor(ports: IngressPorts, options: IngressOptions = {}) {
    this.#ports = ports;
    this.door = DoorTurns.over(ports);
    this.#callWaitMs = options.callWaitMs ?? Number.POSITIVE_INFINITY;
    this.#cors = options.cors ?? EVERY_PAGE;
  }

  /** Answers every request; never rejects. `signal`: aborted when the client has gone, which ends waiting. */
  async handle(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    const { status, headers, body } =
      request.method === "OPTIONS" ? preflight(request) : await this.#answer(request, signal);
    return { status, headers: { ...headers, ...corsHeaders(this.#cors, request) }, body };
  }

  async #answer(request: HttpRequest, signal: AbortSignal | undefined): Promise<HttpResponse> {
    try {
      const { door } = this;
      return await dispatch({ ports: this.#ports, request, signal, callWaitMs: this.#callWaitMs, door });
    } catch (error) {
      return ingressErrorResponse(this.#refusal(error, request));
    }
  }

  #refusal(error: unknown, { method, path }: HttpRequest): IngressError {
    if (error instanceof IngressError) return error;
    this.#ports.meter?.measure("ingressFaults");
    const fields = { method, path, error };
    if (error instanceof OperationalError) {
      this.#ports.logger.log("warn", "ingress: a port failed", fields);
      // It is not known whether the request took effect. So only an idempotent one may be repeated. What AWS itself says of it names
      // tables and accounts, and is in the log alone.
      const [what = ""] = error.cause === undefined ? [error.message] : error.message.split(": ", 1);
      return new IngressError(503, `the request could not be completed: ${what}`);
    }
    this.#ports.logger.log("error", "ingress: unexpected failure", fields);
    return new IngressError(500, "internal error");
  }
}

async function dispatch(exchange: IngressExchange): Handling {
  const { method, path } = exchange.request;
  const segments = segmentsOf(path);
  if (!segments) throw new IngressError(400, `bad path, cannot decode: ${path}`);
  const [first = "", second = "", ...rest] = segments;
  if (first !== RESERVED) {
    if (segments.length < 2) throw new IngressError(400, `bad path: ${path}`);
    return invoke(exchange, segments, "legacy");
  }
  if ((second === "call" || second === "send") && rest.length >= 2) return invoke(exchange, rest, second);
  const found = match(ROUTES, method, segments);
  if (found.run) return found.run(exchange);
  throw found.allow.length > 0 ? methodNotAllowed(found.allow) : unknownPath(path, second, rest);
}

function unknownPath(path: string, second: string, rest: readonly string[]): IngressError {
  if (second === "") return new IngressError(400, `bad path: ${path}`);
  if (second === "scope") return new IngressError(400, "scopes are not supported");
  const form = rest.length < 2 && Object.hasOwn(FORMS, second) ? FORMS[second] : undefined;
  return form === undefined ? new IngressError(404, "not found") : new IngressError(400, form);
}

async function health({ ports }: IngressExchange): Handling {
  const services = await ports.registry.services();
  // Whoever may call need not learn what they may not call.
  const named = services.filter(({ ingressPrivate }) => ingressPrivate !== true);
  return jsonResponse(200, { services: named.map(({ name }) => name).toSorted() });
}

async function lookup({ ports, request }: IngressExchange): Handling {
  const { id } = await byBody(ports.registry, request);
  return jsonResponse(200, { invocationId: shownId(id) }, idHeader(id));
}
