/** The bounds and times of tracing (docs/tracing.md). Index: lib/limits.ts. */

/** Spans that wait to be sent. Those that come when it is full are dropped, and counted. */
export const SPANS_QUEUED_MAX = 4096;
/** Spans in one request. */
export const SPANS_SENT_MAX = 512;
/** How long a span waits for others, in a process that goes on. */
export const SPANS_GATHERED_MS = 20;
/** A request that takes longer is given up. `OTEL_EXPORTER_OTLP_TIMEOUT` says otherwise. */
export const SPANS_SEND_MS_MAX = 5000;
/** Between a request that failed and the only repetition of it. */
export const SPANS_RESEND_MS = 250;
/** How long a function of Lambda stays for its spans after it has answered. What is not sent by then goes with the next answer. */
export const SPANS_FLUSH_MS_MAX = 1500;
/** The same, where it cannot stay after its answer, and so answers later. */
export const SPANS_FLUSH_BEFORE_MS_MAX = 200;
/** How often a process says that it has dropped spans. */
export const SPANS_DROPPED_SAID_MS = 60_000;
/** Of a text in an attribute. */
export const SPAN_TEXT_CHARS_MAX = 1024;
/** Attributes, events and links of one span, each. */
export const SPAN_PARTS_MAX = 64;
/** Spans of one turn. A turn that does more than that is shown in part. */
export const SPANS_OF_TURN_MAX = 1000;
/** An invocation's turns that begin later than this after it was accepted are in a trace of their own, for each such span of time: few
 * tools show a trace of days. */
export const TRACE_MS_MAX = 15 * 60 * 1000;
