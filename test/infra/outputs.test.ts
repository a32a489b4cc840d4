/** What the command line reads of a stack: one output with its doors and tables. */
import { describe, expect, test } from "vitest";
import type { PerdureRuntimeProps } from "../../infra/index.ts";
import { makeStack } from "./stack.ts";

describe("the output of a runtime", () => {
  /** The runtime's output, its references as `<…>`. */
  const said = (props: PerdureRuntimeProps = {}): Record<string, unknown> => {
    const outputs = Object.values(makeStack(props).template.findOutputs("*")) as { Value: unknown }[];
    const texts = outputs.map(({ Value }) => textOf(Value)).filter((text) => text.includes('"perdure":'));
    expect(texts).toHaveLength(1);
    return JSON.parse(texts[0] ?? "") as Record<string, unknown>;
  };
  const textOf = (value: unknown): string => {
    if (typeof value === "string") return value;
    const parts = (value as { "Fn::Join"?: [string, unknown[]] })["Fn::Join"];
    return parts ? parts[1].map(textOf).join(parts[0]) : "<>";
  };

  test("has the doors and the tables", () => {
    expect(said()).toEqual({
      perdure: 1,
      runtime: expect.any(String) as unknown,
      admin: "<>",
      ingress: "<>",
      ingressAccess: "iam",
      ...{ journal: "<>", state: "<>", registry: "<>" },
    });
  });

  test("has a function instead of the admin API, a function URL, and who may call", () => {
    const found = said({ admin: "function", ingressFunctionUrl: "iam", ingressAuthorization: "open" });
    expect(found).toMatchObject({ adminFunction: "<>", ingressUrl: "<>", ingressUrlAccess: "iam" });
    expect(found).toMatchObject({ ingressAccess: "open" });
    expect(found).not.toHaveProperty("admin");
    expect(said({ admin: false })).not.toHaveProperty("adminFunction");
  });
});
