/** What of Restate's dialect becomes what in SQLite's, and what is refused. */
import { describe, expect, test } from "vitest";
import { invocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import { shownId } from "../../../lib/model/shown-id.ts";
import { inSqlite, tablesIn, withPlainNames } from "../../../runtime/query/dialect.ts";
import { withIds } from "../../../runtime/query/id-literals.ts";
import { QueryError } from "../../../runtime/query/error.ts";
import { statementIn } from "../../../runtime/query/statement.ts";
import { sqlOf } from "../../../runtime/query/tokens.ts";

const STORED = invocationId("Greeter", "k", new Uint8Array(UNIQUE_SIZE));

const rewritten = (query: string): string =>
  sqlOf(inSqlite(withIds(withPlainNames(statementIn(query).tokens))));

describe("a query is rewritten", () => {
  test.each([
    ["SELECT Id FROM sys_invocation;", "select id from sys_invocation"],
    ["SELECT 'It''s', \"Id\" FROM state", "select 'It''s', \"Id\" from state"],
    ["select id from restate.public.sys_inbox i", "select id from sys_inbox i"],
    ["select 1 from information_schema.tables", "select 1 from information_schema_tables"],
    ["select 1 from restate.information_schema.columns c", "select 1 from information_schema_columns c"],
    ["select sj.index, index from sys_journal sj", 'select sj."index", "index" from sys_journal sj'],
    ["select 1 where a ILIKE 'x%'", "select 1 where a regexp 'x%'"],
    ["select 1 where a !~ 'x'", "select 1 where a not match 'x'"],
    ["select first_value(id order by created_at)", "select perdure_first(id order by created_at nulls last)"],
    ["select first_value(id) over (order by id)", "select first_value(id) over (order by id nulls last)"],
    [
      "select 1 order by a, f(b, c) desc limit 1",
      "select 1 order by a nulls last, f(b, c) desc nulls first limit 1",
    ],
    ["select 1 order by a nulls first", "select 1 order by a nulls first"],
    [
      "select (select 1 order by a), x order by (select 2 order by b desc) asc union all select 3",
      "select (select 1 order by a nulls last), x order by (select 2 order by b desc nulls first) asc nulls last union all select 3",
    ],
    [
      "select sum(a) over (order by b rows 2 preceding)",
      "select sum(a) over (order by b nulls last rows 2 preceding)",
    ],
    ["select now() - INTERVAL '1 hour'", "select perdure_add(now(), -3600000)"],
    ["select created_at + interval '2' day", "select perdure_add(created_at, 172800000)"],
    ["select i.created_at - i.modified_at", "select perdure_minus(i.created_at, i.modified_at)"],
    ["select a - b", "select a - b"],
    ["select 1 where created_at > '2026-11-28'", "select 1 where created_at > '2026-11-28T00:00:00.000Z'"],
    ["select 1 where service_key = '2026-11-28'", "select 1 where service_key = '2026-11-28'"],
    ["select timestamp '2026-11-28 01:02:03'", "select '2026-11-28T01:02:03.000Z'"],
    ["select id::text", "select cast(id as text)"],
    ["select cast(a as string), cast(b as timestamp)", "select cast(a as text), perdure_time(b)"],
    ["select extract(hour from created_at)", "select date_part('hour', created_at)"],
    ["select 1 where target LIKE 'inv_abc/%'", "select 1 where id = 'inv_abc'"],
    [`select 1 where target LIKE '${STORED}/%'`, `select 1 where id = '${shownId(STORED)}'`],
    [`select 1 where id in ('${STORED}', 'x')`, `select 1 where id in ('${shownId(STORED)}', 'x')`],
    ["select 'dp_61f857519c9155ffef42'", "select 'dp_17a5pg9ThaGSz1j0KsIJyJa'"],
    ["select 1 where target LIKE 'Counter/%'", "select 1 where target like 'Counter/%'"],
  ])("%s", (query, sql) => {
    expect(rewritten(query)).toBe(sql);
  });

  test("and its tables are found, whatever stands around them", () => {
    const { tokens } = statementIn(
      "WITH x AS (SELECT * FROM public.state) SELECT 'sys_inbox' FROM x, sys_journal",
    );
    expect(tablesIn(withPlainNames(tokens))).toEqual(["state", "sys_journal"]);
  });
});

describe("what is no query is refused, with its place", () => {
  test.each([
    ["", undefined, "empty"],
    ["select 1; select 2", 10, "one statement"],
    [" DELETE FROM state", 1, "DML not supported"],
    ["insert into state values (1)", 0, "DML not supported"],
    ["DROP TABLE state", 0, "DDL not supported"],
    ["ATTACH 'x' AS y", 0, "DDL not supported"],
    ["PRAGMA query_only = OFF", 0, "begins with SELECT"],
    ["selct 1", 0, "Did you mean 'select'?"],
    ["describe sys_invocatio", 9, "Did you mean 'sys_invocation'"],
    ["select 'x", 7, "quote is not closed"],
    ["select 1 /* x", 9, "comment is not closed"],
    ["select ¿", 7, "unexpected character"],
    ["select 1 where created_at > 'yesterday'", 28, "is no time"],
    ["select interval 'soon'", 16, "is no interval"],
  ])("%s", (query, at, text) => {
    let refused: unknown;
    try {
      rewritten(query);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(QueryError);
    expect((refused as QueryError).message).toContain(text);
    expect((refused as QueryError).at).toBe(at);
  });
});
