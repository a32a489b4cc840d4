/** Trace context: what is read and written, which traces are kept, and what an invocation's headers make of it. */
import { describe, expect, test } from "vitest";
import { samplerOf } from "../../../lib/tracing/sampler.ts";
import { InvocationTrace } from "../../../lib/tracing/trace.ts";
import { parseTraceparent, parseXRayHeader, traceparentOf, xRayHeaderOf } from "../../../lib/tracing/w3c.ts";
import { TRACE_MS_MAX } from "../../../lib/limits/tracing.ts";
import { withTraceContext } from "../../../runtime/ingress/trace-context.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const always = samplerOf(undefined, undefined);

describe("traceparent", () => {
  test("is read and written", () => {
    const text = `00-${TRACE}-${SPAN}-01`;
    expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, flags: 1 });
    expect(traceparentOf({ traceId: TRACE, spanId: SPAN, flags: 0 })).toBe(`00-${TRACE}-${SPAN}-00`);
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-01-more`)).toMatchObject({ spanId: SPAN });
  });

  test.each([
    undefined,
    "",
    "one",
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  ])("%s is none", (text) => expect(parseTraceparent(text)).toBeUndefined());
});

describe("X-Amzn-Trace-Id", () => {
  const root = `Root=1-${TRACE.slice(0, 8)}-${TRACE.slice(8)}`;

  test("names the same trace", () => {
    expect(parseXRayHeader(`${root};Parent=${SPAN};Sampled=1;Lineage=a:0`)).toEqual({
      traceId: TRACE,
      spanId: SPAN,
      isSampled: true,
    });
    expect(parseXRayHeader(root)).toEqual({ traceId: TRACE });
    expect(parseXRayHeader("Root=2-1;Parent=x")).toBeUndefined();
    expect(xRayHeaderOf({ traceId: TRACE, spanId: SPAN, flags: 1 })).toBe(`${root};Parent=${SPAN};Sampled=1`);
  });

  test("counts at the ingress if its caller has a span, and says no more than traceparent", () => {
    const given = { "x-amzn-trace-id": `${root};Parent=${SPAN};Sampled=0` };
    expect(withTraceContext({}, given)).toEqual({ traceparent: `00-${TRACE}-${SPAN}-00` });
    expect(withTraceContext({ traceparent: "theirs" }, given)).toEqual({ traceparent: "theirs" });
    expect(withTraceContext({}, { "x-amzn-trace-id": root })).toEqual({});
  });
});

describe("a sampler", () => {
  test("leaves the decision to the caller, unless it is told not to", () => {
    expect(always.isSampled(TRACE, false)).toBe(false);
    expect(always.isSampled(TRACE, undefined)).toBe(true);
    expect(samplerOf("always_on", undefined).isSampled(TRACE, false)).toBe(true);
    expect(samplerOf("parentbased_always_off", undefined).isSampled(TRACE, undefined)).toBe(false);
    expect(samplerOf("parentbased_always_off", undefined).isSampled(TRACE, true)).toBe(true);
  });

  test("keeps a part of the traces, the same ones in every process", () => {
    const quarter = samplerOf("parentbased_traceidratio", "0.25");
    const ids = Array.from(
      { length: 2000 },
      (_, index) => new InvocationTrace(called({}, `inv_${index}`), always),
    );
    const kept = ids.filter(({ root }) => quarter.isSampled(root.traceId, undefined));
    expect(kept.length / ids.length).toBeCloseTo(0.25, 1);
  });

  test("says which names there are", () => {
    expect(() => samplerOf("often", undefined)).toThrow("OTEL_TRACES_SAMPLER: often is none of always_on,");
    expect(() => samplerOf("traceidratio", "2")).toThrow(
      "OTEL_TRACES_SAMPLER_ARG: 2 is no number from 0 to 1",
    );
  });
});

const called = (headers: Record<string, string>, id = "inv_1") => ({
  ...{ id, incarnation: 0, acceptedAtMs: 1000, headers },
});

describe("the trace of an invocation", () => {
  test("is its caller's", () => {
    const trace = new InvocationTrace(
      called({ traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: "a=b" }),
      always,
    );
    expect(trace).toMatchObject({ parentSpanId: SPAN, isSampled: true, state: "a=b", link: undefined });
    expect(trace.root.traceId).toBe(TRACE);
    expect(trace.headersFor(TRACE, "c".repeat(16))).toEqual({
      traceparent: `00-${TRACE}-${"c".repeat(16)}-01`,
      tracestate: "a=b",
    });
  });

  test("is its own without one, and always the same", () => {
    const [one, other] = [new InvocationTrace(called({}), always), new InvocationTrace(called({}), always)];
    expect(one.root).toEqual(other.root);
    expect(one.parentSpanId).toBeUndefined();
    expect(new InvocationTrace(called({}, "inv_2"), always).root.traceId).not.toBe(one.root.traceId);
  });

  test("is its own if it was sent, and linked to what has sent it", () => {
    const headers = { traceparent: `00-${TRACE}-${SPAN}-00`, ":link": "send" };
    const trace = new InvocationTrace(called(headers), always);
    expect(trace.root.traceId).not.toBe(TRACE);
    expect(trace).toMatchObject({
      parentSpanId: undefined,
      isSampled: false,
      link: { traceId: TRACE, spanId: SPAN },
    });
  });

  test("ends after a while, and goes on in another", () => {
    const trace = new InvocationTrace(called({}), always);
    expect(trace.segmentAt(1000 + TRACE_MS_MAX - 1)).toEqual(trace.root);
    const later = trace.segmentAt(1000 + 3 * TRACE_MS_MAX);
    expect(later.number).toBe(3);
    expect(later.traceId).not.toBe(trace.root.traceId);
    expect(trace.segmentAt(1000 + 3 * TRACE_MS_MAX + 5)).toEqual(later);
  });
});
