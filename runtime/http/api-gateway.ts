/** Events of an API Gateway HTTP API or a function URL (payload format 2.0) as requests and responses of the ingress and the admin API. */
import { LAMBDA_ANSWER_BYTES_MAX } from "../../lib/limits.ts";
import { type AuthorizerContext, callerOf } from "./caller.ts";
import { type HttpRequest, type HttpResponse, jsonResponse } from "./message.ts";

export interface ApiGatewayEvent {
  readonly rawPath: string;
  readonly rawQueryString: string;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string;
  readonly isBase64Encoded: boolean;
  readonly requestContext: {
    readonly stage: string;
    /** The name by which it was called: the API's, a function URL's, or one of the user's own. */
    readonly domainName?: string;
    readonly http: { readonly method: string };
    readonly authorizer?: AuthorizerContext;
  };
}

export interface ApiGatewayResult {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: true;
}

/**
 * Where a path has a key. A key may have slashes. In `rawPath` an HTTP API has decoded every escape except that of the percent
 * sign, so the key's slashes look like the path's. What stands before and after the key tells them apart. (API Gateway
 * also takes a decoded question mark for the beginning of the query. What follows it is lost: docs/emulators.md.)
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

export function toRequest(event: ApiGatewayEvent, keys: keyof typeof KEYS_IN_PATHS): HttpRequest {
  const { rawPath, rawQueryString, headers = {}, body = "", isBase64Encoded, requestContext } = event;
  const { stage, http, authorizer } = requestContext;
  // `rawPath` begins with the stage's name, unless that is `$default`.
  const staged = stage !== "$default" && `${rawPath}/`.startsWith(`/${stage}/`);
  return {
    method: http.method,
    path: withKeyAsOne(staged ? rawPath.slice(stage.length + 1) || "/" : rawPath, KEYS_IN_PATHS[keys]),
    query: new URLSearchParams(rawQueryString),
    headers: Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]) =>
        value === undefined ? [] : [[name.toLowerCase(), value]],
      ),
    ),
    body: new Uint8Array(Buffer.from(body, isBase64Encoded ? "base64" : "utf8")),
    caller: callerOf(authorizer),
  };
}

function withKeyAsOne(path: string, shapes: readonly RegExp[]): string {
  for (const shape of shapes) {
    const [, before = "", key, after = ""] = shape.exec(path) ?? [];
    if (key !== undefined) return before + key.replaceAll("/", "%2F") + after;
  }
  return path;
}

/** Bodies travel in base64, so that a handler's bytes come out as they went in. Lambda does not let an answer of more than 6
 * MB through. A result is shorter (P1); a list or a journal may not be. It is answered 413, which says to ask for less. */
export function toResult({ status, headers, body }: HttpResponse): ApiGatewayResult {
  const encoded = Buffer.from(body).toString("base64");
  if (encoded.length <= LAMBDA_ANSWER_BYTES_MAX) {
    return { statusCode: status, headers, body: encoded, isBase64Encoded: true };
  }
  const message = `the answer is ${body.byteLength} bytes long, more than can be answered here; ask for less, with 'limit'`;
  return toResult(jsonResponse(413, { code: 413, message, restate_code: null }));
}
