/** What a stack says of invocations that are open when new code is deployed, and what the registrar may do then. */
import { App, Stack } from "aws-cdk-lib";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { Template } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { PerdureRuntime, type PerdureRuntimeProps, PerdureService } from "../../infra/index.ts";
import { linesOf } from "./access.ts";
import { GREETER, makeStack, ofType, type Resource } from "./stack.ts";

type Wish = Partial<Pick<ConstructorParameters<typeof PerdureService>[2], "inFlight" | "inFlightSample">>;

function made(wish: Wish, props: PerdureRuntimeProps = {}) {
  const stack = new Stack(new App({ analyticsReporting: false }), "Test");
  const runtime = new PerdureRuntime(stack, "Runtime", props);
  const service = new PerdureService(stack, "Greeter", { runtime, entry: GREETER, ...wish });
  const resources = Template.fromStack(stack).toJSON()["Resources"] as Record<string, Resource>;
  const [[, registration] = []] = ofType(resources, "Custom::PerdureDeployment");
  return { stack, service, resources, registration: registration?.Properties ?? {} };
}

const onJournal = (resources: Record<string, Resource>): string[] =>
  linesOf(resources)
    .filter((line) => line.startsWith("registrar | dynamodb:") && line.includes("| journal"))
    .map((line) => line.split(" | ").slice(1, 3).join(" "));

describe("inFlight", () => {
  test("is not said by default, and then the registrar reads no journal", () => {
    const { registration, resources } = made({});
    expect(Object.keys(registration)).not.toContain("InFlight");
    expect(onJournal(resources)).toEqual([]);
  });

  test.each<[Wish, object, string[]]>([
    [{ inFlight: "pin" }, {}, []],
    [{ inFlightSample: 20 }, { InFlight: "pin", InFlightSample: 20 }, ["journal", "journal's index open"]],
    [{ inFlight: "block" }, { InFlight: "block", InFlightSample: 500 }, ["journal", "journal's index open"]],
  ])("%j: the registrar reads what it needs for that, and writes nothing", (wish, said, read) => {
    const { registration, resources } = made(wish);
    const { InFlight, InFlightSample } = registration;
    expect(InFlight === undefined ? {} : { InFlight, InFlightSample }).toEqual(said);
    expect(onJournal(resources)).toEqual(read.map((on) => `dynamodb:Query ${on}`));
  });

  test('"move": it writes, too', () => {
    const { registration, resources } = made({ inFlight: "move", inFlightSample: 5000 });
    expect(registration).toMatchObject({ InFlight: "move", InFlightSample: 5000 });
    expect(onJournal(resources)).toContain("dynamodb:UpdateItem journal");
  });

  test("of a function that is made elsewhere", () => {
    const stack = new Stack(new App({ analyticsReporting: false }), "Test");
    const runtime = new PerdureRuntime(stack, "Runtime");
    const own = new LambdaFunction(stack, "Own", {
      ...{ runtime: Runtime.NODEJS_24_X, handler: "index.handler", code: Code.fromInline("//") },
    });
    const props = { runtime, function: own, services: ["Greeter"], inFlight: "block" } as const;
    PerdureService.fromFunction(stack, "Greeter", props);
    Template.fromStack(stack).hasResourceProperties("Custom::PerdureDeployment", { InFlight: "block" });
  });

  test("comes with permissions that are there before it is asked", () => {
    const { resources } = made({ inFlight: "block" });
    const [[, registration] = []] = ofType(resources, "Custom::PerdureDeployment");
    const { DependsOn: before } = registration as unknown as { readonly DependsOn: readonly string[] };
    expect(before.some((id) => id.includes("GateAccess"))).toBe(true);
  });

  test.each([0, 5001, 1.5])("takes no sample of %d", (inFlightSample) => {
    expect(() => made({ inFlightSample })).toThrow(RangeError);
  });

  test("needs the list of what is open", () => {
    expect(() => made({ inFlight: "block" }, { listing: [] })).toThrow('Its `listing` needs "open".');
    expect(() => made({}, { listing: [] })).not.toThrow();
  });
});

test("the report is there for an output", () => {
  const { service, stack } = made({ inFlight: "move" });
  expect(stack.resolve(service.inFlightReport)).toEqual({
    "Fn::GetAtt": [expect.stringContaining("Registration"), "InFlight"],
  });
});

test("the registrar is told which lists there are", () => {
  const { resources } = makeStack({ listing: ["open", "ended"] });
  const [[, registrar] = []] = ofType(resources, "AWS::Lambda::Function").filter(([id]) =>
    id.includes("Registrar"),
  );
  expect(registrar?.Properties["Environment"]).toMatchObject({
    Variables: { PERDURE_LISTING: "open,ended" },
  });
});
