// The commands for invocations: what options, targets, ids and journals stand for.
import { describe, expect, test } from "vitest";
import { UsageError } from "../../../cli/exit.ts";
import { AnswerFields } from "../../../cli/fields.ts";
import { attemptLines, attemptsIn } from "../../../cli/invocations/attempts.ts";
import { hasFilter, queryOf } from "../../../cli/invocations/filters.ts";
import { invocationIn, shownStatus, shownWait, waitingFor } from "../../../cli/invocations/invocation.ts";
import { framesOf } from "../../../cli/invocations/frames.ts";
import { stepsOf } from "../../../cli/invocations/journal.ts";
import { stepPosition } from "../../../cli/invocations/positions.ts";
import { idsIn, searchesOf } from "../../../cli/invocations/targets.ts";
import { Output } from "../../../cli/output.ts";
import { fakeStreams } from "./streams.ts";

const OPEN = "scheduled,pending,ready,running,suspended,backing-off,paused";

describe("filters", () => {
  test("hide completed ones unless they are asked for", () => {
    expect(queryOf({})).toMatchObject({ status: OPEN });
    expect(queryOf({ allStatuses: true })).not.toHaveProperty("status");
    expect(queryOf({ status: ["paused,Running", "completed"] })).toMatchObject({
      status: "paused,running,completed",
    });
    expect(queryOf({ status: ["failed"] })).toMatchObject({ status: "completed", result: "failure" });
    expect(queryOf({ result: "success" })).toMatchObject({ status: "completed", result: "success" });
  });

  test("are refused if they say nothing, or two things", () => {
    expect(() => queryOf({ status: ["pused"] })).toThrow(/no status "pused"\. Did you mean "paused"\?/u);
    expect(() => queryOf({ status: ["failed", "paused"] })).toThrow(UsageError);
    expect(() => queryOf({ status: ["failed", "succeeded"] })).toThrow(UsageError);
    expect(() => queryOf({ result: "maybe" })).toThrow(/success or failure/u);
    expect(() => queryOf({ until: "1h", olderThan: "1h" })).toThrow(UsageError);
    expect(() => queryOf({ since: "soon" })).toThrow(/--since takes/u);
  });

  test("a key with a star is a pattern", () => {
    expect(queryOf({ key: "a*" })).toMatchObject({ key_glob: "a*" });
    expect(queryOf({ key: "a" })).toMatchObject({ key: "a" });
    expect(queryOf({ since: "2026-11-29" })).toMatchObject({ created_after: "2026-11-29T00:00:00.000Z" });
    expect(queryOf({ deployment: "dp_1" })).toMatchObject({ deployment: "dp_1" });
    expect(queryOf({ pinnedTo: "dp_1" })).toMatchObject({ deployment: "dp_1" });
  });

  test("all that choose are known", () => {
    expect([hasFilter({}), hasFilter({ scan: true, allStatuses: true })]).toEqual([false, false]);
    expect([hasFilter({ caller: "inv_1" }), hasFilter({ olderThan: "2h" })]).toEqual([true, true]);
  });
});

