/** What a principal may do who was given something: each request of the ingress and the admin API against each grant, as IAM decides. */
import { App, CfnParameter, Stack } from "aws-cdk-lib";
import { type IGrantable, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Template } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { PerdureRuntime, type PerdureRuntimeProps } from "../../infra/index.ts";
import { awakeableId, invocationId, serviceTag } from "../../lib/model/ids.ts";
import { shownId } from "../../lib/model/shown-id.ts";
import { ACCOUNT, isAllowed, REGION, resolved, type Statement } from "../support/iam.ts";

interface Granted {
  /** `POST /Greeter/greet`, at the ingress unless it is the admin API that is asked. */
  readonly may: (line: string, at?: "ingress" | "admin") => boolean;
  readonly statements: readonly Statement[];
}

/** The statements that `grant` gives a role. */
function granted(
  grant: (runtime: PerdureRuntime, to: IGrantable) => unknown,
  props: PerdureRuntimeProps = {},
): Granted {
  const stack = new Stack(new App({ analyticsReporting: false }), "Test");
  const runtime = new PerdureRuntime(stack, "Runtime", props);
  const role = new Role(stack, "Caller", { assumedBy: new ServicePrincipal("ec2.amazonaws.com") });
  grant(runtime, role);
  const policies = Template.fromStack(stack).findResources("AWS::IAM::Policy") as Record<
    string,
    { readonly Properties: { readonly PolicyDocument: { readonly Statement: readonly Statement[] } } }
  >;
  const own = Object.entries(policies).find(([id]) => id.startsWith("Caller"))?.[1];
  const statements = own?.Properties.PolicyDocument.Statement ?? [];
  const apiOf = (at: "ingress" | "admin"): string =>
    resolved(stack.resolve(at === "ingress" ? runtime.ingress.api.apiId : runtime.admin.api.apiId));
  return {
    statements,
    may: (line, at = "ingress") => {
      const [method = "", path = ""] = line.split(" ");
      const resource = `arn:aws:execute-api:${REGION}:${ACCOUNT}:${apiOf(at)}/$default/${method}${path}`;
      return isAllowed(statements, { action: "execute-api:Invoke", resource });
    },
  };
}

/** In both forms: as it is shown, and as older versions show it. */
function idsOf(service: string, key?: string): string[] {
  const id = invocationId(service, key, new Uint8Array(14).fill(7));
  return [shownId(id), id];
}
const signOf = (service: string): string =>
  awakeableId({ id: invocationId(service, undefined, new Uint8Array(14)), incarnation: 1, index: 2 });

/** What a caller of one service does with it. */
const callsOf = (service: string): string[] => [
  `POST /${service}/greet`,
  `GET /${service}/greet`,
  `POST /${service}/greet/send`,
  `POST /${service}/key/greet`,
  `POST /${service}/a/key/with/slashes/greet/send`,
  `POST /restate/call/${service}/greet`,
  `GET /restate/call/${service}/key/greet`,
  `POST /restate/send/${service}/greet`,
  `POST /restate/send/${service}/key/greet`,
];
const resultsOf = (service: string): string[] =>
  [...idsOf(service), ...idsOf(service, "key")]
    .flatMap((id) => [
      `GET /restate/attach/${id}`,
      `POST /restate/attach/${id}`,
      `GET /restate/output/${id}`,
      `POST /restate/output/${id}`,
      `GET /restate/invocation/${id}/attach`,
      `GET /restate/invocation/${id}/output`,
      `GET /restate/invocation/${id}/status`,
    ])
    .concat([
      `GET /restate/workflow/${service}/key/attach`,
      `GET /restate/workflow/${service}/key/output`,
      `GET /restate/invocation/${service}/greet/once/attach`,
      `GET /restate/invocation/${service}/key/greet/once/output`,
    ]);
const signalsOf = (service: string): string[] =>
  idsOf(service).flatMap((id) =>
    ["resolve", "reject"].map((verb) => `POST /restate/invocation/${id}/signals/go/${verb}`),
  );
