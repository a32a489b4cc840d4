/** What is read of a query in the server's own process takes no longer than a moment, whatever the query. */
import { afterEach, describe, expect, test } from "vitest";
import {
  QUERIES_AT_ONCE,
  QUERY_CHARS_MAX,
  QUERY_DEPTH_MAX,
  QUERY_JOINED_MAX,
  QUERY_OPERAND_TOKENS_MAX,
  QUERY_TOKENS_MAX,
} from "../../../lib/limits/query.ts";
import { inSqlite, withPlainNames } from "../../../runtime/query/dialect.ts";
import { QueryError, suggestionFor } from "../../../runtime/query/error.ts";
import { fitsPredicate, isLike } from "../../../runtime/query/predicate.ts";
import { answerQuery, type QueryReport, type QueryResult } from "../../../runtime/query/query.ts";
import { Sandbox } from "../../../runtime/query/sandbox.ts";
import { mentionsOf } from "../../../runtime/query/scopes.ts";
import { statementIn } from "../../../runtime/query/statement.ts";

/** Of the processor: the machine may do other things as well. Most take a tenth of it. */
const MOMENT_MS = 1500;
const SANDBOX_TEST_MS_MAX = 60_000;
const NOW_MS = Date.UTC(2026, 10, 29);

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** What is wrong with it, as far as it is read here; undefined if nothing. */
function read(query: string): string | undefined {
  const began = cpuMs();
  let wrong: string | undefined;
  try {
    const tokens = withPlainNames(statementIn(query).tokens);
    mentionsOf(tokens, NOW_MS);
    inSqlite(tokens);
  } catch (error) {
    expect(error).toBeInstanceOf(QueryError);
    wrong = (error as QueryError).message;
  }
  expect(cpuMs() - began).toBeLessThan(MOMENT_MS);
  return wrong;
}

const many = (count: number, of: (index: number) => string, separator = ""): string =>
  Array.from({ length: count }, (_, index) => of(index)).join(separator);

describe("reading", () => {
  test.for<[name: string, query: string]>([
    ["ids", `select id from sys_invocation where id in (${many(24_000, (n) => `'inv_${n}'`, ",")})`],
    [
      "ids, twice",
      `select 1 from sys_invocation where ${many(2, () => `id in (${many(12_000, (n) => `'i${n}'`, ",")})`, " and ")}`,
    ],
    [
      "equalities that go round",
      `select 1 from sys_invocation a, sys_invocation b where a.id = 'x' and ${many(200, () => "a.id = b.id", " and ")}`,
    ],
    [
      "equalities of many columns",
      `select 1 from sys_invocation a, sys_invocation b where ${many(1000, (n) => `a.id = '${n}' and a.id = b.id`, " and ")}`,
    ],
    [
      "alternatives",
      `select 1 from sys_invocation where ${many(3000, (n) => `(id = '${n}' and target = 'a/b')`, " or ")}`,
    ],
    ["conditions", `select 1 from sys_invocation where ${many(8000, () => "status = 'paused'", " and ")}`],
    ["columns", `select ${many(20_000, (n) => `c${n}`, ",")} from state`],
    ["selects", many(10_000, () => "select 1", " union all ")],
    ["tables of WITH", `with ${many(4000, (n) => `t${n} as (select 1)`, ",")} select 1`],
    ["nested selects", `select ${"(select ".repeat(QUERY_DEPTH_MAX)}1${")".repeat(QUERY_DEPTH_MAX)}`],
    ["comments", `select ${"/**/ ".repeat(150_000)}1`],
    ["blanks", `select${" \n\t".repeat(300_000)}1`],
    ["line comments", `select ${"--\n".repeat(300_000)}1`],
    ["a literal", `select '${"x".repeat(900_000)}'`],
    ["a literal of quotes", `select '${"''".repeat(400_000)}'`],
    ["a quoted name", `select "${'""'.repeat(400_000)}"`],
    ["a number", `select ${"1".repeat(900_000)}`],
    ["an interval", `select interval '${"1 hour ".repeat(100_000)}'`],
    ["dots", `select ${"a.".repeat(20_000)}a from state`],
    ["calls in a row", `select 1 where ${many(5000, () => "coalesce(a, b) = 'x'", " and ")}`],
  ])("much of one thing is read in a moment: %s", ([, query]) => {
    expect(read(query)).toBeUndefined();
  });

  test.for<[name: string, query: string, said: string]>([
    ["text", `select '${"x".repeat(QUERY_CHARS_MAX)}'`, `${QUERY_CHARS_MAX} characters`],
    ["words", `select ${"1,".repeat(QUERY_TOKENS_MAX)}1`, `${QUERY_TOKENS_MAX} words`],
    [
      "depth",
      `select ${"(".repeat(QUERY_DEPTH_MAX + 1)}1${")".repeat(QUERY_DEPTH_MAX + 1)}`,
      `${QUERY_DEPTH_MAX} parentheses`,
    ],
    ["depth, never closed", `select ${"(".repeat(400_000)}`, `${QUERY_DEPTH_MAX} parentheses`],
    ["tables", `select 1 from ${many(10_000, (n) => `sys_rules r${n}`, ",")}`, `${QUERY_JOINED_MAX} tables`],
    ["casts", `select 1${"::int".repeat(20_000)}`, `${QUERY_OPERAND_TOKENS_MAX} words`],
    [
      "intervals",
      `select now()${" - interval '1 hour'".repeat(15_000)}`,
      `${QUERY_OPERAND_TOKENS_MAX} words`,
    ],
    ["differences", `select now()${" - now()".repeat(12_000)}`, `${QUERY_OPERAND_TOKENS_MAX} words`],
    ["quotes that do not close", `select ${"'".repeat(400_001)}`, "a quote is not closed"],
    ["comments that do not close", `select 1 ${"/* ".repeat(100_000)}`, "a comment is not closed"],
  ])("too much of one thing is refused in a moment: %s", ([, query, said]) => {
    expect(read(query)).toContain(said);
  });

  test("a long name has nothing that is similar", () => {
    const began = cpuMs();
    expect(suggestionFor("x".repeat(900_000), ["status"])).toBe("");
    expect(suggestionFor("statsu", ["status"])).toBe(" Did you mean 'status'?");
    expect(cpuMs() - began).toBeLessThan(MOMENT_MS);
  });
});

