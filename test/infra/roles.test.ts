/**
 * The table in docs/security.md by IAM's own rules: each role asks for each action on each thing, and gets what the table says. A pattern that
 * reaches further than its name says would show here.
 */
import { describe, expect, test } from "vitest";
import { serviceTag } from "../../lib/model/ids.ts";
import { GUARD_PASS_KEY, guardPartition } from "../../lib/store/guard-table.ts";
import { isAllowed, resolved, type Statement } from "../support/iam.ts";
import { FUNCTIONS, policiesOf, rowsOf, SECURITY } from "./access.ts";
import { makeStack } from "./stack.ts";

const OWN_KEYS = `${serviceTag("Greeter")}.inv.x`;
const statementsOf = new Map<string, Statement[]>();
/** A thing for each name in the table: what a star may stand for is some text. */
const things = new Map<string, string>();
const rows = rowsOf(SECURITY).filter(({ on }) => !on.includes("own key"));
const actions = [...new Set(rows.flatMap((row) => row.actions))];

/** One of the service's. Guards are written, and what is read beside them is how far the pass is. */
function keyOf(action: string, thing: string): string {
  if (thing === "registry") return "service.Greeter";
  if (thing === "guards") return action === "dynamodb:PutItem" ? guardPartition(0) : GUARD_PASS_KEY.pk;
  return thing === "journal's index open" ? `${serviceTag("Greeter")}0` : OWN_KEYS;
}

/** With what a role would say of itself if it kept to its own. */
const contextOf = (action: string, thing: string): Readonly<Record<string, string | readonly string[]>> => ({
  "dynamodb:LeadingKeys": [keyOf(action, thing)],
  "iam:PassedToService": "scheduler.amazonaws.com",
});

const may = (role: string, action: string, thing: string, context = contextOf(action, thing)): boolean =>
  isAllowed(statementsOf.get(role) ?? [], { action, resource: things.get(thing) ?? "", context });

for (const { role, statements } of policiesOf(makeStack({ mailbox: {}, inFlight: "move" }).resources)) {
  const held = statementsOf.get(role) ?? [];
  statementsOf.set(role, [...held, ...statements.map(({ statement }) => statement)]);
  for (const { name, resource } of statements.flatMap(({ on }) => on))
    things.set(name, resolved(resource).replaceAll("*", "some"));
}

test("each role gets what its rows say, and nothing more, of all that is in the table", () => {
  const roles = [...statementsOf.keys()];
  const documented = new Set(
    rows.flatMap(({ roles: [role = ""], actions: named, on }) =>
      (role === "each function" ? FUNCTIONS : [role]).flatMap((each) =>
        named.flatMap((action) =>
          on.map((thing) => {
            const own = thing === "its own log group" ? `log group of ${each}` : thing;
            return `${each} | ${action} | ${own}`;
          }),
        ),
      ),
    ),
  );
  const granted = roles.flatMap((role) =>
    actions.flatMap((action) =>
      [...things.keys()]
        .filter((thing) => may(role, action, thing))
        .map((thing) => `${role} | ${action} | ${thing}`),
    ),
  );
  expect(granted.toSorted()).toEqual([...documented].toSorted());
  expect(things.size).toBe(23);
});

describe("conditions", () => {
  test("the registrar reaches the journals of services with `inFlight`, and no others", () => {
    const others = { "dynamodb:LeadingKeys": [`${serviceTag("Other")}.inv.x`, `${serviceTag("Other")}0`] };
    for (const [action, thing] of [
      ["dynamodb:Query", "journal"],
      ["dynamodb:Query", "journal's index open"],
      ["dynamodb:UpdateItem", "journal"],
    ] as const) {
      expect(may("registrar", action, thing)).toBe(true);
      expect(may("registrar", action, thing, others)).toBe(false);
    }
  });

  const keys = (...values: string[]) => ({ "dynamodb:LeadingKeys": values });

  test.each([
    ["another service's key", keys(`${serviceTag("Other")}.inv.x`)],
    ["a key of its own and another's", keys(OWN_KEYS, `${serviceTag("Other")}.inv.x`)],
    ["no key", {}],
  ])("a handler does not reach the tables with %s", (_, context) => {
    expect(may("handler", "dynamodb:GetItem", "journal")).toBe(true);
    for (const action of ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:PutItem", "dynamodb:UpdateItem"])
      for (const table of ["journal", "state"]) expect(may("handler", action, table, context)).toBe(false);
    expect(may("handler", "dynamodb:GetItem", "registry", context)).toBe(false);
  });

  test.each(["handler", "dispatcher", "ingress"])(
    "%s sets guards, but does not see those of others, and cannot say how far the pass is",
    (role) => {
      const [guards, pass] = [keys(guardPartition(0)), keys(GUARD_PASS_KEY.pk)];
      expect(may(role, "dynamodb:PutItem", "guards", guards)).toBe(true);
      expect(may(role, "dynamodb:GetItem", "guards", pass)).toBe(true);
      expect(may(role, "dynamodb:PutItem", "guards", pass)).toBe(false);
      expect(may(role, "dynamodb:GetItem", "guards", guards)).toBe(false);
      for (const action of ["dynamodb:PutItem", "dynamodb:GetItem"]) {
        expect(may(role, action, "guards", keys(guardPartition(0), GUARD_PASS_KEY.pk))).toBe(false);
        expect(may(role, action, "guards", keys(`${GUARD_PASS_KEY.pk}.x`))).toBe(false);
        expect(may(role, action, "guards", {})).toBe(false);
      }
    },
  );

  test("the Scheduler's role is passed to the Scheduler alone", () => {
    const elsewhere = { "iam:PassedToService": "lambda.amazonaws.com" };
    for (const role of ["dispatcher", "timers", "ingress"]) {
      expect(may(role, "iam:PassRole", "timer schedules' role")).toBe(true);
      expect(may(role, "iam:PassRole", "timer schedules' role", elsewhere)).toBe(false);
    }
  });
});
