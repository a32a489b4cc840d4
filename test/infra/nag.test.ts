/** cdk-nag's AWS Solutions rules. They find exactly what docs/security.md gives reasons for. */
import { App, Stack } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { expect, test } from "vitest";
import { PerdureRuntime, type PerdureRuntimeProps, PerdureService } from "../../infra/index.ts";
import { SECURITY } from "./access.ts";
import { subscribeToAll } from "./all-sources.ts";
import { GREETER } from "./stack.ts";

/** Rules, with the part of a policy that they concern, and how often. */
function findings(props: PerdureRuntimeProps = {}): Record<string, number> {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, "Test");
  const runtime = new PerdureRuntime(stack, "Runtime", props);
  new PerdureService(stack, "Greeter", { runtime, entry: GREETER, services: ["Greeter"] });
  const { violations } = new AwsSolutionsChecks(app).validateScope(app);
  return Object.fromEntries(
    violations.map(({ ruleName, violatingResources }) => [ruleName, violatingResources.length]),
  );
}

test("they find the wildcards that the documents give reasons for, and nothing else", () => {
  const found = Object.entries(findings()).map(([rule, count]) => [
    rule
      .replace(/perdure-\{.*\}-\w{8}(?=\/t-)/, "group")
      .replace(/(HandlerFunction)\w{8}/, "$1")
      .replace(/RuntimeRegistrarFunction\w{8}/, "registrar"),
    count,
  ]);
  const doors =
    'arn:<AWS::Partition>:lambda:<AWS::Region>:<AWS::AccountId>:function:*:calls-of-{"Fn::Select":[6,{"Fn::Split":[":",{"Fn::GetAtt":["registrar","Arn"]}]}]}';
  const schedules = "arn:<AWS::Partition>:scheduler:<AWS::Region>:<AWS::AccountId>:schedule/group/t-*";
  expect(Object.fromEntries(found)).toEqual({
    "AwsSolutions-APIG4": 1,
    // The table of guards.
    "AwsSolutions-DDB3": 1,
    [`AwsSolutions-IAM5[Resource::${schedules}]`]: 3,
    [`AwsSolutions-IAM5[Resource::${doors}]`]: 1,
    "AwsSolutions-IAM5[Resource::<GreeterHandlerFunction.Arn>:*]": 5,
  });
});

/** Of the constructs that a subscription of each source makes: the sources themselves are the user's. */
function subscriptionFindings(): Record<string, readonly string[]> {
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, "Test");
  subscribeToAll(stack, new PerdureRuntime(stack, "Runtime"));
  const { violations } = new AwsSolutionsChecks(app).validateScope(app);
  const found = violations.map(({ ruleName, violatingResources }) => {
    const paths = violatingResources.map(({ constructPath = "" }) => constructPath);
    return [ruleName, paths.filter((path) => path.startsWith("Test/Runtime/Sources/"))] as const;
  });
  return Object.fromEntries(found.filter(([, paths]) => paths.length > 0));
}

test("of subscriptions they find what Kafka's network interfaces need, and queues that are the last ones", () => {
  const within = (names: readonly string[]): readonly string[] =>
    names.map((name) => `Test/Runtime/Sources/${name}/Resource`);
  expect(subscriptionFindings()).toEqual({
    "AwsSolutions-IAM5[Resource::*]": within(["msk/Access", "msk-pollers/Access", "brokers/Access"]),
    "AwsSolutions-SQS3": within(["clicks/GivenUp", "clicks-again/GivenUp", "items/GivenUp"]),
  });
});

test("every rule among them has its reason", () => {
  const found = [...Object.keys(findings()), ...Object.keys(subscriptionFindings())];
  const rules = found.map((rule) => rule.replace(/\[.*/, ""));
  const documented = [...SECURITY.matchAll(/^\| (AwsSolutions-\w+) \|/gm)].map(([, rule = ""]) => rule);
  expect(new Set(documented)).toEqual(new Set(rules));
});

test("they would find what is less safe than the defaults", () => {
  const loose = findings({ pointInTimeRecovery: false, ingressAuthorization: "open", accessLog: false });
  expect(loose).toMatchObject({ "AwsSolutions-DDB3": 4, "AwsSolutions-APIG4": 1, "AwsSolutions-APIG1": 2 });
});