describe("what a row has to fit", () => {
  const like = (text: string, pattern: string) => isLike(text, pattern);

  test("a pattern that a regular expression would try for ever", () => {
    const began = cpuMs();
    expect(like("a".repeat(1000), `${"%a".repeat(100)}%b`)).toBe(false);
    expect(like("a".repeat(1000), `${"%a".repeat(100)}%`)).toBe(true);
    expect(cpuMs() - began).toBeLessThan(MOMENT_MS);
  });

  test.for<[text: string, pattern: string, fits: boolean]>([
    ["", "", true],
    ["", "%", true],
    ["a", "", false],
    ["", "_", false],
    ["abc", "a%", true],
    ["abc", "%c", true],
    ["abc", "%b%", true],
    ["abc", "a%c%", true],
    ["abc", "a_c", true],
    ["abc", "A%", false],
    ["abcabd", "a%d", true],
    ["aab", "%ab", true],
    ["abab", "%ab_%", true],
    ["abab", "%ab_", false],
    ["a%b", "a%b", true],
    ["ü/b", "_/b", true],
    ["\u{1f600}x", "_x", true],
    ["a\nb", "a%b", true],
    ["a.c", "a.c", true],
    ["abc", "a.c", false],
    ["Counter/held/add", "Counter/held/%", true],
    ["Counter/held", "Counter/held/%", false],
  ])("%j like %j", ([text, pattern, expected]) => {
    expect(like(text, pattern)).toBe(expected);
  });

  test("a long list is asked for each row", () => {
    const values = Array.from({ length: 20_000 }, (_, n) => `id ${n}`);
    const began = cpuMs();
    for (let row = 0; row < 20_000; row++) {
      expect(fitsPredicate({ column: "id", op: "equal", values }, `id ${row}`)).toBe(true);
      expect(fitsPredicate({ column: "id", op: "other", values }, "none")).toBe(true);
    }
    expect(cpuMs() - began).toBeLessThan(MOMENT_MS);
  });
});

