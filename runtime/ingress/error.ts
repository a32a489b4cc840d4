/** How the ingress refuses: with Restate's bodies, and with its messages where a client could know them. */
import type { InvocationId } from "../../lib/model/ids.ts";
import type { Failure } from "../../lib/model/outcome.ts";
import { shownId, withShownIds } from "../../lib/model/shown-id.ts";
import { type HttpResponse, jsonResponse } from "../http/message.ts";

/** A refusal on its way to the client. */
export class IngressError extends Error {
  override readonly name = "IngressError";
  readonly status: number;
  readonly details: ErrorDetails;

  constructor(status: number, message: string, details: ErrorDetails = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

interface ErrorDetails {
  /** Of the invocation that the answer is about, if there is one. */
  readonly id?: string;
  readonly metadata?: Record<string, string>;
  readonly headers?: Record<string, string>;
  /** Where the refusal comes from. Clients retry if it is the ingress's, not if an invocation ended with it. */
  readonly source?: "ingress" | "invocation";
}

export function ingressErrorResponse({ status, message, details }: IngressError): HttpResponse {
  const { id, metadata, headers, source = "ingress" } = details;
  return jsonResponse(
    status,
    { code: status, message: withShownIds(message), ...(metadata === undefined ? {} : { metadata }), source },
    { "x-restate-error-source": source, ...(id === undefined ? {} : idHeader(id)), ...headers },
  );
}

/** Says whose answer it is. */
export const idHeader = (id: InvocationId): Record<string, string> => ({ "x-restate-id": shownId(id) });

const STATUS_MIN = 400;
const STATUS_MAX = 999;

/** A terminal failure: its code is the status. Clients would take a code below 400 for a success or a redirect. So such a
 * code becomes the status 500, and is in the body alone. */
export function failureResponse(failure: Failure, headers: Record<string, string>): HttpResponse {
  const { code, message, metadata } = failure;
  const status = Number.isInteger(code) && code >= STATUS_MIN && code <= STATUS_MAX ? code : 500;
  const body = { code, message, ...(metadata === undefined ? {} : { metadata }), source: "invocation" };
  return jsonResponse(status, body, { ...headers, "x-restate-error-source": "invocation" });
}

export const invocationNotFound = (id: string): IngressError =>
  new IngressError(404, "invocation not found", { id });
/** In Restate an invocation, not the ingress, answers that there is none. So clients do not try again. */
export const nothingToAttachTo = (id: string): IngressError =>
  new IngressError(404, "not found", { id, source: "invocation" });
export const notReady = (id: string): IngressError =>
  new IngressError(470, "the invocation exists but has not completed yet", { id });
export const methodNotAllowed = (allow: readonly string[]): IngressError =>
  new IngressError(405, "method not allowed", { headers: { allow: allow.join(", ") } });
export const serviceNotFound = (service: string): IngressError =>
  new IngressError(
    404,
    `service '${service}' not found, make sure to register the service before calling it.`,
  );
export const handlerNotFound = (service: string, handler: string): IngressError =>
  new IngressError(
    404,
    `the service '${service}' exists, but the handler '${handler}' was not found, check that the handler exists in the latest registered service version.`,
  );
