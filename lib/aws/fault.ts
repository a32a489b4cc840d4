/**
 * What AWS clients throw, told apart by who must act: an {@link OperationalError} is expected and retried by
 * whoever gives the message back, anything else is passed on as it is.
 */
import { OperationalError } from "../errors.ts";

const THROTTLED: ReadonlySet<string> = new Set([
  "EC2ThrottledException",
  "KmsThrottled",
  "OverLimit",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "ThrottledException",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
]);
const UNAVAILABLE: ReadonlySet<string> = new Set([
  "AbortError",
  "InternalError",
  "InternalFailure",
  "InternalServerError",
  "InternalServerException",
  "RequestTimeout",
  "RequestTimeoutException",
  "ServiceException",
  "ServiceUnavailable",
  "ServiceUnavailableException",
  "TimeoutError",
]);
/** `code` of Node's own network errors; TLS and undici have more of them than can be listed. */
const NETWORK_CODE =
  /^(E(CONN|PIPE|TIMEDOUT|HOST|NET|NOTFOUND|AI_|ADDR|SOCKET)|ERR_(SSL|TLS|SOCKET|STREAM|HTTP2)|HPE_|UND_ERR)/;

/** What the clients add to an Error; every field is checked before it is believed. */
interface SdkFault {
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
  readonly $fault?: unknown;
  readonly $response?: unknown;
  readonly cause?: unknown;
}

/** Whether an error code of a service says that it was asked too often. */
export const isThrottlingCode = (code: string): boolean => THROTTLED.has(code);

/** An {@link OperationalError} that names `action`, or else the error itself. */
export function toOperational(error: unknown, action: string): unknown {
  if (!(error instanceof Error) || error instanceof OperationalError) return error;
  const fault = error as Error & SdkFault;
  const status = fault.$metadata?.httpStatusCode;
  if (THROTTLED.has(error.name) || status === 429) {
    return new OperationalError("throttled", `${action} was throttled: ${describe(error)}`, error);
  }
  if (isUnavailable(fault, status)) {
    return new OperationalError("unavailable", `${action} got no answer: ${describe(error)}`, error);
  }
  return error;
}

function isUnavailable(fault: Error & SdkFault, status: unknown): boolean {
  if (UNAVAILABLE.has(fault.name) || (typeof status === "number" && status >= 500)) return true;
  if (typeof fault.code === "string" && NETWORK_CODE.test(fault.code)) return true;
  // An answer cut off in the middle, or a proxy's page: the request may well have taken effect.
  if (fault.name === "SyntaxError" && fault.$response !== undefined) return true;
  return fault.cause instanceof Error && isUnavailable(fault.cause, undefined);
}

const describe = (error: Error): string =>
  error.message === "" ? error.name : `${error.name}: ${error.message}`;
