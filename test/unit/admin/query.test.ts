/** `POST /query`: what it answers about invocations that exist, and that it agrees with the rest of the admin API. */
import { object, service, workflow, type Context, type ObjectContext, type WorkflowContext } from "perdure";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, World } from "./engine.ts";

const JSON_ONLY = { accept: "application/json" };
type Rows = readonly Readonly<Record<string, unknown>>[];
interface Answer {
  readonly rows: Rows;
  readonly perdure: { readonly source: string; readonly complete: boolean; readonly scanned: number };
}

const work = service({
  name: "Work",
  handlers: {
    steps: async (ctx: Context, name: string) => {
      await ctx.run("greet", () => `hello ${name}`);
      return name;
    },
  },
});
const failing = service({
  name: "Failing",
  options: { retryPolicy: { maxAttempts: 1, onMaxAttempts: "pause" } },
  handlers: {
    charge: async (ctx: Context) => {
      await ctx.run("charge", () => {
        throw new Error("no money");
      });
    },
  },
});
const counter = object({
  name: "Counter",
  handlers: {
    add: async (ctx: ObjectContext, by: number) => ctx.set("n", by),
    hold: async (ctx: ObjectContext) => ctx.sleep({ hours: 1 }),
  },
});
const signup = workflow({
  name: "Signup",
  handlers: {
    run: async (ctx: WorkflowContext) => ctx.promise<string>("verified"),
  },
});

let world: World;
const ids: Record<string, string> = {};

async function query(text: string): Promise<Answer> {
  const answer = await world.environment.admin("/query", "POST", { query: text }, JSON_ONLY);
  const body = new TextDecoder().decode(answer.body);
  expect(answer.status, body).toBe(200);
  return JSON.parse(body) as Answer;
}
const rows = async (text: string): Promise<Rows> => (await query(text)).rows;

beforeAll(async () => {
  world = await World.of(work, failing, counter, signup);
  ids["steps"] = await world.send("/Work/steps", "Ada");
  await world.attach(ids["steps"]);
  ids["fails"] = await world.send("/Failing/charge");
  await world.call("/Counter/a/add", 5);
  ids["hold"] = await world.send("/Counter/a/hold");
  await world.untilStatus(ids["hold"], "suspended");
  ids["waits"] = await world.send("/Counter/a/add", 6);
  ids["signup"] = await world.send("/Signup/u1/run");
  for (const [name, status] of [
    ["fails", "paused"],
    ["waits", "pending"],
    ["signup", "suspended"],
  ] as const)
    await world.untilStatus(ids[name] ?? "", status);
}, 30_000);
afterAll(() => world.stop());

test("statuses agree with the admin API, and are found by each of them", async () => {
  const listed = (await ask(world, "GET /invocations?limit=100")).body as { invocations: Rows };
  const found = await rows("SELECT id, target, status FROM sys_invocation ORDER BY id");
  const shown = listed.invocations.map(({ id, target, status }) => ({ id, target, status }));
  expect(found).toEqual(shown.toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1)));
  for (const { id, status } of shown) {
    expect(await rows(`SELECT id FROM sys_invocation WHERE status = '${String(status)}'`)).toContainEqual({
      id,
    });
    expect(await rows(`SELECT status FROM sys_invocation WHERE id = '${String(id)}'`)).toEqual([{ status }]);
  }
});

test("stored statuses are Restate's", async () => {
  const found = await rows(
    `SELECT status FROM sys_invocation_status WHERE id IN ('${ids["fails"]}', '${ids["hold"]}', '${ids["waits"]}') ORDER BY status`,
  );
  expect(found).toEqual([{ status: "inboxed" }, { status: "paused" }, { status: "suspended" }]);
});

