/**
 * Queries that would run for ever or fill the memory. Each is answered in time, with the caller's error or with rows, and the engine
 * beside it works on.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answered, asked, engineWorks, FOREVER, memoryMb, startBusy } from "./query-world.ts";
import type { Server } from "./server.ts";

const MEMORY_MB_MAX = 1500;

let server: Server;
beforeAll(async () => {
  server = await startBusy();
});
afterAll(async () => server.stop());

const nested = (depth: number, open: string, middle: string, close: string): string =>
  `select ${open.repeat(depth)}${middle}${close.repeat(depth)}`;

describe("time and memory", () => {
  test.for<[name: string, query: string]>([
    ["a recursion without an end", `${FOREVER} select count(*) from r`],
    ["a recursion that keeps its rows", `${FOREVER} select n from r order by n desc`],
    [
      "a recursion of growing texts",
      "with recursive r(t) as (select 'x' union all select t || t from r) select max(length(t)) from r",
    ],
    [
      "a product of tables",
      `select count(*) from ${Array.from({ length: 8 }, (_, n) => `sys_invocation a${n}`).join(", ")}`,
    ],
    [
      "a product that is sorted",
      "select a.id from sys_invocation a, sys_invocation b, sys_invocation c order by a.id || b.id || c.id desc limit 1",
    ],
    [
      "a product of answers",
      "select a.*, b.* from sys_invocation a, sys_invocation b, sys_invocation c, sys_invocation d",
    ],
    ["a long blob", "select length(randomblob(2000000000))"],
    ["a long blob of zeros", "select length(zeroblob(2000000000))"],
    [
      "many blobs",
      `${FOREVER} select sum(length(b)) from (select randomblob(1000000) as b from r limit 100000) order by 1`,
    ],
    [
      "kept blobs",
      `${FOREVER} select count(distinct b) from (select randomblob(1000000) as b from r limit 100000)`,
    ],
    ["a format", "select length(printf('%2000000000d', 1))"],
    [
      "a replacement",
      "select length(replace(replace(hex(zeroblob(20000)), '0', hex(zeroblob(20000))), '0', hex(zeroblob(20000))))",
    ],
    [
      "a group that is concatenated",
      `${FOREVER} select length(group_concat(hex(randomblob(1000)))) from (select n from r limit 10000000)`,
    ],
    [
      "JSON that is grouped",
      `${FOREVER} select length(json_group_array(n)) from (select n from r limit 100000000)`,
    ],
    ["a pattern", `select count(*) from state where '${"a".repeat(5000)}' like '${"%a".repeat(2000)}%b'`],
    ["a pattern of letters of any case", `select '${"a".repeat(5000)}' ilike '${"%a".repeat(2000)}%b'`],
    ["a glob", `select '${"a".repeat(5000)}' glob '${"*a".repeat(2000)}*b'`],
    [
      "windows",
      `${FOREVER} select sum(n) over (order by n rows between unbounded preceding and unbounded following) from (select n from r limit 10000000)`,
    ],
    [
      "each row asks again",
      "select count(*) from sys_invocation a where (select count(*) from sys_invocation b, sys_invocation c, sys_invocation d where b.id > a.id) > 0",
    ],
    ["a series", "select count(*) from generate_series(1, 100000000000)"],
  ])("%s", async ([, query]) => {
    await answered(server, query);
    await engineWorks(server);
  });
});

describe("much of one thing", () => {
  test.for<[name: string, query: string]>([
    ["parentheses", nested(20_000, "(", "1", ")")],
    ["functions", nested(5000, "abs(", "1", ")")],
    ["queries", nested(2000, "(select ", "1", ")")],
    ["nots", `select ${"not ".repeat(50_000)}1`],
    ["minuses", `select ${"- ".repeat(50_000)}1`],
    ["additions", `select ${"1 + ".repeat(50_000)}1`],
    ["cases", nested(3000, "case when 1 then ", "1", " end")],
    ["comments in comments", `select 1 ${"/*".repeat(50_000)}`],
    ["unions", Array.from({ length: 3000 }, () => "select 1").join(" union all ")],
    [
      "tables of WITH",
      `with ${Array.from({ length: 3000 }, (_, n) => `t${n} as (select 1)`).join(", ")} select * from t2999`,
    ],
    [
      "tables that use each other twice",
      `with t0 as (select 1 as a), ${Array.from({ length: 40 }, (_, n) => `t${n + 1} as (select a.a from t${n} a, t${n} b)`).join(", ")} select count(*) from t40`,
    ],
    ["columns", `select ${Array.from({ length: 5000 }, (_, n) => `${n} as c${n}`).join(", ")}`],
    ["joins", `select 1 from ${Array.from({ length: 100 }, (_, n) => `sys_rules r${n}`).join(", ")}`],
    [
      "ids",
      `select id from sys_invocation where id in (${Array.from({ length: 20_000 }, (_, n) => `'inv_${n}'`).join(",")})`,
    ],
    [
      "conditions",
      `select id from sys_invocation where ${Array.from({ length: 5000 }, (_, n) => `key_${n} = ${n}`).join(" or ")}`,
    ],
    ["semicolons", `select 1 ${";".repeat(100_000)}`],
    ["quotes", `select ${"'".repeat(100_001)}`],
    ["blanks", `select${" ".repeat(500_000)}1`],
    ["a long literal", `select length('${"x".repeat(900_000)}')`],
    ["a long name", `select ${"x".repeat(100_000)} from state`],
    ["JSON in JSON", `select json('${"[".repeat(50_000)}${"]".repeat(50_000)}')`],
    ["like after like", `select 'a' ${"like 'a' ".repeat(5000)}`],
    ["dots", `select ${"a.".repeat(10_000)}a from state`],
    ["arrows", `select '{}' ${"->> 'a' ".repeat(5000)}`],
    ["intervals", `select now() ${"- interval '1 hour' ".repeat(2000)}`],
  ])("%s", async ([, query]) => {
    await answered(server, query);
  });
});

describe("odd things, and the end", () => {
  test.for([
    "select '\0'",
    "select 1 \0 ; delete from state",
    "select '\ud800'",
    "select \u00a01",
    "select\u20281",
    "\ufeffselect 1",
    "select 'a\nb'",
    "select \\'1",
    "select 1e999, -1e999, 1e999 - 1e999",
    "select 9223372036854775807 + 1, -9223372036854775808",
    "select 99999999999999999999999",
    "select 1/0, 1 % 0, 5.0/0",
    "select cast('x' as int), cast(null as string)",
    "select interval 'x hour'",
    "select interval '9999999999999999 years'",
    "select now() - interval '99999999 years'",
    "select date_trunc('nope', now())",
    "select date_trunc(null, null)",
    "select '{' ->> 'a'",
    "select null ->> 'a', 'x' ->> 3",
    "select json_extract('{\"a\":1}', 'nope')",
    "select first_value(id) from sys_invocation",
    "select first_value(id order by nope) from sys_invocation",
    "select * from sys_invocation where id = 12",
    "select * from sys_invocation where id in ()",
    "select * from sys_invocation where id in (null, 'x', 3)",
    "select * from sys_invocation where status = null or status in (null)",
    "select * from sys_invocation where id like '%'",
    "select * from sys_invocation where created_at > 'yesterday'",
    "select * from sys_invocation limit -1",
    "select * from sys_invocation limit 99999999999999999999",
    "select * from sys_invocation limit 1 offset -5",
    "select id as status, status as id from sys_invocation where id = 'completed' limit 1",
    "select * from (select 'x' as id) sys_invocation where id = 'x'",
    "with sys_invocation as (select 'mine' as id) select id from sys_invocation",
    "select 1 as a, 2 as a",
    "select * from sys_invocation a join sys_invocation b on a.id = b.id limit 1",
    "select 'constructor' as __proto__, 1 as constructor, 2 as toString",
    "select * from __proto__",
    "select constructor from state",
    "select toString()",
    "select * from restate.public.state limit 1",
    "select * from nobody.public.state limit 1",
    'select "state" from "state"',
    "select `key` from state limit 1",
    "select [key] from state limit 1",
    "values (1), (2)",
    "table state",
  ])("odd, and answered: %j", async (query) => {
    await answered(server, query);
  });

  test("a request's body has an end", async () => {
    const { status } = await asked(server, `select '${"x".repeat(20_000_000)}'`);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    await engineWorks(server);
  });

  test("all of this has not filled the memory", () => {
    expect(memoryMb(server)).toBeLessThan(MEMORY_MB_MAX);
  });
});
