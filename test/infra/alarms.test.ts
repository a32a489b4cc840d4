/** Every alarm has a section in docs/operations.md, and every such section an alarm. The dashboard shows every metric. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { App, Duration, Stack } from "aws-cdk-lib";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { Match, Template } from "aws-cdk-lib/assertions";
import { describe, expect, test } from "vitest";
import { PerdureRuntime, type PerdureRuntimeProps, sqs } from "../../infra/index.ts";
import { METRIC_NAMESPACE, METRICS } from "../../lib/metrics.ts";
import { makeStack, ofType, type Resource, type TestStack } from "./stack.ts";

const ROOT = join(import.meta.dirname, "../..");
const OPERATIONS = readFileSync(join(ROOT, "docs/operations.md"), "utf8");

const alarmsOf = ({ resources }: TestStack): Record<string, Resource> =>
  Object.fromEntries(
    ofType(resources, "AWS::CloudWatch::Alarm").map(([id, alarm]) => [
      id.replace(/^RuntimeAlarms(\w+)[0-9A-F]{8}$/, "$1"),
      alarm,
    ]),
  );

const all = makeStack({ alarms: "all", dashboard: true });

describe("alarms", () => {
  test("are those that the document has sections for, in its order", () => {
    const [, alarms = ""] = OPERATIONS.split("\n## Alarms\n");
    const [section = ""] = alarms.split(/\n## /);
    const sections = [...section.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
    expect(sections).toHaveLength(15);
    const ofSources = ["SourceStuck", "RecordsRejected"];
    expect([...Object.keys(alarmsOf(all)), ...ofSources]).toEqual(sections);
  });

  test("of a runtime with subscriptions are two more, on one metric each", () => {
    const namesIn = (props: PerdureRuntimeProps): string[] => {
      const stack = new Stack(new App({ analyticsReporting: false }), "Test");
      const runtime = new PerdureRuntime(stack, "Runtime", props);
      runtime.subscribe(sqs(new Queue(stack, "Work")), "Greeter/greet");
      const made = Template.fromStack(stack).findResources("AWS::CloudWatch::Alarm", {
        Properties: { Namespace: METRIC_NAMESPACE, MetricName: Match.stringLikeRegexp("^Records") },
      });
      return Object.values(made).map((alarm) => String(alarm["Properties"]["AlarmName"]));
    };
    expect(namesIn({})).toEqual(["Test-Runtime-SourceStuck", "Test-Runtime-RecordsRejected"]);
    expect(namesIn({ alarms: "none" })).toEqual([]);
  });

  test("say of what they are, what to look at first, and where the rest is: in the package", () => {
    const { files } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { files: string[] };
    expect(files).toContain("docs/**/*.md");
    for (const [name, { Properties }] of Object.entries(alarmsOf(all))) {
      expect(Properties["AlarmName"]).toBe(`Test-Runtime-${name}`);
      const description = String(Properties["AlarmDescription"]);
      expect(description).toMatch(/^Perdure, Test\/Runtime: .*\. First: .{40,}\. More: /);
      expect(description).toContain(` More: ${name} in node_modules/perdure/docs/operations.md.`);
      // CloudWatch takes no more.
      expect(description.length).toBeLessThanOrEqual(1024);
      expect(Properties["TreatMissingData"]).toBe("notBreaching");
    }
  });

  test("are five by default, and none if none are wanted", () => {
    const five = [
      ...["MailboxStuck", "MessagesComeAgain", "DispatcherFails", "DispatcherThrottled"],
      "InvocationsPaused",
    ];
    expect(Object.keys(alarmsOf(makeStack()))).toEqual(five);
    expect(alarmsOf(makeStack({ alarms: "none" }))).toEqual({});
  });

  test("each watch one metric: more would be billed", () => {
    for (const { Properties } of Object.values(alarmsOf(all))) {
      expect(Properties["Metrics"]).toBeUndefined();
      expect(Properties["MetricName"]).toBeTypeOf("string");
    }
  });

  test("watch own metrics by names that functions write, of this runtime", () => {
    const own = Object.values(alarmsOf(all)).filter(
      ({ Properties }) => Properties["Namespace"] === METRIC_NAMESPACE,
    );
    const written = new Set<unknown>(Object.values(METRICS).map(({ name }) => name));
    expect(own).toHaveLength(6);
    const functions = ofType(all.resources, "AWS::Lambda::Function");
    const names = functions.map(
      ([, { Properties }]) =>
        (Properties["Environment"] as { Variables: Record<string, unknown> }).Variables[
          "PERDURE_RUNTIME_NAME"
        ],
    );
    for (const { Properties } of own) {
      expect(written).toContain(Properties["MetricName"]);
      const [dimension] = Properties["Dimensions"] as { Name: string; Value: string }[];
      expect(dimension?.Name).toBe("Runtime");
      expect(names).toContain(dimension?.Value);
    }
  });

  test("give a message as long as two of the longest turns", () => {
    const threshold = (made: TestStack) => alarmsOf(made)["MailboxStuck"]?.Properties["Threshold"];
    expect(threshold(makeStack())).toBe(15 * 60);
    expect(threshold(makeStack({ waitedTurnTimeout: Duration.minutes(14) }))).toBe(28 * 60);
    expect(threshold(makeStack({ turnTimeout: Duration.minutes(15) }))).toBe(15 * 60);
  });

  test("tell whom they are to tell", () => {
    const action = { bind: () => ({ alarmActionArn: "arn:aws:sns:eu-west-1:123456789012:operators" }) };
    for (const { Properties } of Object.values(alarmsOf(makeStack({ alarmActions: [action] })))) {
      expect(Properties["AlarmActions"]).toHaveLength(1);
    }
  });
});

