/** Hostile queries: nothing is written, no file is touched, no row is lost to a hint, and the engine beside them works on. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ANSWER_MS_MAX,
  answered,
  asked,
  engineWorks,
  FOREVER,
  INVOCATIONS,
  rows,
  startBusy,
  value,
} from "./query-world.ts";
import type { Server } from "./server.ts";

let server: Server;
beforeAll(async () => {
  server = await startBusy();
});
afterAll(async () => server.stop());

const count = async (): Promise<unknown> => value(server, "select count(*) from sys_invocation");

describe("nothing but reading", () => {
  const file = (name: string) => join(server.folder, name);

  test.for([
    "insert into state values (1)",
    "delete from sys_invocation",
    "update state set key = 'x'",
    "replace into state (key) values ('x')",
    "drop table state",
    "drop view sys_invocation",
    "alter table state rename to other",
    "create table x (a int)",
    "create temp table x (a int)",
    "create view x as select 1",
    "create table x as select * from state",
    "create virtual table x using fts5(a)",
    "create index i on state (key)",
    "create trigger t after insert on state begin select 1; end",
    "with x as (select 1) insert into state (key) select '1' from x",
    "with x as (select 1) delete from state",
    "delete from state returning *",
    "insert into state (key) values ('x') returning key",
    "explain insert into state (key) values ('x')",
    "explain query plan delete from state",
    "pragma query_only = off",
    "pragma table_info(state)",
    "pragma writable_schema = on",
    "explain pragma journal_mode = wal",
    "vacuum",
    "analyze",
    "reindex",
    "begin",
    "commit",
    "rollback",
    "savepoint s",
    "release s",
    "detach main",
    "set x = 1",
    "select 1; drop table state",
    "select 1;; select 2",
    "select 1 union select 2; delete from state",
    "/* ; */ select 1; /* ; */ select 2",
    "select load_extension('x')",
    "select readfile('/etc/passwd')",
    "select edit('x')",
    "select fts3_tokenizer('simple')",
    "select * from pragma_database_list",
    "select * from pragma_table_info('state')",
    "select * from sqlite_master",
    "select * from sqlite_schema",
    "select * from sqlite_temp_master",
    "select * from dbstat",
    "select * from fsdir('/')",
    "select sqlite_compileoption_get(1)",
    "copy state to '/tmp/x'",
    "call x()",
    "grant all on state to x",
    "; delete from state",
    "select 1 into outfile 'x'",
    "select * into other from state",
    ".tables",
    "values (1); values (2)",
  ])("%s", async (query) => {
    const { status, text } = await answered(server, query);
    expect({ status, text: text.slice(0, 200) }).toMatchObject({ status: 400 });
  });

  test.for([
    "attach database '%' as y",
    "attach '%' as y",
    "vacuum into '%'",
    "vacuum main into '%'",
    "select writefile('%', 'x')",
  ])("%s makes no file", async (pattern) => {
    const target = file("made-by-a-query");
    const { status } = await answered(server, pattern.replace("%", target));
    expect(status).toBe(400);
    expect(existsSync(target)).toBe(false);
  });

  test("the data file cannot be read by attaching it", async () => {
    expect((await answered(server, `attach database '${server.dataPath}' as own`)).status).toBe(400);
    expect((await answered(server, `attach database 'file:${server.dataPath}?mode=ro' as own`)).status).toBe(
      400,
    );
  });

  test("nothing has changed, and one query does not see what another did", async () => {
    expect(await value(server, "select count(*) from state where key = 'x'")).toBe(0);
    expect(await count()).toBeGreaterThanOrEqual(INVOCATIONS);
    expect((await answered(server, "select * from x")).status).toBe(400);
    // The database, its journal, and nothing else.
    expect(readdirSync(server.folder).filter((name) => !name.startsWith("data.sqlite"))).toEqual([]);
    await engineWorks(server);
  });
});

