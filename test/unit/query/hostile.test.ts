/** Queries that try to take more than they are given. They run in a process of their own, which is ended. */
import { afterAll, describe, expect, test } from "vitest";
import { QueryError } from "../../../runtime/query/error.ts";
import { answerQuery, type QueryLimits, type QuerySource } from "../../../runtime/query/query.ts";
import { Sandbox } from "../../../runtime/query/sandbox.ts";

const MB = 1024 * 1024;
const sandbox = new Sandbox({ msMax: 3000, memoryBytesMax: 300 * MB });
afterAll(() => sandbox.stop());

const report = { source: "keys", scanned: 0, complete: true, cost: { readUnits: 0 } } as const;
const source: QuerySource = {
  rows: async ({ table }) =>
    table === "sys_inbox" ? Array.from({ length: 1000 }, (_, n) => ({ id: `inv_${n}` })) : [],
  report: () => report,
};
const run = (query: string, limits: QueryLimits = {}) =>
  answerQuery(query, { source, sandbox, nowMs: 0, limits });
const one = async (query: string): Promise<unknown> => (await run(query)).rows[0]?.[0];

async function refusal(query: string, limits?: QueryLimits): Promise<QueryError> {
  try {
    await run(query, limits);
  } catch (error) {
    if (error instanceof QueryError) return error;
    throw error;
  }
  throw new Error("the query was answered");
}

describe("a query that takes too long is ended", () => {
  test.each([
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
    "SELECT count(*) FROM sys_inbox a, sys_inbox b, sys_inbox c, sys_inbox d",
    "SELECT regexp_like(repeat_a || '!', '^(a+)+$') FROM (SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' AS repeat_a)",
  ])(
    "%s",
    async (query) => {
      const { status, message } = await refusal(query);
      expect([status, message]).toEqual([408, expect.stringContaining("longer than 3 seconds")]);
      expect(await one("SELECT 1")).toBe(1);
    },
    20_000,
  );
});

describe("a query that takes too much is ended", () => {
  test("memory", async () => {
    const { status } = await refusal(
      "WITH RECURSIVE t(x, n) AS (SELECT hex(x'0102030405060708') || '0123456789abcdef', 0 UNION ALL SELECT x || x, n + 1 FROM t WHERE n < 18), u AS (SELECT a.x || b.n AS y FROM t a, sys_inbox c, t b) SELECT max(length(y)), count(distinct y) FROM u",
    );
    expect([408, 413]).toContain(status);
  }, 20_000);

  test("one value", async () => {
    const query =
      "WITH RECURSIVE t(x) AS (SELECT 'aaaaaaaa' UNION ALL SELECT x || x FROM t LIMIT 40) SELECT max(length(x)) FROM t";
    const { status, message } = await refusal(query);
    expect([400, 408], message).toContain(status);
  });

  test("rows, and bytes", async () => {
    const rows = await refusal("SELECT a.id FROM sys_inbox a, sys_inbox b", { rowsMax: 500 });
    expect([rows.status, rows.message]).toEqual([413, expect.stringContaining("more than 500 rows")]);
    const bytes = await refusal("SELECT a.id FROM sys_inbox a", { bytesMax: 100 });
    expect([bytes.status, bytes.message]).toEqual([413, expect.stringContaining("more than 100 bytes")]);
  });
});

describe("a query only reads, and only the tables", () => {
  test.each([
    "SELECT load_extension('x.so')",
    "SELECT randomblob(1000000000)",
    "SELECT zeroblob(1000000000)",
    "SELECT printf('%.*c', 1000000000, 'x')",
    "SELECT * FROM sqlite_master",
    "SELECT * FROM sqlite_schema",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM pragma_table_info('sys_inbox')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('/tmp/perdure-x', 'x')",
    "SELECT fts3_tokenizer('simple')",
    "WITH x AS (SELECT 1) DELETE FROM sys_inbox",
    "WITH x AS (SELECT 1) INSERT INTO sys_inbox (id) SELECT 'x'",
    "WITH x AS (SELECT 1) UPDATE sys_inbox SET id = 'x'",
    "EXPLAIN ATTACH ':memory:' AS x",
    "VACUUM INTO '/tmp/perdure-x'",
    "ATTACH '/tmp/perdure-x' AS x",
    "PRAGMA hard_heap_limit = 1",
    "CREATE TABLE x (y)",
    "BEGIN",
    "SELECT 1; DROP TABLE sys_inbox",
  ])("%s", async (query) => {
    expect((await refusal(query)).status).toBe(400);
  });
});

test("queries that come at once wait for each other", async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => one(`SELECT ${n}`)));
  expect(answers).toEqual(Array.from({ length: 12 }, (_, n) => n));
});
