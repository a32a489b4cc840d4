/**
 * Names among an invocation's headers that no header of HTTP can have. What they hold is the engine's: every version of it carries
 * headers along as they are, from the message to the head and back (docs/decisions/0024-secrets-and-capabilities.md).
 */

/** What the ingress has verified of the caller, in JSON. */
export const CALLER = ":caller";
/** See lib/model/seal.ts. */
export const SEAL = ":seal";

/** The name of the value that holds all headers but the seal (lib/model/headers-value.ts). */
export const HEADERS_AT = ":at";

/** Set: `traceparent` names the span that has sent the invocation, which begins a trace of its own (docs/decisions/0039-traces.md). */
export const TRACE_LINK = ":link";
/** That span was a send's; or it was the invocation of which this one is a restart. */
export const LINKED_TO_SEND = "send";
export const LINKED_TO_BEFORE = "restart";

/** W3C trace context. Of a call they say in which span it was made: no part of what the code asks for. */
const OF_TRACES: ReadonlySet<string> = new Set(["traceparent", "tracestate", "baggage", TRACE_LINK]);
export const isOfTraces = (name: string): boolean => OF_TRACES.has(name);

/** Whether it is one of the engine's. Nobody else may give such a name. */
export const isReservedHeader = (name: string): boolean => name.startsWith(":");

/** The headers that people and handlers see. */
export const shownHeaders = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !isReservedHeader(name)));
