/** The SQL page's answers, files and errors; and the timers' sentence. */
import { describe, expect, test } from "vitest";
import { AnswerFields } from "../../../lib/answer-fields.ts";
import {
  cellText,
  csvOf,
  foundIn,
  foundWords,
  historyIn,
  HISTORY_MAX,
  pointedAt,
  withQuery,
} from "../../../ui/pages/sql/result.ts";
import { completionsAt } from "../../../ui/pages/sql/complete.ts";
import { tablesIn } from "../../../ui/pages/sql/schema.ts";
import { dayBefore, dueWords, sentenceOf, type Timer } from "../../../ui/pages/timers/timers-load.ts";

const NOW = Date.parse("2026-11-29T12:00:00Z");

describe("an answer", () => {
  const answer = (more: object) => foundIn(new AnswerFields(more, "answer"), 12);

  test("has the columns of all its rows: what is null is left out of a row", () => {
    const found = answer({ rows: [{ a: 1 }, { b: "x", a: 2 }] });
    expect(found.columns).toEqual(["a", "b"]);
    expect(found.isComplete).toBe(true);
  });

  test("says how it was found, and what that cost", () => {
    const found = answer({
      rows: [{ a: 1 }],
      perdure: {
        source: "index",
        scanned: 9,
        complete: false,
        missing: ["ended"],
        cost: { readUnits: 12.5 },
      },
    });
    expect(foundWords(found)).toBe(
      "1 row in 12 ms. Lists of invocations were read. 9 items looked at. 13 read units.",
    );
    expect(found).toMatchObject({ isComplete: false, missing: "ended" });
  });

  test("as CSV: quoted where it must be, and no formula", () => {
    const rows = [{ a: 'say "hi", you', b: "=1+1" }, { a: "two\nlines", b: -3 }, { b: ["x"] }];
    expect(csvOf({ columns: ["a", "b"], rows })).toBe(
      'a,b\r\n"say ""hi"", you",\'=1+1\r\n"two\nlines",-3\r\n,"[""x""]"\r\n',
    );
    expect(cellText({ a: null })).toBe('{"a":null}');
  });

  test("an error points at its place", () => {
    expect(pointedAt("SELECT a,\n\tidd FROM t", { line: 2, column: 2 })).toEqual({
      line: " idd FROM t",
      caret: " ^",
    });
    expect(pointedAt("x", { line: 9, column: 1 })).toEqual({ line: "", caret: "^" });
  });
});

test("what was asked is kept once, the newest first, and not for ever", () => {
  expect(withQuery(["a", "b"], "b")).toEqual(["b", "a"]);
  expect(
    withQuery(
      Array.from({ length: 50 }, (_, index) => `q${index}`),
      "new",
    ),
  ).toHaveLength(HISTORY_MAX);
  expect(withQuery(["a"], "x".repeat(20_000))).toEqual(["a"]);
  expect(historyIn('["a", 3]')).toEqual(["a"]);
  expect(historyIn("no JSON")).toEqual([]);
});

test("tables: the most useful first, those that are empty here left out", () => {
  const row = (table: string, type = "LargeUtf8") =>
    new AnswerFields({ table_name: table, column_name: "c", data_type: type }, "row");
  const tables = tablesIn([
    row("state"),
    row("sys_locks"),
    row("sys_invocation", "Timestamp(ms)"),
    row("perdure_timers"),
  ]);
  expect(tables.map(({ name }) => name)).toEqual(["sys_invocation", "perdure_timers", "state"]);
  expect(tables[0]?.columns).toEqual([{ name: "c", type: "time" }]);
});

test("a name is completed: tables where one belongs, else columns of what the query names", () => {
  const columns = (...names: string[]) => names.map((name) => ({ name, type: "text" }));
  const tables = [
    { name: "sys_invocation", columns: columns("id", "target", "target_service_name", "status") },
    { name: "perdure_timers", columns: columns("id", "target", "due_at") },
  ];
  const names = (sql: string, at = sql.length) => completionsAt(sql, at, tables).map(({ name }) => name);
  expect(names("SELECT * FROM sys")).toEqual(["sys_invocation"]);
  expect(names("SELECT  tar FROM sys_invocation", 11)).toEqual(["target", "target_service_name"]);
  expect(names("SELECT service FROM sys_invocation", 14)).toEqual(["target_service_name"]);
  expect(names("SELECT du FROM perdure_timers", 9)).toEqual(["due_at"]);
  expect(names("WHERE status = 'stat")).toEqual([]);
  expect(names("SELECT ")).toEqual([]);
});

describe("timers", () => {
  const timer = (secondsFromNow: number, kind: Timer["kind"] = "sleep"): Timer => ({
    ...{ id: "inv_1", target: "S/h", kind, dueMs: NOW + secondsFromNow * 1000 },
  });

  test("the next one first, and what is late", () => {
    const all = [timer(-60, "retry"), timer(12), timer(7200)];
    expect(
      sentenceOf(
        all,
        [
          { kind: "sleep", count: 2 },
          { kind: "retry", count: 1 },
        ],
        NOW,
      ),
    ).toEqual({
      strong: "3 timers are set.",
      rest: "The next one is tried again late by 1 min. 1 timer is late. 2 within the hour, 3 within a day.",
    });
    expect(sentenceOf([], [], NOW).strong).toBe("Nothing waits for a time.");
  });

  test("due in words", () => {
    expect(dueWords(NOW + 12_000, NOW)).toBe("in 12 s");
    expect(dueWords(NOW - 100, NOW)).toBe("now");
    expect(dueWords(NOW - 61_000, NOW)).toBe("late by 1 min 1 s");
  });

  test("another day has a line of its own", () => {
    expect(dayBefore(timer(60), undefined, NOW)).toBeUndefined();
    expect(dayBefore(timer(86_400 * 3), timer(60), NOW)).toContain("December");
  });
});
