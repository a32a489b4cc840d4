/**
 * The tables of `POST /query`, and what Restate's tools ask of them. What is expected was read off Restate's server 1.7.12, which ran
 * the same services.
 */
import { RecordBatchReader } from "apache-arrow";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  asked,
  onlyRow,
  rows,
  type Row,
  startWorld,
  statusOf,
  TIME,
  value,
  type World,
} from "./query-world.ts";

const time = expect.stringMatching(TIME) as unknown;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => world.server.stop());

const ask = async (query: string) => asked(world.server, query);
const select = async (query: string) => rows(world.server, query);
const one = async (query: string) => value(world.server, query);
const row = async (query: string): Promise<Row> => onlyRow(world.server, query);

describe("an invocation in each status", () => {
  test("has it in SQL as in the admin API", async () => {
    const all = await select("select id, status from sys_invocation");
    expect(all.length).toBeGreaterThanOrEqual(21);
    for (const { id, status } of all)
      expect({ id, status }).toEqual({ id, status: await statusOf(world.server, String(id)) });
    const byStatus = await select("select status, count(*) as n from sys_invocation group by 1 order by 1");
    expect(Object.fromEntries(byStatus.map(({ status, n }) => [status, n]))).toMatchObject({
      "backing-off": 1,
      paused: 1,
      pending: 3,
      scheduled: 1,
      suspended: 6,
    });
  });

  test("is found by its status", async () => {
    for (const status of ["pending", "scheduled", "suspended", "backing-off", "paused", "completed"]) {
      const found = await select(`select status from sys_invocation where status = '${status}'`);
      expect(found.length).toBeGreaterThan(0);
      expect(new Set(found.map((each) => each["status"]))).toEqual(new Set([status]));
    }
    expect(await select("select id from sys_invocation where status in ('running', 'ready')")).toEqual([]);
    expect(await one("select count(*) from sys_invocation where status != 'completed'")).toBe(12);
    expect(await one("select count(*) from sys_invocation where not (status = 'completed')")).toBe(12);
    expect(
      await one("select count(*) from sys_invocation where status = 'paused' or target = 'Plain/steps'"),
    ).toBe(2);
  });

  test("is stored as Restate stores it", async () => {
    const stored = async (name: keyof World["ids"]) =>
      one(`select status from sys_invocation_status where id = '${world.ids[name]}'`);
    expect(await stored("secondOfKey")).toBe("inboxed");
    expect(await stored("backingOff")).toBe("invoked");
    expect(await stored("scheduled")).toBe("scheduled");
    expect(await stored("asleep")).toBe("suspended");
    expect(await stored("paused")).toBe("paused");
    expect(await stored("cancelled")).toBe("completed");
  });

  const of = async (name: keyof World["ids"]) =>
    row(`select * from sys_invocation where id = '${world.ids[name]}'`);

  test("completed", async () => {
    const found = await row("select * from sys_invocation where target = 'Plain/fail'");
    expect(found).toMatchObject({
      target: "Plain/fail",
      target_service_name: "Plain",
      target_handler_name: "fail",
      target_service_ty: "service",
      invoked_by: "ingress",
      created_at: time,
      modified_at: time,
      completed_at: time,
      status: "completed",
      completion_result: "failure",
      completion_failure: "[418] no such thing: ü",
    });
    for (const absent of [
      "target_service_key",
      "next_retry_at",
      "last_failure",
      "inboxed_at",
      "scheduled_at",
    ])
      expect(found).not.toHaveProperty(absent);
    expect(await of("cancelled")).toMatchObject({ completion_failure: "[409] Cancelled" });
    expect(await of("finishedRun")).toMatchObject({
      target_service_ty: "workflow",
      completion_result: "success",
    });
  });

  test("scheduled", async () => {
    const found = await of("scheduled");
    expect(found).toMatchObject({ created_at: time, scheduled_start_at: time });
    const delay = Date.parse(String(found["scheduled_start_at"])) - Date.parse(String(found["created_at"]));
    expect(Math.abs(delay - 3_600_000)).toBeLessThan(5000);
    for (const absent of [
      "running_at",
      "completed_at",
      "inboxed_at",
      "completion_result",
      "pinned_deployment_id",
    ])
      expect(found).not.toHaveProperty(absent);
  });

  test("pending", async () => {
    const found = await of("secondOfKey");
    // Restate says `inboxed_at` as well. Here it is not known.
    expect(found).toMatchObject({ target_service_ty: "virtual_object", target_service_key: "held" });
    for (const absent of ["running_at", "completed_at", "scheduled_at", "completion_result"])
      expect(found).not.toHaveProperty(absent);
  });

  test("backing off", async () => {
    const found = await of("backingOff");
    expect(found).toMatchObject({
      retry_count: 1,
      next_retry_at: time,
      last_failure: expect.stringContaining("try later") as unknown,
    });
    expect(Date.parse(String(found["next_retry_at"]))).toBeGreaterThan(Date.now() + 30 * 60_000);
    expect(
      await select("select id from sys_invocation_state where in_flight is false and retry_count >= 1"),
    ).toContainEqual({
      id: world.ids.backingOff,
    });
  });

  test("suspended", async () => {
    const found = await of("asleep");
    expect(found).toMatchObject({ pinned_deployment_id: expect.stringMatching(/^dp_/) as unknown });
    expect(found["suspended_waiting_for_completions"] ?? found["suspended_waiting_for_signals"]).toEqual(
      expect.any(Array),
    );
    expect(found).not.toHaveProperty("completed_at");
  });

  test("called by another", async () => {
    expect(
      await select(`select target, invoked_by, invoked_by_service_name, invoked_by_target from sys_invocation
      where invoked_by_id = '${world.ids.caller}' order by target`),
    ).toEqual(
      ["Counter/held/get", "Plain/nap"].map((target) => ({
        target,
        invoked_by: "service",
        invoked_by_service_name: "Plain",
        invoked_by_target: "Plain/caller",
      })),
    );
  });
});

