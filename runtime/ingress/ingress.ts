/**
 * The HTTP ingress, over ports: Restate's paths, statuses and bodies, so that its published clients work unchanged.
 * Requests come in at the door (`lib/store/admission.ts`); everything else is a look at a head or a message to a mailbox group.
 * Nothing is kept between requests.
 *
 * What differs from Restate, on purpose, is listed in docs/ingress.md.
 */
import { OperationalError } from "../../lib/errors.ts";
import { type HttpRequest, type HttpResponse, jsonResponse, segmentsOf } from "../http/message.ts";
import { match, route, type Route } from "../http/router.ts";
import { rejectAwakeable, resolveAwakeable } from "./awakeable.ts";
import { preflight, withCors } from "./cors.ts";
import { errorResponse, IngressError, methodNotAllowed } from "./error.ts";
import { invoke } from "./invoke.ts";
import { byBody, byId, byIdempotencyKey, byWorkflow } from "./lookup.ts";
import type { Exchange, Handling, IngressPorts } from "./ports.ts";
import { attach, peek } from "./result.ts";
import { rejectSignal, resolveSignal } from "./signal.ts";
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
  route("POST", "/restate/invocation/:id/signals/:name/resolve", (x, { id, name }) =>
    resolveSignal(x, id, name),
  ),
  route("POST", "/restate/invocation/:id/signals/:name/reject", (x, { id, name }) =>
    rejectSignal(x, id, name),
  ),
  ...(["/restate/awakeables", "/restate/a"] as const).flatMap((path) => [
    route("POST", `${path}/:id/resolve`, (x: Exchange, { id }: { id: string }) => resolveAwakeable(x, id)),
    route("POST", `${path}/:id/reject`, (x: Exchange, { id }: { id: string }) => rejectAwakeable(x, id)),
  ]),
];

const AWAKEABLE_FORMS =
  "bad path, expected either /restate/awakeables/:id/resolve or /restate/awakeables/:id/reject";
const INVOKE_FORMS =
  "bad path, expected /restate/call/:service[/:key]/:handler or /restate/send/:service[/:key]/:handler";
/** What is said of a path that begins well and ends too early. */
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
    return withCors(request, await this.#answer(request, signal));
  }

  async #answer(request: HttpRequest, signal: AbortSignal | undefined): Promise<HttpResponse> {
    if (request.method === "OPTIONS") return preflight(request);
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
  if ((second === "call" || second === "send") && rest.length >= 2) return invoke(exchange, rest, second);
  const found = match(ROUTES, method, segments);
  if (found.kind === "found") return found.run(exchange);
  if (found.kind === "wrong-method") throw methodNotAllowed(found.allow);
  throw unknownPath(path, second, rest);
}

function unknownPath(path: string, second: string, rest: readonly string[]): IngressError {
  if (second === "") return new IngressError(400, `bad path: ${path}`);
  if (second === "scope") return new IngressError(400, "scopes are not supported");
  const form = rest.length < 2 && Object.hasOwn(FORMS, second) ? FORMS[second] : undefined;
  return form === undefined ? new IngressError(404, "not found") : new IngressError(400, form);
}

async function health({ ports }: Exchange): Handling {
  const services = await ports.registry.services();
  return jsonResponse(200, { services: services.map(({ name }) => name).toSorted() });
}

async function lookup({ ports, request }: Exchange): Handling {
  const { id } = await byBody(ports.registry, request);
  return jsonResponse(200, { invocationId: id }, { "x-restate-id": id });
}
