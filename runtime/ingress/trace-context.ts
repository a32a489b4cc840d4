/** Callers of AWS say in which trace they are by a header of their own: an invocation keeps it as W3C's. */
import { parseXRayHeader, SAMPLED, TRACEPARENT, traceparentOf, X_RAY } from "../../lib/tracing/w3c.ts";

/**
 * Only of a caller that has a span. API Gateway gives every request a trace of its own without one, which says nothing. `given`: all
 * headers of the request.
 */
export function withTraceContext(
  passed: Record<string, string>,
  given: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  if (passed[TRACEPARENT] !== undefined) return passed;
  const caller = parseXRayHeader(given[X_RAY]);
  if (caller?.spanId === undefined) return passed;
  const { traceId, spanId, isSampled = true } = caller;
  return { ...passed, [TRACEPARENT]: traceparentOf({ traceId, spanId, flags: isSampled ? SAMPLED : 0 }) };
}