describe("targets", () => {
  const services = new Map([
    ["Mailer", { isKeyed: false }],
    ["Mail2", { isKeyed: false }],
    ["Order", { isKeyed: true }],
  ]);
  const queries = (target: string): unknown[] => searchesOf(target, services).map(({ query }) => query);

  test("are a service, a handler, a key, or a key's handler", () => {
    expect(queries("Mailer")).toEqual([{ service: "Mailer" }]);
    expect(queries("Mailer/send")).toEqual([{ service: "Mailer", handler: "send" }]);
    expect(queries("Order/a")).toEqual([{ service: "Order", key: "a" }]);
    expect(queries("Order/a/place")).toEqual([{ service: "Order", key: "a", handler: "place" }]);
    expect(queries("Order/a/b/place")).toEqual([{ service: "Order", key: "a/b", handler: "place" }]);
  });

  test("each part may be a pattern", () => {
    expect(queries("Mail*")).toEqual([{ service: "Mailer" }, { service: "Mail2" }]);
    expect(queries("Order/a*/place")).toEqual([{ service: "Order", key_glob: "a*", handler: "place" }]);
    const [search] = searchesOf("Mailer/s*", services);
    const row = (handler: string) =>
      invocationIn(new AnswerFields({ ...ROW, target_handler_name: handler }, "invocation"));
    expect([row("send"), row("fail")].map((each) => search?.matches?.(each))).toEqual([true, false]);
    expect(queries("X*")).toEqual([]);
  });

  test("of a service that is gone, a part is a handler or a key", () => {
    const [search] = searchesOf("Gone/a", services);
    const row = (more: object) => invocationIn(new AnswerFields({ ...ROW, ...more }, "invocation"));
    expect(search?.matches?.(row({ target_handler_name: "a" }))).toBe(true);
    expect(search?.matches?.(row({ target_service_key: "a" }))).toBe(true);
    expect(search?.matches?.(row({ target_service_key: "b" }))).toBe(false);
  });

  test("have no empty part", () => {
    for (const target of ["/a", "Order//place", "Order/"])
      expect(() => searchesOf(target, services)).toThrow(UsageError);
  });

  test("ids from stdin are a line each, or what `ls` prints", () => {
    expect(idsIn("inv_1\n\n inv_2  Order/a  paused\n")).toEqual(["inv_1", "inv_2"]);
    expect(idsIn("ID  TARGET\ninv_1  Order/a\n")).toEqual(["inv_1"]);
    expect(idsIn('{"id":"inv_1","target":"x"}\n{"id":"inv_2"}\n')).toEqual(["inv_1", "inv_2"]);
    expect(idsIn('[{"id":"inv_1"}]')).toEqual(["inv_1"]);
    expect(idsIn("")).toEqual([]);
    expect(() => idsIn("hello")).toThrow(/no invocation's id: "hello"/u);
    expect(() => idsIn("{")).toThrow(UsageError);
  });
});

const ROW = {
  ...{ id: "inv_1", target: "Order/a/place", target_service_name: "Order", target_handler_name: "place" },
  status: "suspended",
};

describe("an invocation", () => {
  const row = (more: object) => invocationIn(new AnswerFields({ ...ROW, ...more }, "invocation"));
  const nowMs = Date.parse("2026-11-29T00:00:00Z");

  test("says what it waits for, and for how long", () => {
    const waits = [
      row({ waiting_on: "all(sleep until 2026-11-29T00:16:00.000Z (command 0), call (command 1))" }),
      row({ status: "scheduled", scheduled_start_at: "2026-11-29T01:00:00.000Z" }),
      row({ status: "backing-off", next_retry_at: "2026-11-29T00:00:04.000Z" }),
      row({ status: "pending", target_service_key: "a" }),
      row({ status: "paused" }),
      row({ status: "running" }),
    ];
    expect(waits.map((each) => waitingFor(each, nowMs))).toEqual([
      "all(sleep for 16m, call)",
      "its start in 1h",
      "its next attempt in 4s",
      "the key Order/a",
      "resume",
      undefined,
    ]);
    expect(shownWait("sleep until beyond all dates (1 ms)", nowMs)).toBe(
      "sleep until beyond all dates (1 ms)",
    );
  });

  test("that has completed says how", () => {
    expect(shownStatus(row({ status: "completed", completion_result: "failure" }))).toBe("failed");
    expect(shownStatus(row({ status: "completed", completion_result: "success" }))).toBe("succeeded");
    expect(shownStatus(row({}))).toBe("suspended");
  });
});

describe("steps of a journal", () => {
  const journal = new AnswerFields(
    {
      entries: [
        { index: 0, type: "run", command: 0, name: "charge", result: { value: "12" } },
        { index: 1, type: "call", command: 1, invoked_id: "inv_2", invoked_target: "Mailer/send" },
        { index: 2, type: "sleep", command: 2, due_at: "2026-11-29T00:00:00.000Z" },
        { index: 3, type: "signal", command: 3, signal: "go" },
        {
          index: 4,
          type: "completion",
          command: 1,
          result: { failure: { code: 404, message: "no mailbox" } },
        },
        { index: 5, type: "signalled", signal: "go", result: { value_base64: "AA==" } },
        { index: 6, type: "get", command: 4, name: "total", value: "7" },
        { index: 7, type: "run", command: 5, name: "charge", result: { value_ref: "x" } },
      ],
    },
    "journal",
  );
  const steps = stepsOf(journal);

  test("are its commands, each with what has completed it", () => {
    expect(steps.map(({ index, name, isOpen, value }) => [index, name, isOpen, value?.text])).toEqual([
      [0, "charge", false, "12"],
      [1, "Mailer/send", false, "[404] no mailbox"],
      [2, "", true, undefined],
      [3, "go", false, "base64:AA=="],
      [6, "total", false, "7"],
      [7, "charge", false, "(too long to be shown)"],
    ]);
    expect(steps[1]?.value?.isFailure).toBe(true);
  });

  test("have the time that they took, if the journal says it", () => {
    const at = (ms: number): string => new Date(1_795_000_000_000 + ms).toISOString();
    const timed = new AnswerFields(
      {
        entries: [
          { index: 0, type: "run", command: 0, name: "a", started_at: at(0), ended_at: at(120), attempts: 3 },
          { index: 1, type: "call", command: 1, invoked_id: "inv_2", at: at(125) },
          { index: 2, type: "sleep", command: 2, due_at: at(5000), at: at(125) },
          { index: 3, type: "completion", command: 1, at: at(1125) },
        ],
      },
      "journal",
    );
    expect(stepsOf(timed).map(({ tookMs, tries }) => [tookMs, tries])).toEqual([
      [120, 3],
      [1000, undefined],
      [undefined, undefined],
    ]);
    expect(steps.map(({ tookMs }) => tookMs)).toEqual(steps.map(() => undefined));
  });

  test("are found by name if there is one of it", () => {
    expect(stepPosition(steps, "Mailer/send")).toBe(1);
    expect(() => stepPosition(steps, "charge")).toThrow(/more than once: #0, #7/u);
    expect(() => stepPosition(steps, "totel")).toThrow(/no step "totel"\. Did you mean "total"\?/u);
  });
});

test("of a stack the user's frames are shown, and the others are counted", () => {
  const own = "    at pay (/home/ada/shop.ts:15:15)";
  const stack = `Error: no\n${own}\n    at x (/home/ada/node_modules/y/z.js:1:1)\n    at run (node:internal/x:1:1)`;
  expect(framesOf(stack, false)).toEqual([own, "    … and 2 frames of Node.js and libraries (--full)"]);
  expect(framesOf(stack, true)).toHaveLength(3);
  expect(framesOf("    at run (node:internal/x:1:1)", false)).toHaveLength(1);
  expect(framesOf("", false)).toEqual([]);
});

test("attempts are a line each, with what is left out between them", () => {
  const at = (ms: number): string => new Date(1_795_000_000_000 + ms).toISOString();
  const attempts = attemptsIn(
    new AnswerFields(
      {
        attempts: [
          {
            number: 1,
            outcome: "failed",
            started_at: at(0),
            ended_at: at(1200),
            error_code: "RT0007",
            error_message: "no\nmoney",
          },
          { number: 9, outcome: "running", started_at: at(9000) },
        ],
      },
      "invocation",
    ),
  );
  const out = new Output(
    { format: "text", quiet: false, verbose: false, wide: false, timeFormat: "iso" },
    fakeStreams(),
  );
  expect(attemptLines(attempts, 7, out)).toEqual([
    `#1  failed   1s  ${at(0)}  RT0007 no\\nmoney`,
    "(7 more, which are not kept)",
    `#9  running      ${at(9000)}`,
  ]);
});
