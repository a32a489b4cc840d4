/** What a service's function may be given, what is refused, and functions that are made elsewhere. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { App, Duration, Size, Stack } from "aws-cdk-lib";
import { Annotations, Match, Template } from "aws-cdk-lib/assertions";
import { AttributeType, Table } from "aws-cdk-lib/aws-dynamodb";
import { type IVpc, Peer, Port, SecurityGroup, Vpc } from "aws-cdk-lib/aws-ec2";
import { ManagedPolicy, PermissionsBoundary, Role } from "aws-cdk-lib/aws-iam";
import {
  Alias,
  Architecture,
  Code,
  Function as LambdaFunction,
  type IVersion,
  LayerVersion,
  Runtime,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import { RetentionDays } from "aws-cdk-lib/aws-logs";
import { Secret } from "aws-cdk-lib/aws-secretsmanager";
import { afterAll, describe, expect, test } from "vitest";
import { type PerdureServiceProps, PerdureRuntime, PerdureService } from "../../infra/index.ts";
import { entryFor, GREETER, ofType, type Resource } from "./stack.ts";

interface Made {
  readonly stack: Stack;
  readonly runtime: PerdureRuntime;
  readonly service: PerdureService;
}
/** Also what TypeScript would refuse. */
type Own = object;

function make(own: (stack: Stack) => Own = () => ({})): Made {
  const stack = new Stack(new App({ analyticsReporting: false }), "Test");
  const runtime = new PerdureRuntime(stack, "Runtime");
  const props = { runtime, entry: GREETER, ...own(stack) } as object as PerdureServiceProps;
  return { stack, runtime, service: new PerdureService(stack, "Greeter", props) };
}

const resourcesOf = (stack: Stack): Record<string, Resource> =>
  Template.fromStack(stack).toJSON()["Resources"] as Record<string, Resource>;

function functionOf(stack: Stack): Resource["Properties"] {
  const [[, found] = []] = ofType(resourcesOf(stack), "AWS::Lambda::Function").filter(([id]) =>
    id.startsWith("Greeter"),
  );
  return found?.Properties ?? {};
}
const policiesOf = (stack: Stack): string =>
  JSON.stringify(ofType(resourcesOf(stack), "AWS::IAM::Policy").filter(([id]) => id.startsWith("Greeter")));
const variablesOf = (of: Resource["Properties"]): Record<string, unknown> =>
  (of["Environment"] as { Variables: Record<string, unknown> }).Variables;

