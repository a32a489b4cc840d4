/** The exporter: what it sends, and that it drops and counts rather than waits. */
import { expect, test } from "vitest";
import { SPANS_QUEUED_MAX, SPANS_SENT_MAX } from "../../../lib/limits/tracing.ts";
import { SpanExporter } from "../../../lib/tracing/exporter.ts";
import type { Span } from "../../../lib/tracing/span.ts";
import { SkippingClock } from "../../../runtime/local/skipping-clock.ts";

const span = (name: string): Span => ({
  ...{ traceId: "a".repeat(32), spanId: "b".repeat(16), name, kind: "client" },
  ...{
    startMs: 1_700_000_000_000.25,
    endMs: 1_700_000_000_001,
    attributes: { text: "x", count: 3, part: 0.5, no: undefined },
  },
  events: [{ name: "exception", atMs: 1_700_000_000_000, attributes: { "exception.type": "500" } }],
  links: [{ traceId: "c".repeat(32), spanId: "d".repeat(16) }],
  status: { ok: false, message: "bad" },
});
const many = (count: number): Span[] => Array.from({ length: count }, (_, index) => span(`span ${index}`));

function exporter(answer: (body: string) => Promise<{ status: number }>) {
  const said: unknown[] = [];
  const bodies: string[] = [];
  const measured: number[] = [];
  const made = new SpanExporter(
    {
      clock: new SkippingClock(),
      logger: { log: (_level, message, fields) => said.push({ message, ...fields }) },
      post: async (body) => {
        bodies.push(body);
        return await answer(body);
      },
      dropped: (count) => measured.push(count),
    },
    { resource: { "service.name": "test" }, version: "1" },
  );
  return { made, said, bodies, measured };
}

test("a request is OTLP in JSON", async () => {
  const { made, bodies } = exporter(() => Promise.resolve({ status: 200 }));
  made.add([span("one")]);
  await made.flush(1000);
  expect(JSON.parse(bodies[0] ?? "")).toEqual({
    resourceSpans: [
      {
        resource: { attributes: [{ key: "service.name", value: { stringValue: "test" } }] },
        scopeSpans: [
          {
            scope: { name: "perdure", version: "1" },
            spans: [
              {
                ...{ traceId: "a".repeat(32), spanId: "b".repeat(16), name: "one", kind: 3, flags: 1 },
                ...{ startTimeUnixNano: "1700000000000250000", endTimeUnixNano: "1700000000001000000" },
                attributes: [
                  { key: "text", value: { stringValue: "x" } },
                  { key: "count", value: { intValue: "3" } },
                  { key: "part", value: { doubleValue: 0.5 } },
                ],
                events: [
                  {
                    ...{ timeUnixNano: "1700000000000000000", name: "exception" },
                    attributes: [{ key: "exception.type", value: { stringValue: "500" } }],
                  },
                ],
                links: [{ traceId: "c".repeat(32), spanId: "d".repeat(16), attributes: [] }],
                status: { code: 2, message: "bad" },
              },
            ],
          },
        ],
      },
    ],
  });
});

test("many spans go in several requests, one after the other", async () => {
  const { made, bodies } = exporter(() => Promise.resolve({ status: 200 }));
  made.add(many(2 * SPANS_SENT_MAX + 1));
  await made.flush(1000);
  expect(bodies.length).toBe(3);
});

test("what is refused is sent once more, and then dropped", async () => {
  const answers = [503, 200, 503, 503];
  const { made, bodies, measured, said } = exporter(() =>
    Promise.resolve({ status: answers.shift() ?? 200 }),
  );
  made.add(many(2));
  await made.flush(5000);
  expect([bodies.length, made.dropped]).toEqual([2, 0]);
  made.add(many(3));
  await made.flush(5000);
  expect([bodies.length, made.dropped]).toEqual([4, 3]);
  expect(measured).toEqual([3]);
  expect(said).toEqual([
    { message: "spans were dropped", "perdure.tracing.dropped": 3, reason: "the collector answered 503" },
  ]);
});

test("what can never be taken is not sent again", async () => {
  const { made, bodies } = exporter(() => Promise.resolve({ status: 400 }));
  made.add(many(1));
  await made.flush(1000);
  expect([bodies.length, made.dropped]).toEqual([1, 1]);
});

test("a collector that does not answer fills the queue, and holds nobody up", async () => {
  const { made, said } = exporter(() => new Promise(() => undefined));
  made.add(many(SPANS_SENT_MAX));
  await made.flush(50);
  made.add(many(SPANS_QUEUED_MAX + 7));
  made.add(many(5));
  expect(made.dropped).toBe(12);
  expect(said.length).toBe(1);
});
