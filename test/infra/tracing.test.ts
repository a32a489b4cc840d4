/** The setting `tracing` of a runtime: what the functions are told, and what they may do for it. */
import { describe, expect, test } from "vitest";
import { makeStack, ofType, type TestStack } from "./stack.ts";

const variablesOf = ({ resources }: TestStack): Record<string, unknown>[] =>
  ofType(resources, "AWS::Lambda::Function").map(([, { Properties }]) => {
    const { Variables } = Properties["Environment"] as { Variables: Record<string, unknown> };
    return Variables;
  });
const xrayActionsIn = ({ resources }: TestStack): string[] =>
  JSON.stringify(ofType(resources, "AWS::IAM::Policy")).match(/"xray:\w+"/g) ?? [];

describe("tracing", () => {
  test("is off: no variable, and no permission", () => {
    const stack = makeStack();
    for (const variables of variablesOf(stack))
      expect(Object.keys(variables).filter((name) => name.startsWith("OTEL_"))).toEqual([]);
    expect(xrayActionsIn(stack)).toEqual([]);
  });

  test("to a collector: all functions are told, and may do nothing more", () => {
    const stack = makeStack({
      tracing: {
        endpoint: "https://collector.example:4318",
        headers: { authorization: "Bearer a,b" },
        sampler: "parentbased_traceidratio",
        samplerArgument: 0.1,
        serviceName: "shop",
      },
    });
    for (const variables of variablesOf(stack))
      expect(variables).toMatchObject({
        OTEL_EXPORTER_OTLP_ENDPOINT: "https://collector.example:4318",
        OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20a%2Cb",
        OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
        OTEL_TRACES_SAMPLER_ARG: "0.1",
        OTEL_SERVICE_NAME: "shop",
      });
    expect(xrayActionsIn(stack)).toEqual([]);
  });

  test("to X-Ray: each function may send segments, and nothing else there", () => {
    const stack = makeStack({ tracing: "xray" });
    const functions = variablesOf(stack);
    for (const variables of functions)
      expect(JSON.stringify(variables["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])).toContain("/v1/traces");
    expect(new Set(xrayActionsIn(stack))).toEqual(new Set(['"xray:PutTraceSegments"']));
    expect(xrayActionsIn(stack).length).toBe(functions.length);
  });

  test("what the functions would not understand is refused", () => {
    expect(() => makeStack({ tracing: { endpoint: "collector:4318" } })).toThrow("is no URL");
    expect(() => makeStack({ tracing: { endpoint: "https://a", sampler: "often" } })).toThrow(
      "OTEL_TRACES_SAMPLER: often is none of",
    );
  });
});