describe("the other tables", () => {
  test("state", async () => {
    expect(
      await select("select * from state where service_name = 'Counter' and service_key = 'a' and key = 'n'"),
    ).toEqual([
      expect.objectContaining({
        ...{ service_name: "Counter", service_key: "a", key: "n", key_length: 1 },
        ...{ value: "35", value_utf8: "5", value_length: 1 },
      }),
    ]);
    expect(
      await select(
        "select distinct service_key from state where \"service_name\"='Counter' order by 1 LIMIT 301",
      ),
    ).toEqual(["a", "held", "ü/b"].map((service_key) => ({ service_key })));
    expect(
      await select("select key, value from state where service_name = 'Signup' and service_key = 'w1' ;"),
    ).toEqual([{ key: "stage", value: Buffer.from('"waiting"').toString("hex") }]);
  });

  test("the key's owner and who waits behind it, in order", async () => {
    expect(await select("select * from sys_keyed_service_status where service_key = 'held'")).toEqual([
      expect.objectContaining({
        service_name: "Counter",
        service_key: "held",
        invocation_id: world.ids.holder,
      }),
    ]);
    const behind = await select(
      "select * from sys_inbox where service_name = 'Counter' order by sequence_number",
    );
    expect(behind.slice(0, 2).map(({ id }) => id)).toEqual([world.ids.secondOfKey, world.ids.thirdOfKey]);
    expect(behind).toHaveLength(3);
  });

  test("promises", async () => {
    const all = await select("select * from sys_promise where service_name = 'Signup' order by service_key");
    expect(all).toEqual([
      expect.objectContaining({ service_key: "w1", key: "approved", completed: false }),
      expect.objectContaining({
        ...{ service_key: "w2", key: "approved", completed: true },
        ...{ completion_success_value: "226f6b22", completion_success_value_utf8: '"ok"' },
      }),
    ]);
    expect(all[0]).not.toHaveProperty("completion_success_value");
  });

  test("services and deployments", async () => {
    const services = await select("select name, revision, public, ty from sys_service order by name");
    expect(services).toEqual([
      { name: "Counter", revision: 1, public: true, ty: "virtual_object" },
      { name: "Plain", revision: 1, public: true, ty: "service" },
      { name: "Signup", revision: 1, public: true, ty: "workflow" },
    ]);
    const deployment = await row("select * from sys_deployment");
    expect(deployment).toMatchObject({ id: expect.stringMatching(/^dp_/) as unknown, created_at: time });
    expect([...(deployment["services"] as string[])].toSorted()).toEqual(["Counter", "Plain", "Signup"]);
    expect(
      await one("select count(*) from sys_service s join sys_deployment d on d.id = s.deployment_id"),
    ).toBe(3);
  });

  test("a journal", async () => {
    const id = await one("select id from sys_invocation where target = 'Plain/steps'");
    const entries =
      await select(`select "index", entry_type, name, entry_lite_json, appended_at from sys_journal
      where id = '${String(id)}' order by "index"`);
    expect(entries.map((entry) => entry["index"])).toEqual(entries.map((_, index) => index));
    expect(entries[0]).toMatchObject({ entry_type: "Command: Input" });
    expect(entries.at(-1)).toMatchObject({ entry_type: "Command: Output" });
    expect(entries.filter((entry) => entry["entry_type"] === "Command: Run").map(({ name }) => name)).toEqual(
      ["make", "nothing"],
    );
    for (const { entry_lite_json: lite } of entries) {
      const parsed = JSON.parse(String(lite)) as object;
      expect(["Command", "Notification"]).toContain(Object.keys(parsed)[0]);
    }
    expect(
      await select(
        `SELECT sj.index, sj.entry_type FROM sys_journal sj WHERE sj.id='${String(id)}' ORDER BY index DESC LIMIT 100`,
      ),
    ).toHaveLength(entries.length);
  });

  test("a journal's call names what was called", async () => {
    expect(
      await select(`select entry_type, invoked_target from sys_journal where id = '${world.ids.caller}'
        and entry_type in ('Command: Call', 'Command: OneWayCall') order by "index"`),
    ).toEqual([
      { entry_type: "Command: OneWayCall", invoked_target: "Plain/nap" },
      { entry_type: "Command: Call", invoked_target: "Counter/held/get" },
    ]);
  });

  test("events: failed attempts", async () => {
    const events =
      await select(`select id, event_type, event_json ->> 'error_message' as said from sys_journal_events
      where event_type = 'TransientError'`);
    expect(events).toContainEqual({
      ...{ id: world.ids.backingOff, event_type: "TransientError" },
      said: expect.stringContaining("try later") as unknown,
    });
  });

  test.for([
    "sys_locks",
    "sys_rules",
    "sys_user_limits",
    "sys_scheduler",
    "sys_vqueues",
    "sys_vqueue_meta",
    "sys_vqueue_entry_status",
  ])("%s is there, and empty", async (table) => {
    expect(await one(`select count(*) from ${table}`)).toBe(0);
    expect(await select(`select * from ${table} limit 5`)).toEqual([]);
  });

  test("the schema tells of itself", async () => {
    const tables = await select("show tables");
    const names = tables.map((each) => each["table_name"]);
    expect(names).toEqual(expect.arrayContaining(["sys_invocation", "sys_journal", "state", "sys_promise"]));
    expect(
      await select(`select column_name, data_type from information_schema.columns where table_name = 'state'
        and column_name in ('key', 'value', 'value_length') order by 1`),
    ).toEqual([
      { column_name: "key", data_type: "LargeUtf8" },
      { column_name: "value", data_type: "LargeBinary" },
      { column_name: "value_length", data_type: "UInt64" },
    ]);
    expect(await select("describe sys_deployment")).toContainEqual({
      ...{ column_name: "services", data_type: "List(LargeUtf8)" },
      is_nullable: "YES",
    });
    expect((await select("explain select id from sys_invocation")).length).toBeGreaterThan(0);
    for (const { table_name: table, table_schema: schema } of tables)
      expect((await ask(`select * from ${String(schema)}.${String(table)} limit 1`)).status).toBe(200);
  });
});

