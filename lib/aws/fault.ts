/**
 * Tells apart what AWS's clients throw. Throttling, and an answer that did not come, become an {@link OperationalError}: they
 * are expected, and the message is given back. Anything else is passed on as it is.
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
/** Another transaction has the item for some milliseconds (X1). Nothing took effect. */
const CONFLICTING: ReadonlySet<string> = new Set([
  "TransactionConflictException",
  "TransactionInProgressException",
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
/** The `code` of Node's own network errors. TLS and undici have too many to list. */
const NETWORK_CODE =
  /^(E(CONN|PIPE|TIMEDOUT|HOST|NET|NOTFOUND|AI_|ADDR|SOCKET)|ERR_(SSL|TLS|SOCKET|STREAM|HTTP2)|HPE_|UND_ERR)/;

/** What the clients add to an Error. Every field is checked before it is used. */
interface SdkFault {
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
  readonly $fault?: unknown;
  readonly $response?: unknown;
  readonly cause?: unknown;
}

/** Whether an error code of a service says that it was asked too often. */
export const isThrottlingCode = (code: string): boolean => THROTTLED.has(code);
/** Whether it says that a transaction has the item. */
export const isConflictCode = (code: string): boolean => CONFLICTING.has(code);

/** An {@link OperationalError} that names `action`, or else the error itself. */
export function toOperational(error: unknown, action: string): unknown {
  if (!(error instanceof Error) || error instanceof OperationalError) return error;
  const fault = error as Error & SdkFault;
  const status = fault.$metadata?.httpStatusCode;
  if (THROTTLED.has(error.name) || status === 429) {
    return new OperationalError("throttled", `${action} was throttled: ${describe(error)}`, error);
  }
  if (CONFLICTING.has(error.name)) {
    return new OperationalError("throttled", `${action} met a transaction: ${describe(error)}`, error);
  }
  if (isUnavailable(fault, status)) {
    return new OperationalError("unavailable", `${action} got no answer: ${describe(error)}`, error);
  }
  return error;
}

function isUnavailable(fault: Error & SdkFault, status: unknown): boolean {
  if (UNAVAILABLE.has(fault.name) || (typeof status === "number" && status >= 500)) return true;
  if (typeof fault.code === "string" && NETWORK_CODE.test(fault.code)) return true;
  // An answer that was cut off, or a proxy's page. The request may have taken effect.
  if (fault.name === "SyntaxError" && fault.$response !== undefined) return true;
  return fault.cause instanceof Error && isUnavailable(fault.cause, undefined);
}

const describe = (error: Error): string =>
  error.message === "" ? error.name : `${error.name}: ${error.message}`;