describe("a service's function", () => {
  test("may be in a VPC: it may have network interfaces, and its code may not make any", () => {
    const { stack, service } = make((scope) => {
      const vpc = new Vpc(scope, "Vpc") as IVpc;
      return { vpc, securityGroups: [new SecurityGroup(scope, "Group", { vpc })] };
    });
    expect(functionOf(stack)["VpcConfig"]).toMatchObject({
      SecurityGroupIds: [{ "Fn::GetAtt": [expect.stringContaining("Group"), "GroupId"] }],
    });
    const policies = policiesOf(stack);
    expect(policies).toContain('"ec2:CreateNetworkInterface"');
    expect(policies).toMatch(
      /"Condition":\{"ArnEquals":\{"lambda:SourceFunctionArn":\{"Fn::GetAtt":\["Greeter\w+","Arn"\]\}\}\},"Effect":"Deny"/,
    );
    // As of any other function: the database lets it in.
    service.connections.allowTo(Peer.ipv4("10.0.0.0/16"), Port.tcp(5432));
    // Before it is registered.
    const [[, registration] = []] = ofType(resourcesOf(stack), "Custom::PerdureDeployment");
    expect(JSON.stringify(registration)).toContain("GreeterHandlerNetworkAccess");
  });

  test("has no connections without a VPC", () => {
    expect(() => make().service.connections).toThrow(/VPC/);
  });

  test("may have layers, tracing, a larger disk, another architecture, retention and name", () => {
    const { stack } = make((scope) => ({
      layers: [
        LayerVersion.fromLayerVersionArn(
          scope,
          "Layer",
          "arn:aws:lambda:eu-west-1:123456789012:layer:powertools:1",
        ),
      ],
      tracing: Tracing.ACTIVE,
      ephemeralStorageSize: Size.gibibytes(2),
      architecture: Architecture.X86_64,
      logRetention: RetentionDays.ONE_WEEK,
      functionName: "greeter",
      description: "Greets",
      memory: 1024,
      timeout: Duration.minutes(1),
      reservedConcurrency: 5,
    }));
    expect(functionOf(stack)).toMatchObject({
      Layers: ["arn:aws:lambda:eu-west-1:123456789012:layer:powertools:1"],
      TracingConfig: { Mode: "Active" },
      EphemeralStorage: { Size: 2048 },
      Architectures: ["x86_64"],
      FunctionName: "greeter",
      Description: "Greets",
      MemorySize: 1024,
      Timeout: 60,
      ReservedConcurrentExecutions: 5,
    });
    expect(policiesOf(stack)).toContain("xray:PutTraceSegments");
    const groups = ofType(resourcesOf(stack), "AWS::Logs::LogGroup").filter(([id]) =>
      id.startsWith("Greeter"),
    );
    expect(groups.map(([, { Properties }]) => Properties["RetentionInDays"])).toEqual([7]);
  });

  test("may have a permissions boundary of its own, or its scope's", () => {
    const arn = "arn:aws:iam::123456789012:policy/boundary";
    const boundaryOf = (stack: Stack): unknown =>
      ofType(resourcesOf(stack), "AWS::IAM::Role").find(([id]) => id.startsWith("Greeter"))?.[1].Properties[
        "PermissionsBoundary"
      ];
    const own = make((scope) => ({
      permissionsBoundary: ManagedPolicy.fromManagedPolicyArn(scope, "Boundary", arn),
    }));
    expect(boundaryOf(own.stack)).toBe(arn);
    const { stack } = make();
    PermissionsBoundary.of(stack).apply(ManagedPolicy.fromManagedPolicyArn(stack, "Boundary", arn));
    expect(boundaryOf(stack)).toBe(arn);
  });

  test("is granted what a CDK construct grants", () => {
    const { stack, service } = make();
    new Secret(stack, "Secret").grantRead(service);
    new Table(stack, "Table", { partitionKey: { name: "pk", type: AttributeType.STRING } }).grantReadData(
      service,
    );
    expect(policiesOf(stack)).toMatch(/secretsmanager:GetSecretValue[^]*dynamodb:BatchGetItem/);
  });

  test("may be a build of one's own", () => {
    const { stack } = make(() => ({
      entry: undefined,
      code: Code.fromInline("exports.handler = 1"),
      handler: "index.handler",
      services: ["Greeter"],
    }));
    expect(functionOf(stack)).toMatchObject({
      Handler: "index.handler",
      Code: { ZipFile: "exports.handler = 1" },
    });
  });

  test.each<[Record<string, unknown>, string]>([
    [{ recursiveLoop: "Terminate" }, "PerdureService takes no `recursiveLoop`. It is always allowed"],
    [{ memorySize: 1 }, "PerdureService takes no `memorySize`. It is called `memory`."],
    [{ onFailure: {} }, "PerdureService takes no `onFailure`. Handlers are invoked and waited for"],
    [{ role: {} }, "PerdureService takes no `role`."],
    [{ timeout: Duration.minutes(16) }, "timeout, in seconds, must be a whole number from 1 to 900, not 960"],
    [
      { environment: { PERDURE_MAILBOX_URL: "x" } },
      "environment: PERDURE_MAILBOX_URL is one of Perdure's own variables.",
    ],
    [
      { entry: "not/there.ts" },
      "A relative path starts at the working directory, which is that of cdk.json.",
    ],
    [{ entry: undefined }, "PerdureService needs an `entry`, or `code` and `handler`"],
  ])("refuses %o", (own, words) => {
    expect(() => make(() => own)).toThrow(words);
  });
});

