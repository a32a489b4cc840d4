/**
 * The trace of an invocation (docs/decisions/0039-traces.md). It follows from the headers that the invocation has and from its id. So
 * every process that handles the invocation knows it, and nothing is stored for it.
 */
import { TRACE_MS_MAX } from "../limits/tracing.ts";
import { LINKED_TO_SEND, TRACE_LINK } from "../model/header-names.ts";
import type { Incarnation, InvocationId } from "../model/ids.ts";
import type { Sampler } from "./sampler.ts";
import { type SpanLink, spanIdOf, traceIdOf } from "./span.ts";
import {
  parseTraceparent,
  SAMPLED,
  TRACEPARENT,
  TRACESTATE,
  traceparentOf,
  X_RAY,
  xRayHeaderOf,
} from "./w3c.ts";

export interface TracedInvocation {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly acceptedAtMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** One of an invocation's traces: the first, or one of those that later turns are in. */
export interface TraceSegment {
  readonly traceId: string;
  /** The span that the segment's others are in. */
  readonly spanId: string;
  /** 0: the invocation's first trace, whose span is the invocation's. */
  readonly number: number;
}

export class InvocationTrace {
  readonly root: TraceSegment;
  readonly parentSpanId: string | undefined;
  readonly isSampled: boolean;
  readonly state: string | undefined;
  /** The span that has sent it, or the invocation that it is a restart of, in another trace. */
  readonly link: SpanLink | undefined;
  /** By a send, and so it is handled as a message. */
  readonly isSent: boolean;
  readonly #of: TracedInvocation;

  constructor(of: TracedInvocation, sampler: Sampler) {
    const { headers } = of;
    const caller = parseTraceparent(headers[TRACEPARENT]);
    const isLinked = headers[TRACE_LINK] !== undefined;
    const parent = isLinked ? undefined : caller;
    const traceId = parent?.traceId ?? traceIdOf(of.id, String(of.incarnation));
    this.#of = of;
    this.root = { traceId, spanId: this.spanId("invocation"), number: 0 };
    this.parentSpanId = parent?.spanId;
    this.state = caller && headers[TRACESTATE];
    this.isSent = headers[TRACE_LINK] === LINKED_TO_SEND;
    this.link = isLinked && caller ? { traceId: caller.traceId, spanId: caller.spanId } : undefined;
    this.isSampled = sampler.isSampled(traceId, caller && (caller.flags & SAMPLED) !== 0);
  }

  /** The id of one of the invocation's spans. */
  spanId(...what: readonly string[]): string {
    return spanIdOf(this.#of.id, String(this.#of.incarnation), ...what);
  }

  /** Where a turn belongs that begins then. */
  segmentAt(ms: number): TraceSegment {
    const number = Math.max(0, Math.floor((ms - this.#of.acceptedAtMs) / TRACE_MS_MAX));
    if (number === 0) return this.root;
    const { traceId, spanId } = this.root;
    return {
      traceId: traceIdOf(traceId, spanId, String(number)),
      spanId: this.spanId("segment", String(number)),
      number,
    };
  }

  /** The same for what knows AWS's header alone. */
  xRayHeaderFor(traceId: string, spanId: string): Record<string, string> {
    return { [X_RAY]: xRayHeaderOf({ traceId, spanId, flags: this.isSampled ? SAMPLED : 0 }) };
  }

  /** What says to others that they are in this span. */
  headersFor(traceId: string, spanId: string): Record<string, string> {
    const flags = this.isSampled ? SAMPLED : 0;
    return {
      [TRACEPARENT]: traceparentOf({ traceId, spanId, flags }),
      ...(this.state === undefined ? {} : { [TRACESTATE]: this.state }),
    };
  }
}
