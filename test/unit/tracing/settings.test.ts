/** The variables that switch tracing on, and what is said of those that cannot be understood. */
import { describe, expect, test } from "vitest";
import { isTracingAsked } from "../../../lib/tracing/asked.ts";
import { tracingSettings } from "../../../lib/tracing/settings.ts";

describe("tracing", () => {
  test("is off unless a variable says where spans go", () => {
    expect(tracingSettings({})).toBeUndefined();
    expect(isTracingAsked({ OTEL_EXPORTER_OTLP_ENDPOINT: " " })).toBe(false);
    const on = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318/" };
    expect(isTracingAsked(on)).toBe(true);
    expect(tracingSettings(on)?.endpoint).toBe("http://localhost:4318/v1/traces");
    expect(tracingSettings({ ...on, OTEL_SDK_DISABLED: "TRUE" })).toBeUndefined();
    expect(tracingSettings({ ...on, OTEL_TRACES_EXPORTER: "none" })).toBeUndefined();
  });

  test("the variable for traces alone goes before the one for all", () => {
    const settings = tracingSettings({
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://localhost:4318",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://collector.example/x/traces",
      OTEL_EXPORTER_OTLP_HEADERS: "a=1, b=two%20words",
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: "b=3",
      OTEL_EXPORTER_OTLP_TIMEOUT: "1234",
      OTEL_SERVICE_NAME: "shop",
      OTEL_RESOURCE_ATTRIBUTES: "service.name=not this,deployment.environment=test",
      AWS_LAMBDA_FUNCTION_NAME: "dispatcher",
      AWS_REGION: "eu-central-1",
    });
    expect(settings).toMatchObject({
      endpoint: "https://collector.example/x/traces",
      headers: { a: "1", b: "3" },
      timeoutMs: 1234,
      showsKeys: false,
    });
    expect(settings?.resource).toEqual({
      "service.name": "shop",
      "deployment.environment": "test",
      "cloud.provider": "aws",
      "cloud.platform": "aws_lambda",
      "cloud.region": "eu-central-1",
      "faas.name": "dispatcher",
    });
  });

  test("Restate's variable is understood, in its form for HTTP", () => {
    const of = (RESTATE_TRACING_ENDPOINT: string) => tracingSettings({ RESTATE_TRACING_ENDPOINT })?.endpoint;
    expect(of("otlp+http://localhost:4318/v1/traces")).toBe("http://localhost:4318/v1/traces");
    expect(() => of("http://localhost:4317")).toThrow("use otlp+http://localhost:4318/v1/traces");
    expect(() => of("https://jaeger.example:9999")).toThrow("use otlp+https://jaeger.example:9999/v1/traces");
  });

  test("a page for traces may be named, if a browser may open it", () => {
    const on = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a" };
    const url = "https://traces.example/{trace_id}";
    expect(tracingSettings({ ...on, PERDURE_TRACE_URL: url })?.traceUrl).toBe(url);
    expect(() => tracingSettings({ ...on, PERDURE_TRACE_URL: "javascript:{trace_id}" })).toThrow("is no URL");
  });

  test.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "localhost:4318" }, "is no URL that begins with http:// or https://"],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
      "Perdure sends OTLP over HTTP",
    ],
    [
      { OTEL_EXPORTER_OTLP_ENDPOINT: "http://a", OTEL_EXPORTER_OTLP_HEADERS: "x" },
      "expected name=value pairs",
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://a", OTEL_EXPORTER_OTLP_TIMEOUT: "soon" }, "soon is no number"],
  ])("%j is refused", (environment, why) => {
    expect(() => tracingSettings(environment)).toThrow(why);
  });
});
