/** Refusals of the admin API: `{message, restate_code}`. */
import type { InvocationId } from "../../lib/model/ids.ts";
import { withShownIds } from "../../lib/model/shown-id.ts";
import { type HttpResponse, jsonResponse } from "../http/message.ts";

export class AdminError extends Error {
  override readonly name = "AdminError";
  readonly status: number;
  readonly headers: Record<string, string>;
  /** One of Restate's, `META0006` and the like. */
  readonly code: string | undefined;

  constructor(status: number, message: string, headers: Record<string, string> = {}, code?: string) {
    super(message);
    this.status = status;
    this.headers = headers;
    this.code = code;
  }
}

export const adminErrorResponse = ({ status, message, headers, code }: AdminError): HttpResponse =>
  jsonResponse(status, { message: withShownIds(message), restate_code: code ?? null }, headers);

export const doesNotExist = (what: string): AdminError =>
  new AdminError(404, `The requested ${what} does not exist`);
export const unknownInvocation = (id: InvocationId): AdminError => doesNotExist(`invocation '${id}'`);
export const badField = (where: string, reason: string): AdminError =>
  new AdminError(400, `The ${where} is invalid. Reason: ${reason}`);
/** The same for a value that does not even have the right shape. */
export const badShape = (where: string, reason: string): AdminError =>
  new AdminError(422, `The ${where} is invalid. Reason: ${reason}`);
export const conflict = (id: InvocationId, text: string): AdminError =>
  new AdminError(409, `The invocation '${id}' ${text}`);
