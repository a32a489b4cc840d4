/** API Gateway HTTP API events (payload format 2.0) as requests and responses of the ingress and admin cores. */
import type { HttpRequest, HttpResponse } from "./message.ts";

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

/** `rawPath` begins with the stage's name, unless that is `$default`. */
export function toRequest(event: ApiGatewayEvent): HttpRequest {
  const { stage, http } = event.requestContext;
  const prefix = `/${stage}`;
  const staged = stage !== "$default" && (event.rawPath === prefix || event.rawPath.startsWith(`${prefix}/`));
  const headers = Object.entries(event.headers ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name.toLowerCase(), value] as const],
  );
  return {
    method: http.method,
    path: staged ? event.rawPath.slice(prefix.length) || "/" : event.rawPath,
    query: new URLSearchParams(event.rawQueryString),
    headers: Object.fromEntries(headers),
    body: new Uint8Array(Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8")),
  };
}

/** Bodies are base64 on their way: a handler's bytes come out as they went in. */
export function toResult({ status, headers, body }: HttpResponse): ApiGatewayResult {
  return { statusCode: status, headers, body: Buffer.from(body).toString("base64"), isBase64Encoded: true };
}
