/** What is in the template by default, and what each choice changes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Duration, Stack, Tags } from "aws-cdk-lib";
import { HttpJwtAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { ApiMapping, DomainName } from "aws-cdk-lib/aws-apigatewayv2";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { HostedZone } from "aws-cdk-lib/aws-route53";
import { Template } from "aws-cdk-lib/assertions";
import { afterAll, describe, expect, test } from "vitest";
import { PerdureRuntime, type PerdureRuntimeProps, PerdureService } from "../../infra/index.ts";
import { callPaths, resultPaths } from "../../infra/grants.ts";
import { serviceTag } from "../../lib/model/ids.ts";
import { linesOf } from "./access.ts";
import { GREETER, makeStack, ofType, type Resource, type TestStack } from "./stack.ts";

const byDefault = makeStack();
const { resources } = byDefault;
const properties = (type: string, part: string, of = resources): Resource["Properties"] => {
  const found = ofType(of, type).filter(([id]) => id.includes(part));
  if (found.length !== 1) throw new Error(`${found.length} of ${type} have ${part} in their names`);
  return found[0]?.[1].Properties ?? {};
};

describe("queues", () => {
  test("the mailbox is high-throughput FIFO, both keep dead letters for two weeks, and each is encrypted", () => {
    const isFifo = {
      FifoQueue: true,
      DeduplicationScope: "messageGroup",
      FifoThroughputLimit: "perMessageGroupId",
    };
    const redrive = { maxReceiveCount: 1000 };
    const encrypted = { SqsManagedSseEnabled: true };
    expect(properties("AWS::SQS::Queue", "QueuesMailboxDead")).toMatchObject({ ...isFifo, ...encrypted });
    expect(ofType(resources, "AWS::SQS::Queue").map(([, queue]) => queue.Properties)).toEqual([
      expect.objectContaining({ ...isFifo, ...encrypted, MessageRetentionPeriod: 1_209_600 }) as unknown,
      expect.objectContaining({
        ...isFifo,
        ...encrypted,
        MessageRetentionPeriod: 345_600,
        VisibilityTimeout: 330,
        RedrivePolicy: expect.objectContaining(redrive) as unknown,
      }) as unknown,
      expect.objectContaining({ ...encrypted, MessageRetentionPeriod: 1_209_600 }) as unknown,
      expect.objectContaining({
        ...encrypted,
        RedrivePolicy: expect.objectContaining(redrive) as unknown,
      }) as unknown,
    ]);
  });

  test("are hidden as long as their consumers may run, which is the least that Lambda takes", () => {
    for (const [, { Properties }] of ofType(resources, "AWS::Lambda::EventSourceMapping")) {
      const [queue = ""] = (Properties["EventSourceArn"] as { "Fn::GetAtt": string[] })["Fn::GetAtt"];
      const { Ref: consumer } = Properties["FunctionName"] as { Ref: string };
      expect(resources[queue]?.Properties["VisibilityTimeout"]).toBe(
        resources[consumer]?.Properties["Timeout"],
      );
      expect(Properties).toMatchObject({
        BatchSize: 10,
        FunctionResponseTypes: ["ReportBatchItemFailures"],
      });
    }
  });

  test("the timers' is polled less while it is idle, unless its concurrency is to be bounded", () => {
    const boundsOf = (made: typeof resources) =>
      ofType(made, "AWS::Lambda::EventSourceMapping").map(
        ([, { Properties }]) => Properties["ScalingConfig"],
      );
    expect(boundsOf(resources)).toEqual([{ MaximumConcurrency: 50 }, undefined]);
    const bound = { MaximumConcurrency: 2 };
    expect(boundsOf(makeStack({ maxConcurrency: 2 }).resources)).toEqual([bound, bound]);
  });
});

test("the group of schedules has another name each time that the stack is made", () => {
  expect(JSON.stringify(properties("AWS::Scheduler::ScheduleGroup", "TimerSchedules")["Name"])).toContain(
    '{"Fn::Select":[2,{"Fn::Split":["/",{"Ref":"AWS::StackId"}]}]}',
  );
});

describe("functions", () => {
  const functions = ofType(resources, "AWS::Lambda::Function");

  test("are arm64, of a current Node, with a log group that forgets", () => {
    expect(functions).toHaveLength(7);
    for (const [, { Properties }] of functions) {
      expect(Properties).toMatchObject({
        Architectures: ["arm64"],
        Runtime: "nodejs24.x",
        Handler: "index.handler",
        LoggingConfig: { LogGroup: { Ref: expect.any(String) as unknown } },
      });
    }
    expect(ofType(resources, "AWS::Logs::LogGroup")).toHaveLength(9);
    for (const [, { Properties, DeletionPolicy }] of ofType(resources, "AWS::Logs::LogGroup")) {
      expect([Properties["RetentionInDays"], DeletionPolicy]).toEqual([30, "Delete"]);
    }
  });

  test("may call each other in a loop where they do, and nowhere else", () => {
    const loop = functions.filter(([, { Properties }]) => Properties["RecursiveLoop"] === "Allow");
    expect(loop.map(([id]) => id.replace(/Function[0-9A-F]{8}$/, "")).toSorted()).toEqual([
      "GreeterHandler",
      "RuntimeDispatcher",
      "RuntimeTimers",
    ]);
  });

  test("a dispatcher does not run as long as the longest turn: that is let go of", () => {
    const of = makeStack({ turnTimeout: Duration.minutes(15) }).resources;
    expect(properties("AWS::Lambda::Function", "GreeterHandler", of)).toMatchObject({ Timeout: 900 });
    expect(properties("AWS::Lambda::Function", "Dispatcher", of)).toMatchObject({ Timeout: 330 });
    const timeouts = ofType(of, "AWS::SQS::Queue").map(([, queue]) => queue.Properties["VisibilityTimeout"]);
    expect(timeouts).toContain(330);
    expect(timeouts).not.toContain(930);
    const brief = makeStack({ turnTimeout: Duration.seconds(20) }).resources;
    expect(properties("AWS::Lambda::Function", "Dispatcher", brief)).toMatchObject({ Timeout: 50 });
  });

  test("follow what was chosen", () => {
    const made = makeStack({
      turnTimeout: Duration.minutes(15),
      waitedTurnTimeout: Duration.minutes(14),
      maxConcurrency: 400,
      reservedConcurrency: { ingress: 100 },
      memory: { dispatcher: 1024 },
      delayQueueMax: Duration.seconds(5),
      reconcileEvery: Duration.days(1),
    });
    const of = made.resources;
    expect(properties("AWS::Lambda::Function", "Dispatcher", of)).toMatchObject({
      Timeout: 870,
      MemorySize: 1024,
    });
    expect(properties("AWS::Lambda::Function", "GreeterHandler", of)).toMatchObject({ Timeout: 900 });
    expect(properties("AWS::Lambda::Function", "Ingress", of)).toMatchObject({
      ReservedConcurrentExecutions: 100,
    });
    expect(properties("AWS::Lambda::EventSourceMapping", "Dispatcher", of)).toMatchObject({
      ScalingConfig: { MaximumConcurrency: 400 },
    });
    expect(properties("AWS::Scheduler::Schedule", "Reconciler", of)).toMatchObject({
      ScheduleExpression: "rate(1440 minutes)",
    });
    const { Variables } = properties("AWS::Lambda::Function", "Timers", of)["Environment"] as {
      Variables: Record<string, unknown>;
    };
    expect(Variables["PERDURE_DELAY_QUEUE_MS_MAX"]).toBe("5000");
  });

  test.each<[PerdureRuntimeProps, string]>([
    [
      { turnTimeout: Duration.minutes(16) },
      "turnTimeout, in seconds, must be a whole number from 1 to 900, not 960",
    ],
    [
      { waitedTurnTimeout: Duration.minutes(15) },
      "waitedTurnTimeout, in seconds, must be a whole number from 1 to 840, not 900",
    ],
    [{ maxConcurrency: 1 }, "maxConcurrency must be a whole number from 2 to 1000, not 1"],
    [{ mailboxEpoch: -1 }, "mailboxEpoch must be a whole number from 0 to 9999, not -1"],
    [
      { delayQueueMax: Duration.minutes(16) },
      "delayQueueMax, in seconds, must be a whole number from 0 to 900, not 960",
    ],
  ])("refuse %o", (props, message) => {
    const stack = new Stack(new App({ analyticsReporting: false }), "Test");
    expect(() => new PerdureRuntime(stack, "Runtime", props)).toThrow(new RangeError(message));
  });
});

describe("HTTP APIs", () => {
  /** By the routes' keys. */
  const routesOf = (part: string, of = resources): Record<string, unknown> =>
    Object.fromEntries(
      ofType(of, "AWS::ApiGatewayV2::Route")
        .filter(([id]) => id.includes(`${part}Api`))
        .map(([, { Properties }]) => [String(Properties["RouteKey"]), Properties["AuthorizationType"]]),
    );
  const authorization = (part: string, of = resources) => routesOf(part, of)["$default"];

  test("are for IAM principals", () => {
    expect([authorization("Ingress"), authorization("Admin")]).toEqual(["AWS_IAM", "AWS_IAM"]);
  });

  test("let in whoever was chosen, but into the ingress only", () => {
    const open = makeStack({ ingressAuthorization: "open", accessLog: false }).resources;
    expect([authorization("Ingress", open), authorization("Admin", open)]).toEqual(["NONE", "AWS_IAM"]);
    const jwt = new HttpJwtAuthorizer("Jwt", "https://issuer.example", { jwtAudience: ["perdure"] });
    const withJwt = makeStack({ ingressAuthorization: jwt }).resources;
    expect([authorization("Ingress", withJwt), authorization("Admin", withJwt)]).toEqual(["JWT", "AWS_IAM"]);
  });

  test("let browsers ask before, without credentials, if some page may call", () => {
    const preflight = { "OPTIONS /{proxy+}": "NONE" };
    expect(routesOf("Ingress")).toEqual({ $default: "AWS_IAM", ...preflight });
    expect(routesOf("Admin")).toEqual({ $default: "AWS_IAM" });
    const none = makeStack({ cors: { origins: [] } }).resources;
    expect(routesOf("Ingress", none)).toEqual({ $default: "AWS_IAM" });
    const variablesOf = (of: TestStack["resources"]) =>
      (properties("AWS::Lambda::Function", "RuntimeIngress", of)["Environment"] as { Variables: object })
        .Variables;
    expect(variablesOf(none)).toMatchObject({ PERDURE_CORS_ORIGINS: "" });
    expect(variablesOf(resources)).not.toHaveProperty("PERDURE_CORS_ORIGINS");
    const cors = { origins: ["https://shop.example", "https://admin.example"], credentials: true };
    const named = makeStack({ cors, ingressAuthorization: "open" }).resources;
    // An open API needs no second route.
    expect(routesOf("Ingress", named)).toEqual({ $default: "NONE" });
    expect(variablesOf(named)).toMatchObject({
      PERDURE_CORS_ORIGINS: "https://shop.example,https://admin.example",
      PERDURE_CORS_CREDENTIALS: "true",
    });
    expect(() => makeStack({ cors: { origins: ["*"], credentials: true } })).toThrow(
      "origins that are named",
    );
  });

  test("let through as many requests as they are told", () => {
    const settings = (part: string, of: TestStack["resources"]) =>
      properties("AWS::ApiGatewayV2::Stage", `${part}Api`, of)["DefaultRouteSettings"];
    expect([settings("Ingress", resources), settings("Admin", resources)]).toEqual([undefined, undefined]);
    const throttle = { ingress: { rateLimit: 200, burstLimit: 400 }, admin: { rateLimit: 5 } };
    const throttled = makeStack({ throttle }).resources;
    expect(settings("Ingress", throttled)).toEqual({ ThrottlingRateLimit: 200, ThrottlingBurstLimit: 400 });
    expect(settings("Admin", throttled)).toEqual({ ThrottlingRateLimit: 5 });
  });

  test("have a name of one's own", () => {
    const stack = new Stack(new App({ analyticsReporting: false }), "Test");
    const certificate = Certificate.fromCertificateArn(
      stack,
      "Certificate",
      "arn:aws:acm:eu-west-1:123456789012:certificate/c",
    );
    const zone = { hostedZoneId: "Z1", zoneName: "shop.example" };
    const hostedZone = HostedZone.fromHostedZoneAttributes(stack, "Zone", zone);
    const domain = { name: "calls.shop.example", certificate, hostedZone, executeApiEndpoint: false };
    const runtime = new PerdureRuntime(stack, "Runtime", { domain });
    // The user's own mapping, to the API's stage.
    const other = new DomainName(stack, "Other", { domainName: "other.example", certificate });
    const { api, stage } = runtime.ingress;
    new ApiMapping(stack, "Mapping", { api, stage, domainName: other });
    expect(runtime.ingress.url).toBe("https://calls.shop.example");
    const made = Template.fromStack(stack).toJSON()["Resources"] as Record<string, Resource>;
    expect(properties("AWS::ApiGatewayV2::Api", "IngressApi", made)["DisableExecuteApiEndpoint"]).toBe(true);
    expect(properties("AWS::ApiGatewayV2::DomainName", "IngressApi", made)["DomainName"]).toBe(
      "calls.shop.example",
    );
    expect(ofType(made, "AWS::ApiGatewayV2::ApiMapping")).toHaveLength(2);
    expect(properties("AWS::Route53::RecordSet", "IngressApi", made)["Name"]).toBe("calls.shop.example.");
    const without = { domain: { name: "calls.shop.example" } };
    expect(() => makeStack(without)).toThrow("needs a certificate");
  });

  test("are not the only doors: the ingress has a function URL, if told so, and waits longer there", () => {
    const { Timeout } = properties("AWS::Lambda::Function", "RuntimeIngress");
    expect([Timeout, ofType(resources, "AWS::Lambda::Url")]).toEqual([30, []]);
    const cors = { origins: ["https://shop.example"] };
    const made = makeStack({ ingressFunctionUrl: "iam", cors }).resources;
    expect(properties("AWS::Lambda::Function", "RuntimeIngress", made)["Timeout"]).toBe(900);
    expect(properties("AWS::Lambda::Url", "RuntimeIngress", made)).toMatchObject({
      AuthType: "AWS_IAM",
      Cors: {
        AllowOrigins: ["https://shop.example"],
        AllowCredentials: false,
        AllowMethods: ["GET", "POST"],
      },
    });
  });

  test("of the admin API is there, or its function alone, or neither", () => {
    const of = (admin: "function" | false) => {
      const made = makeStack({ admin }).resources;
      const named = (type: string) =>
        ofType(made, type).filter(([id]) => id.startsWith("RuntimeAdmin")).length;
      const handlers = ofType(made, "AWS::IAM::Policy").map(([id]) => id.replace(/[0-9A-F]{8}$/, ""));
      return {
        api: named("AWS::ApiGatewayV2::Api"),
        functions: named("AWS::Lambda::Function"),
        roles: named("AWS::IAM::Role"),
        onHandlers: handlers.includes("GreeterAdminAccess"),
      };
    };
    expect(of("function")).toEqual({ api: 0, functions: 1, roles: 1, onHandlers: true });
    expect(of(false)).toEqual({ api: 0, functions: 0, roles: 0, onHandlers: false });
  });

  test("log to groups whose names need no line in a policy of the account", () => {
    const name = properties("AWS::Logs::LogGroup", "IngressApiAccessLog")["LogGroupName"];
    expect(name).toBe("/aws/vendedlogs/Test/Runtime/IngressApi");
  });

  test("log who asked for what, and nothing of what was said", () => {
    const { AccessLogSettings } = properties("AWS::ApiGatewayV2::Stage", "IngressApi") as {
      AccessLogSettings: { Format: string };
    };
    expect(Object.keys(JSON.parse(AccessLogSettings.Format) as object).join()).toBe(
      "at,id,ip,user,method,path,status,ms",
    );
  });
});

