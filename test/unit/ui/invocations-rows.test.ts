/** The rows of the list: their words, their order, how they hold still, and what a verb does to which. */
import { describe, expect, test } from "vitest";
import { AnswerFields } from "../../../lib/answer-fields.ts";
import { type Invocation, invocationOf } from "../../../ui/admin/invocation.ts";
import { previewOf, refusalOf, type Verb, VERBS } from "../../../ui/pages/invocations/bulk.ts";
import { emptinessOf, truthOf } from "../../../ui/pages/invocations/list-words.ts";
import type { List } from "../../../ui/pages/invocations/load.ts";
import { arranged, rangeOf, sorted } from "../../../ui/pages/invocations/order.ts";
import {
  agesOf,
  attemptWords,
  ordinal,
  sameErrors,
  wordsOf,
} from "../../../ui/pages/invocations/row-words.ts";

const NOW = Date.parse("2026-11-29T12:00:00Z");
const at = (secondsAgo: number): string => new Date(NOW - secondsAgo * 1000).toISOString();

function row(id: string, status: string, more: object = {}): Invocation {
  const common = {
    target_service_name: "Order",
    target_handler_name: "checkout",
    retry_count: 0,
    journal_size: 3,
  };
  return invocationOf(
    new AnswerFields({ id, status, ...common, created_at: at(100), modified_at: at(50), ...more }, "row"),
  );
}
const ids = (rows: readonly Invocation[]): string => rows.map(({ id }) => id).join(" ");

describe("order", () => {
  test("by need: paused, retrying (the oldest first), then what goes on, then what has ended", () => {
    const rows = [
      row("ended", "completed"),
      row("young", "backing-off", { created_at: at(10) }),
      row("old", "backing-off", { created_at: at(1000) }),
      row("asleep", "suspended"),
      row("parked", "pending"),
      row("paused", "paused"),
    ];
    expect(ids(sorted(rows, "need", NOW))).toBe("paused old young parked asleep ended");
  });

  test("longest: what has ended by how long it took", () => {
    const rows = [
      row("quick", "completed", { created_at: at(900), completed_at: at(899) }),
      row("long", "completed", { created_at: at(900), completed_at: at(600) }),
      row("open", "suspended"),
    ];
    expect(ids(sorted(rows, "longest", NOW))).toBe("long open quick");
  });
});

describe("held still", () => {
  const before = [row("a", "running"), row("b", "running")];
  const now = [row("new", "running"), row("b", "paused")];

  test("rows stay, as they are now; new ones wait; what is gone says so", () => {
    const { rows, fresh, gone } = arranged(before, now, { held: true, hasMore: false });
    expect(ids(rows)).toBe("a b");
    expect(rows[1]?.status).toBe("paused");
    expect(fresh).toEqual(["new"]);
    expect([...gone]).toEqual(["a"]);
  });

  test("what may be on another page is not gone", () => {
    expect(arranged(before, now, { held: true, hasMore: true }).gone.size).toBe(0);
  });

  test("not held, or nothing shown yet: as it is", () => {
    expect(ids(arranged(before, now, { held: false, hasMore: false }).rows)).toBe("new b");
    expect(ids(arranged([], now, { held: true, hasMore: false }).rows)).toBe("new b");
  });
});