describe("what Restate's command line and UI ask", () => {
  test.for([
    "SELECT id, target FROM sys_invocation_status WHERE target LIKE 'Counter/%' AND status != 'completed' LIMIT 500",
    `SELECT id, target FROM sys_invocation_status WHERE ((target = 'Counter/held' AND target_service_ty = 'service')
      OR (target LIKE 'Counter/held/%' AND target_service_ty != 'service')) AND status IN ('invoked','suspended','inboxed') LIMIT 500`,
  ])("a bulk verb selects by pattern: %s", async (query) => {
    const found = await select(query);
    expect(found.map(({ id }) => id)).toEqual(
      expect.arrayContaining([world.ids.holder, world.ids.secondOfKey, world.ids.thirdOfKey]),
    );
    expect(found).toHaveLength(4);
  });

  test("an id that the command line takes for a target", async () => {
    expect(
      await select(
        `SELECT id FROM sys_invocation_status WHERE target LIKE '${world.ids.asleep}/%' AND status != 'completed' LIMIT 500`,
      ),
    ).toEqual([{ id: world.ids.asleep }]);
  });

  test("inv ls", async () => {
    const found =
      await select(`WITH invocations as (SELECT inv.id, inv.target, CAST(NULL as STRING) AS idempotency_key, inv.status,
        inv.created_at, inv.modified_at as state_modified_at, inv.pinned_deployment_id
      FROM sys_invocation inv WHERE status != 'completed' ORDER BY inv.created_at DESC, inv.id LIMIT 100)
      SELECT inv.*, dp.id IS NOT NULL as pinned_deployment_exists
      FROM sys_deployment dp RIGHT JOIN invocations inv ON dp.id = inv.pinned_deployment_id
      ORDER BY inv.created_at DESC, inv.id`);
    expect(found).toHaveLength(12);
    expect(found.find(({ id }) => id === world.ids.asleep)).toMatchObject({ pinned_deployment_exists: true });
    expect(found.find(({ id }) => id === world.ids.scheduled)).toMatchObject({
      pinned_deployment_exists: false,
    });
    const times = found.map((each) => String(each["created_at"]));
    expect(times).toEqual(times.toSorted().toReversed());
  });

  test("svc status: the first one of each, as an aggregate", async () => {
    const found = await select(`SELECT target_handler_name, status, COUNT(id) as n, MIN(created_at) as oldest,
        FIRST_VALUE(id ORDER BY created_at ASC) as first_id
      FROM sys_invocation WHERE target_service_name = 'Counter' AND status = 'pending'
      GROUP BY target_handler_name, status ORDER BY 1`);
    expect(found).toEqual([
      { target_handler_name: "add", status: "pending", n: 1, oldest: time, first_id: world.ids.secondOfKey },
      { target_handler_name: "get", status: "pending", n: 2, oldest: time, first_id: world.ids.thirdOfKey },
    ]);
  });

  test("the UI's counts", async () => {
    const found =
      await select(`SELECT ss.target_service_name as name, CASE WHEN ss.status = 'inboxed' THEN 'pending'
        WHEN ss.status = 'invoked' AND sis.in_flight IS TRUE THEN 'running'
        WHEN ss.status = 'invoked' AND sis.retry_count > 0 THEN 'backing-off' ELSE ss.status END AS combined, COUNT(*) AS count
      FROM (SELECT * FROM sys_invocation_status LIMIT 1000000) ss LEFT JOIN sys_invocation_state sis ON ss.id = sis.id
      GROUP BY 1, 2`);
    expect(found).toContainEqual({ name: "Counter", combined: "pending", count: 3 });
    expect(found).toContainEqual({ name: "Plain", combined: "backing-off", count: 1 });
    expect(found).toContainEqual({ name: "Signup", combined: "suspended", count: 1 });
  });

  test("newest first, in pages", async () => {
    const all = await select("SELECT id FROM sys_invocation ORDER BY created_at DESC, id");
    const pages = [
      ...(await select("SELECT id FROM sys_invocation ORDER BY created_at DESC, id LIMIT 5")),
      ...(await select("SELECT id FROM sys_invocation ORDER BY created_at DESC, id LIMIT 100 OFFSET 5")),
    ];
    expect(pages).toEqual(all);
    expect(await select("SELECT id FROM sys_invocation LIMIT 0")).toEqual([]);
  });

  test("deployments that are in use", async () => {
    expect(
      await select(
        "SELECT pinned_deployment_id as id, COUNT(1) as n FROM sys_invocation WHERE status NOT IN ('completed') AND pinned_deployment_id IS NOT NULL GROUP BY 1",
      ),
    ).toHaveLength(1);
    expect(
      await select("SELECT id FROM sys_deployment EXCEPT SELECT deployment_id AS id FROM sys_service"),
    ).toEqual([]);
  });
});

test("Arrow: each column has Restate's type", async () => {
  const response = await fetch(`${world.server.adminUrl}/query`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      query: `select id, created_at, completion_retention, suspended_waiting_for_completions, retry_count, journal_size, status
        from sys_invocation where id = '${world.ids.finishedRun}'`,
    }),
  });
  const reader = RecordBatchReader.from(new Uint8Array(await response.arrayBuffer())).open();
  expect(reader.schema.fields.map(({ name, type }) => `${name} ${String(type)}`)).toEqual([
    "id LargeUtf8",
    "created_at Timestamp<MILLISECOND, +00:00>",
    "completion_retention Duration<MILLISECOND>",
    "suspended_waiting_for_completions List<Uint32>",
    "retry_count Uint64",
    "journal_size Uint32",
    "status LargeUtf8",
  ]);
  const [batch] = [...reader];
  expect(batch?.getChildAt(0)?.get(0)).toBe(world.ids.finishedRun);
  expect(Math.abs(Number(batch?.getChildAt(1)?.get(0)) - Date.now())).toBeLessThan(600_000);
  expect(batch?.getChildAt(2)?.get(0)).toBe(86_400_000n);
});
