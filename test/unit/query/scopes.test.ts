/** Which rows a query is taken to need. What is left out costs time; what is wrong would cost rows. */
import { describe, expect, test } from "vitest";
import { withPlainNames } from "../../../runtime/query/dialect.ts";
import { type Mention, mentionsOf } from "../../../runtime/query/scopes.ts";
import { statementIn } from "../../../runtime/query/statement.ts";

const NOW = Date.parse("2026-11-28T12:00:00.000Z");

function mentionsIn(query: string): readonly Mention[] {
  return mentionsOf(withPlainNames(statementIn(query).tokens), NOW);
}

/** In short: `table column op values, …; newest 10`. */
const shown = (query: string): string[] =>
  mentionsIn(query).map(({ table, predicates, limit }) => {
    const parts = predicates.map(({ column, op, values }) => [column, op, ...values].join(" "));
    const most = limit ? `; ${limit.order ?? "any"} ${limit.count}` : "";
    return `${table}: ${parts.join(", ")}${most}`;
  });

describe("conditions are taken", () => {
  test.each([
    ["SELECT * FROM sys_invocation WHERE id = 'a'", ["sys_invocation: id equal a"]],
    ["SELECT * FROM sys_invocation i WHERE i.id IN ('a', 'b')", ["sys_invocation: id equal a b"]],
    [
      "SELECT * FROM sys_invocation WHERE 'a' = id AND status != 'completed'",
      ["sys_invocation: id equal a, status other completed"],
    ],
    [
      "SELECT * FROM state WHERE (service_name = 'S' AND (service_key = 'k'))",
      ["state: service_name equal S, service_key equal k"],
    ],
    ["SELECT * FROM sys_invocation WHERE target LIKE 'S/%'", ["sys_invocation: target like S/%"]],
    [
      "SELECT * FROM sys_invocation_state WHERE in_flight IS TRUE LIMIT 250",
      ["sys_invocation_state: in_flight true; any 250"],
    ],
    [
      "SELECT * FROM sys_invocation ORDER BY created_at DESC, id LIMIT 10 OFFSET 5",
      ["sys_invocation: ; newest 15"],
    ],
    [
      "SELECT * FROM sys_invocation WHERE created_at > now() - INTERVAL '1 hour'",
      ["sys_invocation: created_at from 2026-11-28T11:00:00.000Z"],
    ],
    [
      "SELECT 1 FROM sys_invocation_status ss LEFT JOIN sys_invocation_state sis ON ss.id = sis.id WHERE ss.id IN ('a')",
      ["sys_invocation_status: id equal a", "sys_invocation_state: id equal a"],
    ],
    [
      "SELECT COUNT(1) FROM (SELECT * FROM sys_invocation inv WHERE status = 'paused' LIMIT 50000)",
      ["sys_invocation: status equal paused; any 50000"],
    ],
    [
      "SELECT 1 FROM sys_invocation_status WHERE ((target='S/h' AND target_service_ty='service') OR (target LIKE 'S/h/%' AND target_service_ty!='service')) LIMIT 500",
      ["sys_invocation_status: target_service_name equal S"],
    ],
  ])("%s", (query, expected) => {
    expect(shown(query)).toEqual(expected);
  });
});

describe("conditions are left out that say nothing of each row", () => {
  test.each([
    ["SELECT * FROM sys_invocation WHERE id = 'a' OR status = 'paused'", ["sys_invocation: "]],
    ["SELECT * FROM sys_invocation WHERE NOT id = 'a'", ["sys_invocation: "]],
    ["SELECT * FROM sys_invocation WHERE NOT (id = 'a')", ["sys_invocation: "]],
    ["SELECT CASE WHEN id = 'a' AND status = 'x' THEN 1 END FROM sys_invocation", ["sys_invocation: "]],
    [
      "SELECT * FROM sys_invocation WHERE CASE WHEN id = 'a' AND status = 'x' THEN 1 END",
      ["sys_invocation: "],
    ],
    ["SELECT * FROM sys_invocation WHERE id = lower('A')", ["sys_invocation: "]],
    [
      "SELECT * FROM sys_invocation WHERE id IN (SELECT id FROM sys_inbox)",
      ["sys_invocation: ", "sys_inbox: "],
    ],
    ["SELECT * FROM sys_invocation WHERE id LIKE 'a!%' ESCAPE '!'", ["sys_invocation: "]],
    // A left join keeps its left side, whatever the condition says of it.
    [
      "SELECT * FROM sys_invocation i LEFT JOIN sys_inbox b ON i.id = 'a'",
      ["sys_invocation: ", "sys_inbox: "],
    ],
    [
      "SELECT * FROM sys_invocation i FULL JOIN sys_inbox b ON i.id = b.id WHERE i.id = 'a'",
      ["sys_invocation: ", "sys_inbox: "],
    ],
    // A bare column of two tables.
    ["SELECT * FROM sys_invocation i, sys_inbox b WHERE id = 'a'", ["sys_invocation: ", "sys_inbox: "]],
    [
      "SELECT * FROM sys_invocation WHERE id BETWEEN 'a' AND 'b' AND status = 'paused'",
      ["sys_invocation: status equal paused"],
    ],
  ])("%s", (query, expected) => {
    expect(shown(query)).toEqual(expected);
  });
});

describe("a limit is left out where other rows matter", () => {
  test.each([
    "SELECT count(*) FROM sys_invocation LIMIT 1",
    "SELECT DISTINCT status FROM sys_invocation LIMIT 1",
    "SELECT status FROM sys_invocation GROUP BY status LIMIT 1",
    "SELECT id, row_number() OVER (ORDER BY id) FROM sys_invocation LIMIT 1",
    "SELECT id FROM sys_invocation ORDER BY modified_at LIMIT 1",
    "SELECT id FROM sys_invocation ORDER BY created_at NULLS LAST LIMIT 1",
    "SELECT id FROM sys_invocation WHERE length(id) = 3 LIMIT 1",
    "SELECT id FROM sys_invocation WHERE retry_count > 3 LIMIT 1",
    "SELECT id FROM sys_invocation LIMIT 1 + 1",
    "SELECT i.id FROM sys_invocation i JOIN sys_inbox b ON i.id = b.id LIMIT 1",
    "SELECT id FROM sys_invocation UNION SELECT id FROM sys_inbox LIMIT 1",
  ])("%s", (query) => {
    expect(mentionsIn(query).filter(({ limit }) => limit)).toEqual([]);
  });
});
