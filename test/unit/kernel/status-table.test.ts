/** The table of statuses, whole: what its columns have in common, and that every row is what the engine asks. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Note } from "../../../lib/model/entry.ts";
import { type Head, newHead, parseHead, type Status } from "../../../lib/model/head.ts";
import { invocationId, UNIQUE_SIZE } from "../../../lib/model/ids.ts";
import type { Start } from "../../../lib/model/message.ts";
import {
  canGoOn,
  isDue,
  isOverdue,
  ON,
  type StatusEvent,
  statusesThat,
} from "../../../lib/model/status-table.ts";

const events = Object.keys(ON) as StatusEvent[];
const statuses = Object.keys(ON.look) as Status[];
const open = statuses.filter((status) => status !== "completed");
const notBegun: readonly Status[] = ["scheduled", "accepted", "pending"];
const column = (status: Status) => Object.fromEntries(events.map((event) => [event, ON[event][status]]));

describe("a column", () => {
  test("of what has ended: nothing is added, nothing moves it, and its replies and its key are still owed", () => {
    expect(column("completed")).toEqual({
      ...{
        look: "pass-on",
        noteLane: "look",
        outputs: "again",
        handed: "pass-on",
        owner: "pass-on",
        attach: "reply",
        kill: "follow",
        early: "look",
      },
      ...{ note: "drop", cancellation: "drop", noteAdded: "leave", cancellationAdded: "leave" },
      ...{ register: "leave", redelivered: "look", released: "look", repeat: "leave" },
      ...{ command: "refuse", pause: "refuse", resume: "refuse", repin: "refuse", move: "stay" },
      ...{ restart: "restart", purge: "purge", overdue: "never", undelivered: "look", pinned: "over" },
    });
  });

  test.each(open)("of what is %s: it takes notes, can be killed, awaited and told to end", (status) => {
    expect(column(status)).toMatchObject({
      ...{ kill: "end", attach: "register", command: "send", early: "set-timer", pinned: "needed" },
      purge: "refuse",
    });
    expect(ON.note[status]).not.toBe("drop");
    expect(ON.cancellation[status]).not.toBe("drop");
  });

  test.each(notBegun)("of what is %s: an operator can neither pause nor resume it", (status) => {
    expect(column(status)).toMatchObject({ pause: "refuse", resume: "not-begun", restart: "not-begun" });
  });

  test("of what is paused: nothing but an operator moves it", () => {
    expect(column("paused")).toMatchObject({
      ...{ look: "hold", note: "add", noteAdded: "leave", overdue: "never", undelivered: "leave" },
      ...{ released: "release", cancellationAdded: "release", resume: "resume", repin: "repin" },
    });
  });
});

describe("a cancellation", () => {
  test("reaches every status: what it does not end or wake has a turn that will take it, or is released", () => {
    const reached = open.filter(
      (status) =>
        ON.cancellation[status] !== "add" ||
        ON.cancellationAdded[status] === "release" ||
        // Its Start is on its way.
        status === "accepted" ||
        status === "running",
    );
    expect(reached).toEqual(open);
  });
});

describe("a row", () => {
  const sources = globSync("{lib,runtime,sdk}/**/*.ts", { cwd: join(import.meta.dirname, "../../..") })
    .filter((file) => !file.endsWith("status-table.ts"))
    .map((file) => readFileSync(join(import.meta.dirname, "../../..", file), "utf8"))
    .join("\n");

  // `isOverdue` asks for the row of its name, beside it in the table's file.
  test.each(events.filter((event) => event !== "overdue"))("is asked for: %s", (event) => {
    const asked = new RegExp(`\\bON\\.${event}\\[|statusesThat\\("${event}"|\\bON\\[[^\\]]*"${event}"`);
    expect(sources).toMatch(asked);
  });

  test("tells the condition of a write which statuses it lets through", () => {
    expect(statusesThat("pause", "pause")).toEqual(["running", "suspended", "backing-off"]);
    expect(statusesThat("released", "release")).toEqual(["backing-off", "paused"]);
    expect(statusesThat("repin", "repin")).toEqual(["paused"]);
    expect(statusesThat("move", "move")).toEqual(["suspended", "backing-off", "paused"]);
  });
});

describe("the conditions", () => {
  const MINUTE_MS = 60_000;
  const nowMs = 100 * MINUTE_MS;
  const start: Start = {
    ...{
      kind: "start",
      id: invocationId("Counter", "k", new Uint8Array(UNIQUE_SIZE)),
      incarnation: 0,
      origin: "o",
    },
    ...{ target: { service: "Counter", handler: "add", key: "k" }, input: new Uint8Array(0) },
    ...{ headers: {}, acceptedAtMs: 1 },
  };
  const of = (fields: Partial<Head>): Head => ({
    ...parseHead({ ...newHead(start, {}), s: "suspended", u: nowMs }),
    ...fields,
  });

  test("if-due: without a time it is due", () => {
    expect([
      isDue({}, nowMs),
      isDue({ dueAtMs: nowMs }, nowMs),
      isDue({ dueAtMs: nowMs + 1 }, nowMs),
    ]).toEqual([...[true, true, false]]);
  });

  test("if-it-can: what it awaits is there, or there are too many notes", () => {
    const head = of({ wait: { kind: "call", command: 1 } });
    expect(canGoOn(head)).toBe(false);
    expect(canGoOn(head, [{ kind: "completion", command: 1, outcome: new Uint8Array(0) }])).toBe(true);
    expect(
      canGoOn(of({ wait: { kind: "call", command: 1 }, notes: [{ kind: "cancellation", delivery: "u" }] })),
    ).toBe(true);
    expect(
      canGoOn(
        head,
        Array.from({ length: 500 }, (_, index): Note => ({
          kind: "completion",
          command: index + 2,
          outcome: null,
        })),
      ),
    ).toBe(true);
    expect(canGoOn(of({}))).toBe(false);
  });

  test.each<[string, Partial<Head>, boolean]>([
    ["a back-off that has just ended", { status: "backing-off", dueAtMs: nowMs - MINUTE_MS }, false],
    ["a back-off that ended long ago", { status: "backing-off", dueAtMs: nowMs - 3 * MINUTE_MS }, true],
    ["a delayed start long after its time", { status: "scheduled", dueAtMs: nowMs - 3 * MINUTE_MS }, true],
    ["a turn that runs", { status: "running", modifiedAtMs: nowMs - 19 * MINUTE_MS }, false],
    ["a turn that has died", { status: "running", modifiedAtMs: nowMs - 21 * MINUTE_MS }, true],
    ["a sleep long over", { wait: { kind: "sleep", command: 1, dueAtMs: nowMs - 3 * MINUTE_MS } }, true],
    ["a sleep not over", { wait: { kind: "sleep", command: 1, dueAtMs: nowMs + 1 } }, false],
    ["a call that nobody has answered", { wait: { kind: "call", command: 1 }, modifiedAtMs: 0 }, false],
    [
      "a call whose answer woke nobody",
      {
        wait: { kind: "call", command: 1 },
        notes: [{ kind: "completion", command: 1, outcome: null }],
        modifiedAtMs: 0,
      },
      true,
    ],
    [
      "a call whose answer has just come",
      { wait: { kind: "call", command: 1 }, notes: [{ kind: "completion", command: 1, outcome: null }] },
      false,
    ],
    ["a pause", { status: "paused", modifiedAtMs: 0 }, false],
    ["an end", { status: "completed", modifiedAtMs: 0 }, false],
  ])("overdue: %s", (_, fields, expected) => {
    expect(isOverdue(of(fields), nowMs)).toBe(expected);
  });
});