const awakeablesOf = (service: string): string[] =>
  ["awakeables", "a"].flatMap((form) =>
    ["resolve", "reject"].map((verb) => `POST /restate/${form}/${signOf(service)}/${verb}`),
  );
const BY_BODY = ["POST /restate/attach", "POST /restate/output", "POST /restate/lookup"];
/** What the pattern of a service must not match: objects of others that have its name as their key, or in it. */
const LOOKALIKES = [
  "POST /Account/Greeter/withdraw",
  "POST /Account/x/Greeter/withdraw",
  "POST /restate/call/Account/Greeter/withdraw",
  "POST /restate/send/Account/Greeter/withdraw",
  "POST /GreeterOfOthers/greet",
  "POST /restate/call/GreeterOfOthers/greet",
  "POST /greeter/greet",
  "GET /restate/workflow/Other/Greeter/attach",
  "GET /restate/invocation/Other/Greeter/greet/once/attach",
  `GET /restate/attach/inv_${serviceTag("Other")}/restate/attach/inv_${serviceTag("Greeter")}`,
];
const ELSEWHERE = [
  ...callsOf("Other"),
  ...resultsOf("Other"),
  ...LOOKALIKES,
  ...BY_BODY,
  "GET /restate/health",
];
const ADMIN = [
  "GET /invocations",
  "GET /services/Greeter/state/k",
  "PATCH /invocations/inv_1/kill",
  "POST /deployments",
  "POST /query",
];

/** What of the lines is let in. */
const letIn = ({ may }: Granted, lines: readonly string[], at?: "ingress" | "admin"): string[] =>
  lines.filter((line) => may(line, at));

describe("grantInvokeService", () => {
  const caller = granted((runtime, to) => runtime.grantInvokeService(to, "Greeter"));

  test("lets in each form of a call, and the results of one's own invocations, which a 504 points to", () => {
    const own = [...callsOf("Greeter"), ...resultsOf("Greeter")];
    expect(letIn(caller, own)).toEqual(own);
  });

  test("lets in nothing else: no other service, none with that name for a key, no signals, no awakeables, no operators", () => {
    const others = [...ELSEWHERE, ...signalsOf("Greeter"), ...awakeablesOf("Greeter")];
    expect(letIn(caller, others)).toEqual([]);
    expect(letIn(caller, ADMIN, "admin")).toEqual([]);
    expect(letIn(caller, ["PUT /Greeter/greet", "OPTIONS /Greeter/greet", "POST //Greeter/greet"])).toEqual(
      [],
    );
  });

  test("is of one service whose name is known", () => {
    const refusals: string[] = [];
    granted((runtime, to) => {
      const { valueAsString } = new CfnParameter(runtime, "Name");
      for (const name of ["*", "Gree?er", "a/b", "", "restate", valueAsString]) {
        try {
          runtime.grantInvokeService(to, name);
        } catch (error) {
          refusals.push(String(error));
        }
      }
    });
    expect(refusals.slice(0, -1)).toEqual(
      Array.from({ length: 5 }, () => expect.stringContaining("is not a service's name") as unknown),
    );
    expect(refusals.at(-1)).toContain("needs its name as a text");
  });
});