describe("running", () => {
  const sandboxes: Sandbox[] = [];
  afterEach(() => {
    for (const sandbox of sandboxes.splice(0)) sandbox.stop();
  });
  function started(options: ConstructorParameters<typeof Sandbox>[0] = {}): Sandbox {
    const sandbox = new Sandbox(options);
    sandboxes.push(sandbox);
    return sandbox;
  }
  const report: QueryReport = { source: "keys", scanned: 0, complete: true, cost: { readUnits: 0 } };
  const source = { rows: async () => [], report: () => report };
  const ask = async (sandbox: Sandbox, query: string): Promise<QueryResult> =>
    answerQuery(query, { source, sandbox, nowMs: NOW_MS });
  const forever = "with recursive r(n) as (select 1 union all select n + 1 from r) select count(*) from r";

  test(
    "a long query does not become longer on its way",
    async () => {
      const ids = many(20_000, (n) => `'inv_${n}'`, ",");
      const { rows } = await ask(started(), `select count(*) from sys_invocation where id in (${ids})`);
      expect(rows).toEqual([[0]]);
    },
    SANDBOX_TEST_MS_MAX,
  );

  test(
    "what WITH names can be counted",
    async () => {
      const sandbox = started();
      const rowsOf = async (query: string) => (await ask(sandbox, query)).rows;
      expect(await rowsOf("with t as (select 1 as a union all select 2) select count(*) from t")).toEqual([
        [2],
      ]);
      const five = "with recursive r(n) as (select 1 union all select n + 1 from r where n < 5)";
      expect(await rowsOf(`${five} select count(*) from r`)).toEqual([[5]]);
      for (const table of ["sqlite_master", "sqlite_schema", "pragma_database_list"])
        await expect(ask(sandbox, `select count(*) from ${table}`)).rejects.toBeInstanceOf(QueryError);
    },
    SANDBOX_TEST_MS_MAX,
  );

  test(
    "an error has its place, in a query that is searched",
    async () => {
      const sandbox = started();
      const wrong = async (query: string) => ask(sandbox, query).catch((error: unknown) => error);
      expect(await wrong("select 1 +\n from state")).toMatchObject({ at: 12 });
      expect(await wrong("select id, statsu from sys_invocation")).toMatchObject({ at: 11 });
      expect(await wrong("select  1 as a,  2 as b where where")).toMatchObject({ at: 30 });
      expect(await wrong(`select ${"1,".repeat(5000)} from state`)).toBeInstanceOf(QueryError);
    },
    SANDBOX_TEST_MS_MAX,
  );

  test(
    "who waits is told after a while",
    async () => {
      const sandbox = started({ msMax: 1500, waitMsMax: 100 });
      const long = Array.from({ length: QUERIES_AT_ONCE }, async () =>
        ask(sandbox, forever).catch((error: unknown) => error),
      );
      const waiting = Array.from({ length: 3 }, async () =>
        ask(sandbox, "select 1").catch((error: unknown) => error),
      );
      for (const answer of await Promise.all(waiting)) expect(answer).toMatchObject({ status: 503 });
      for (const answer of await Promise.all(long)) expect(answer).toMatchObject({ status: 408 });
      // The places are free again, all of them.
      const after = await Promise.all(Array.from({ length: 6 }, async () => ask(started(), "select 1")));
      expect(after.map(({ rows }) => rows)).toEqual(Array.from({ length: 6 }, () => [[1]]));
    },
    SANDBOX_TEST_MS_MAX,
  );

  test(
    "who waits gets a place as soon as one is free",
    async () => {
      const sandbox = started({ msMax: 5000, waitMsMax: 30_000 });
      const answers = await Promise.all(
        Array.from({ length: 2 * QUERIES_AT_ONCE + 4 }, async (_, n) =>
          ask(sandbox, n < QUERIES_AT_ONCE ? forever : "select 1").catch((error: unknown) => error),
        ),
      );
      expect(answers.slice(QUERIES_AT_ONCE)).toEqual(
        answers.slice(QUERIES_AT_ONCE).map(() => expect.objectContaining({ rows: [[1]] })),
      );
    },
    SANDBOX_TEST_MS_MAX,
  );
});
