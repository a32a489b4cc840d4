/**
 * What the ingress says to browsers about pages of other origins (CORS).
 *
 * It does not protect the ingress. Browsers keep a page from reading an answer, and from sending what needs a preflight. Who may call
 * at all is decided in front of the ingress (docs/security.md).
 */
import { type Cors, EXPOSED_HEADERS } from "../../lib/cors.ts";
import { PREFLIGHT_KEPT_SECONDS } from "../../lib/limits/http.ts";
import { emptyResponse, type HttpRequest, type HttpResponse } from "../http/message.ts";

const EXPOSED = EXPOSED_HEADERS.join(", ");

/** Of every answer, refusals included. */
export function corsHeaders(
  { origins, credentials }: Cors,
  { method, headers: { origin } }: HttpRequest,
): Record<string, string> {
  const vary = "origin, access-control-request-method, access-control-request-headers";
  if (origin === undefined || (origins !== "*" && !origins.includes(origin))) return { vary };
  return {
    vary,
    "access-control-allow-origin": origin,
    ...(credentials ? { "access-control-allow-credentials": "true" } : {}),
    ...(method === "OPTIONS" ? {} : { "access-control-expose-headers": EXPOSED }),
  };
}

/** Answers what a browser asks before the request itself, whatever the path. {@link corsHeaders} say whether it may go on. */
export function preflight({ headers }: HttpRequest): HttpResponse {
  const methods = headers["access-control-request-method"];
  const names = headers["access-control-request-headers"];
  return emptyResponse(200, {
    ...(methods === undefined ? {} : { "access-control-allow-methods": methods }),
    ...(names === undefined ? {} : { "access-control-allow-headers": names }),
    "access-control-max-age": String(PREFLIGHT_KEPT_SECONDS),
  });
}
