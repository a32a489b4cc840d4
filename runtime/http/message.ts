/** HTTP requests and responses as the ingress and admin cores see them, whatever carries them (node:http, Lambda). */

export interface HttpRequest {
  /** In upper case. */
  readonly method: string;
  /** As it was sent: percent-encoded, beginning with a slash, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Names in lower case; values of a repeated header joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

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

/** The path's segments, percent-decoded: `/a/b%2Fc` is `["a", "b/c"]`. Slashes before the first and one after the last do not
 * count, and a percent sign that begins no escape stands for itself. `undefined` for what does not come to UTF-8. */
export function segmentsOf(path: string): string[] | undefined {
  try {
    return path
      .replace(/^\/+/, "")
      .replace(/(.)\/$/, "$1")
      .split("/")
      .map(decoded);
  } catch {
    return undefined;
  }
}

/** Throws `URIError` for bytes that are no UTF-8. */
const decoded = (segment: string): string =>
  decodeURIComponent(segment.replaceAll(/%(?![0-9A-Fa-f]{2})/g, "%25"));

/** A JSON object in the body; `undefined` for anything else. */
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
