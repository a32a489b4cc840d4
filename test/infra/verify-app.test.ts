// The stack that `perdure verify-aws` deploys leaves nothing, and tells the steps all that they ask for.
import { Template } from "aws-cdk-lib/assertions";
import { expect, test } from "vitest";
import { verifyStack } from "../../cli/verify-aws/stack/app.ts";
import { OUTPUTS } from "../../cli/verify-aws/stack/variables.ts";

interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly Properties?: { readonly DeletionProtectionEnabled?: boolean };
}

const { Resources, Outputs } = Template.fromStack(verifyStack).toJSON() as {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs: Readonly<Record<string, unknown>>;
};
const resources = Object.values(Resources);

test("tables, queues and logs go with the stack", () => {
  const kept = resources.filter(
    ({ Type, DeletionPolicy }) =>
      /^AWS::(DynamoDB::Table|SQS::Queue|Logs::LogGroup)$/.test(Type) && DeletionPolicy !== "Delete",
  );
  expect(kept.map(({ Type }) => Type)).toEqual([]);
  expect(resources.some(({ Properties }) => Properties?.DeletionProtectionEnabled === true)).toBe(false);
});

test("it has every output", () => {
  // The runtime's own is for the command line.
  const own = Object.keys(Outputs).filter((name) => !name.startsWith("RuntimeCommandLine"));
  expect(own.toSorted()).toEqual([...OUTPUTS].toSorted());
});

test("it has all alarms", () => {
  expect(resources.filter(({ Type }) => Type === "AWS::CloudWatch::Alarm").length).toBeGreaterThan(8);
});