describe("the names of services", () => {
  const folder = mkdtempSync(join(tmpdir(), "perdure-service-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (text: string): string => {
    writeFileSync(join(folder, "file.js"), text);
    return join(folder, "file.js");
  };

  test("are read from the file", () => {
    const { stack, service } = make(() => ({ entry: relative(process.cwd(), GREETER) }));
    expect(service.services).toEqual(["Greeter"]);
    Template.fromStack(stack).hasResourceProperties("Custom::PerdureDeployment", { Services: ["Greeter"] });
  });

  test("are compared with the list, if there is one", () => {
    expect(() => make(() => ({ services: ["Greter"] }))).toThrow(
      /^services: \["Greter"\], but .*01-greeter\.ts serves \["Greeter"\]\. Correct the list, or leave it out/,
    );
  });

  test("must be listed if the file cannot be loaded, and are not compared then", () => {
    const entry = file('throw new Error("no database");\nexport const handler = 1;');
    expect(() => make(() => ({ entry }))).toThrow(
      /file\.js cannot be asked what it serves: Error: no database\n.*file\.js:1:7[^]*services: \["…"\]/,
    );
    const { stack } = make(() => ({ entry, services: ["Greeter"] }));
    Annotations.fromStack(stack).hasWarning(
      "/Test/Greeter",
      Match.stringLikeRegexp("cannot be asked whether it serves Greeter"),
    );
  });

  test("belong to one function of a runtime", () => {
    const { stack, runtime, service } = make();
    expect(() => new PerdureService(stack, "Other", { runtime, entry: GREETER })).toThrow(
      "Greeter is served by Test/Greeter already: a service belongs to one function of a runtime",
    );
    // It moves to another function, and what is in flight ends on the first.
    new PerdureService(stack, "Successor", { runtime, entry: GREETER, replaces: service });
    // Another runtime has services of its own.
    const other = new PerdureRuntime(stack, "OtherRuntime");
    new PerdureService(stack, "Again", { runtime: other, entry: GREETER });
  });
});

describe("a function that is made elsewhere", () => {
  const code = Code.fromInline("exports.handler = 1");
  const nodeFunction = (stack: Stack, more: object = {}): LambdaFunction =>
    new LambdaFunction(stack, "Theirs", {
      runtime: Runtime.NODEJS_24_X,
      handler: "index.handler",
      code,
      ...more,
    });

  function setUp(): { readonly app: App; readonly stack: Stack; readonly runtime: PerdureRuntime } {
    const app = new App({ analyticsReporting: false });
    const runtime = new PerdureRuntime(new Stack(app, "Shared"), "Runtime");
    return { app, stack: new Stack(app, "Own"), runtime };
  }

  test("gets variables, permissions, the loop and a timeout, and is registered", () => {
    const { stack, runtime } = setUp();
    const made = nodeFunction(stack);
    const service = PerdureService.fromFunction(stack, "Greeter", {
      runtime,
      function: made,
      services: ["Greeter"],
    });
    new Secret(stack, "Secret").grantRead(service);
    const resources = resourcesOf(stack);
    const [[, theirs] = []] = ofType(resources, "AWS::Lambda::Function");
    expect(theirs?.Properties).toMatchObject({ RecursiveLoop: "Allow", Timeout: 300 });
    expect(Object.keys(variablesOf(theirs?.Properties ?? {})).toSorted()).toEqual([
      "PERDURE_DELAY_QUEUE_URL",
      "PERDURE_DIRECT_ALIAS",
      "PERDURE_GUARD_TABLE",
      "PERDURE_JOURNAL_TABLE",
      "PERDURE_MAILBOX_URL",
      "PERDURE_REGISTRY_TABLE",
      "PERDURE_STATE_TABLE",
    ]);
    const policies = JSON.stringify(
      ofType(resources, "AWS::IAM::Policy").filter(([id]) => id.startsWith("Theirs")),
    );
    expect(policies).toMatch(/dynamodb:LeadingKeys[^]*sqs:SendMessage[^]*secretsmanager:GetSecretValue/);
    expect(ofType(resources, "Custom::PerdureDeployment")).toHaveLength(1);
  });

  test("keeps its own timeout", () => {
    const { stack, runtime } = setUp();
    const made = nodeFunction(stack, { timeout: Duration.seconds(20) });
    PerdureService.fromFunction(stack, "Greeter", { runtime, function: made, services: ["Greeter"] });
    Template.fromStack(stack).hasResourceProperties("AWS::Lambda::Function", { Timeout: 20 });
  });

  test("may be in another stack than its registration", () => {
    const { app, stack, runtime } = setUp();
    const made = nodeFunction(stack);
    const third = new Stack(app, "Third");
    PerdureService.fromFunction(third, "Greeter", { runtime, function: made, services: ["Greeter"] });
    app.synth();
    const [[, registration] = []] = ofType(resourcesOf(third), "Custom::PerdureDeployment");
    expect(Object.keys(registration?.Properties ?? {})).not.toContain("References");
    expect(third.dependencies.map(({ stackName }) => stackName).toSorted()).toEqual(["Own", "Shared"]);
  });

  test.each<[string, (stack: Stack) => object, RegExp]>([
    [
      "another language's",
      (stack) => nodeFunction(stack, { runtime: Runtime.PYTHON_3_13 }),
      /runs on python3\.13\. Handlers need Node/,
    ],
    [
      "an alias",
      (stack) =>
        new Alias(stack, "Alias", {
          aliasName: "live",
          version: nodeFunction(stack).currentVersion as IVersion,
        }),
      /Pass the function/,
    ],
    [
      "another app's",
      (stack) => LambdaFunction.fromFunctionName(stack, "Named", "theirs"),
      /has no role that is known here/,
    ],
  ])("is refused: %s", (_, of, words) => {
    const { stack, runtime } = setUp();
    const props = { runtime, function: of(stack) as LambdaFunction, services: ["Greeter"] };
    expect(() => PerdureService.fromFunction(stack, "Greeter", props)).toThrow(words);
  });

  test("may be made by another app, which sets what it is told to", () => {
    const { stack, runtime } = setUp();
    const functionArn = "arn:aws:lambda:eu-west-1:123456789012:function:theirs";
    const role = Role.fromRoleArn(stack, "Role", "arn:aws:iam::123456789012:role/theirs");
    const theirs = LambdaFunction.fromFunctionAttributes(stack, "Theirs", { functionArn, role });
    const props = { runtime, function: theirs, services: ["Greeter"] };
    expect(() => PerdureService.fromFunction(stack, "None", props)).toThrow(/or pass a fingerprint/);
    PerdureService.fromFunction(stack, "Greeter", { ...props, services: ["Other"], fingerprint: "v1" });
    const resources = resourcesOf(stack);
    const policies = ofType(resources, "AWS::IAM::Policy").map(([, { Properties }]) => Properties["Roles"]);
    expect(policies).toContainEqual(["theirs"]);
    const [[, registration] = []] = ofType(resources, "Custom::PerdureDeployment");
    expect(registration?.Properties).toMatchObject({ FunctionArn: functionArn, Fingerprint: "v1" });
    expect(Object.keys(PerdureService.environmentOf({ runtime }))).toContain("PERDURE_JOURNAL_TABLE");
  });

  test("has services that no other one has", () => {
    const { stack, runtime } = setUp();
    new PerdureService(stack, "First", { runtime, entry: entryFor(["Greeter", "Other"]) });
    const made = nodeFunction(stack);
    expect(() =>
      PerdureService.fromFunction(stack, "Second", { runtime, function: made, services: ["Other"] }),
    ).toThrow("Other is served by Own/First already");
  });
});