describe("the other grants", () => {
  const everything = [
    ...["Greeter", "Other"].flatMap((name) => [
      ...callsOf(name),
      ...resultsOf(name),
      ...signalsOf(name),
      ...awakeablesOf(name),
    ]),
    ...BY_BODY,
    "GET /restate/health",
  ];

  test("grantInvoke lets in all of the ingress, and nothing of the admin API", () => {
    const caller = granted((runtime, to) => runtime.grantInvoke(to));
    expect(letIn(caller, everything)).toEqual(everything);
    expect(letIn(caller, ADMIN, "admin")).toEqual([]);
  });

  test.each([
    [
      "grantSignals",
      signalsOf,
      (runtime: PerdureRuntime, to: IGrantable, of?: string) => runtime.grantSignals(to, of),
    ],
    [
      "grantCompleteAwakeables",
      awakeablesOf,
      (runtime: PerdureRuntime, to: IGrantable, of?: string) => runtime.grantCompleteAwakeables(to, of),
    ],
  ] as const)("%s lets in that alone, of all services or of one", (_, linesOf, grant) => {
    const toAll = granted((runtime, to) => grant(runtime, to));
    expect(letIn(toAll, everything)).toEqual([...linesOf("Greeter"), ...linesOf("Other")]);
    const toOne = granted((runtime, to) => grant(runtime, to, "Greeter"));
    expect(letIn(toOne, everything)).toEqual(linesOf("Greeter"));
    expect(letIn(toAll, ADMIN, "admin")).toEqual([]);
  });

  test("grantAdmin lets in all of the admin API, grantAdminRead what reads", () => {
    const operator = granted((runtime, to) => runtime.grantAdmin(to));
    const reader = granted((runtime, to) => runtime.grantAdminRead(to));
    expect(letIn(operator, ADMIN, "admin")).toEqual(ADMIN);
    expect(letIn(reader, ADMIN, "admin")).toEqual(
      ADMIN.filter((line) => line.startsWith("GET") || line === "POST /query"),
    );
    for (const each of [operator, reader]) expect(letIn(each, everything)).toEqual([]);
  });
});

describe("without an HTTP API", () => {
  const functionOf = ({ statements }: Granted): string => resolved(statements[0]?.Resource);

  test("grantAdmin lets a principal invoke the function, if need be by a VPC endpoint only", () => {
    const props: PerdureRuntimeProps = { admin: "function" };
    const operator = granted((runtime, to) => runtime.grantAdmin(to), props);
    const inside = granted((runtime, to) => runtime.grantAdmin(to, { vpcEndpointIds: ["vpce-1"] }), props);
    const invoke = { action: "lambda:InvokeFunction", resource: functionOf(operator) };
    expect(isAllowed(operator.statements, invoke)).toBe(true);
    expect(isAllowed(inside.statements, invoke)).toBe(false);
    const from = (id: string) => ({ ...invoke, context: { "aws:SourceVpce": id } });
    expect(isAllowed(inside.statements, from("vpce-1"))).toBe(true);
    expect(isAllowed(inside.statements, from("vpce-2"))).toBe(false);
    expect(functionOf(operator)).toContain("RuntimeAdminFunction");
  });

  test("what cannot be granted is refused", () => {
    const refused = (props: PerdureRuntimeProps, grant: Parameters<typeof granted>[0]) => () =>
      granted(grant, props);
    expect(refused({ admin: "function" }, (runtime, to) => runtime.grantAdminRead(to))).toThrow(
      "can read alone",
    );
    expect(refused({ admin: false }, (runtime, to) => runtime.grantAdmin(to))).toThrow("no admin API");
    expect(refused({}, (runtime, to) => runtime.grantAdmin(to, { vpcEndpointIds: ["vpce-1"] }))).toThrow(
      'admin: "function"',
    );
    expect(refused({ admin: false }, (runtime) => runtime.admin.url)).toThrow("no HTTP API for operators");
  });

  test("grantInvoke reaches the function URL for IAM principals, and only by the URL", () => {
    const caller = granted((runtime, to) => runtime.grantInvoke(to), { ingressFunctionUrl: "iam" });
    const resource = resolved(caller.statements.at(-1)?.Resource);
    expect(resource).toContain("RuntimeIngressFunction");
    const may = (action: string, context: Record<string, string>): boolean =>
      isAllowed(caller.statements, { action, resource, context });
    expect(may("lambda:InvokeFunctionUrl", { "lambda:FunctionUrlAuthType": "AWS_IAM" })).toBe(true);
    expect(may("lambda:InvokeFunction", { "lambda:InvokedViaFunctionUrl": "true" })).toBe(true);
    expect(may("lambda:InvokeFunction", {})).toBe(false);
    const ofService = granted((runtime, to) => runtime.grantInvokeService(to, "Greeter"), {
      ingressFunctionUrl: "iam",
    });
    expect(JSON.stringify(ofService.statements)).not.toContain("lambda:");
  });
});