describe("rows", () => {
  test("of a paused invocation say what it failed of", async () => {
    const [row] = await rows(`SELECT * FROM sys_invocation WHERE target LIKE 'Failing/charge'`);
    expect(row).toMatchObject({ id: ids["fails"], target_service_ty: "service", invoked_by: "ingress" });
    expect(row?.["last_failure"]).toContain("no money");
    expect(row).not.toHaveProperty("target_service_key");
    const attempts = await rows("SELECT * FROM perdure_attempts WHERE attempts > 0");
    expect(attempts).toEqual([
      expect.objectContaining({
        ...{ id: ids["fails"], status: "paused", number: 1, outcome: "failed", attempts: 1 },
        ...{ failed_command_name: "charge", error_message: expect.stringContaining("no money") as unknown },
      }),
    ]);
    const events = await rows(
      `SELECT event_type, event_json ->> 'error_message' AS message FROM sys_journal_events WHERE id = '${ids["fails"]}'`,
    );
    expect(events[0]).toMatchObject({
      event_type: "TransientError",
      message: expect.stringContaining("no money"),
    });
  });

  test("of a journal are commands and notifications", async () => {
    const found = await rows(
      `SELECT sj.index, sj.entry_type, sj.name FROM sys_journal sj WHERE sj.id = '${ids["steps"]}' ORDER BY index`,
    );
    expect(found).toEqual([
      { index: 0, entry_type: "Command: Input" },
      { index: 1, entry_type: "Command: Run", name: "greet" },
      { index: 2, entry_type: "Notification: Run" },
      { index: 3, entry_type: "Command: Output" },
    ]);
    const steps = await rows(
      `SELECT kind, name, status, result_utf8 FROM perdure_steps WHERE id = '${ids["steps"]}'`,
    );
    expect(steps).toEqual([{ kind: "run", name: "greet", status: "done", result_utf8: '"hello Ada"' }]);
    const times =
      await rows(`SELECT s.attempts, s.append, s.started_at <= s.ended_at AS ordered, a.number, a.outcome,
      a.started_at <= s.started_at AND s.ended_at <= a.ended_at AS within
      FROM perdure_steps s JOIN perdure_attempts a ON a.id = s.id WHERE s.id = '${ids["steps"]}'`);
    expect(times).toEqual([
      { attempts: 1, append: 0, ordered: true, number: 1, outcome: "completed", within: true },
    ]);
    const unknown = await rows(
      `SELECT id FROM sys_journal WHERE appended_at IS NULL AND id = '${ids["steps"]}'`,
    );
    expect(unknown).toEqual([]);
  });

  test("of state are bytes and text", async () => {
    const found = await rows("SELECT * FROM state WHERE service_name = 'Counter' AND service_key = 'a'");
    const base = { service_name: "Counter", service_key: "a", key: "n", key_length: 1 };
    expect(found).toEqual([{ ...base, value: "35", value_utf8: "5", value_length: 1 }]);
  });

  test("of a key name its true owner and who waits", async () => {
    const key = { service_name: "Counter", service_key: "a" };
    expect(
      await rows(
        "SELECT service_name, service_key, invocation_id FROM sys_keyed_service_status WHERE service_name = 'Counter'",
      ),
    ).toEqual([{ ...key, invocation_id: ids["hold"] }]);
    expect(await rows("SELECT service_name, service_key, id FROM sys_inbox")).toEqual([
      { ...key, id: ids["waits"] },
    ]);
    const [lock] = await rows("SELECT * FROM perdure_locks WHERE service_name = 'Counter'");
    expect(lock).toMatchObject({
      ...key,
      ...{
        owner_id: ids["hold"],
        owner_status: "suspended",
        waiting_id: ids["waits"],
        waiting_target: "Counter/a/add",
      },
    });
  });

  test("of timers and promises", async () => {
    const timers = await rows("SELECT id, kind FROM perdure_timers");
    expect(timers).toEqual([{ id: ids["hold"], kind: "sleep" }]);
    const promises = await rows("SELECT service_key, key, completed FROM sys_promise");
    expect(promises).toEqual([{ service_key: "u1", key: "verified", completed: false }]);
  });
});

test("conditions become booleans, lists become arrays, times are texts, durations too", async () => {
  const [row] = await rows(
    `SELECT i.completion_retention, i.created_at, i.completed_at IS NOT NULL AS done, d.services, d.id IS NULL AS gone
     FROM sys_invocation i LEFT JOIN sys_deployment d ON d.id = i.pinned_deployment_id WHERE i.id = '${ids["steps"]}'`,
  );
  expect(row).toMatchObject({ done: true, gone: false });
  expect(row?.["services"]).toEqual(expect.arrayContaining(["Counter", "Work"]));
  expect(row?.["completion_retention"]).toMatch(/^PT\d+S$/);
  expect(row?.["created_at"]).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
});

test("the newest are the newest", async () => {
  const all = await rows(
    "SELECT id FROM (SELECT id, created_at FROM sys_invocation) x ORDER BY created_at DESC, id",
  );
  for (const count of [1, 3]) {
    const newest = await rows(`SELECT id FROM sys_invocation ORDER BY created_at DESC, id LIMIT ${count}`);
    expect(newest).toEqual(all.slice(0, count));
  }
});

describe("what is wrong with a query", () => {
  test.each([
    ["SELECT idd FROM sys_invocation", "there is no column 'idd'. Did you mean 'id'", 7],
    [
      "SELECT id FROM sys_invocations",
      "there is no table 'sys_invocations'. Did you mean 'sys_invocation'",
      15,
    ],
    ["SELECT id\nFROM sys_invocation WHER status = 'x'", "(line 2, column 26)", 35],
    ["SELECT lenth(id) FROM sys_inbox", "there is no function 'lenth'", 7],
  ])("%s", async (text, message, offset) => {
    const { status, body } = await ask(world, "POST /query", { query: text });
    expect(status).toBe(400);
    expect(body).toMatchObject({ restate_code: null, position: { offset } });
    expect((body as { message: string }).message).toContain(message);
  });

  test("is told from what is no query", async () => {
    expect((await ask(world, "POST /query", { sql: "x" })).status).toBe(422);
    expect((await ask(world, "POST /query", { query: "SELECT 1", read_units: 0 })).status).toBe(422);
    const text = await world.environment.admin("/v3/query", "POST", {}, { "content-type": "text/plain" });
    expect(text.status).toBe(415);
  });
});

test("without JSON in `accept` the answer is a stream of Arrow's", async () => {
  const answer = await world.environment.admin("/v3/query", "POST", {
    query: "SELECT id FROM sys_invocation",
  });
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toBe("application/vnd.apache.arrow.stream");
  expect(answer.body.byteLength).toBeGreaterThan(100);
});
