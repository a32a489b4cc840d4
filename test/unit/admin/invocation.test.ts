import { describe, expect, test } from "vitest";
import { encodeAttempt } from "../../../lib/model/head.ts";
import { awakeableId } from "../../../lib/model/ids.ts";
import { failure, success } from "../../../lib/model/outcome.ts";
import type { Value } from "../../../lib/model/value.ts";
import { shownId } from "../../../lib/model/shown-id.ts";
import { NOW } from "../ingress/world.ts";
import { AdminWorld } from "./admin-world.ts";

const AT = "2026-11-22T15:48:42.688Z";
const LATER = "2026-11-22T15:49:42.688Z";

describe("an invocation is described", () => {
  test("from its first append", async () => {
    const world = new AdminWorld();
    const { id } = await world.invocation(
      { s: "running", n: 2, f: encodeAttempt({ count: 1 }) },
      "POST /O/k/add/send",
    );
    expect(await world.ask(`GET /invocations/${id}`)).toEqual({
      status: 200,
      headers: { "content-type": "application/json" },
      body: {
        id: shownId(id),
        target: "O/k/add",
        target_service_name: "O",
        target_service_key: "k",
        target_handler_name: "add",
        invoked_by: "ingress",
        status: "running",
        pinned_deployment_id: "dp_1",
        journal_size: 2,
        created_at: AT,
        modified_at: AT,
        retry_count: 1,
        pending_notes: 0,
        // An earlier version of the handlers has kept no history.
        attempts: [],
        attempts_left_out: 0,
      },
    });
  });

  test.each([
    [{ s: "accepted" }, { status: "ready" }],
    [
      { s: "scheduled", y: NOW + 60_000 },
      { status: "scheduled", scheduled_start_at: LATER },
    ],
    [{ s: "pending" }, { status: "pending" }],
    [{ s: "paused", y: NOW }, { status: "paused" }],
    [{ s: "running", q: "once" }, { idempotency_key: "once" }],
    [
      { s: "running", o: "inv_abc.0.3" },
      { invoked_by: "service", invoked_by_id: "inv_abc" },
    ],
    [
      {
        s: "backing-off",
        y: NOW + 60_000,
        f: encodeAttempt({ count: 4 }, { code: 500, message: "nope", stack: "at x" }),
      },
      {
        status: "backing-off",
        next_retry_at: LATER,
        retry_count: 4,
        last_failure: "nope",
        last_failure_error_code: "RT0007",
        last_failure_stack: "at x",
      },
    ],
    [
      {
        s: "paused",
        f: encodeAttempt(
          { count: 1 },
          { code: 570, message: "no (RT0016)", command: { index: 2, type: "run", name: "a" } },
        ),
      },
      {
        last_failure_error_code: "RT0016",
        last_failure_related_command_index: 2,
        last_failure_related_command_type: "run",
        last_failure_related_command_name: "a",
      },
    ],
  ])("%o", async (attributes, expected) => {
    const world = new AdminWorld();
    const { id } = await world.invocation(attributes);
    const { body } = await world.ask(`GET /invocations/${id}`);
    expect(body).toMatchObject(expected);
    expect(Object.keys(body as object).filter((name) => name.endsWith("_at"))).toEqual(
      expect.arrayContaining([
        "created_at",
        "modified_at",
        ...Object.keys(expected).filter((name) => name.endsWith("_at")),
      ]),
    );
  });
});

describe("an open or ended invocation is described", () => {
  test("with what it waits for", async () => {
    const world = new AdminWorld();
    const wait: Value = [
      "race",
      [
        ["z", 4, NOW + 60_000],
        [
          "all",
          [
            ["c", 1],
            ["p", 2, "ready"],
            ["h", 3, "inv_other"],
          ],
        ],
        [
          "~",
          [
            [
              "any",
              [
                ["i", "go"],
                ["settled", []],
              ],
            ],
          ],
        ],
      ],
    ];
    const { id } = await world.invocation({ s: "suspended", w: wait });
    expect((await world.ask(`GET /invocations/${id}`)).body).toMatchObject({
      status: "suspended",
      waiting_on:
        `race(sleep until ${LATER} (command 4), all(call (command 1), promise "ready", result of inv_other), ` +
        'map(any(signal "go", allSettled())))',
    });
  });

  test("with the id of the awakeable it waits for", async () => {
    const world = new AdminWorld();
    const { id } = await world.invocation({ s: "suspended", w: ["i", 1] });
    expect((await world.ask(`GET /invocations/${id}`)).body).toMatchObject({
      waiting_on: `awakeable ${awakeableId({ id, incarnation: 0, index: 1 })}`,
    });
  });

  test("without an endless list", async () => {
    const world = new AdminWorld();
    const many = Array.from({ length: 500 }, (_, command): Value => ["c", command]);
    const { id } = await world.invocation({ s: "suspended", w: ["all", many] });
    const { body } = await world.ask(`GET /invocations/${id}`);
    expect((body as { waiting_on: string }).waiting_on).toHaveLength(1001);
  });

  test("with its end", async () => {
    const world = new AdminWorld();
    const start = await world.invocation({});
    await world.complete(start, success(), 60_000);
    const line = `GET /invocations/${start.id}`;
    const end = { status: "completed", completed_at: AT, expires_at: LATER };
    expect((await world.ask(line)).body).toMatchObject({ ...end, completion_result: "success" });
    await world.complete(start, failure(409, "killed"), 60_000);
    expect((await world.ask(line)).body).toMatchObject({
      ...end,
      completion_result: "failure",
      completion_failure: "[409] killed",
    });
    await world.clock.advance(60_000);
    expect(await world.ask(line)).toMatchObject({
      status: 404,
      body: { message: `The requested invocation '${shownId(start.id)}' does not exist`, restate_code: null },
    });
  });

  test("only if it is one", async () => {
    const answer = await new AdminWorld().ask("GET /invocations/zz");
    const message = "The request field 'invocation_id' is invalid. Reason: bad format";
    expect(answer).toMatchObject({ status: 400, body: { message } });
  });
});