describe("a mailbox of a service's own", () => {
  const made = makeStack({ mailbox: { stuckAfter: Duration.hours(2) }, alarms: "all", dashboard: true });
  const ofService = (stack: TestStack): Resource[] =>
    ofType(stack.resources, "AWS::CloudWatch::Alarm")
      .filter(([id]) => id.startsWith("GreeterMailbox"))
      .map(([, alarm]) => alarm);

  test("has the alarms that are about a queue, after its own time", () => {
    expect(
      ofService(made).map(({ Properties }) => [Properties["AlarmName"], Properties["Threshold"]]),
    ).toEqual([
      ["Test-Greeter-MailboxStuck", 2 * 3600],
      ["Test-Greeter-MessagesComeAgain", 2 * 3600 * 1000],
    ]);
    expect(ofService(makeStack({ mailbox: {}, alarms: "none" }))).toEqual([]);
  });

  test("is told from the runtime's by its queue's name", () => {
    const [, again] = ofService(made);
    const queueName = made.stack.resolve(made.service.mailbox?.queue.queueName ?? "") as unknown;
    expect(again?.Properties["Dimensions"]).toEqual([
      { Name: "Mailbox", Value: queueName },
      { Name: "Runtime", Value: "Test/Runtime" },
    ]);
  });

  test("has the runtime's dispatcher and dead letters, and so its alarms of those", () => {
    const queues = ofType(made.resources, "AWS::SQS::Queue").filter(
      ([, { Properties }]) => Properties["RedrivePolicy"] !== undefined && Properties["FifoQueue"] === true,
    );
    expect(queues).toHaveLength(2);
    expect(
      new Set(queues.map(([, { Properties }]) => JSON.stringify(Properties["RedrivePolicy"]))).size,
    ).toBe(1);
    const consumers = ofType(made.resources, "AWS::Lambda::EventSourceMapping").map(([, { Properties }]) =>
      JSON.stringify(Properties["FunctionName"]),
    );
    expect(consumers.filter((name) => name.includes("RuntimeDispatcherFunction"))).toHaveLength(2);
  });

  test("is in the dashboard", () => {
    const [[, dashboard] = []] = ofType(made.resources, "AWS::CloudWatch::Dashboard");
    expect(JSON.stringify(dashboard?.Properties["DashboardBody"])).toContain(
      "in the mailbox of Test/Greeter",
    );
  });
});

describe("metrics", () => {
  test("are measured, each of them, by the runtime", () => {
    const sources = globSync("runtime/**/*.ts", { cwd: ROOT }).map((file) =>
      readFileSync(join(ROOT, file), "utf8"),
    );
    const measured = sources.flatMap((source) => [...source.matchAll(/measure\(\s*"(\w+)"/g)]);
    expect(new Set(measured.map(([, name]) => name))).toEqual(new Set(Object.keys(METRICS)));
  });
});

describe("the dashboard", () => {
  test("is not there by default", () => {
    expect(ofType(makeStack().resources, "AWS::CloudWatch::Dashboard")).toEqual([]);
  });

  test("shows the handlers of its stack, with the calls in memory, which Lambda alone counts", () => {
    const [[, dashboard] = []] = ofType(all.resources, "AWS::CloudWatch::Dashboard");
    const body = JSON.stringify(dashboard?.Properties["DashboardBody"]);
    expect(body).toContain("Handlers of Test/Greeter");
    expect(body).toMatch(/"Resource\\",\\"",.*":calls-of-/);
  });

  test("shows each of the metrics that the dispatcher and the reconciler write", () => {
    const [[, dashboard] = []] = ofType(all.resources, "AWS::CloudWatch::Dashboard");
    const body = JSON.stringify(dashboard?.Properties["DashboardBody"]);
    for (const { name } of Object.values(METRICS)) expect(body).toContain(`\\"${name}\\"`);
  });
});
