/** HTTP requests and responses as the ingress and the admin API see them, whatever carries them: node:http or Lambda. */

import type { Caller } from "../../lib/model/caller.ts";

export interface HttpRequest {
  /** As it was verified in front of this. Absent: it was not. */
  readonly caller?: Caller | undefined;
  /** In upper case. */
  readonly method: string;
  /** As it was sent: percent-encoded, with the slash at its beginning, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case. The values of a repeated header are joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An answer that is under way. */
export type Handling = Promise<HttpResponse>;

const NOTHING = new Uint8Array(0);

export const jsonResponse = (
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): HttpResponse => ({
  status,
  headers: { "content-type": "application/json", ...headers },
  body: new TextEncoder().encode(JSON.stringify(value)),
});

export const emptyResponse = (status: number, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers,
  body: NOTHING,
});

/** The JSON object in the body; `undefined` for anything else. */
export function parseJsonObject(body: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return value !== null && typeof value === "object" && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
