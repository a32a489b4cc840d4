/**
 * Browsers on other origins may call the ingress, as they may Restate's: who calls from where is allowed, so that whoever
 * may call at all is decided in front of it (`docs/security.md`). The ingress itself knows no cookies and no sessions.
 */
import { emptyResponse, type HttpRequest, type HttpResponse } from "../http/message.ts";

/** What a page could not read otherwise. */
const EXPOSED = "x-restate-id, x-restate-error-source, idempotency-expires, location, retry-after";

/** Whatever the path: the answer to what a browser asks before the request itself. */
export function preflight({ headers }: HttpRequest): HttpResponse {
  const methods = headers["access-control-request-method"];
  const names = headers["access-control-request-headers"];
  return emptyResponse(200, {
    ...(methods === undefined ? {} : { "access-control-allow-methods": methods }),
    ...(names === undefined ? {} : { "access-control-allow-headers": names }),
  });
}

export function withCors({ method, headers: { origin } }: HttpRequest, response: HttpResponse): HttpResponse {
  const headers = {
    ...response.headers,
    vary: "origin, access-control-request-method, access-control-request-headers",
    "access-control-allow-credentials": "true",
    ...(origin === undefined ? {} : { "access-control-allow-origin": origin }),
    ...(origin === undefined || method === "OPTIONS" ? {} : { "access-control-expose-headers": EXPOSED }),
  };
  return { ...response, headers };
}
