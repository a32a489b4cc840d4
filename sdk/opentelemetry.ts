/**
 * Spans of attempts and of the steps that run in them, for `hooks`: `openTelemetryHook({ tracer })`. An attempt's parent
 * is the span whose W3C headers came with the request. Needs `@opentelemetry/api`. For spans of your own within a step it also
 * needs a context manager that follows asynchronous calls.
 */
import {
  type Attributes,
  context,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import type { InvocationRequest } from "./context.ts";
import { asError, TerminalError } from "../lib/errors.ts";
import { type HooksProvider, isSuspendedError } from "./hooks.ts";

export interface OpenTelemetryHookOptions {
  tracer: Tracer;
  /** A span for each step that runs. Default: true. */
  runSpans?: boolean;
  /** Added to an attempt's span. */
  additionalAttemptAttributes?: Attributes | ((request: InvocationRequest) => Attributes);
  /** Added to a step's span. */
  additionalRunAttributes?: Attributes | ((request: InvocationRequest, name: string) => Attributes);
}

/** Put it into `hooks` of a service or a handler. */
export function openTelemetryHook(options: OpenTelemetryHookOptions): HooksProvider {
  const { tracer, runSpans = true, additionalAttemptAttributes, additionalRunAttributes } = options;
  return ({ request }) => {
    const carrier = Object.fromEntries(
      [...request.attemptHeaders].filter(([, value]) => value !== undefined),
    );
    const parent = propagation.extract(context.active(), carrier);
    const { service, handler, key } = request.target;
    const common = {
      "restate.invocation.id": request.id,
      "restate.invocation.target": request.target.toString(),
    };
    let attempt = parent;
    const interceptor = {
      handler: async (next: () => Promise<void>) => {
        const attributes = {
          ...common,
          "rpc.system": "restate",
          "rpc.service": service,
          "rpc.method": handler,
          ...(key === undefined ? {} : { "restate.invocation.key": key }),
          ...attributesOf(additionalAttemptAttributes, request),
        };
        const span = tracer.startSpan(
          `attempt ${service}/${handler}`,
          { kind: SpanKind.SERVER, attributes },
          parent,
        );
        attempt = trace.setSpan(parent, span);
        await context.with(attempt, async () => await within(span, next));
      },
      ...(runSpans
        ? {
            run: async (name: string, next: () => Promise<void>) => {
              const attributes = {
                ...common,
                "restate.run.name": name,
                ...attributesOf(additionalRunAttributes, request, name),
              };
              const span = tracer.startSpan(`run ${name}`, { kind: SpanKind.INTERNAL, attributes }, attempt);
              await context.with(trace.setSpan(attempt, span), async () => await within(span, next));
            },
          }
        : {}),
    };
    return { interceptor };
  };
}

function attributesOf<A extends unknown[]>(
  given: Attributes | ((...args: A) => Attributes) | undefined,
  ...args: A
): Attributes {
  return typeof given === "function" ? given(...args) : (given ?? {});
}

/** A suspension is neither a success nor a failure. */
async function within(span: Span, next: () => Promise<void>): Promise<void> {
  try {
    await next();
    span.setStatus({ code: SpanStatusCode.OK });
  } catch (thrown) {
    if (isSuspendedError(thrown)) span.addEvent("suspended");
    else {
      const error = asError(thrown);
      span.recordException(error);
      span.setAttribute("restate.error.terminal", TerminalError.is(thrown));
      span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    }
    throw thrown;
  } finally {
    span.end();
  }
}
