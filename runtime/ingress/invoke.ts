/** Calls and sends: the request is admitted. A call then waits for the result, as an attachment does. */
import { accept, type Acceptance, type AcceptRequest } from "../../lib/store/admission.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import { jsonResponse, type HttpResponse } from "../http/message.ts";
import { idHeader, IngressError, methodNotAllowed } from "./error.ts";
import type { Handling, IngressExchange } from "./ports.ts";
import { passedHeaders } from "./passed-headers.ts";
import { assertPublic } from "./privacy.ts";
import {
  assertAccepted,
  assertNoLimitKey,
  delayOf,
  idempotencyKeyOf,
  type PathFamily,
  payloadOf,
  type ResolvedTarget,
  resolvePath,
} from "./request.ts";
import { awaitResult } from "./result.ts";
import { withTraceContext } from "./trace-context.ts";

const METHODS = ["GET", "POST"];

/** `segments`: service, key if it is keyed, handler. */
export async function invoke(
  exchange: IngressExchange,
  segments: readonly string[],
  family: PathFamily,
): Handling {
  const { request, ports } = exchange;
  if (!METHODS.includes(request.method)) throw methodNotAllowed(METHODS);
  const resolved = await resolvePath(ports.registry, segments, family);
  const { target, handler, service, send } = resolved;
  assertPublic(service, handler);
  assertNoLimitKey(request);
  const delayMs = delayOf(request, send);
  const idempotencyKey = idempotencyKeyOf(request);
  assertAccepted(request, handler.accept);
  const passed = passedHeaders(request, handler.passHeaders ?? service.passHeaders);
  const admitted: AcceptRequest = {
    target,
    handlerKind: handler.kind,
    input: payloadOf(request),
    headers: ports.isTraced ? withTraceContext(passed, request.headers) : passed,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(delayMs === undefined ? {} : { delayMs }),
  };
  const answer = send ? undefined : await exchange.door?.call(exchange, admitted);
  if (answer) return answer;
  const acceptance = await accept(ports, admitted);
  if (send) return sendResponse(acceptance, delayMs === undefined ? undefined : ports.clock.now());
  assertFirstRun(resolved, acceptance, idempotencyKey);
  const { id, incarnation, status } = acceptance;
  return awaitResult(exchange, {
    id,
    incarnation,
    derived: incarnation !== 0,
    fresh: status === "Accepted",
    about: `${target.service}/${target.handler}`,
  });
}

/** 202, for the first request and for a repeat. `nowMs`: given if a delay was asked for. If it had passed at once, that is
 * the time of execution. */
function sendResponse({ id, status, dueAtMs }: Acceptance, nowMs: number | undefined): HttpResponse {
  const due = dueAtMs ?? nowMs;
  // Nanoseconds, as Restate writes them.
  const executionTime =
    due === undefined ? {} : { executionTime: new Date(due).toISOString().replace("Z", "000000Z") };
  return jsonResponse(202, { invocationId: shownId(id), ...executionTime, status }, idHeader(id));
}

/** A workflow runs once per key. A caller that sends its request again, with its idempotency key, gets the first run's
 * result. */
function assertFirstRun(
  { handler }: ResolvedTarget,
  acceptance: Acceptance,
  idempotencyKey: string | undefined,
): void {
  if (handler.kind !== "workflow" || acceptance.status === "Accepted") return;
  if (idempotencyKey !== undefined && acceptance.idempotencyKey === idempotencyKey) return;
  throw new IngressError(409, "the workflow method was already invoked", {
    id: acceptance.id,
    source: "invocation",
  });
}
