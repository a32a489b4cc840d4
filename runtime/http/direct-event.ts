/**
 * The admin API without an HTTP API in front: an operator invokes its function with a request that is easily written by hand,
 * `{"method": "GET", "path": "/invocations?status=paused"}`. The answer's body is text, so that it can be read.
 */
import { LAMBDA_ANSWER_BYTES_MAX } from "../../lib/limits.ts";
import { type HttpRequest, type HttpResponse, jsonResponse } from "./message.ts";

export interface DirectEvent {
  readonly method: string;
  /** With its query, as in a URL. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON as a value, or a text. */
  readonly body?: unknown;
}

export interface DirectResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const isDirectEvent = (event: object): event is DirectEvent =>
  typeof (event as Partial<DirectEvent>).method === "string" &&
  typeof (event as Partial<DirectEvent>).path === "string";

export function directRequest({ method, path, headers = {}, body }: DirectEvent): HttpRequest {
  const [pathname = "", ...query] = path.split("?");
  const text = body === undefined || typeof body === "string" ? (body ?? "") : JSON.stringify(body);
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    method: method.toUpperCase(),
    path: pathname.startsWith("/") ? pathname : `/${pathname}`,
    query: new URLSearchParams(query.join("?")),
    headers: { ...(text === "" ? {} : { "content-type": "application/json" }), ...Object.fromEntries(lower) },
    body: new TextEncoder().encode(text),
  };
}

/** In the function's answer the text stands as JSON. */
export function directResult({ status, headers, body }: HttpResponse): DirectResult {
  const text = new TextDecoder().decode(body);
  if (Buffer.byteLength(JSON.stringify(text)) <= LAMBDA_ANSWER_BYTES_MAX)
    return { statusCode: status, headers, body: text };
  const message = `the answer is ${body.byteLength} bytes long, more than can be answered here; ask for less, with 'limit'`;
  return directResult(jsonResponse(413, { code: 413, message, restate_code: null }));
}
