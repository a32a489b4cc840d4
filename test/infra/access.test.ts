/** The template's policies grant what the table in docs/security.md says, and nothing more. */
import { beforeAll, describe, expect, test } from "vitest";
import { serviceTag } from "../../lib/model/ids.ts";
import { GUARD_PARTITIONS, GUARD_PASS_KEY } from "../../lib/store/guard-table.ts";
import { FUNCTIONS, linesOf, rowsOf, SECURITY } from "./access.ts";
import { makeStack, ofType, type TestStack } from "./stack.ts";

const EVERY_FUNCTION = "each function";
const WITH_KEY = "all but the reconciler's schedule, with an own key";

const OWN_KEYS = {
  "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [`${serviceTag("Greeter")}.*`] },
  Null: { "dynamodb:LeadingKeys": "false" },
};

/** The table's last column, as conditions of a policy. */
const CONDITIONS: Readonly<Record<string, unknown>> = {
  "its own services' partition keys": OWN_KEYS,
  "the open ones of services with `inFlight`": {
    "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [`${serviceTag("Greeter")}?`] },
    Null: { "dynamodb:LeadingKeys": "false" },
  },
  "of services with `inFlight`": OWN_KEYS,
  'of services with `inFlight: "move"`': OWN_KEYS,
  "services, not deployments": {
    "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["service.*"] },
    Null: { "dynamodb:LeadingKeys": "false" },
  },
  "guards alone": {
    "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [`${GUARD_PARTITIONS}*`] },
    Null: { "dynamodb:LeadingKeys": "false" },
  },
  "how far the pass is: not what others have set": {
    "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [GUARD_PASS_KEY.pk] },
    Null: { "dynamodb:LeadingKeys": "false" },
  },
  "to the Scheduler only": { StringEquals: { "iam:PassedToService": "scheduler.amazonaws.com" } },
};

/** The table as lines. A row for several roles is one line for each. */
function documented(ownKey: boolean): string[] {
  return rowsOf(SECURITY).flatMap(({ roles: [role = ""], actions, on, condition }) => {
    // CloudFormation's templates hold a list of one as its only element.
    const conditionText = JSON.stringify(single(CONDITIONS[condition] ?? null));
    const roles = rolesOf(role, ownKey);
    return roles.flatMap((name) =>
      actions.flatMap((action) =>
        on.map((resource) => {
          const named = resource === "its own log group" ? `log group of ${name}` : resource;
          return `${name} | ${action} | ${named} | ${conditionText}`;
        }),
      ),
    );
  });
}

function rolesOf(role: string, ownKey: boolean): readonly string[] {
  if (role === EVERY_FUNCTION) return FUNCTIONS;
  if (role === WITH_KEY) return ownKey ? [...FUNCTIONS, "timer schedules"] : [];
  return [role];
}

const single = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe.each([false, true])("the roles, with an own key: %s", (ownKey) => {
  let made: TestStack;
  beforeAll(() => {
    made = makeStack({ ownKey, mailbox: {}, inFlight: "move" });
  });

  test("may do what the table says, and nothing else", () => {
    const lines = linesOf(made.resources);
    expect(lines.toSorted()).toEqual(documented(ownKey).toSorted());
    expect(new Set(lines).size).toBe(lines.length);
  });

  test("have their permissions from nowhere else", () => {
    const roles = ofType(made.resources, "AWS::IAM::Role");
    expect(roles).toHaveLength(9);
    for (const [id, { Properties }] of roles) {
      expect(Object.keys(Properties), id).not.toContain("ManagedPolicyArns");
      expect(Object.keys(Properties), id).not.toContain("Policies");
    }
    const policies = ["AWS::IAM::ManagedPolicy", "AWS::IAM::UserPolicy", "AWS::IAM::RolePolicy"];
    for (const type of policies) expect(ofType(made.resources, type)).toEqual([]);
  });

  test("have no wildcard for an action, and none alone for a resource", () => {
    for (const line of linesOf(made.resources)) {
      const [, action = "", on = ""] = line.split(" | ");
      expect(action).toMatch(/^[a-z]+:[A-Za-z]+$/);
      expect(on).not.toMatch(/^unknown|^\*$/);
    }
  });
});

describe("who may take a role", () => {
  test("Lambda its functions', the Scheduler its schedules' and in this account only", () => {
    const { resources } = makeStack();
    const trusted = ofType(resources, "AWS::IAM::Role").map(([id, { Properties }]) => {
      const { Statement: statements } = Properties["AssumeRolePolicyDocument"] as { Statement: unknown[] };
      return [id.includes("Schedule") ? "Scheduler" : "Lambda", statements] as const;
    });
    const expected = {
      Lambda: [{ Action: "sts:AssumeRole", Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" } }],
      Scheduler: [
        {
          Action: "sts:AssumeRole",
          Condition: { StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } },
          Effect: "Allow",
          Principal: { Service: "scheduler.amazonaws.com" },
        },
      ],
    };
    for (const [who, statements] of trusted) expect(statements).toEqual(expected[who]);
    expect(trusted.filter(([who]) => who === "Scheduler")).toHaveLength(2);
  });
});

describe("resources' own policies", () => {
  test("queues refuse whoever comes without TLS, and allow nobody", () => {
    const { resources } = makeStack();
    const policies = ofType(resources, "AWS::SQS::QueuePolicy");
    expect(policies).toHaveLength(ofType(resources, "AWS::SQS::Queue").length);
    for (const [, { Properties }] of policies) {
      expect(Properties["PolicyDocument"]).toMatchObject({
        Statement: [
          { Effect: "Deny", Action: "sqs:*", Condition: { Bool: { "aws:SecureTransport": "false" } } },
        ],
      });
    }
  });

  test("the own key lets the account's administrators in, and the logs of this account", () => {
    const [[, key] = []] = ofType(makeStack({ ownKey: true }).resources, "AWS::KMS::Key");
    const policy = key?.Properties["KeyPolicy"] as { readonly Statement: readonly unknown[] } | undefined;
    const statements = policy?.Statement ?? [];
    expect(statements).toHaveLength(2);
    expect(JSON.stringify(statements[0])).toContain(":root");
    expect(JSON.stringify(statements[1])).toMatch(
      /"ArnLike":\{"kms:EncryptionContext:aws:logs:arn":.*log-group:\*/,
    );
    expect(statements[1]).toMatchObject({
      Effect: "Allow",
      Principal: { Service: { "Fn::Join": ["", ["logs.", { Ref: "AWS::Region" }, ".amazonaws.com"]] } },
    });
  });

  test("functions let API Gateway in, from their own API, and nobody else", () => {
    const { resources } = makeStack();
    const permissions = ofType(resources, "AWS::Lambda::Permission");
    // Of the ingress' two routes, and of the admin API's one.
    expect(permissions).toHaveLength(3);
    for (const [, { Properties }] of permissions) {
      expect(Properties).toMatchObject({
        Action: "lambda:InvokeFunction",
        Principal: "apigateway.amazonaws.com",
      });
      expect(JSON.stringify(Properties["SourceArn"])).toMatch(/:execute-api:.*Runtime(Ingress|Admin)Api/);
    }
    expect(ofType(resources, "AWS::Lambda::Url")).toEqual([]);
  });
});
