/** The permissions of a template, and those of the table in docs/security.md, as lines that can be compared. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Statement } from "../support/iam.ts";
import { type Resource, ofType } from "./stack.ts";

const ROOT = join(import.meta.dirname, "..", "..");
export const SECURITY = readFileSync(join(ROOT, "docs/security.md"), "utf8");

const listOf = <T>(value: T | readonly T[]): readonly T[] => (Array.isArray(value) ? value : [value as T]);

/** What each role's policies say, and what the table calls the resources in them. */
export function policiesOf(resources: Readonly<Record<string, Resource>>) {
  return ofType(resources, "AWS::IAM::Policy").flatMap(([, { Properties }]) => {
    const { Statement: statements } = Properties["PolicyDocument"] as { Statement: readonly Statement[] };
    const named = statements.map((statement) => ({
      statement,
      on: listOf(statement.Resource).map((resource) => ({ name: nameOf(resource), resource })),
    }));
    return (Properties["Roles"] as unknown[]).map((role) => ({ role: roleName(role), statements: named }));
  });
}

/** "role | action | resource | condition", one for each action and resource. */
export function linesOf(resources: Readonly<Record<string, Resource>>): string[] {
  return ofType(resources, "AWS::IAM::Policy").flatMap(([, { Properties }]) => {
    const roles = (Properties["Roles"] as unknown[]).map(roleName);
    const { Statement: statements } = Properties["PolicyDocument"] as { Statement: readonly Statement[] };
    return statements.flatMap((statement) => {
      if (statement.Effect !== "Allow") throw new Error(`a policy has the effect ${statement.Effect}`);
      const condition = JSON.stringify(statement.Condition ?? null);
      return roles.flatMap((role) =>
        listOf(statement.Action).flatMap((action) =>
          listOf(statement.Resource).map((on) => `${role} | ${action} | ${nameOf(on)} | ${condition}`),
        ),
      );
    });
  });
}

const ROLES: Readonly<Record<string, string>> = {
  RuntimeDispatcherRole: "dispatcher",
  RuntimeTimersRole: "timers",
  RuntimeIngressRole: "ingress",
  RuntimeAdminRole: "admin",
  RuntimeReconcilerRole: "reconciler",
  RuntimeRegistrarRole: "registrar",
  RuntimeEventsRole: "source door",
  RuntimeTimerSchedulesRole: "timer schedules",
  RuntimeReconcilerScheduleRole: "reconciler's schedule",
  GreeterHandlerRole: "handler",
};

const RESOURCES: Readonly<Record<string, string>> = {
  RuntimeTablesJournal: "journal",
  RuntimeTablesState: "state",
  RuntimeTablesRegistry: "registry",
  RuntimeTablesGuards: "guards",
  RuntimeQueuesMailbox: "mailbox",
  RuntimeQueuesMailboxDeadLetters: "mailbox's dead letters",
  GreeterMailboxQueue: "own mailbox",
  RuntimeQueuesDelay: "delay queue",
  RuntimeQueuesDelayDeadLetters: "delay queue's dead letters",
  RuntimeTimerSchedulesRole: "timer schedules' role",
  RuntimeReconcilerFunction: "reconciler",
  GreeterHandlerFunction: "handler function",
  RuntimeDispatcherLogs: "log group of dispatcher",
  RuntimeTimersLogs: "log group of timers",
  RuntimeIngressLogs: "log group of ingress",
  RuntimeAdminLogs: "log group of admin",
  RuntimeReconcilerLogs: "log group of reconciler",
  RuntimeRegistrarLogs: "log group of registrar",
  RuntimeEventsLogs: "log group of source door",
  GreeterHandlerLogs: "log group of handler",
  Key: "own key",
};

/** Logical ids end in a hash of eight digits. */
const withoutHash = (logicalId: string): string => logicalId.replace(/[0-9A-F]{8}$/, "");

function roleName(reference: unknown): string {
  const { Ref = "" } = reference as { Ref?: string };
  return ROLES[withoutHash(Ref)] ?? `unknown role ${JSON.stringify(reference)}`;
}

function nameOf(resource: unknown): string {
  const attribute = (resource as { "Fn::GetAtt"?: [string, string] })["Fn::GetAtt"];
  if (attribute) return RESOURCES[withoutHash(attribute[0])] ?? `unknown resource ${attribute[0]}`;
  const text = JSON.stringify(resource);
  if (/^\{"Fn::Join":\["",\[\{"Fn::GetAtt":\["GreeterHandlerFunction\w+","Arn"\]\},":\*"\]\]\}$/.test(text)) {
    return "handler versions";
  }
  if (/:function:\*:calls-of-",\{"Fn::Select":\[6,.*"RuntimeRegistrarFunction\w+","Arn"\]/.test(text))
    return "handler doors";
  if (
    /:schedule\/",\{"Ref":"RuntimeTimerSchedules\w+"\},"\/t-\*"/.test(text) ||
    /:schedule\/[^*]+\/t-\*"/.test(text)
  ) {
    return "timer schedules";
  }
  const index =
    /^\{"Fn::Join":\["",\[\{"Fn::GetAtt":\["RuntimeTablesJournal\w+","Arn"\]\},"\/index\/(\w+)"\]\]\}$/.exec(
      text,
    );
  if (index) return `journal's index ${index[1]}`;
  return `unknown resource ${text}`;
}

interface Row {
  readonly roles: readonly string[];
  readonly actions: readonly string[];
  readonly on: readonly string[];
  readonly condition: string;
}

/** The rows of the document's first table with these columns. */
export function rowsOf(document: string): Row[] {
  const cells = (line: string): string[] =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
  const lines = document.split("\n");
  const from = lines.findIndex((line) => line.startsWith("| Role | Actions | On |"));
  const rows = lines.slice(
    from + 2,
    lines.findIndex((line, index) => index > from && !line.startsWith("|")),
  );
  return rows.map((line) => {
    const [role = "", actions = "", on = "", condition = ""] = cells(line);
    return { roles: [role], actions: actions.split(", "), on: on.split(", "), condition };
  });
}

export const FUNCTIONS = ["dispatcher", "timers", "ingress", "admin", "reconciler", "registrar", "handler"];
