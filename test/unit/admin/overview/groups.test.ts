import { expect, test } from "vitest";
import { OVERVIEW_GROUPS_MAX, OVERVIEW_SLOW_MS_MIN } from "../../../../lib/limits/ui.ts";
import { attentionOf, withoutNumbers } from "../../../../runtime/admin/overview/groups.ts";
import type { OpenSummary } from "../../../../runtime/admin/overview/open.ts";

const NOW = Date.UTC(2026, 10, 29, 4, 30);
const unknown = () => undefined;
let made = 0;

const open = (fields: Partial<OpenSummary>): OpenSummary => ({
  ...{ id: `inv_${made++}`, service: "Orders", handler: "place" },
  ...{ status: "paused", sinceMs: NOW - 1000, modifiedAtMs: NOW - 1000 },
  ...fields,
});

test("errors that differ in their numbers are one group, whose oldest is named", () => {
  const oldest = open({ sinceMs: NOW - 5000, error: "no answer after 1,500 ms from 10.0.0.7 (RT0010)" });
  const [group, ...others] = attentionOf(
    [open({ error: "no answer after 12 ms from 10.0.0.8 (RT0010)" }), oldest],
    NOW,
    unknown,
  );
  expect(others).toEqual([]);
  expect(group).toMatchObject({
    ...{ status: "paused", service: "Orders", handler: "place", count: 2, oldest },
    ...{ error: oldest.error, errorCode: "RT0010" },
  });
});

test("other handlers, statuses and errors are other groups: paused first, then the oldest first", () => {
  const groups = attentionOf(
    [
      open({ status: "backing-off", error: "a", sinceMs: NOW - 9000, dueAtMs: NOW + 500 }),
      open({ status: "backing-off", error: "a", sinceMs: NOW - 8000, dueAtMs: NOW + 100 }),
      open({ status: "paused", error: "a", sinceMs: NOW - 1 }),
      open({ status: "paused", error: "b", sinceMs: NOW - 2 }),
      open({ status: "paused", error: "a", handler: "other", sinceMs: NOW - 3 }),
    ],
    NOW,
    unknown,
  );
  expect(groups.map(({ status, handler, error, count }) => [status, handler, error, count])).toEqual([
    ["paused", "other", "a", 1],
    ["paused", "place", "b", 1],
    ["paused", "place", "a", 1],
    ["backing-off", "place", "a", 2],
  ]);
  expect(groups.at(-1)?.dueAtMs).toBe(NOW + 100);
});

test("one that is being tried again is still among those that fail", () => {
  const groups = attentionOf([open({ status: "running", error: "a", modifiedAtMs: NOW })], NOW, unknown);
  expect(groups).toMatchObject([{ status: "backing-off", error: "a" }]);
});

test("what waits, is scheduled or has just begun needs nothing", () => {
  const calm = (["suspended", "scheduled", "ready", "running"] as const).map((status) =>
    open({ status, modifiedAtMs: NOW }),
  );
  expect(attentionOf(calm, NOW, unknown)).toEqual([]);
});

test("a key is worth a word once many wait behind it", () => {
  const behind = (count: number) =>
    Array.from({ length: count }, () => open({ status: "pending", key: "k" }));
  expect(attentionOf(behind(4), NOW, unknown)).toEqual([]);
  expect(attentionOf(behind(5), NOW, unknown)).toMatchObject([{ status: "pending", key: "k", count: 5 }]);
});

test("slow is ten times what is usual, and ten seconds at least", () => {
  const running = open({ status: "running", modifiedAtMs: NOW - OVERVIEW_SLOW_MS_MIN - 1 });
  expect(attentionOf([running], NOW, unknown)).toHaveLength(1);
  expect(attentionOf([running], NOW, () => 900)).toMatchObject([{ status: "running", usualMs: 900 }]);
  expect(attentionOf([running], NOW, () => 1100)).toEqual([]);
});

test("there are at most so many groups", () => {
  const many = Array.from({ length: 200 }, (_, n) => open({ error: "x".repeat(n + 1) }));
  expect(attentionOf(many, NOW, unknown)).toHaveLength(OVERVIEW_GROUPS_MAX);
});

test("numbers do not count", () => {
  expect(withoutNumbers("order 17 of 1,204.50 at 10.0.0.7")).toBe("order # of # at #");
});