describe("a service", () => {
  const folder = mkdtempSync(join(tmpdir(), "perdure-template-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  const withHandler = (code: string): Record<string, Resource> => {
    const entry = join(folder, "service.js");
    writeFileSync(entry, code);
    const stack = new Stack(new App({ analyticsReporting: false }), "Test");
    const runtime = new PerdureRuntime(stack, "Runtime");
    new PerdureService(stack, "Own", { runtime, entry, services: ["Own"] });
    return Template.fromStack(stack).toJSON()["Resources"] as Record<string, Resource>;
  };
  const source = (text: string): string => `export const handler = async () => ${JSON.stringify(text)};`;

  const registration = (of = resources) => {
    const [[id, resource] = ["", undefined]] = ofType(of, "Custom::PerdureDeployment");
    return { id, properties: resource?.Properties ?? {}, resource };
  };

  test("has no versions in the template: the registrar publishes them, after all that it needs", () => {
    expect(ofType(resources, "AWS::Lambda::Version")).toEqual([]);
    const { properties: asked, resource } = registration();
    expect(asked).toMatchObject({
      FunctionArn: { "Fn::GetAtt": [expect.stringMatching(/^GreeterHandlerFunction/), "Arn"] },
      Fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
      Services: ["Greeter"],
      ServiceTimeout: "660",
    });
    const after = (resource as unknown as { DependsOn: string[] }).DependsOn;
    expect(after.map((name) => name.replace(/[0-9A-F]{8}$/, ""))).toEqual([
      "GreeterAdminAccess",
      "GreeterDispatcherAccess",
      "GreeterHandlerRoleDefaultPolicy",
      "GreeterIngressAccess",
      "GreeterReconcilerAccess",
      "GreeterRegistrarAccess",
    ]);
  });

  test("has the logical ids of the stacks of earlier versions: with others, CloudFormation would delete what is registered", () => {
    expect(registration().id).toBe("GreeterRegistration7076A5A2");
    expect(ofType(resources, "AWS::Lambda::Alias").map(([id]) => id)).toEqual(["GreeterDirect039EE7C9"]);
  });

  test("is registered anew when what its settings name has changed, though the template is the same", () => {
    const { References: references } = registration().properties;
    const text = JSON.stringify(references);
    expect(text).toMatch(/\{"Ref":"RuntimeTablesJournal\w+"\}/);
    expect(text).toMatch(/\{"Ref":"RuntimeQueuesMailbox\w+"\}/);
    expect(text).toMatch(/\{"Fn::GetAtt":\["GreeterHandlerRole\w+","Arn"\]\}/);
  });

  test("is not registered anew for what is no part of a version", () => {
    const tagged = makeStack().stack;
    Tags.of(tagged).add("commit", "1");
    const template = Template.fromStack(tagged).toJSON()["Resources"] as Record<string, Resource>;
    expect(registration(template).properties).toEqual(registration().properties);
  });

  test("has the runtime's alias, by which handlers invoke each other, for what is registered", () => {
    const [[, alias] = []] = ofType(resources, "AWS::Lambda::Alias");
    expect(alias?.Properties["FunctionVersion"]).toEqual({ "Fn::GetAtt": [registration().id, "Version"] });
    const { Variables } = properties("AWS::Lambda::Function", "Greeter")["Environment"] as {
      Variables: Record<string, unknown>;
    };
    expect(Variables["PERDURE_DIRECT_ALIAS"]).toEqual(alias?.Properties["Name"]);
  });

  test("keeps access to the items of services that it does not serve any more", () => {
    const stack = new Stack(new App({ analyticsReporting: false }), "Test");
    const runtime = new PerdureRuntime(stack, "Runtime");
    const service = { runtime, entry: GREETER, services: ["Greeter"], formerServices: ["Counter"] };
    new PerdureService(stack, "Greeter", service);
    const made = Template.fromStack(stack).toJSON()["Resources"] as Record<string, Resource>;
    const keys = ["Greeter", "Counter"].map((name) => `${serviceTag(name)}.*`);
    const handlerLines = linesOf(made).filter((line) =>
      /^handler \| dynamodb:PutItem \| (?!guards )/.test(line),
    );
    expect(handlerLines).toHaveLength(2);
    for (const line of handlerLines) expect(line).toContain(JSON.stringify(keys));
    expect(registration(made).properties).toMatchObject({ FormerServices: ["Counter"] });
  });

  test("has no alias if calls go by the queue", () => {
    const { resources: without } = makeStack({ directCalls: false });
    expect(ofType(without, "AWS::Lambda::Alias")).toEqual([]);
    expect(JSON.stringify(without)).not.toMatch(/PERDURE_DIRECT_ALIAS|calls-of/);
  });

  test("is the same template when nothing has changed", () => {
    expect(withHandler(source("a"))).toEqual(withHandler(source("a")));
  });

  test("changed in its code, is registered anew, and otherwise the same", () => {
    const [before, after] = [withHandler(source("a")), withHandler(source("b"))];
    expect(Object.keys(before)).toEqual(Object.keys(after));
    const changed = Object.keys(before).filter((id) => !sameJson(before[id], after[id]));
    expect(changed.map((id) => String(before[id]?.Type)).toSorted()).toEqual([
      "AWS::Lambda::Function",
      "Custom::PerdureDeployment",
    ]);
  });

  test("that cannot be bundled says where", () => {
    expect(() => withHandler("export const handler = ;")).toThrow(/service\.js:1:23: ERROR/);
  });
});

const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

describe("a mailbox of a service's own", () => {
  const own = makeStack({ mailbox: { maxConcurrency: 4 }, turnTimeout: Duration.minutes(2) });

  test("is a queue as the runtime's, with the same dead letters, handed to the dispatcher with a concurrency of its own", () => {
    const [mine, theirs] = ["GreeterMailbox", "QueuesMailbox"].map((part) =>
      ofType(own.resources, "AWS::SQS::Queue").find(
        ([id]) => id.includes(part) && !id.includes("DeadLetters"),
      ),
    );
    expect(mine?.[1].Properties).toEqual(theirs?.[1].Properties);
    expect(mine?.[1].Properties["VisibilityTimeout"]).toBe(150);
    const source = properties("AWS::Lambda::EventSourceMapping", "GreeterMailbox", own.resources);
    const dispatchers = properties("AWS::Lambda::EventSourceMapping", "Dispatcher", own.resources);
    expect(source).toEqual({
      ...dispatchers,
      EventSourceArn: { "Fn::GetAtt": [mine?.[0], "Arn"] },
      FunctionName: expect.anything() as unknown,
      ScalingConfig: { MaximumConcurrency: 4 },
    });
    // So it is made after the dispatcher, whose code must know of such mailboxes.
    const { Ref: dispatcher } = dispatchers["FunctionName"] as { Ref: string };
    expect(JSON.stringify(source["FunctionName"])).toContain(`{"Fn::GetAtt":["${dispatcher}","Arn"]}`);
  });

  test("is registered after all that it needs, and so taken away before it", () => {
    const [[, registration] = []] = ofType(own.resources, "Custom::PerdureDeployment");
    const after = (registration as unknown as { DependsOn: string[] }).DependsOn;
    expect(after.map((name) => name.replace(/[0-9A-F]{8}$/, ""))).toEqual(
      expect.arrayContaining([
        "GreeterMailboxDispatcherAccess",
        "GreeterMailboxQueue",
        "GreeterMailboxRegistrarAccess",
        "GreeterMailboxSource",
      ]),
    );
    expect(registration?.Properties["MailboxUrl"]).toEqual({
      Ref: expect.stringContaining("GreeterMailboxQueue") as unknown,
    });
  });

  test("is expected by the runtime, as it is where services of other apps may have some", () => {
    const told = (made: TestStack): string[] =>
      ofType(made.resources, "AWS::Lambda::Function").flatMap(([id, { Properties }]) => {
        const { Variables = {} } = (Properties["Environment"] ?? {}) as { Variables?: object };
        return "PERDURE_OWN_MAILBOXES" in Variables ? [id.replace(/Function[0-9A-F]{8}$/, "")] : [];
      });
    expect(told(own)).toEqual(["RuntimeDispatcher", "RuntimeRegistrar"]);
    expect(told(makeStack({ ownMailboxes: true }))).toEqual(told(own));
    expect(told(byDefault)).toEqual([]);
  });

  test("has no more than a thousand dispatchers", () => {
    expect(() => makeStack({ mailbox: { maxConcurrency: 1001 } })).toThrow(
      "a mailbox's maxConcurrency must be a whole number from 2 to 1000, not 1001",
    );
  });
});

describe("a runtime of another stack", () => {
  test("of the same app, is depended on by the service's, and does not depend on it", () => {
    const app = new App({ analyticsReporting: false });
    const shared = new Stack(app, "Shared");
    const runtime = new PerdureRuntime(shared, "Runtime");
    const own = new Stack(app, "Own");
    new PerdureService(own, "Greeter", { runtime, entry: GREETER, services: ["Greeter"], mailbox: {} });
    app.synth();
    expect(own.dependencies).toEqual([shared]);
    expect(shared.dependencies).toEqual([]);
  });

  const arn = (service: string, rest: string): string => `arn:aws:${service}:eu-west-1:123456789012:${rest}`;
  const table = (name: string): string => arn("dynamodb", `table/${name}`);
  const role = (name: string): string => `arn:aws:iam::123456789012:role/${name}`;

  const attributes = {
    journalTableArn: table("journal"),
    stateTableArn: table("state"),
    registryTableArn: table("registry"),
    mailboxArn: arn("sqs", "mailbox.fifo"),
    dispatcherRoleArn: role("dispatcher"),
    registrarRoleArn: role("registrar"),
    adminRoleArn: role("admin"),
    reconcilerRoleArn: role("reconciler"),
    registrarFunctionArn: arn("lambda", "function:registrar"),
    ingressApiId: "ingress",
    adminApiId: "admin",
  };

  test("takes a service's own mailbox, if what that needs is known of it", () => {
    const made = (more: object): Record<string, Resource> => {
      const stack = new Stack(new App({ analyticsReporting: false }), "Test");
      const runtime = PerdureRuntime.fromAttributes(stack, "Runtime", { ...attributes, ...more });
      new PerdureService(stack, "Greeter", { runtime, entry: GREETER, services: ["Greeter"], mailbox: {} });
      return Template.fromStack(stack).toJSON()["Resources"] as Record<string, Resource>;
    };
    expect(() => made({})).toThrow("the runtime's attributes need dispatcherFunctionArn");
    const deadLetters = arn("sqs", "dead.fifo");
    const dispatcher = arn("lambda", "function:dispatcher");
    const known = made({ dispatcherFunctionArn: dispatcher, mailboxDeadLettersArn: deadLetters });
    expect(properties("AWS::SQS::Queue", "GreeterMailbox", known)["RedrivePolicy"]).toMatchObject({
      deadLetterTargetArn: deadLetters,
    });
    const source = properties("AWS::Lambda::EventSourceMapping", "GreeterMailbox", known);
    expect(source["FunctionName"]).toBe("dispatcher");
    const consumes = properties("AWS::IAM::Policy", "GreeterMailboxDispatcherAccess", known);
    expect(consumes["Roles"]).toEqual(["dispatcher"]);
  });

  test("serves a service of this one, and grants only paths", () => {
    const stack = new Stack(new App({ analyticsReporting: false }), "Test");
    const runtime = PerdureRuntime.fromAttributes(stack, "Runtime", attributes);
    new PerdureService(stack, "Greeter", { runtime, entry: GREETER, services: ["Greeter"] });
    const caller = new Role(stack, "Caller", { assumedBy: new ServicePrincipal("ec2.amazonaws.com") });
    runtime.grantInvokeService(caller, "Greeter");
    runtime.grantAdminRead(caller);
    const made = Template.fromStack(stack).toJSON()["Resources"] as Record<string, Resource>;

    const { Variables } = properties("AWS::Lambda::Function", "Greeter", made)["Environment"] as {
      Variables: Record<string, unknown>;
    };
    expect(Variables["PERDURE_JOURNAL_TABLE"]).toBe("journal");
    // The delay queue is not known, so its turns cannot be guarded.
    expect(Variables["PERDURE_DIRECT_ALIAS"]).toBeUndefined();
    expect(JSON.stringify(Variables["PERDURE_MAILBOX_URL"])).toContain("/123456789012/mailbox.fifo");
    expect(properties("AWS::IAM::Policy", "DispatcherAccess", made)["Roles"]).toEqual(["dispatcher"]);

    const granted = JSON.stringify(properties("AWS::IAM::Policy", "Caller", made)["PolicyDocument"]);
    expect([...granted.matchAll(/:((?:ingress|admin)\/[^"]+)"/g)].map(([, path]) => path)).toEqual([
      ...[...callPaths("Greeter"), ...resultPaths("Greeter")].map((path) => `ingress/$default/${path}`),
      "admin/$default/GET/*",
      "admin/$default/POST/query",
    ]);
    expect(new Set(granted.match(/"Action":"[^"]+"/g))).toEqual(new Set(['"Action":"execute-api:Invoke"']));
  });
});
