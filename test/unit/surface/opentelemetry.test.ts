/** `perdure/opentelemetry`: a span below the caller's for every attempt and every step that runs. */
import {
  type Context as ActiveContext,
  propagation,
  type Span,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { type Context, service, TerminalError } from "perdure";
import { openTelemetryHook } from "perdure/opentelemetry";
import { afterAll, beforeAll, expect, test } from "vitest";
import { World } from "../semantics/world.ts";

interface Ended {
  readonly name: string;
  readonly parent: string | undefined;
  readonly attributes: Record<string, unknown>;
  readonly notes: string[];
}

/** The part of a tracer that the hook uses. */
class Recorder {
  readonly ended: Ended[] = [];
  readonly tracer = {
    startSpan: (name: string, options: { attributes?: object }, parent: ActiveContext) => {
      const recorded: Ended = {
        name,
        parent: trace.getSpanContext(parent)?.spanId,
        attributes: { ...options.attributes },
        notes: [],
      };
      return {
        spanContext: () => ({ traceId: "0".repeat(31) + "1", spanId: `span of ${name}`, traceFlags: 1 }),
        addEvent: (event: string) => recorded.notes.push(event),
        recordException: (error: Error) => recorded.notes.push(error.message),
        setAttribute: (key: string, value: unknown) => (recorded.attributes[key] = value),
        setStatus: ({ code }: { code: SpanStatusCode }) => recorded.notes.push(SpanStatusCode[code]),
        end: () => this.ended.push(recorded),
      } as unknown as Span;
    },
  } as unknown as Tracer;
}

const all = new Recorder();
const attempts = new Recorder();
let failures = 0;
const traced = service({
  name: "Traced",
  handlers: {
    run: async (ctx: Context) => {
      await ctx.run("a step", () => 1);
      await ctx.sleep(1);
      await ctx.run("fails once", () => {
        if (++failures === 1) throw new Error("at first");
      });
      throw new TerminalError("at last");
    },
  },
  options: {
    hooks: [
      openTelemetryHook({
        tracer: all.tracer,
        additionalAttemptAttributes: ({ id }) => ({ own: id.slice(0, 4) }),
        additionalRunAttributes: { own: 1 },
      }),
      openTelemetryHook({ tracer: attempts.tracer, runSpans: false }),
    ],
    retryPolicy: { initialInterval: 1 },
  },
});

let world: World;
beforeAll(async () => {
  propagation.setGlobalPropagator({
    inject: () => undefined,
    extract: (active, carrier) =>
      trace.setSpanContext(active, {
        traceId: "0".repeat(31) + "1",
        spanId: (carrier as { traceparent?: string }).traceparent ?? "none",
        traceFlags: 1,
      }),
    fields: () => [],
  });
  world = await World.of(traced);
});
afterAll(async () => {
  propagation.disable();
  await world.stop();
});

test("attempts under the caller, steps under their attempt; a suspension is no failure", async () => {
  await world.ask("/Traced/run", undefined, { traceparent: "the caller" });
  const [attempt, step, failing] = ["attempt Traced/run", "run a step", "run fails once"];
  expect(all.ended.map(({ name, parent, notes }) => [name, parent, ...notes])).toEqual([
    [step, `span of ${attempt}`, "OK"],
    [attempt, "the caller", "suspended"],
    [failing, `span of ${attempt}`, "at first", "ERROR"],
    [attempt, "the caller", "at first", "ERROR"],
    [failing, `span of ${attempt}`, "OK"],
    [attempt, "the caller", "at last", "ERROR"],
  ]);
  expect(all.ended.at(-1)?.attributes).toMatchObject({
    own: "inv_",
    "rpc.service": "Traced",
    "restate.invocation.target": "Traced/run",
    "restate.error.terminal": true,
  });
  expect(all.ended[0]?.attributes).toMatchObject({ own: 1, "restate.run.name": "a step" });
  expect(new Set(attempts.ended.map(({ name }) => name))).toEqual(new Set([attempt]));
});
