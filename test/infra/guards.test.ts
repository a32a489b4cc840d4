/** Guards wait in a table (lib/store/guard-table.ts). What the timers' function of the stack gets for that, and handlers of other stacks. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { App, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { PerdureRuntime, type PerdureRuntimeAttributes, PerdureService } from "../../infra/index.ts";
import { toAttributeMap } from "../../lib/aws/attribute-value.ts";
import { encodeTimer } from "../../lib/aws/timer-message.ts";
import { GUARD_PARTITIONS, GUARD_PASS_KEY, passesItem, passMessage } from "../../lib/store/guard-table.ts";
import { REGION, resolved } from "../support/iam.ts";
import { policiesOf } from "./access.ts";
import { GREETER, makeStack, ofType, type Resource } from "./stack.ts";

type Resources = Readonly<Record<string, Resource>>;

const { resources } = makeStack();
const variablesOf = (name: string, of: Resources = resources): Readonly<Record<string, unknown>> => {
  const [made] = ofType(of, "AWS::Lambda::Function").filter(([id]) => id.startsWith(name));
  if (!made) throw new Error(`there is no function ${name}`);
  const { Variables } = made[1].Properties["Environment"] as { Variables: Record<string, unknown> };
  return Variables;
};

describe("the timers' function", () => {
  const variables = variablesOf("RuntimeTimers");
  const table = resolved(variables["PERDURE_GUARD_TABLE"]);
  const environment = process.env;
  const asked: string[] = [];
  let aws: Server;
  let url: string;

  /** In place of DynamoDB and SQS. There was a pass, and there are no guards. */
  async function answer(request: IncomingMessage): Promise<object> {
    const asks = (await json(request)) as Record<string, unknown>;
    const [operation] = String(request.headers["x-amz-target"]).split(".").toReversed();
    const { pk } = (asks["Key"] ?? asks["Item"] ?? {}) as { readonly pk?: { readonly S: string } };
    const on = String(asks["TableName"] ?? asks["QueueUrl"]).replace(url, "");
    asked.push(`${operation} ${on} ${pk?.S ?? ""}`.trim());
    if (operation === "Query") return { Items: [], Count: 0, ScannedCount: 0 };
    if (operation !== "GetItem") return {};
    const [doneMs, untilMs] = [Date.now() - 10_000, Date.now() + 600_000];
    return { Item: toAttributeMap(passesItem({ number: 1, doneMs, untilMs }).attributes) };
  }

  beforeAll(async () => {
    aws = createServer((request, response) => {
      void answer(request).then((found) => response.end(JSON.stringify(found)));
    });
    aws.listen(0, "127.0.0.1");
    await once(aws, "listening");
    url = `http://127.0.0.1:${(aws.address() as AddressInfo).port}`;
    process.env = {
      ...Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, resolved(value)])),
      // Of a queue a template has the reference, which is its URL.
      ...{ PERDURE_MAILBOX_URL: `${url}/mailbox.fifo`, PERDURE_DELAY_QUEUE_URL: `${url}/delay` },
      ...{ AWS_REGION: REGION, AWS_ENDPOINT_URL: url },
      ...{ AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" },
    };
    vi.resetModules();
  });
  afterAll(() => {
    process.env = environment;
    aws.closeAllConnections();
    aws.close();
  });

  test("makes a pass over the stack's table, and sends itself the next one by the delay queue", async () => {
    expect(table).toMatch(/^RuntimeTablesGuards/);
    const { handler } = await import("../../runtime/timers/lambda.ts");
    const body = encodeTimer({ atMs: Date.now(), message: passMessage(2) });
    const event = { Records: [{ messageId: "m", body }] };
    const taken = await handler(event, { getRemainingTimeInMillis: () => 30_000 });
    expect(taken).toEqual({ batchItemFailures: [] });
    expect(asked[0]).toBe(`GetItem ${table} ${GUARD_PASS_KEY.pk}`);
    expect(asked.slice(-2)).toEqual(["SendMessage /delay", `PutItem ${table} ${GUARD_PASS_KEY.pk}`]);
    expect(new Set(asked.slice(1, -2))).toEqual(new Set([`Query ${table}`]));
  });

  test("is run by its queue alone: the only schedule is the reconciler's, as it was", () => {
    const schedules = ofType(resources, "AWS::Scheduler::Schedule").map(([id]) => id);
    expect(schedules).toEqual([expect.stringMatching(/^RuntimeReconcilerSchedule[0-9A-F]{8}$/)]);
  });
});

describe("the handlers of a runtime that another stack has made", () => {
  const arn = (service: string, rest: string): string => `arn:aws:${service}:eu-west-1:123456789012:${rest}`;
  const role = (name: string): string => `arn:aws:iam::123456789012:role/${name}`;
  const attributes: PerdureRuntimeAttributes = {
    journalTableArn: arn("dynamodb", "table/journal"),
    stateTableArn: arn("dynamodb", "table/state"),
    registryTableArn: arn("dynamodb", "table/registry"),
    mailboxArn: arn("sqs", "mailbox.fifo"),
    delayQueueArn: arn("sqs", "delay"),
    ingressRoleArn: role("ingress"),
    dispatcherRoleArn: role("dispatcher"),
    registrarRoleArn: role("registrar"),
    reconcilerRoleArn: role("reconciler"),
    registrarFunctionArn: arn("lambda", "function:registrar"),
    ingressApiId: "ingress",
  };
  const made = (more: Partial<PerdureRuntimeAttributes>): Resources => {
    const stack = new Stack(new App({ analyticsReporting: false }), "Test");
    const runtime = PerdureRuntime.fromAttributes(stack, "Runtime", { ...attributes, ...more });
    new PerdureService(stack, "Greeter", { runtime, entry: GREETER, services: ["Greeter"] });
    return Template.fromStack(stack).toJSON()["Resources"] as Resources;
  };
  /** "action partition": what a handler may do with the table of guards. */
  const onGuards = (of: Resources): readonly string[] =>
    policiesOf(of)
      .filter(({ role: holder }) => holder === "handler")
      .flatMap(({ statements }) => statements)
      .filter(({ on }) => on.some(({ resource }) => resolved(resource).includes("guards")))
      .map(({ statement: { Action, Condition } }) => JSON.stringify([Action, Condition]));

  test("have the variable and both permissions, if its table of guards is known", () => {
    const known = made({ guardTableArn: arn("dynamodb", "table/guards") });
    expect(variablesOf("Greeter", known)["PERDURE_GUARD_TABLE"]).toBe("guards");
    const withKeys = (action: string, pattern: string): string =>
      JSON.stringify([
        action,
        {
          "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [pattern] },
          Null: { "dynamodb:LeadingKeys": "false" },
        },
      ]);
    expect(onGuards(known)).toEqual([
      withKeys("dynamodb:PutItem", `${GUARD_PARTITIONS}*`),
      withKeys("dynamodb:GetItem", GUARD_PASS_KEY.pk),
    ]);
  });

  test("have neither, if it is not known: then guards wait in the delay queue", () => {
    const unknown = made({});
    expect(variablesOf("Greeter", unknown)).not.toHaveProperty("PERDURE_GUARD_TABLE");
    expect(variablesOf("Greeter", unknown)).toHaveProperty("PERDURE_DELAY_QUEUE_URL");
    expect(onGuards(unknown)).toEqual([]);
    expect(JSON.stringify(unknown)).not.toMatch(/guards|PERDURE_GUARD/);
  });
});
