/** A request, as if it had come over HTTP; and what its answer holds. */
import type { HttpRequest, HttpResponse } from "../../runtime/http/message.ts";

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

/** The answer, parsed; `undefined` if it is empty. Throws an Error with its text unless the request has succeeded. */
export function answerIn<T>(path: string, { status, body }: HttpResponse): T {
  const text = new TextDecoder().decode(body);
  if (status >= 300) throw new Error(`${path} answered ${status}: ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}
