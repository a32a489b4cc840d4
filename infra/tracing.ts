/** Where the functions of a runtime send their spans (docs/tracing.md). */
import { Stack } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { isTracingAsked } from "../lib/tracing/asked.ts";
import { tracingSettings } from "../lib/tracing/settings.ts";

export interface TracingProps {
  /** A collector that takes OTLP over HTTP: `"https://collector.example.com:4318"`. Its traces go to `/v1/traces` there. */
  readonly endpoint: string;
  /** Sent with each request: credentials, for instance. They are variables of the functions, which whoever may describe them can read. */
  readonly headers?: Readonly<Record<string, string>>;
  /** As `OTEL_TRACES_SAMPLER` names it. @default "parentbased_always_on" */
  readonly sampler?: string;
  /** The part of traces that is kept, from 0 to 1, of the samplers with a ratio. @default 1 */
  readonly samplerArgument?: number;
  /** The resource's `service.name`. @default "perdure" */
  readonly serviceName?: string;
  /** Whether spans say the keys of objects and workflows. @default false */
  readonly keys?: boolean;
}

/** `"xray"`: X-Ray's own endpoint of OTLP, in the stack's region, with all traces. */
export type TracingSetting = TracingProps | "xray" | false;

/** The variables that say so. Throws `TypeError` for what the functions would not understand. */
export function tracingVariables(scope: Construct, tracing: TracingSetting): Record<string, string> {
  if (tracing === false) return {};
  if (tracing === "xray") {
    const { region, urlSuffix } = Stack.of(scope);
    return { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `https://xray.${region}.${urlSuffix}/v1/traces` };
  }
  const { endpoint, headers = {}, sampler, samplerArgument, serviceName, keys } = tracing;
  const pairs = Object.entries(headers).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  const variables = {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    ...(pairs.length > 0 ? { OTEL_EXPORTER_OTLP_HEADERS: pairs.join(",") } : {}),
    ...(sampler === undefined ? {} : { OTEL_TRACES_SAMPLER: sampler }),
    ...(samplerArgument === undefined ? {} : { OTEL_TRACES_SAMPLER_ARG: String(samplerArgument) }),
    ...(serviceName === undefined ? {} : { OTEL_SERVICE_NAME: serviceName }),
    ...(keys === true ? { PERDURE_TRACING_KEYS: "true" } : {}),
  };
  if (!isTracingAsked(variables)) throw new TypeError("tracing: the endpoint is empty");
  // What is not known yet, CloudFormation fills in.
  if (!JSON.stringify(variables).includes("${Token[")) tracingSettings(variables);
  return variables;
}

/** What X-Ray's endpoint asks for. It has no resources to confine it to. */
export const tracingActions = (tracing: TracingSetting): string[] =>
  tracing === "xray" ? ["xray:PutTraceSegments"] : [];
