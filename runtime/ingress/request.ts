/** What a request says: which handler it names, and what the invocation takes from it. Bounds are checked here (P1). */
import { coded } from "../../lib/error-codes.ts";
import { parseDuration } from "../../lib/duration.ts";
import {
  DELAY_MS_MAX,
  DURATION_CHARS_MAX,
  IDEMPOTENCY_KEY_BYTES_MAX,
  KEY_BYTES_MAX,
  PAYLOAD_BYTES_MAX,
  TEXT_EVENT_BYTES_MAX,
} from "../../lib/limits.ts";
import type { HandlerManifest, RegisteredService } from "../../lib/model/manifest.ts";
import type { Target } from "../../lib/model/message.ts";
import type { Registry } from "../../lib/ports.ts";
import { bytesInEvent, isTextInEvent } from "../http/event-size.ts";
import type { HttpRequest } from "../http/message.ts";
import { handlerNotFound, IngressError, serviceNotFound } from "./error.ts";

export interface ResolvedTarget {
  readonly target: Target;
  readonly service: RegisteredService;
  readonly handler: HandlerManifest;
}

/** `legacy`: `/{service}[/{key}]/{handler}[/send]`. The other two say before the service whether it is a send. */
export type PathFamily = "call" | "send" | "legacy";

const BAD_PATH = "bad path, expected either /:service-name/:handler or /:object-name/:object-key/:handler";

/** Finds the handler that `segments` name (service, key if it is keyed, handler), and whether it is a call or a send.
 * Throws {@link IngressError}: 404 if it is not registered, 400 for a path of the wrong form. */
export async function resolvePath(
  registry: Registry,
  segments: readonly string[],
  family: PathFamily,
): Promise<ResolvedTarget & { readonly send: boolean }> {
  const [name = "", ...rest] = segments;
  const service = await findService(registry, name);
  const length = service.type === "service" ? 1 : 2;
  // The service's type decides, so a handler or a key may be called "send".
  const suffix = family === "legacy" && rest.length === length + 1 && rest.at(-1) === "send";
  if (rest.length !== length && !suffix) throw new IngressError(400, `${BAD_PATH}: ${formOf(service)}`);
  const [key, handler] = length === 1 ? [undefined, rest[0]] : [rest[0], rest[1]];
  return { ...resolveIn(service, key, handler ?? ""), send: suffix || family === "send" };
}

const formOf = ({ name, type }: RegisteredService): string =>
  type === "service"
    ? `${name} is a service, which takes no key`
    : `${name} is ${type === "object" ? "an" : "a"} ${type}, which needs a key`;

/** The same for names that were given one by one. */
export async function resolveNames(
  registry: Registry,
  name: string,
  key: string | undefined,
  handler: string,
): Promise<ResolvedTarget> {
  const service = await findService(registry, name);
  if ((service.type === "service") !== (key === undefined)) {
    throw new IngressError(400, `'${name}' ${key === undefined ? "needs a key" : "takes no key"}`);
  }
  return resolveIn(service, key, handler);
}

async function findService(registry: Registry, name: string): Promise<RegisteredService> {
  const service = await registry.service(name);
  if (!service) throw serviceNotFound(name);
  return service;
}

function resolveIn(service: RegisteredService, key: string | undefined, handlerName: string): ResolvedTarget {
  const handler = service.handlers.find(({ name }) => name === handlerName);
  if (!handler) throw handlerNotFound(service.name, handlerName);
  if (key !== undefined) assertKey(key);
  const target = { service: service.name, handler: handlerName, ...(key === undefined ? {} : { key }) };
  return { target, service, handler };
}

/** Throws {@link IngressError} 400 for a key that is too long to be part of an item's key. */
export function assertKey(key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes > KEY_BYTES_MAX) {
    throw new IngressError(400, `the key is ${bytes} bytes long; at most ${KEY_BYTES_MAX} are supported`);
  }
}

/** The body, if it is not too long: by itself, and as a text in the event of a Lambda function. */
export function payloadOf({ body, headers }: HttpRequest): Uint8Array {
  const bytes = body.byteLength;
  if (bytes > PAYLOAD_BYTES_MAX) {
    const text = `the payload is ${bytes} bytes long; at most ${PAYLOAD_BYTES_MAX} are supported`;
    throw new IngressError(413, coded("RT0003", text));
  }
  if (!isTextInEvent(headers["content-type"])) return body;
  const inEvent = bytesInEvent(body, TEXT_EVENT_BYTES_MAX);
  if (inEvent <= TEXT_EVENT_BYTES_MAX) return body;
  const text =
    `the payload is ${bytes} bytes long, and ${inEvent} as a text in the request of a Lambda function, ` +
    `where quotes, backslashes and line ends count twice; at most ${TEXT_EVENT_BYTES_MAX} are supported there`;
  throw new IngressError(413, coded("RT0003", text));
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
  const delayMs = text.length > DURATION_CHARS_MAX ? undefined : parseDuration(text);
  if (delayMs === undefined || delayMs > DELAY_MS_MAX) {
    throw new IngressError(
      400,
      `bad delay query parameter, must be a ISO8601 duration or like 10s, 500ms, 1h 30m: '${text.slice(0, DURATION_CHARS_MAX)}'`,
    );
  }
  return delayMs;
}

/** Refused, not ignored: a client that gives a limit relies on it. */
export function assertNoLimitKey({ query, headers }: HttpRequest): void {
  if (parameterOf(query, "limit-key") === undefined && headers["x-restate-limit-key"] === undefined) return;
  throw new IngressError(400, "limit keys are not supported");
}

/** The first parameter of that name. The case of names does not count. */
function parameterOf(query: URLSearchParams, name: string): string | undefined {
  for (const [given, value] of query) if (given.toLowerCase() === name) return value;
  return undefined;
}

/** Refuses a content type that the handler does not take, with a body or without, as Restate does. A request without a content
 * type is taken as it is: Restate refuses it if it has a body, and programs that send plain bytes would be refused for nothing. */
export function assertAccepted({ headers }: HttpRequest, accept: string | undefined): void {
  const contentType = headers["content-type"];
  if (accept === undefined || contentType === undefined) return;
  const given = essenceOf(contentType);
  if (accept.split(",").some((pattern) => covers(essenceOf(pattern), given))) return;
  throw new IngressError(
    400,
    `input validation error: Content-type '${contentType}' does not match '${accept}'`,
  );
}

const essenceOf = (type: string): string => (type.split(";")[0] ?? "").trim().toLowerCase();

function covers(pattern: string, type: string): boolean {
  if (pattern === "*/*" || pattern === type) return true;
  return pattern.endsWith("/*") && type.startsWith(pattern.slice(0, -1));
}
