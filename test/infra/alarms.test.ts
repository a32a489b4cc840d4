/** Every alarm has a section in docs/operations.md, and every such section an alarm. The dashboard shows every metric. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Duration } from "aws-cdk-lib";
import { describe, expect, test } from "vitest";
import { METRIC_NAMESPACE, METRICS } from "../../lib/metrics.ts";
import { makeStack, ofType, type Resource, type TestStack } from "./stack.ts";

const OPERATIONS = readFileSync(join(import.meta.dirname, "../../docs/operations.md"), "utf8");

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
    expect(sections).toHaveLength(12);
    expect(Object.keys(alarmsOf(all))).toEqual(sections);
  });

  test("name their section, and are quiet without data", () => {
    for (const [name, { Properties }] of Object.entries(alarmsOf(all))) {
      expect(Properties["AlarmDescription"]).toContain(`See ${name} in docs/operations.md.`);
      expect(Properties["TreatMissingData"]).toBe("notBreaching");
    }
  });

  test("are four by default, and none if none are wanted", () => {
    const four = ["MailboxStuck", "MessagesComeAgain", "DispatcherFails", "InvocationsPaused"];
    expect(Object.keys(alarmsOf(makeStack()))).toEqual(four);
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

describe("metrics", () => {
  test("are measured, each of them, by the runtime", () => {
    const root = join(import.meta.dirname, "../..");
    const sources = globSync("runtime/**/*.ts", { cwd: root }).map((file) =>
      readFileSync(join(root, file), "utf8"),
    );
    const measured = sources.flatMap((source) => [...source.matchAll(/measure\(\s*"(\w+)"/g)]);
    expect(new Set(measured.map(([, name]) => name))).toEqual(new Set(Object.keys(METRICS)));
  });
});

describe("the dashboard", () => {
  test("is not there by default", () => {
    expect(ofType(makeStack().resources, "AWS::CloudWatch::Dashboard")).toEqual([]);
  });

  test("shows each of the metrics that the dispatcher and the reconciler write", () => {
    const [[, dashboard] = []] = ofType(all.resources, "AWS::CloudWatch::Dashboard");
    const body = JSON.stringify(dashboard?.Properties["DashboardBody"]);
    for (const { name } of Object.values(METRICS)) expect(body).toContain(`\\"${name}\\"`);
  });
});
