/** When schedules are due. */
import { describe, expect, test } from "vitest";
import { nextTick, parseSchedule, type Schedule } from "../../../runtime/events/schedule.ts";

function scheduleOf(text: string, timezone?: string): Schedule {
  const schedule = parseSchedule(text, timezone);
  if (typeof schedule === "string") throw new Error(schedule);
  return schedule;
}

/** The next ones after a time. */
function ticks(text: string, after: string, count: number, timezone?: string): (string | undefined)[] {
  const schedule = scheduleOf(text, timezone);
  const found: (string | undefined)[] = [];
  let ms: number | undefined = Date.parse(after);
  for (let index = 0; index < count && ms !== undefined; index++) {
    ms = nextTick(schedule, ms, Date.parse("2030-01-01T00:00:30Z"));
    found.push(ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16));
  }
  return found;
}

describe("crontab's form", () => {
  test.each([
    ["0 2 * * *", "2030-01-01T02:00:00Z", ["2030-01-02T02:00", "2030-01-03T02:00"]],
    ["*/20 9-10 * * *", "2030-01-01T09:30:00Z", ["2030-01-01T09:40", "2030-01-01T10:00", "2030-01-01T10:20"]],
    ["0 0 29 2 *", "2030-01-01T00:00:00Z", ["2032-02-29T00:00", "2036-02-29T00:00"]],
    // Sunday is 0 and 7.
    ["0 0 * * 0", "2030-01-01T00:00:00Z", ["2030-01-06T00:00"]],
    ["0 0 * * 7", "2030-01-01T00:00:00Z", ["2030-01-06T00:00"]],
    ["0 0 * * mon-fri", "2030-01-04T00:00:00Z", ["2030-01-07T00:00", "2030-01-08T00:00"]],
    // Either of the two.
    ["0 0 13 * fri", "2030-01-01T00:00:00Z", ["2030-01-04T00:00", "2030-01-11T00:00", "2030-01-13T00:00"]],
    [
      "5/25 0 1 1,JUN *",
      "2030-01-01T00:30:00Z",
      ["2030-01-01T00:55", "2030-06-01T00:05", "2030-06-01T00:30"],
    ],
  ])("%s", (text, after, expected) => {
    expect(ticks(text, after, expected.length)).toEqual(expected);
  });
});

describe("EventBridge's form", () => {
  test.each([
    ["cron(0 12 * * ? *)", "2030-01-01T12:00:00Z", ["2030-01-02T12:00"]],
    // Sunday is 1.
    ["cron(15 10 ? * 1 *)", "2030-01-01T00:00:00Z", ["2030-01-06T10:15"]],
    ["cron(0 18 ? * MON-FRI *)", "2030-01-04T18:00:00Z", ["2030-01-07T18:00"]],
    ["cron(0 8 1 * ? 2031)", "2030-01-01T00:00:00Z", ["2031-01-01T08:00", "2031-02-01T08:00"]],
  ])("%s", (text, after, expected) => {
    expect(ticks(text, after, expected.length)).toEqual(expected);
  });

  test("a year that is over has no more", () => {
    expect(ticks("cron(0 8 1 12 ? 2030)", "2030-12-01T08:00:00Z", 1)).toEqual([undefined]);
  });
});

test("a rate counts from when it was made", () => {
  expect(ticks("rate(5 minutes)", "2030-01-01T00:00:30Z", 2)).toEqual([
    "2030-01-01T00:05",
    "2030-01-01T00:10",
  ]);
  expect(ticks("rate(1 hour)", "2029-01-01T00:00:00Z", 1)).toEqual(["2030-01-01T01:00"]);
});

describe("in a time zone", () => {
  test("local time, in winter and in summer", () => {
    expect(ticks("0 9 * * *", "2030-01-15T00:00:00Z", 1, "Europe/Berlin")).toEqual(["2030-01-15T08:00"]);
    expect(ticks("0 9 * * *", "2030-07-15T00:00:00Z", 1, "Europe/Berlin")).toEqual(["2030-07-15T07:00"]);
    expect(ticks("30 5 * * *", "2030-01-15T01:00:00Z", 1, "Asia/Kolkata")).toEqual(["2030-01-16T00:00"]);
  });

  test("a time that is skipped when the clock is set forward is no tick; one that comes twice is one", () => {
    // On 31 March 2030 it is 3:00 after 1:59, on 27 October 2:00 comes twice.
    expect(ticks("30 2 * * *", "2030-03-30T12:00:00Z", 1, "Europe/Berlin")).toEqual(["2030-04-01T00:30"]);
    expect(ticks("30 2 * * *", "2030-10-26T12:00:00Z", 2, "Europe/Berlin")).toEqual([
      ...["2030-10-27T00:30", "2030-10-28T01:30"],
    ]);
  });
});

test.each([
  ["* * * *", undefined, "4 fields"],
  ["60 * * * *", undefined, "minutes"],
  ["* * 0 * *", undefined, "days of the month"],
  ["* * * * 5-1", undefined, "days of the week"],
  ["*/0 * * * *", undefined, "minutes"],
  ["cron(0 0 L * ? *)", undefined, "'L'"],
  ["cron(0 0 * * * *)", undefined, "'?'"],
  ["rate(0 minutes)", undefined, "above zero"],
  ["0 0 * * *", "Mars/Olympus", "time zone"],
  ["x".repeat(300), undefined, "longer"],
])("%s is refused with the reason", (text, timezone, reason) => {
  const refused = parseSchedule(text, timezone);
  expect(refused).toBeTypeOf("string");
  expect(refused).toContain(reason);
});
