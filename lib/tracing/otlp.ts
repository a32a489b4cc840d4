/** Spans as OTLP/HTTP takes them: JSON, by the mapping of its protobuf. */
import { SPAN_PARTS_MAX, SPAN_TEXT_CHARS_MAX } from "../limits/tracing.ts";
import { cutText } from "../errors.ts";
import { type Span, SPAN_KIND, type SpanAttributes, type SpanEvent, type SpanLink } from "./span.ts";

const SCOPE = "perdure";
const STATUS_OK = 1;
const STATUS_ERROR = 2;
/** Of a span, that it is sampled; of its parent, that it is of another process (bits 8 and 9). */
const FLAGS = 0x01;
const NANOS = 1_000_000n;

/** Nanoseconds are more than a number holds. Milliseconds may have a fraction. */
const nanosOf = (ms: number): string => String((BigInt(Math.round(ms * 1000)) * NANOS) / 1000n);

function valueOf(value: string | number | boolean): object {
  if (typeof value === "string") return { stringValue: cutText(value, SPAN_TEXT_CHARS_MAX) };
  if (typeof value === "boolean") return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

export function attributesOf(attributes: SpanAttributes | undefined): readonly object[] {
  return Object.entries(attributes ?? {})
    .flatMap(([key, value]) => (value === undefined ? [] : [{ key, value: valueOf(value) }]))
    .slice(0, SPAN_PARTS_MAX);
}

const eventOf = ({ name, atMs, attributes }: SpanEvent): object => ({
  timeUnixNano: nanosOf(atMs),
  name,
  attributes: attributesOf(attributes),
});

const linkOf = ({ traceId, spanId, attributes }: SpanLink): object => ({
  ...{ traceId, spanId },
  attributes: attributesOf(attributes),
});

function spanOf(span: Span): object {
  const { traceId, spanId, parentSpanId, traceState, name, status } = span;
  return {
    ...{ traceId, spanId, name, kind: SPAN_KIND[span.kind], flags: FLAGS },
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    ...(traceState === undefined ? {} : { traceState }),
    startTimeUnixNano: nanosOf(span.startMs),
    endTimeUnixNano: nanosOf(Math.max(span.startMs, span.endMs)),
    attributes: attributesOf(span.attributes),
    events: (span.events ?? []).slice(0, SPAN_PARTS_MAX).map(eventOf),
    links: (span.links ?? []).slice(0, SPAN_PARTS_MAX).map(linkOf),
    status: status ? (status.ok ? { code: STATUS_OK } : { code: STATUS_ERROR, message: status.message }) : {},
  };
}

export interface Emitter {
  /** Of the process, as OpenTelemetry names it. */
  readonly resource: SpanAttributes;
  /** Perdure's own version. */
  readonly version: string;
}

/** The body of a request. */
export const encodeSpans = (spans: readonly Span[], { resource, version }: Emitter): string =>
  JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeSpans: [{ scope: { name: SCOPE, version }, spans: spans.map(spanOf) }],
      },
    ],
  });
