/** API Gateway HTTP API events (payload format 2.0) as requests and responses of the ingress and admin cores. */
import { LAMBDA_ANSWER_BYTES_MAX } from "../../lib/limits.ts";
import { type HttpRequest, type HttpResponse, jsonResponse } from "./message.ts";

export interface ApiGatewayEvent {
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
  readonly isBase64Encoded: boolean;
  readonly requestContext: { readonly stage: string; readonly http: { readonly method: string } };
}

export interface ApiGatewayResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: true;
}

/**
 * Where a path has a key, which may have slashes. An HTTP API hands `rawPath` over with every escape decoded but that of the
 * percent sign, so that a key's own slashes look like the path's: what stands before and after a key tells them apart. (It
 * also takes a decoded question mark for the beginning of the query. That is gone: docs/emulators.md.)
 */
export const KEYS_IN_PATHS = {
  ingress: [
    /^(\/restate\/invocation\/[^/]+\/signals\/)(.+)(\/(?:resolve|reject))$/,
    /^(\/restate\/workflow\/[^/]+\/)(.+)(\/(?:attach|output))$/,
    /^(\/restate\/(?:call|send)\/[^/]+\/)(.+)(\/[^/]+)$/,
    /^(\/(?!restate\/)[^/]+\/)(.+?)(\/[^/]+\/send|\/[^/]+)$/,
  ],
  admin: [/^(\/services\/[^/]+\/state\/)(.+)()$/],
} as const;

/** `rawPath` begins with the stage's name, unless that is `$default`. */
export function toRequest(event: ApiGatewayEvent, keys: keyof typeof KEYS_IN_PATHS): HttpRequest {
  const { stage, http } = event.requestContext;
  const prefix = `/${stage}`;
  const staged = stage !== "$default" && (event.rawPath === prefix || event.rawPath.startsWith(`${prefix}/`));
  const headers = Object.entries(event.headers ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), value] as const],
  );
  return {
    method: http.method,
    path: withKeyAsOne(
      staged ? event.rawPath.slice(prefix.length) || "/" : event.rawPath,
      KEYS_IN_PATHS[keys],
    ),
    query: new URLSearchParams(event.rawQueryString),
    headers: Object.fromEntries(headers),
    body: new Uint8Array(Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8")),
  };
}

function withKeyAsOne(path: string, shapes: readonly RegExp[]): string {
  for (const shape of shapes) {
    const [, before = "", key, after = ""] = shape.exec(path) ?? [];
    if (key !== undefined) return before + key.replaceAll("/", "%2F") + after;
  }
  return path;
}

/** Bodies are base64 on their way: a handler's bytes come out as they went in. What Lambda would not let through (a list, a
 * journal: results are shorter) is answered 413, which says to ask for less (P1). */
export function toResult(response: HttpResponse): ApiGatewayResult {
  const { status, headers, body } = response;
  const encoded = Buffer.from(body).toString("base64");
  if (encoded.length > LAMBDA_ANSWER_BYTES_MAX) return toResult(tooLong(body.byteLength));
  return { statusCode: status, headers, body: encoded, isBase64Encoded: true };
}

function tooLong(bytes: number): HttpResponse {
  const message = `the answer is ${bytes} bytes long, more than can be answered here; ask for less, with 'limit'`;
  return jsonResponse(413, { code: 413, message, restate_code: null });
}
