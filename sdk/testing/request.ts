/** A request, as if it had come over HTTP. */
import type { HttpRequest } from "../../runtime/http/message.ts";

export type RequestHeaders = Record<string, string>;

/** `path`: with its query. `body`: JSON unless it is bytes. */
export function asRequest(path: string, body: unknown, headers: RequestHeaders, method: string): HttpRequest {
  const [pathname = "", search = ""] = path.split("?");
  const bytes =
    body === undefined
      ? new Uint8Array(0)
      : body instanceof Uint8Array
        ? body
        : new TextEncoder().encode(JSON.stringify(body));
  const type = body === undefined || body instanceof Uint8Array ? {} : { "content-type": "application/json" };
  return {
    method,
    path: pathname,
    query: new URLSearchParams(search),
    headers: { ...type, ...headers },
    body: bytes,
  };
}
