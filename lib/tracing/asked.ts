/** Whether tracing is asked for: a process that is not asked loads nothing of it. */
import type { Environment } from "../environment.ts";

const ENDPOINTS = [
  "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  "OTEL_EXPORTER_OTLP_ENDPOINT",
  "RESTATE_TRACING_ENDPOINT",
] as const;

export const isTracingAsked = (environment: Environment): boolean =>
  ENDPOINTS.some((name) => Boolean(environment[name]?.trim()));
