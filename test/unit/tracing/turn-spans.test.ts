/** The spans of a turn, from what it appends: over long waits, behind a lock, of what is too much, and of what it has lost. */
import { expect, test } from "vitest";
import { SPANS_OF_TURN_MAX, TRACE_MS_MAX } from "../../../lib/limits/tracing.ts";
import type { Entry } from "../../../lib/model/entry.ts";
import { samplerOf } from "../../../lib/tracing/sampler.ts";
import type { Span } from "../../../lib/tracing/span.ts";
import { InvocationTrace } from "../../../lib/tracing/trace.ts";
import { type TimedEntry, type TracedTurn, TurnSpans } from "../../../lib/tracing/turn-spans.ts";

const ACCEPTED_MS = 1_000_000;
const TARGET = { service: "Svc", handler: "run", key: "ada" };
const EMPTY = new Uint8Array(0);

function turnAt(beganMs: number, more: Partial<TracedTurn> = {}): TurnSpans {
  const trace = new InvocationTrace(
    { id: "inv_1", incarnation: 0, acceptedAtMs: ACCEPTED_MS, headers: {} },
    samplerOf(undefined, undefined),
  );
  return new TurnSpans({
    ...{ trace, target: TARGET, common: {}, attributes: {}, acceptedAtMs: ACCEPTED_MS, count: 1, beganMs },
    log: () => [],
    ...more,
  });
}

const at = (entry: Entry, atMs: number, startedAtMs = atMs): TimedEntry => ({
  entry,
  time: { atMs, startedAtMs, tries: 1 },
});
const sleep = (command: number): Entry => ({ kind: "sleep", command, dueAtMs: 0, name: "" });
const over = (command: number): Entry => ({ kind: "completion", command, outcome: null });
const run = (command: number): Entry => ({ kind: "run", command, name: `step ${command}`, outcome: EMPTY });

test("a long sleep ends in another trace, which is linked both ways", () => {
  const wokenMs = ACCEPTED_MS + 4 * TRACE_MS_MAX;
  const turn = turnAt(wokenMs, {
    head: { writer: "mark", status: "suspended", modifiedAtMs: ACCEPTED_MS + 20, length: 1 },
    log: () => [at(sleep(0), ACCEPTED_MS + 10)],
  });
  turn.appended([at(over(0), wokenMs + 1), at(run(1), wokenMs + 5, wokenMs + 2)], 1, wokenMs + 5);
  turn.completed({ ok: true, value: EMPTY }, wokenMs + 6);
  const spans = turn.ended({ kind: "completed" }, wokenMs + 7);
  expect(spans.map(({ name }) => name)).toEqual(["Svc/run", "sleep", "run step 1", "Svc/run", "turn"]);
  const [anchor, slept, step, root, own] = spans as [Span, Span, Span, Span, Span];
  expect(new Set([anchor.traceId, step.traceId, own.traceId]).size).toBe(1);
  expect(slept.traceId).toBe(root.traceId);
  expect(slept.traceId).not.toBe(own.traceId);
  expect(own.parentSpanId).toBe(anchor.spanId);
  expect(anchor.links).toEqual([{ traceId: root.traceId, spanId: root.spanId }]);
  expect(anchor.attributes["perdure.trace.continues"]).toBe(root.traceId);
  for (const span of [slept, root]) {
    expect(span.links).toEqual([{ traceId: anchor.traceId, spanId: anchor.spanId }]);
    expect(span.attributes["perdure.trace.continues"]).toBe(anchor.traceId);
  }
  expect(slept).toMatchObject({ startMs: ACCEPTED_MS + 10, endMs: wokenMs + 1 });
});

