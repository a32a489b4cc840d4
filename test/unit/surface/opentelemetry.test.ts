/** `perdure/opentelemetry`: a span below the caller's for every attempt and every step that runs, as Restate's hook makes them. */
import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Context as ActiveContext,
  context,
  ROOT_CONTEXT,
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
  readonly kind: number | undefined;
  readonly parent: string | undefined;
  readonly attributes: Record<string, unknown>;
  readonly notes: string[];
}

/** The part of a tracer that the hook uses. */
class Recorder {
  readonly ended: Ended[] = [];
  readonly tracer = {
    startSpan: (name: string, options: { kind?: number; attributes?: object }, parent: ActiveContext) => {
      const recorded: Ended = {
        name,
        kind: options.kind,
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
      trace.getActiveSpan()?.addEvent("said at first");
      await ctx.run("a step", () => trace.getActiveSpan()?.addEvent("within"));
      await ctx.sleep(1);
      trace.getActiveSpan()?.addEvent("said after the sleep");
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
        additionalAttemptAttributes: ({ request }) => ({
          own: request.id.slice(0, 4),
          "restate.invocation.id": "not this",
        }),
        additionalRunAttributes: ({ request }, name) => ({ own: `${request.target.service} ${name}` }),
      }),
      openTelemetryHook({
        tracer: ({ request }) => (request.target.service === "Traced" ? attempts : all).tracer,
        runSpans: false,
        suppressSpanEventsDuringReplay: false,
      }),
    ],
    retryPolicy: { initialInterval: 1 },
  },
});

const CALLER = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
const storage = new AsyncLocalStorage<ActiveContext>();
let world: World;
beforeAll(async () => {
  context.setGlobalContextManager({
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (active, work, self, ...args) => storage.run(active, () => work.call(self as never, ...args)),
    bind: (_active, target) => target,
    enable: () => context as never,
    disable: () => context as never,
  });
  world = await World.of(traced);
});
afterAll(async () => {
  context.disable();
  await world.stop();
});

test("attempts under the caller, steps under their attempt; a suspension is no failure; a replay adds no event again", async () => {
  await world.ask("/Traced/run", undefined, { traceparent: CALLER });
  const [attempt, step, failing] = ["attempt Traced/run", "run (a step)", "run (fails once)"];
  const caller = "b".repeat(16);
  expect(all.ended.map(({ name, parent, notes }) => [name, parent, ...notes])).toEqual([
    [step, `span of ${attempt}`, "within", "OK"],
    [attempt, caller],
    [failing, `span of ${attempt}`, "ERROR", "at first"],
    [attempt, caller, "ERROR", "at first"],
    [failing, `span of ${attempt}`, "OK"],
    [attempt, caller, "ERROR", "at last"],
  ]);
  const [first, ...others] = attempts.ended.map(({ notes }) => notes);
  expect(first).toEqual(["said at first"]);
  for (const notes of others) expect(notes.slice(0, 2)).toEqual(["said at first", "said after the sleep"]);
  expect(all.ended.at(-1)?.attributes).toEqual({
    own: "inv_",
    "restate.invocation.id": expect.stringMatching(/^inv_1/) as string,
    "restate.invocation.target": "Traced/run",
  });
  expect(all.ended[0]?.attributes).toEqual({ own: "Traced a step", "restate.run.name": "a step" });
  expect(new Set(attempts.ended.map(({ name }) => name))).toEqual(new Set([attempt]));
  expect(new Set(all.ended.map(({ kind }) => kind))).toEqual(new Set([undefined]));
});