describe("an own name is not the server's", () => {
  test("of WITH, and of a derived table", async () => {
    expect(
      await rows(server, "with sys_invocation as (select 'mine' as id) select id from sys_invocation"),
    ).toEqual([{ id: "mine" }]);
    expect(await rows(server, "select * from (select 'x' as id) sys_invocation where id = 'x'")).toEqual([
      { id: "x" },
    ]);
  });

  test("a condition that looks like a hint does not lose rows", async () => {
    const all = Number(await count());
    const counted = async (where: string) => value(server, `select count(*) from sys_invocation ${where}`);
    const id = await value(server, "select id from sys_invocation limit 1");
    expect(await counted(`where id = '${String(id)}' or true`)).toBe(all);
    expect(await counted(`where not id = '${String(id)}'`)).toBe(all - 1);
    expect(await counted(`where id = id`)).toBe(all);
    expect(await counted(`where id = 'x' is false`)).toBe(all);
    expect(await counted(`where (id = '${String(id)}') = false`)).toBe(all - 1);
    expect(await counted(`where '${String(id)}' = id`)).toBe(1);
    expect(await counted(`where id = '${String(id)}' and id = 'other'`)).toBe(0);
    expect(await counted(`where status = 'completed' or status = 'paused' or 1 = 1`)).toBe(all);
    expect(await counted(`where case when id = '${String(id)}' then 1 else 1 end = 1`)).toBe(all);
    expect(await counted(`where coalesce(id = '${String(id)}', true) or id <> ''`)).toBe(all);
    expect(await counted(`where exists (select 1 from sys_invocation b where b.id = '${String(id)}')`)).toBe(
      all,
    );
    expect(
      await counted(
        `where target_service_name = 'Counter' and target_service_key = 'k1' or target_service_key = 'k2'`,
      ),
    ).toBe(await counted("where target_service_key in ('k1', 'k2')"));
    expect(
      await counted("a left join sys_invocation b on a.id = b.id and b.id = 'x' where b.id is null"),
    ).toBe(all);
    expect(await counted("limit 3")).toBe(all);
    expect(
      await value(
        server,
        "select count(*) from (select id from sys_invocation order by created_at desc limit 3)",
      ),
    ).toBe(3);
    expect(
      await value(
        server,
        "select count(*) from (select id from sys_invocation order by created_at desc limit 3) where id is not null",
      ),
    ).toBe(3);
    expect(
      await value(
        server,
        "select count(*) from (select * from sys_invocation where target_service_key = 'k1' order by created_at desc limit 5)",
      ),
    ).toBe(5);
    expect(await value(server, "select count(*) from state where service_key = 'k1' or key = 'n'")).toBe(
      Number(await value(server, "select count(distinct service_key) from state")) + 1,
    );
    expect(
      await value(
        server,
        `select (select count(*) from sys_invocation where id = '${String(id)}') + (select count(*) from sys_invocation)`,
      ),
    ).toBe(all + 1);
    expect(
      await value(
        server,
        `select count(*) from sys_invocation where id = '${String(id)}' union all select 0 order by 1 desc limit 1`,
      ),
    ).toBe(1);
  });
});

describe("beside a working engine", () => {
  test("many queries at once are all answered, and calls go on", async () => {
    const before = Number(await count());
    const queries = Array.from({ length: 40 }, (_, n) =>
      n % 4 === 0
        ? `${FOREVER} select count(*) from (select n from r limit 300000)`
        : "select status, count(*) as n from sys_invocation group by 1",
    );
    const calls = Array.from({ length: 40 }, async (_, n) => {
      const began = performance.now();
      await server.call(`/Counter/c${n % 5}/add`, 1);
      return performance.now() - began;
    });
    const [answers, times] = await Promise.all([
      Promise.all(queries.map(async (query) => asked(server, query))),
      Promise.all(calls),
    ]);
    // There may be a limit on queries at a time. It is said as such.
    for (const { status, text } of answers) expect([200, 429, 503], text).toContain(status);
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(0);
    expect(Math.max(...times)).toBeLessThan(ANSWER_MS_MAX);
    expect(Number(await count()) - before).toBe(40);
  }, 90_000);

  test("a query that is given up does not hold the next ones", async () => {
    const given = Array.from({ length: 20 }, async () => {
      const end = AbortSignal.timeout(200);
      await fetch(`${server.adminUrl}/query`, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify({ query: `${FOREVER} select count(*) from r` }),
        signal: end,
      }).catch(() => undefined);
    });
    await Promise.all(given);
    const began = performance.now();
    // They keep their places until their time is over. Who waits too long for one is told.
    expect([200, 503]).toContain((await asked(server, "select 1")).status);
    expect(performance.now() - began).toBeLessThan(ANSWER_MS_MAX);
    await engineWorks(server);
  }, 90_000);

  test("rows that change meanwhile are seen once each", async () => {
    const writing = Promise.all(Array.from({ length: 60 }, (_, n) => server.call(`/Counter/w${n}/add`, n)));
    for (let round = 0; round < 10; round++) {
      const found = await rows(
        server,
        "select id, count(*) as n from sys_invocation group by id having count(*) > 1",
      );
      expect(found).toEqual([]);
    }
    await writing;
    expect(
      await value(server, "select count(*) from sys_invocation where target_service_key like 'w%'"),
    ).toBe(60);
  }, 60_000);
});
