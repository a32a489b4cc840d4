/**
 * `POST /query` over HTTP, as people and tools use it: requests, values, errors. What is expected was read off Restate's server 1.7.12, which ran the
 * same services. Where ours answers more or otherwise, the test says so.
 */
import { RecordBatchReader } from "apache-arrow";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asked, onlyRow, rows, type Row, startWorld, TIME, value, type World } from "./query-world.ts";

const time = expect.stringMatching(TIME) as unknown;
const ARROW = "application/vnd.apache.arrow.stream";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => world.server.stop());

const ask = async (query: string) => asked(world.server, query);
const select = async (query: string) => rows(world.server, query);
const one = async (query: string) => value(world.server, query);
const row = async (query: string): Promise<Row> => onlyRow(world.server, query);
async function message(query: string): Promise<string> {
  const { status, json, text } = await ask(query);
  expect({ query, status, text }).toMatchObject({ status: 400 });
  return (json as { message: string }).message;
}

describe("the request", () => {
  const post = async (
    path: string,
    body: string | undefined,
    headers: Record<string, string>,
    method = "POST",
  ) => fetch(`${world.server.adminUrl}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
  const json = { "content-type": "application/json", accept: "application/json" };
  const selectOne = '{"query":"select 1 as a"}';

  test.for(["/query", "/v2/query", "/v3/query", "/v4/query"])("at %s", async (path) => {
    const response = await post(path, selectOne, json);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    expect(await response.json()).toMatchObject({ rows: [{ a: 1 }] });
  });

  test("may name a character set, and more fields", async () => {
    const headers = { ...json, "content-type": "application/json; charset=utf-8" };
    const response = await post("/query", '{"query":"select 1 as a","more":1}', headers);
    expect(await response.json()).toMatchObject({ rows: [{ a: 1 }] });
  });

  test.for<[string, string | undefined, Record<string, string>, string, number]>([
    ["another method", undefined, { accept: "application/json" }, "GET", 405],
    ["PUT", selectOne, json, "PUT", 405],
    ["another content type", selectOne, { ...json, "content-type": "text/plain" }, "POST", 415],
    ["no query", '{"quer":"select 1"}', json, "POST", 422],
    ["a query that is not a text", '{"query":1}', json, "POST", 422],
    ["JSON that ends early", '{"query":', json, "POST", 400],
    ["an empty body", "", json, "POST", 400],
  ])("%s is refused", async ([, body, headers, method, status]) => {
    const response = await post("/query", body, headers, method);
    expect(response.status).toBe(status);
    const text = await response.text();
    expect(text).not.toBe("");
    expect(text).not.toMatch(/\n +at /);
  });

  test.for([undefined, "*/*", ARROW, "text/html"])("what accepts %s gets Arrow", async (accept) => {
    const headers = { "content-type": "application/json", ...(accept === undefined ? {} : { accept }) };
    const response = await post("/query", selectOne, headers);
    expect(response.headers.get("content-type")).toBe(ARROW);
    const batches = [...RecordBatchReader.from(new Uint8Array(await response.arrayBuffer()))];
    expect(batches.map((batch) => batch.toArray().map(String))).toEqual([['{"a": 1}']]);
  });

  test("an error is JSON also for what accepts Arrow", async () => {
    const response = await post("/query", '{"query":"selct"}', {
      "content-type": "application/json",
      accept: ARROW,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ message: expect.any(String) as unknown });
  });

  test.for([
    "select 1 as a;",
    "select 1 as a ; -- done",
    "/* x */ select 1 as a -- done",
    "\n\tSELECT 1 AS a\n;\n",
  ])("one statement, with comments and a semicolon: %j", async (query) => {
    expect(await select(query)).toEqual([{ a: 1 }]);
  });

  test("the answer says where it comes from and whether it is complete", async () => {
    const { json: answer } = await ask("select id from sys_invocation");
    expect(answer).toMatchObject({
      perdure: { complete: true, cost: { readUnits: expect.anything() as unknown } },
    });
    const { perdure } = answer as { perdure: { source: unknown; scanned: unknown } };
    expect(perdure.source).toBeDefined();
    expect(perdure.scanned).toBeDefined();
  });
});

describe("what is in an answer", () => {
  test("values by their type, null left out", async () => {
    expect(await select("select 1 as i, 1.5 as f, 'x' as t, true as y, false as n, null as gone")).toEqual([
      { i: 1, f: 1.5, t: "x", y: true, n: false },
    ]);
    expect(
      await row("select X'0102' as bytes, 1 = 1 as same, 1 + 1 as two, count(*) as c from sys_rules"),
    ).toEqual({
      bytes: "0102",
      same: true,
      two: 2,
      c: 0,
    });
  });

  test("times, durations and bytes of columns", async () => {
    const found = await row(`select created_at, completion_retention, completed_at from sys_invocation
      where idempotency_key = 'key 1'`);
    expect(found).toEqual({ created_at: time, completion_retention: "PT86400S", completed_at: time });
    expect(await select("select value, value_utf8 from state where key = 'n' order by value_utf8")).toEqual([
      { value: "35", value_utf8: "5" },
      { value: "37", value_utf8: "7" },
    ]);
  });

  test("of what is computed from times", async () => {
    const found = await row(`select max(created_at) as m, date_trunc('day', max(created_at)) as d,
      count(*) filter (where created_at > now() - interval '1 hour') as recent, count(*) as n from sys_invocation`);
    expect(found).toMatchObject({
      m: time,
      d: expect.stringMatching(/^\d{4}-\d\d-\d\dT00:00:00(\.0+)?Z$/) as unknown,
    });
    expect(found["recent"]).toBe(found["n"]);
    expect(await one("select count(*) from sys_invocation where created_at > '2026-01-01'")).toBe(found["n"]);
    expect(await one("select count(*) from sys_invocation where created_at > '2999-01-01T00:00:00Z'")).toBe(
      0,
    );
    expect(await one("select now()")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/);
  });

  test("names of columns without an alias", async () => {
    expect(Object.keys(await row("select count(*) from sys_rules"))).toEqual(["count(*)"]);
    expect(
      await row(
        "select a.status, b.status as stored from sys_invocation a join sys_invocation_status b on a.id = b.id where a.id = '" +
          world.ids.asleep +
          "'",
      ),
    ).toEqual({ status: "suspended", stored: "suspended" });
  });

  test("letters: names of columns by any, texts by their own", async () => {
    expect(await one("SELECT COUNT(*) FROM SYS_INVOCATION WHERE Target LIKE 'Plain/%'")).toBeGreaterThan(0);
    expect(await one("select count(*) from sys_invocation where target like 'plain/%'")).toBe(0);
    expect(await one("select count(*) from sys_invocation where target ilike 'plain/%'")).toBe(
      await one("select count(*) from sys_invocation where target like 'Plain/%'"),
    );
    expect(await one("select count(*) from sys_invocation where target = 'plain/nap'")).toBe(0);
  });

  test("texts that SQL has to escape", async () => {
    expect(await select("select target from sys_invocation where target_service_key = 'ü/b'")).toEqual([
      { target: "Counter/ü/b/add" },
    ]);
    expect(await one("select count(*) from state where value_utf8 like '%it''s%'")).toBe(2);
    expect(await one("select 'it''s -- no /* comment */; \"x\" inv_'")).toBe(
      'it\'s -- no /* comment */; "x" inv_',
    );
    expect(await one('select count(*) from sys_invocation "i" where "i"."target" = \'Plain/steps\'')).toBe(1);
  });
});

describe("errors are the caller's, with the place and what was meant", () => {
  test.for([
    ["selct 1", /1/],
    ["select 1 where", /./],
    ["select nope from sys_invocation", /nope/],
    ["select * from sys_invocations", /sys_invocation\b/],
    ["select taget from sys_invocation", /\btarget\b/],
    ["select i.statsu from sys_invocation i", /\bstatus\b/],
    ["select strat('x')", /strat/],
    ["select 'open", /./],
    ["select /* open", /./],
    ['select "open', /./],
    ["", /./],
    [" ; ", /./],
    ["-- nothing", /./],
    ["select 1; select 2", /statement/],
    ["select ?", /./],
    ["select $1", /./],
    ["select :x", /./],
    ["select * from sys_invocation limit 'x'", /./],
    ["select count(", /./],
    ["select id from sys_invocation group by", /./],
    ["select sum(count(*)) from state", /./],
    ["select * from sys_invocation a join sys_invocation_status b on a.id = b.id where id = 'x'", /id/],
  ] as const)("%s", async ([query, said]) => {
    const text = await message(query);
    expect(text).toMatch(said);
    expect(text).not.toMatch(/\n +at |node:|worker|\/runtime\//i);
  });

  test("the position is that of the query as it was sent", async () => {
    const { json } = await ask("select id,\n  interval '1 hour',\n  statsu from sys_invocation");
    expect(JSON.stringify(json)).toMatch(/3/);
    expect(JSON.stringify(json)).toMatch(/status/);
  });
});
