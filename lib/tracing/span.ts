/** A span as it is sent, and the ids of spans: they derive from what a span is of, so what is sent twice is one span. */
import { digest } from "../hash.ts";
import type { RemoteSpan } from "./w3c.ts";

/** As OTLP numbers them. */
export const SPAN_KIND = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
export type SpanKind = keyof typeof SPAN_KIND;

export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface SpanEvent {
  readonly name: string;
  readonly atMs: number;
  readonly attributes?: SpanAttributes;
}
export interface SpanLink extends Pick<RemoteSpan, "traceId" | "spanId"> {
  readonly attributes?: SpanAttributes;
}

export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string | undefined;
  readonly traceState?: string | undefined;
  /** Names group spans: they hold no key and no payload. */
  readonly name: string;
  readonly kind: SpanKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: SpanAttributes;
  readonly events?: readonly SpanEvent[];
  readonly links?: readonly SpanLink[];
  /** Absent: neither good nor bad. */
  readonly status?: { readonly ok: true } | { readonly ok: false; readonly message: string };
}

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const traceIdOf = (...parts: readonly string[]): string =>
  hex(digest(TRACE_ID_BYTES, "trace", ...parts));
export const spanIdOf = (...parts: readonly string[]): string => hex(digest(SPAN_ID_BYTES, "span", ...parts));
