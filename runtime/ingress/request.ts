/** What an invocation takes from the request that makes it: checked here, at the door (P1). */
import { coded } from "../../lib/error-codes.ts";
import { parseDuration } from "../../lib/duration.ts";
import { HEADERS_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX, PAYLOAD_BYTES_MAX } from "../../lib/limits.ts";
import type { HttpRequest } from "../http/message.ts";
import { IngressError } from "./error.ts";

/** Headers that speak of the connection, or to the ingress alone. */
const DROPPED = new Set(
  (
    "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding " +
    "upgrade expect host content-length idempotency-key"
  ).split(" "),
);
/** A hundred years. Beyond it a time is a mistake. */
const DELAY_MS_MAX = 100 * 365 * 24 * 60 * 60 * 1000;
const DELAY_CHARS_MAX = 64;

/** The headers that the handler sees in `request().headers`. */
export function passedHeaders({ headers }: HttpRequest): Record<string, string> {
  // A header that `Connection` names is hop-by-hop as well.
  const named = new Set((headers["connection"] ?? "").split(",").map((name) => name.trim().toLowerCase()));
  const passed = Object.entries(headers).filter(([name]) => !DROPPED.has(name) && !named.has(name));
  const bytes = passed.reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
  if (bytes > HEADERS_BYTES_MAX) {
    throw new IngressError(
      431,
      `the request's headers are ${bytes} bytes long; at most ${HEADERS_BYTES_MAX} are supported`,
    );
  }
  return Object.fromEntries(passed);
}

/** The body, if it is not too long. */
export function payloadOf({ body }: HttpRequest): Uint8Array {
  if (body.byteLength > PAYLOAD_BYTES_MAX) {
    throw new IngressError(
      413,
      coded(
        "RT0003",
        `the payload is ${body.byteLength} bytes long; at most ${PAYLOAD_BYTES_MAX} are supported`,
      ),
    );
  }
  return body;
}

export function idempotencyKeyOf({ headers }: HttpRequest): string | undefined {
  const key = headers["idempotency-key"];
  if (key !== undefined) assertIdempotencyKey(key);
  return key;
}

export function assertIdempotencyKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes === 0) throw new IngressError(400, "the idempotency key is empty");
  if (bytes > IDEMPOTENCY_KEY_BYTES_MAX) {
    throw new IngressError(
      400,
      `the idempotency key is ${bytes} bytes long; at most ${IDEMPOTENCY_KEY_BYTES_MAX} are supported`,
    );
  }
}

/** The delay of a send in milliseconds, from `?delay=10s`, `500ms` or `PT10S`. */
export function delayOf({ query }: HttpRequest, send: boolean): number | undefined {
  const text = parameterOf(query, "delay");
  if (text === undefined) return undefined;
  if (!send) {
    throw new IngressError(
      400,
      "cannot use the delay query parameter with calls. The delay is supported only with sends",
    );
  }
  const delayMs = text.length > DELAY_CHARS_MAX ? undefined : parseDuration(text);
  if (delayMs === undefined || delayMs > DELAY_MS_MAX) {
    throw new IngressError(
      400,
      `bad delay query parameter, must be a ISO8601 duration or like 10s, 500ms, 1h 30m: '${text.slice(0, DELAY_CHARS_MAX)}'`,
    );
  }
  return delayMs;
}

/** Refused rather than ignored: who gives a limit relies on it. */
export function assertNoLimitKey({ query, headers }: HttpRequest): void {
  if (parameterOf(query, "limit-key") === undefined && headers["x-restate-limit-key"] === undefined) return;
  throw new IngressError(400, "limit keys are not supported");
}

/** The first of that name, whose case does not count. */
function parameterOf(query: URLSearchParams, name: string): string | undefined {
  for (const [given, value] of query) if (given.toLowerCase() === name) return value;
  return undefined;
}

/** Refuses a content type that the handler does not take. A request without one is taken as it is. */
export function assertAccepted({ headers }: HttpRequest, accept: string | undefined): void {
  const contentType = headers["content-type"];
  if (accept === undefined || contentType === undefined) return;
  const given = essenceOf(contentType);
  if (accept.split(",").some((pattern) => covers(essenceOf(pattern), given))) return;
  throw new IngressError(
    415,
    `input validation error: Content-type '${contentType}' does not match '${accept}'`,
  );
}

const essenceOf = (type: string): string => (type.split(";")[0] ?? "").trim().toLowerCase();

function covers(pattern: string, type: string): boolean {
  if (pattern === "*/*" || pattern === type) return true;
  return pattern.endsWith("/*") && type.startsWith(pattern.slice(0, -1));
}
