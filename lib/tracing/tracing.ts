/** What a process needs to trace invocations: where spans go, and which traces are kept. */
import type { Environment } from "../environment.ts";
import { asError } from "../errors.ts";
import type { Target } from "../model/message.ts";
import { shownId } from "../model/shown-id.ts";
import type { Clock, Logger } from "../ports.ts";
import { PACKAGE_VERSION } from "../version.ts";
import { type PostSpans, SpanExporter } from "./exporter.ts";
import { type Fetch, postWith } from "./post.ts";
import { type TracingSettings, tracingSettings } from "./settings.ts";
import type { SpanAttributes } from "./span.ts";
import { InvocationTrace, type TracedInvocation } from "./trace.ts";

export interface TracingPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fetch: Fetch;
  /** Another way to some endpoints. */
  readonly postTo?: (settings: TracingSettings) => PostSpans | undefined;
  /** So many spans were dropped. */
  readonly dropped?: (count: number) => void;
}

export class Tracing {
  readonly exporter: SpanExporter;
  readonly settings: TracingSettings;
  readonly clock: Clock;

  constructor(settings: TracingSettings, { fetch, postTo, ...ports }: TracingPorts) {
    this.settings = settings;
    this.clock = ports.clock;
    const post = postTo?.(settings) ?? postWith(fetch, settings);
    this.exporter = new SpanExporter(
      { ...ports, post },
      { resource: settings.resource, version: PACKAGE_VERSION },
    );
  }

  /** `undefined`: nothing is traced. What cannot be understood is said, and turns tracing off: it stops nothing else. */
  static from(environment: Environment, ports: TracingPorts): Tracing | undefined {
    try {
      const settings = tracingSettings(environment);
      return settings && new Tracing(settings, ports);
    } catch (error) {
      ports.logger.log("error", "tracing is off", { reason: asError(error).message });
      return undefined;
    }
  }

  traceOf(invocation: TracedInvocation): InvocationTrace {
    return new InvocationTrace(invocation, this.settings.sampler);
  }

  /** What all spans of an invocation say. The names are those of Restate's server. */
  commonOf(id: string, { service, handler, key }: Target): SpanAttributes {
    const shownKey = this.settings.showsKeys && key !== undefined;
    return {
      ...{ "rpc.system": "restate", "rpc.service": service, "rpc.method": handler },
      "restate.invocation.id": shownId(id),
      "restate.invocation.target": shownKey ? `${service}/${key}/${handler}` : `${service}/${handler}`,
      ...(shownKey ? { "restate.invocation.key": key } : {}),
    };
  }
}
