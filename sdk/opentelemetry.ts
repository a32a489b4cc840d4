/**
 * Spans of attempts and of the steps that run in them, for `hooks`: `openTelemetryHook({ tracer })`. Its options, the spans and their
 * names are those of Restate's hook. An attempt's parent is the span whose W3C headers came with the request: with Perdure's own
 * tracing (docs/tracing.md) that is the turn's. Needs `@opentelemetry/api`. For spans of your own within a step it also needs a
 * context manager that follows asynchronous calls.
 */
import {
  type Attributes,
  type Context,
  context,
  createTraceState,
  propagation,
  type Span,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { InvocationRequest } from "./context.ts";
import { parseTraceparent } from "../lib/tracing/w3c.ts";
import { type HooksProvider, IS_PROCESSING, isSuspendedError } from "./hooks.ts";

export interface OpenTelemetryHookContext {
  readonly request: InvocationRequest;
}

export interface OpenTelemetryHookOptions {
  /** One tracer, or one for each request, for instance to name the scope by the service. */
  tracer: Tracer | ((context: OpenTelemetryHookContext) => Tracer);
  /** A span for each step that runs. Default: true. */
  runSpans?: boolean;
  /** Leaves out events that the handler adds to the attempt's span while it replays: an earlier attempt has added them. Default: true. */
  suppressSpanEventsDuringReplay?: boolean;
  /** Added to an attempt's span. */
  additionalAttemptAttributes?: Attributes | ((context: OpenTelemetryHookContext) => Attributes | undefined);
  /** Added to a step's span. */
  additionalRunAttributes?:
    | Attributes
    | ((context: OpenTelemetryHookContext, name: string) => Attributes | undefined);
}

/** Put it into `hooks` of a service or a handler. */
export function openTelemetryHook(options: OpenTelemetryHookOptions): HooksProvider {
  const { runSpans = true, suppressSpanEventsDuringReplay = true } = options;
  return (about) => {
    const { request } = about;
    const { service, handler } = request.target;
    const tracer = typeof options.tracer === "function" ? options.tracer(about) : options.tracer;
    const parent = parentOf(request);
    const attributes = {
      ...attributesOf(options.additionalAttemptAttributes, about),
      "restate.invocation.id": request.id,
      "restate.invocation.target": String(request.target),
    };
    // Its name holds no key: a name is for grouping.
    const span = tracer.startSpan(`attempt ${service}/${handler}`, { attributes }, parent);
    const shown = suppressSpanEventsDuringReplay ? withoutReplayed(span, isProcessingIn(about)) : span;
    const attempt = trace.setSpan(parent, shown);
    const interceptor = {
      handler: async (next: () => Promise<void>) => await within(span, attempt, next),
      ...(runSpans
        ? {
            run: async (name: string, next: () => Promise<void>) => {
              const ofRun = {
                ...attributesOf(options.additionalRunAttributes, about, name),
                "restate.run.name": name,
              };
              const run = tracer.startSpan(`run (${name})`, { attributes: ofRun }, attempt);
              await within(run, trace.setSpan(attempt, run), next);
            },
          }
        : {}),
    };
    return { interceptor };
  };
}

/** Whatever propagator is installed. One that is takes `baggage` along. */
function parentOf({ attemptHeaders }: InvocationRequest): Context {
  const textOf = (name: string): string | undefined => {
    const value = attemptHeaders.get(name);
    return typeof value === "string" ? value : value?.[0];
  };
  const carrier = Object.fromEntries([...attemptHeaders.keys()].map((name) => [name, textOf(name) ?? ""]));
  const extracted = propagation.extract(context.active(), carrier);
  const caller = parseTraceparent(textOf("traceparent"));
  if (!caller) return trace.deleteSpan(extracted);
  const state = textOf("tracestate");
  return trace.setSpanContext(extracted, {
    ...{ traceId: caller.traceId, spanId: caller.spanId, traceFlags: caller.flags, isRemote: true },
    ...(state === undefined ? {} : { traceState: createTraceState(state) }),
  });
}

const attributesOf = <A extends unknown[]>(
  given: Attributes | ((...args: A) => Attributes | undefined) | undefined,
  ...args: A
): Attributes | undefined => (typeof given === "function" ? given(...args) : given);

function isProcessingIn(about: object): () => boolean {
  const told: unknown = (about as { readonly [IS_PROCESSING]?: unknown })[IS_PROCESSING];
  return typeof told === "function" ? (told as () => boolean) : () => true;
}

/** A suspension is neither a success nor a failure. */
async function within(span: Span, active: Context, next: () => Promise<void>): Promise<void> {
  try {
    await context.with(active, next);
    span.setStatus({ code: SpanStatusCode.OK });
  } catch (thrown) {
    if (!isSuspendedError(thrown)) {
      const message = messageOf(thrown);
      span.setStatus({ code: SpanStatusCode.ERROR, message });
      span.recordException(thrown instanceof Error ? thrown : message);
    }
    throw thrown;
  } finally {
    span.end();
  }
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  return typeof thrown === "string" ? thrown : "Unknown error";
}

/** The span, but for events that a replay repeats. */
function withoutReplayed(span: Span, isProcessing: () => boolean): Span {
  const shown: Span = {
    spanContext: () => span.spanContext(),
    isRecording: () => span.isRecording(),
    end: (time) => span.end(time),
    setAttribute: (name, value) => (span.setAttribute(name, value), shown),
    setAttributes: (attributes) => (span.setAttributes(attributes), shown),
    setStatus: (status) => (span.setStatus(status), shown),
    updateName: (name) => (span.updateName(name), shown),
    addLink: (link) => (span.addLink(link), shown),
    addLinks: (links) => (span.addLinks(links), shown),
    addEvent: (name, attributesOrTime, time) => {
      if (isProcessing()) span.addEvent(name, attributesOrTime, time);
      return shown;
    },
    recordException: (exception, time) => {
      if (isProcessing()) span.recordException(exception, time);
    },
  };
  return shown;
}
