/**
 * The codes of errors, with Restate's names. From RT1000 on they are ours alone. Each has a page, docs/errors/<code>.md. A test compares this list with the pages
 * and with the sources. A code stands in brackets at the end of its message, so that you can search for it.
 */
export const ERROR_CODES = {
  RT0001: "an attempt did not end in its time",
  RT0003: "a payload is larger than the limit",
  RT0007: "the handler failed, and may be tried again",
  RT0010: "the handler's function died, or could not be reached",
  RT0011: "no deployment serves the handler",
  RT0016: "journal mismatch",
  RT0018: "a call to a service or a handler that does not exist",
  RT0019: "the function's request or answer is larger than its host takes",
  RT0023: "the function is throttled",
  RT1001: "the journal is full",
  RT1002: "a turn has run on other tables than the runtime's",
  META0003: "the endpoint of a deployment cannot be reached",
  META0006: "a service cannot change in this way",
  META0009: "a subscription that cannot be",
  META0012: "the endpoint speaks another version of the protocol",
  META0013: "the endpoint's answer is no discovery",
  META0014: "the endpoint speaks HTTP/1.1",
  META0016: "a deployment is not what it was",
  META0017: "several deployments share an address",
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** What to do about an endpoint of Restate's own SDK. */
export const SPEAKS_RESTATE =
  "this process speaks Restate's protocol; change its import to perdure/restate (of '@restatedev/restate-sdk'), and start it again";

const RETRIED = /\((RT\d{4})\)/;

/** The message with its code. */
export const coded = (code: ErrorCode, message: string): string => `${message} (${code})`;

/** The code in the message of a failed attempt. RT0007 if it has none. */
export function codeIn(message: string): ErrorCode {
  const found = RETRIED.exec(message)?.[1];
  return found !== undefined && found in ERROR_CODES ? (found as ErrorCode) : "RT0007";
}
