/** Where spans go, and which, by the variables of OpenTelemetry and of Restate's server. Nothing is sent unless one of them says where. */
import type { Environment } from "../environment.ts";
import { SPANS_SEND_MS_MAX } from "../limits/tracing.ts";
import type { SpanAttributes } from "./span.ts";
import { type Sampler, samplerOf } from "./sampler.ts";

export interface TracingSettings {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly sampler: Sampler;
  readonly resource: SpanAttributes;
  /** Whether spans say the key of an object or a workflow. */
  readonly showsKeys: boolean;
  /** Of a page that shows a trace: `{trace_id}` stands for its id. */
  readonly traceUrl?: string;
}

const PATH = "v1/traces";
const SERVICE = "perdure";
/** Whether spans say keys: "true". They may name people. */
const KEYS = "PERDURE_TRACING_KEYS";
/** Where people look at a trace. */
const TRACE_URL = "PERDURE_TRACE_URL";
const GRPC_PORT = "4317";

/** `undefined`: tracing is off. Throws `TypeError`, which says what to set instead, for what cannot be understood. */
export function tracingSettings(environment: Environment): TracingSettings | undefined {
  const given = (name: string): string | undefined => environment[name]?.trim() || undefined;
  const isOff = given("OTEL_SDK_DISABLED")?.toLowerCase() === "true";
  if (isOff || given("OTEL_TRACES_EXPORTER")?.toLowerCase() === "none") return undefined;
  const endpoint = endpointIn(given);
  if (endpoint === undefined) return undefined;
  const timeout = given("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT") ?? given("OTEL_EXPORTER_OTLP_TIMEOUT");
  return {
    endpoint,
    headers: {
      ...pairsIn("OTEL_EXPORTER_OTLP_HEADERS", given("OTEL_EXPORTER_OTLP_HEADERS")),
      ...pairsIn("OTEL_EXPORTER_OTLP_TRACES_HEADERS", given("OTEL_EXPORTER_OTLP_TRACES_HEADERS")),
    },
    timeoutMs: timeout === undefined ? SPANS_SEND_MS_MAX : milliseconds(timeout),
    sampler: samplerOf(given("OTEL_TRACES_SAMPLER"), given("OTEL_TRACES_SAMPLER_ARG")),
    resource: resourceIn(given),
    showsKeys: given(KEYS)?.toLowerCase() === "true",
    ...traceUrlIn(given(TRACE_URL)),
  };
}

/** Only what a browser may open from a page of others. */
function traceUrlIn(text: string | undefined): Pick<TracingSettings, "traceUrl"> {
  if (text === undefined) return {};
  const protocol = URL.parse(text)?.protocol;
  if (protocol === "http:" || protocol === "https:") return { traceUrl: text };
  throw new TypeError(`${TRACE_URL}: ${text} is no URL that begins with http:// or https://`);
}

type Given = (name: string) => string | undefined;

function endpointIn(given: Given): string | undefined {
  const traces = given("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const protocol = given("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") ?? given("OTEL_EXPORTER_OTLP_PROTOCOL");
  if (traces !== undefined) return checked("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", traces, protocol);
  const base = given("OTEL_EXPORTER_OTLP_ENDPOINT");
  if (base !== undefined)
    return checked("OTEL_EXPORTER_OTLP_ENDPOINT", `${base.replace(/\/+$/, "")}/${PATH}`, protocol);
  const restate = given("RESTATE_TRACING_ENDPOINT");
  return restate === undefined ? undefined : asRestate(restate);
}

function checked(variable: string, text: string, protocol: string | undefined): string {
  if (protocol?.toLowerCase() === "grpc")
    throw new TypeError(
      "OTEL_EXPORTER_OTLP_PROTOCOL=grpc is not supported. Perdure sends OTLP over HTTP: leave the variable out, and name the collector's HTTP port, which is 4318 by default.",
    );
  const url = URL.parse(text);
  if (url?.protocol === "http:" || url?.protocol === "https:") return url.href;
  throw new TypeError(`${variable}: ${text} is no URL that begins with http:// or https://`);
}

/** There, `http://` means gRPC, and `otlp+http://` OTLP over HTTP. */
function asRestate(text: string): string {
  const [, address] = /^otlp\+(https?:\/\/.*)$/i.exec(text) ?? [];
  if (address !== undefined) return checked("RESTATE_TRACING_ENDPOINT", address, undefined);
  const url = URL.parse(text);
  const host = url?.hostname === "" || url === null ? "localhost" : url.hostname;
  const port = url?.port === "" || url?.port === GRPC_PORT ? "4318" : (url?.port ?? "4318");
  const instead = `otlp+${url?.protocol === "https:" ? "https" : "http"}://${host}:${port}/${PATH}`;
  throw new TypeError(
    `RESTATE_TRACING_ENDPOINT=${text} means OTLP over gRPC, which is not supported. Perdure sends OTLP over HTTP: use ${instead}`,
  );
}

/** `name=value,name=value`, percent-encoded. */
function pairsIn(variable: string, text: string | undefined): Record<string, string> {
  const pairs: [string, string][] = [];
  for (const part of (text ?? "").split(",").filter((each) => each.trim() !== "")) {
    const at = part.indexOf("=");
    if (at < 1) throw new TypeError(`${variable}: expected name=value pairs with commas between them`);
    pairs.push([part.slice(0, at).trim(), decoded(part.slice(at + 1).trim())]);
  }
  return Object.fromEntries(pairs);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function milliseconds(text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new TypeError(`OTEL_EXPORTER_OTLP_TIMEOUT: ${text} is no number of milliseconds`);
}

function resourceIn(given: Given): SpanAttributes {
  const named = pairsIn("OTEL_RESOURCE_ATTRIBUTES", given("OTEL_RESOURCE_ATTRIBUTES"));
  const functionName = given("AWS_LAMBDA_FUNCTION_NAME");
  const version = given("AWS_LAMBDA_FUNCTION_VERSION");
  const region = given("AWS_REGION");
  return {
    "service.name": SERVICE,
    ...(functionName === undefined
      ? {}
      : { "cloud.provider": "aws", "cloud.platform": "aws_lambda", "faas.name": functionName }),
    ...(functionName !== undefined && version !== undefined ? { "faas.version": version } : {}),
    ...(functionName !== undefined && region !== undefined ? { "cloud.region": region } : {}),
    ...named,
    ...(given("OTEL_SERVICE_NAME") === undefined ? {} : { "service.name": given("OTEL_SERVICE_NAME") }),
  };
}