describe("words", () => {
  test("an error names its step, in one line", () => {
    const failing = row("x", "backing-off", {
      last_failure: "\nconnect ECONNREFUSED\n  at x",
      last_failure_related_command_name: "charge card",
      last_failure_related_command_type: "run",
      retry_count: 6,
    });
    expect(wordsOf(failing, NOW).first).toBe("Step “charge card”: connect ECONNREFUSED");
    expect(attemptWords(failing, new Map([["Order/checkout", 20]]))).toBe("6/20");
  });

  test("how many others have its error, whose numbers do not count", () => {
    const failing = (id: string, error: string) => row(id, "backing-off", { last_failure: error });
    const all = [failing("a", "port 80 is closed"), failing("b", "port 443 is closed"), failing("c", "no")];
    expect([...sameErrors([...all, row("d", "running")])]).toEqual([
      ["a", 1],
      ["b", 1],
      ["c", 0],
    ]);
    const [first] = all;
    expect(first && wordsOf(first, NOW, { sameError: 1 }).second).toBe(
      "tried again soon · same error in 1 other",
    );
  });

  test("parked: its place, and what the owner does", () => {
    const parked = { place: 2, count: 12, ownerTarget: "Inventory/sku/recount", ownerStatus: "backing-off" };
    expect(wordsOf(row("x", "pending"), NOW, { parked }).first).toBe(
      "3rd of 12 behind recount, which is retrying",
    );
    expect([1, 2, 3, 4, 11, 12, 13, 21, 102, 113].map(ordinal)).toEqual([
      ...["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "113th"],
    ]);
  });

  test("suspended: for what, and until when at the latest", () => {
    const sleeping = row("x", "suspended", { waiting_for: { kind: "sleep", command: 1, due_at: at(-90) } });
    expect(wordsOf(sleeping, NOW)).toMatchObject({ second: "goes on in 1 min 30 s at the latest" });
    const waiting = row("x", "suspended", {
      waiting_for: { kind: "promise", command: 1, name: "email-verified" },
    });
    expect(wordsOf(waiting, NOW)).toEqual({
      first: "Waits for the promise “email-verified”",
      second: "without a time limit",
    });
  });

  test("ended: failed, cancelled and killed are three things", () => {
    const ended = (failure: string) =>
      wordsOf(row("x", "completed", { completion_failure: failure }), NOW).first;
    expect(ended("[422] card_declined")).toBe("card_declined");
    expect(ended("[409] cancelled")).toBe("Cancelled");
    expect(ended("[409] killed")).toBe("Killed: its code did not run any more");
  });

  test("for how long: at rest since the last write, else since it was accepted", () => {
    expect(agesOf(row("x", "paused"), NOW).for).toBe("50 s");
    expect(agesOf(row("x", "running"), NOW).for).toBe("1 min 40 s");
    expect(agesOf(row("x", "completed", { completed_at: at(98.8) }), NOW).for).toBe("1.2 s");
  });
});

describe("a verb on many", () => {
  const all = [
    "scheduled",
    "pending",
    "ready",
    "running",
    "suspended",
    "backing-off",
    "paused",
    "completed",
  ].map((status) => row(status, status));

  test.for([
    ["cancel", "scheduled pending ready running suspended backing-off paused"],
    ["kill", "scheduled pending ready running suspended backing-off paused"],
    ["pause", "running suspended backing-off"],
    ["resume", "backing-off paused"],
    ["restart-as-new", "completed"],
    ["purge", "completed"],
  ] as const)("%s is for %s", ([verb, meant]) => {
    expect(ids(previewOf(verb, all).meant)).toBe(meant);
    expect(Object.keys(VERBS)).toContain(verb satisfies Verb);
  });

  test("those that are left alone are counted, with why", () => {
    const { groups } = previewOf("purge", [...all, row("more", "completed")]);
    expect(groups[0]).toMatchObject({ count: 2, look: { word: "Succeeded" } });
    expect(groups[1]?.refusal).toBe("has not ended yet: cancel it first");
    expect(refusalOf("resume", row("x", "backing-off"), true)).toContain("pause it first");
  });

  test("a range goes in both directions, and only over what is shown", () => {
    expect(ids(rangeOf(all, "running", "pending"))).toBe("pending ready running");
    expect(rangeOf(all, "elsewhere", "pending")).toEqual([]);
    expect(rangeOf(all, undefined, "pending")).toEqual([]);
  });
});

describe("what the list says of itself", () => {
  const list = (more: Partial<List> = {}): List => ({
    ...{
      rows: [row("a", "running")],
      hasMore: false,
      source: "index",
      covers: ["open", "ended"],
      incomplete: false,
    },
    ...more,
  });

  test("never more than is known", () => {
    expect(truthOf(list(), {}).text).toBe("1 invocation, all that match.");
    expect(truthOf(list({ hasMore: true }), {}).text).toBe("Showing 1 of at least 2.");
    expect(truthOf(list({ hasMore: true }), {}, 1300).text).toBe("Showing 1 of 1,300.");
    expect(truthOf(list({ covers: ["open"] }), {}).furtherWords).toContain("77 read units");
    expect(truthOf(list({ covers: ["open"] }), { status: "paused" }).furtherWords).toBeUndefined();
  });

  test("why there is none", () => {
    const none = list({ rows: [] });
    expect(emptinessOf(none, {})).toBe("nothing-yet");
    expect(emptinessOf(none, { status: "paused,backing-off" })).toBe("all-well");
    expect(emptinessOf(none, { service: "x" })).toBe("no-match");
    expect(emptinessOf(none, { id: "inv_1" })).toBe("unknown-id");
    expect(emptinessOf(list({ rows: [], covers: ["open"] }), { status: "failed" })).toBe("not-covered");
  });
});
