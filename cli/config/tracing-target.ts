/** Where spans go, if the configuration says so. Whoever traces is told as OpenTelemetry tells it: by the environment. */

export interface TracingTarget {
  /** Of a collector that takes OTLP over HTTP. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Restate's server calls OTLP over HTTP so. */
const RESTATE = /^otlp\+/u;

/** Sets the variables, as the handlers' processes inherit them. What the environment says already was chosen before the file. */
export function traceTo({ endpoint, headers }: TracingTarget, environment: NodeJS.ProcessEnv): void {
  const variable = RESTATE.test(endpoint) ? "RESTATE_TRACING_ENDPOINT" : "OTEL_EXPORTER_OTLP_ENDPOINT";
  environment[variable] = endpoint;
  const pairs = Object.entries(headers).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  if (pairs.length > 0) environment["OTEL_EXPORTER_OTLP_HEADERS"] ??= pairs.join(",");
}