test("the next turn of that time is in the same trace, and does not show it again", () => {
  const [beforeMs, nowMs] = [ACCEPTED_MS + TRACE_MS_MAX + 1, ACCEPTED_MS + TRACE_MS_MAX + 5000];
  const turn = turnAt(nowMs, {
    head: { writer: "mark", status: "suspended", modifiedAtMs: beforeMs, length: 2 },
  });
  const spans = turn.ended({ kind: "suspended" }, nowMs + 1);
  expect(spans.map(({ name }) => name)).toEqual(["turn"]);
  expect(spans[0]?.parentSpanId).toBe(turn.segment.spanId);
});

test("who waits behind a lock is seen to wait for it", () => {
  const turn = turnAt(ACCEPTED_MS + 100, {
    head: { writer: "mark", status: "pending", modifiedAtMs: ACCEPTED_MS + 30, length: 0 },
  });
  turn.appended([at(run(0), ACCEPTED_MS + 110)], 0, ACCEPTED_MS + 110);
  const waits = turn.ended({ kind: "suspended" }, ACCEPTED_MS + 120).slice(0, 2);
  expect(waits.map(({ name, startMs, endMs }) => [name, startMs - ACCEPTED_MS, endMs - ACCEPTED_MS])).toEqual(
    [
      ["queue wait", 0, 30],
      ["lock wait", 30, 100],
    ],
  );
});

test("a delay is no wait in the queue", () => {
  const turn = turnAt(ACCEPTED_MS + 5020, { dueAtMs: ACCEPTED_MS + 5000 });
  turn.appended([at(run(0), ACCEPTED_MS + 5030)], 0, ACCEPTED_MS + 5030);
  const waits = turn.ended({ kind: "suspended" }, ACCEPTED_MS + 5040).slice(0, 2);
  expect(waits.map(({ name, startMs, endMs }) => [name, startMs - ACCEPTED_MS, endMs - ACCEPTED_MS])).toEqual(
    [
      ["delay", 0, 5000],
      ["queue wait", 5000, 5020],
    ],
  );
});

test("a turn that has lost before it has recorded anything shows nothing", () => {
  expect(turnAt(ACCEPTED_MS).ended({ kind: "lost" }, ACCEPTED_MS + 1)).toEqual([]);
});

test("an awakeable is seen until its signal; one that the code gives up is none of the next signal", () => {
  const turn = turnAt(ACCEPTED_MS);
  const asked = (command: number): Entry => ({ kind: "signal", command, signal: 17 });
  const signalled: Entry = { kind: "signalled", signal: 17, delivery: "one", outcome: EMPTY };
  turn.appended([at(asked(0), ACCEPTED_MS + 5), at(signalled, ACCEPTED_MS + 9)], 0, ACCEPTED_MS + 9);
  const found = turn.ended({ kind: "suspended" }, ACCEPTED_MS + 10).find(({ name }) => name === "awakeable");
  expect(found).toMatchObject({ startMs: ACCEPTED_MS + 5, endMs: ACCEPTED_MS + 9 });
});

test("a turn with too many spans says how many are left out", () => {
  const turn = turnAt(ACCEPTED_MS);
  const steps = Array.from({ length: SPANS_OF_TURN_MAX + 50 }, (_, index) => at(run(index), ACCEPTED_MS + 1));
  turn.appended(steps, 0, ACCEPTED_MS + 2);
  const spans = turn.ended({ kind: "suspended" }, ACCEPTED_MS + 3);
  expect(spans.length).toBe(SPANS_OF_TURN_MAX + 1);
  expect(spans.at(-1)?.attributes["perdure.spans.left_out"]).toBe(51);
});

test("ids are the same whoever makes them, and no two of a turn are", () => {
  const make = () => {
    const turn = turnAt(ACCEPTED_MS);
    turn.appended(
      [at(run(0), ACCEPTED_MS + 1), at(sleep(1), ACCEPTED_MS + 1), at(over(1), ACCEPTED_MS + 2)],
      0,
      0,
    );
    return turn.ended({ kind: "suspended" }, ACCEPTED_MS + 3).map(({ spanId }) => spanId);
  };
  expect(make()).toEqual(make());
  expect(new Set(make()).size).toBe(make().length);
});
