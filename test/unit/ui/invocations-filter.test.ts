/** The list's filter: what is typed, what the address has, and what is asked. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chipsOf } from "../../../ui/pages/invocations/chips.ts";
import {
  askedOf,
  filterOf,
  isSameFilter,
  statusesOf,
  withFilter,
  without,
} from "../../../ui/pages/invocations/filter.ts";
import { queriesOf, type Wanted } from "../../../ui/pages/invocations/load.ts";
import { FilterError, nearest, quoted, typedInto } from "../../../ui/pages/invocations/typing.ts";
import { countOf, ownViewsIn, VIEWS, withView } from "../../../ui/pages/invocations/views.ts";

const NOW = Date.parse("2026-11-29T12:00:00Z");
const typed = (text: string, before = {}) => typedInto(before, text, NOW);

describe("typing", () => {
  test("names a field, with a colon or a sign", () => {
    expect(typed("service:Order handler:checkout age>10m")).toEqual({
      service: "Order",
      handler: "checkout",
      age: ">10m",
    });
    expect(typed("age<1h")).toEqual({ age: "<1h" });
    expect(typed("age:2d")).toEqual({ age: ">2d" });
  });

  test("takes several statuses, other words for them, and all but some", () => {
    expect(typed("status:paused,retrying")).toEqual({ status: "backing-off,paused" });
    expect(typed("is:ended")).toEqual({ status: "succeeded,failed" });
    expect(statusesOf(typed("-status:succeeded,failed"))).toEqual(statusesOf({ status: "open" }));
  });

  test("reads days where the reader is, and leaves other times alone", () => {
    expect(typed("created>2026-11-26")).toEqual({ created_after: "2026-11-26" });
    expect(typed("created<2026-11-26T10:00:00Z")).toEqual({ created_before: "2026-11-26T10:00:00Z" });
    expect(typed("created:today")["created_after"]).toMatch(/^2026-11-\d\d$/u);
  });

  test("other words are a part of names and errors, and a whole id is an id", () => {
    expect(typed("card  declined")).toEqual({ text: "card declined" });
    expect(typed("inv_1dceKx0G4Em4uRXJCvKe2YScyAJS4xcpq")).toEqual({
      id: "inv_1dceKx0G4Em4uRXJCvKe2YScyAJS4xcpq",
    });
    expect(typed("http://x:80/ y")).toEqual({ text: "http://x:80/ y" });
    expect(typed("a>b")).toEqual({ text: "a>b" });
  });

  test.for([
    "a b",
    'say "hi"',
    String.raw`back\slash`,
    "<img src=x onerror=alert(1)>",
    "..",
    "🎄 gift",
    "a:b",
  ])("a quoted key is itself: %s", (key) => {
    expect(typed(`key:${quoted(key)}`)).toEqual({ key });
  });

  test("an empty key is a key", () => {
    expect(typed('key:""')).toEqual({ key: "" });
    expect(chipsOf({ key: "" })).toEqual([{ field: "key", name: "key", value: "empty" }]);
  });

  test.for([
    ["servce:Order", "Did you mean service:?"],
    ["status:pausd", "Did you mean paused?"],
    ["age>soon", "no duration"],
    ["created>monday", "no time"],
    ["-service:Order", "Only a status can be excluded"],
    ["service:", "What should service be?"],
  ] as const)("%s is refused, with what is meant", ([text, message]) => {
    expect(() => typed(text)).toThrow(FilterError);
    expect(() => typed(text)).toThrow(message);
  });

  test("the nearest name is offered only if one is near", () => {
    expect(nearest("ordr", ["Order", "Mailer"])).toBe("Order");
    expect(nearest("xyz", ["Order", "Mailer"])).toBeUndefined();
  });
});

describe("the address", () => {
  test("keeps what is not the filter's, but for the page", () => {
    const search = new URLSearchParams("service=Order&order=oldest&after=17.inv&compact=1");
    const next = withFilter(search, { ...filterOf(search), key: "a&b=c" });
    expect(Object.fromEntries(next)).toEqual({
      service: "Order",
      key: "a&b=c",
      order: "oldest",
      compact: "1",
    });
    expect(filterOf(new URLSearchParams(next.toString()))).toEqual({ service: "Order", key: "a&b=c" });
  });

  test("without a field", () => {
    expect(without({ service: "A", key: "k" }, "key")).toEqual({ service: "A" });
    expect(isSameFilter({ status: "paused,backing-off" }, { status: "backing-off,paused" })).toBe(true);
  });
});

describe("what is asked", () => {
  const wanted = (filter: Wanted["filter"], order: Wanted["order"] = "need"): Wanted => ({
    ...{ filter, order, limit: 100, scan: false },
  });

  test("a pattern and a key are two things, and ages become times", () => {
    expect(askedOf({ key: "ord-*" }, NOW)).toEqual({ key_glob: "ord-*" });
    expect(askedOf({ key: "ord" }, NOW)).toEqual({ key: "ord" });
    expect(askedOf({ age: ">10m" }, NOW)).toEqual({ created_before: "2026-11-29T11:50:00.000Z" });
    expect(askedOf({ age: "<1h", created_after: "2026-11-29T11:30:00Z" }, NOW)).toEqual({
      created_after: "2026-11-29T11:30:00.000Z",
    });
  });

  test("by need: what needs a person is asked for by itself, so that no page hides it", () => {
    expect(queriesOf(wanted({}), NOW)).toEqual([
      { limit: "100", status: "backing-off,paused", order: "oldest" },
      { limit: "100", order: "newest" },
    ]);
  });

  test("one status is one question; both results together, too", () => {
    expect(queriesOf(wanted({ status: "paused" }), NOW)).toHaveLength(1);
    expect(queriesOf(wanted({ status: "succeeded,failed" }, "newest"), NOW)).toEqual([
      { limit: "100", status: "completed", order: "newest" },
    ]);
    expect(queriesOf(wanted({ status: "failed" }, "newest"), NOW)).toEqual([
      { limit: "100", status: "completed", result: "failure", order: "newest" },
    ]);
    expect(queriesOf(wanted({ status: "paused,failed" }, "newest"), NOW)).toHaveLength(2);
  });
});

describe("views", () => {
  test("count what they show", () => {
    const counts = { paused: 3, "backing-off": 41, suspended: 146, completed: 9000 };
    const [attention, inFlight] = VIEWS;
    expect(attention && countOf(attention, counts)).toBe(44);
    expect(inFlight && countOf(inFlight, counts)).toBe(190);
    expect(VIEWS.at(-1) && countOf(VIEWS.at(-1) ?? { name: "", filter: {} }, counts)).toBeUndefined();
  });

  test("one's own: what cannot be read is none, and a name stands once", () => {
    expect(ownViewsIn("{")).toEqual([]);
    expect(ownViewsIn('[{"name": 3}, {"name": "EU", "filter": {"key": "eu-*"}}]')).toEqual([
      { name: "EU", filter: { key: "eu-*" } },
    ]);
    const twice = withView([{ name: "EU", filter: { key: "a" } }], { name: " EU ", filter: { key: "b" } });
    expect(twice).toEqual([{ name: "EU", filter: { key: "b" } }]);
  });
});

test("chips say the shorter of two", () => {
  expect(chipsOf({ status: "paused,backing-off" })[0]?.value).toBe("retrying or paused");
  expect(chipsOf(typed("-status:succeeded"))[0]).toEqual({
    field: "status",
    name: "status is not",
    value: "succeeded",
  });
  expect(chipsOf({ age: ">10m" })[0]).toEqual({ field: "age", name: "older than", value: "10m" });
});

test("what docs/ui.md says can be typed", () => {
  const text = readFileSync(new URL("../../../docs/ui.md", import.meta.url), "utf8");
  const [, section = ""] = /## Find invocations\n([\s\S]*?)\n## /u.exec(text) ?? [];
  const lines = section.split("\n").filter((line) => line.startsWith("| `"));
  const examples = lines.flatMap((line) =>
    [...(line.split(" | ")[0] ?? "").matchAll(/`([^`]+)`/gu)].map(([, typing = ""]) => typing),
  );
  expect(examples.length).toBeGreaterThan(8);
  for (const example of examples) expect(chipsOf(typed(example)), example).not.toEqual([]);
});
