import { describe, expect, test } from "vitest";
import { axisOf } from "../../../ui/pages/invocation/timeline/axis.ts";
import {
  drawnOf,
  type Layout,
  type LayoutInput,
  layoutOf,
  WHOLE,
} from "../../../ui/pages/invocation/timeline/layout.ts";
import { offsetText } from "../../../ui/pages/invocation/timeline/ticks.ts";
import type { Child } from "../../../ui/pages/invocation/timeline/row.ts";
import type { Story } from "../../../ui/pages/invocation/model/story.ts";
import { at, ended, step, story, T0, turns } from "./stories.ts";

const SECOND = 1000;
const DAY = 86_400 * SECOND;

const laidOut = (of: Story, now: number, more: Partial<LayoutInput> = {}): Layout =>
  layoutOf({
    ...{ story: of, children: new Map<string, Child>(), opened: new Set<string>(), view: "operations" },
    ...{ nowMs: T0 + now, toScale: new Set<string>(), zoom: WHOLE, trackPx: 480 },
    ...more,
  });
const titles = ({ rows }: Layout): readonly string[] => rows.map(({ title }) => title);
const rowOf = ({ rows }: Layout, title: string) => {
  const found = rows.find((row) => row.title === title);
  if (found === undefined) throw new Error(`no row ${title}`);
  return found;
};
const kinds = (layout: Layout, title: string) => rowOf(layout, title).bars.map(({ kind }) => kind);

/** Everything lies within the track, and nothing has a width below nothing. */
function expectSound({ rows, bands, now }: Layout): void {
  const all = [...rows.flatMap(({ bars }) => bars), ...bands];
  for (const { left, width } of all) {
    expect(left).toBeGreaterThanOrEqual(0);
    expect(width).toBeGreaterThanOrEqual(0);
    expect(left + width).toBeLessThanOrEqual(100.001);
  }
  if (now !== undefined) expect(now).toBeLessThanOrEqual(100.001);
}

describe("rows", () => {
  test("what has been accepted and nothing more has a queue that lasts", () => {
    const layout = laidOut(story({ head: { status: "ready" } }), 500);
    expectSound(layout);
    expect(titles(layout)).toEqual(["Queue"]);
    expect(kinds(layout, "Queue")).toEqual(["q"]);
    expect(layout.now).toBeGreaterThan(90);
  });

  test("what starts later says when, and shows it right of now", () => {
    const head = { status: "scheduled", scheduled_start_at: at(7_200_000) };
    const layout = laidOut(story({ head }), 9000);
    expect(titles(layout)).toEqual(["Queue"]);
    const queue = rowOf(layout, "Queue");
    expect(queue.note).toMatch(/^starts /);
    expect(queue.bars.map(({ kind }) => kind)).toEqual(["rest open"]);
    expect(queue.marks[0]?.left).toBeGreaterThan(layout.now ?? 100);
  });

  test("what is parked stands behind its key, and has no turns", () => {
    const layout = laidOut(story({ head: { status: "pending" } }), 41 * 60 * SECOND);
    expect(titles(layout)).toEqual(["Queue"]);
    expect(rowOf(layout, "Queue").note).toBe("behind key o1");
    expect(layout.bands).toHaveLength(1);
  });

  test("one step: queue, turn and step stand where they were, and the end closes them", () => {
    const layout = laidOut(
      story({
        head: ended(1000, {
          started_at: at(100),
          attempts: turns({ from: 100, to: 1000, outcome: "completed" }),
        }),
        entries: [step(0, "charge", 200, 800)],
        journal: { output: { value: '"paid"' } },
      }),
      5000,
    );
    expectSound(layout);
    expect(titles(layout)).toEqual(["Queue", "Turns", "charge", "returned"]);
    const [bar] = rowOf(layout, "charge").bars;
    expect(bar?.left).toBeCloseTo(20);
    expect(bar?.width).toBeCloseTo(60);
    expect(rowOf(layout, "charge").label?.text).toBe("600 ms");
    expect(rowOf(layout, "charge").note).toBe('"done"');
    expect(layout.now).toBeUndefined();
  });

  test("a journal without times has rows in order, and no bars", () => {
    const entries = [
      { type: "run", command: 0, name: "a", result: { value: "1" } },
      { type: "set", command: 1, name: "status", value: '"x"' },
    ];
    const layout = laidOut(story({ head: ended(1000), entries }), 2000);
    expect(titles(layout)).toEqual(["Queue", "Turns", "a", "set status", "returned"]);
    expect(rowOf(layout, "a").bars).toEqual([]);
    expect(rowOf(layout, "Queue").note).toBe("not recorded");
  });

  test("a call's result belongs to it, whatever came first", () => {
    const call = (command: number, target: string) => ({
      ...{
        type: "call",
        command,
        invoked_id: `inv_1${target}`,
        invoked_target: target,
        input: { value: "1" },
      },
      accepted_at: at(100),
    });
    const entries = [
      call(0, "A/a"),
      call(1, "B/b"),
      { type: "completion", command: 1, result: { value: '"b"' }, at: at(200) },
      { type: "completion", command: 0, result: { value: '"a"' }, at: at(400) },
    ];
    const layout = laidOut(story({ head: ended(500), entries }), 600);
    expect(rowOf(layout, "A/a").note).toBe('"a"');
    expect(rowOf(layout, "B/b").label?.text).toBe("100 ms");
    expect(kinds(layout, "A/a")).toEqual(["call"]);
  });

  test("failed attempts are hatched, with the back-off behind each, and the next one is due right of now", () => {
    const layout = laidOut(
      story({
        head: {
          status: "backing-off",
          ...{ started_at: at(10), retry_count: 3, next_retry_at: at(9000), last_failure: "no" },
          ...{ last_failure_related_command_type: "run", last_failure_related_command_name: "charge card" },
          last_failure_related_command_index: 1,
          attempts: turns(
            { from: 10, to: 500, outcome: "failed", error: "no" },
            { from: 1500, to: 1600, outcome: "failed", error: "no" },
            { from: 3600, to: 3700, outcome: "failed", error: "no" },
          ),
        },
        entries: [step(0, "price", 20, 60)],
      }),
      5000,
    );
    expectSound(layout);
    const row = rowOf(layout, "charge card");
    expect(row.bars.map(({ kind }) => kind)).toEqual(["bad", "off", "bad", "off", "bad", "off"]);
    expect(row.marks.map(({ kind }) => kind)).toEqual(["next"]);
    expect(row.marks[0]?.left).toBeGreaterThan(layout.now ?? 100);
    // There is no room beside the bars, which fill the track.
    expect(row.note).toBe("✕ 3 · not recorded");
    // What the first attempt recorded before it failed is no part of the failure.
    expect(row.bars[0]?.left).toBeGreaterThan(rowOf(layout, "price").bars[0]?.left ?? 100);
  });

  test("attempts that failed within a step's time belong to it; its own bar is the last try", () => {
    const layout = laidOut(
      story({
        head: ended(2000, {
          started_at: at(0),
          attempts: turns(
            { from: 0, to: 100, outcome: "failed", error: "no" },
            { from: 600, to: 2000, outcome: "completed" },
          ),
        }),
        entries: [step(0, "charge", 20, 900, { attempts: 2 })],
      }),
      3000,
    );
    expect(kinds(layout, "charge")).toEqual(["bad", "off", "step"]);
    expect(rowOf(layout, "charge").bars[2]?.left).toBeCloseTo(30);
    expect(rowOf(layout, "charge").label?.text).toBe("✕ 1");
  });
});

describe("rows of what did not go straight", () => {
  test("an attempt that failed between the steps has a row of its own", () => {
    const layout = laidOut(
      story({
        head: ended(2000, {
          started_at: at(0),
          attempts: turns(
            { from: 0, to: 100, outcome: "failed", error: "no such cart" },
            { from: 600, to: 2000, outcome: "completed" },
          ),
        }),
        entries: [step(0, "charge", 700, 900, { attempts: 1 })],
      }),
      3000,
    );
    expect(titles(layout)).toEqual(["Queue", "Turns", "an attempt failed", "charge", "returned"]);
    expect(rowOf(layout, "an attempt failed").note).toBe("no such cart");
    expect(kinds(layout, "charge")).toEqual(["step"]);
  });

  test("a turn that died has a row that says so, between the steps", () => {
    const layout = laidOut(
      story({
        head: ended(3000, {
          started_at: at(0),
          attempts: turns(
            { from: 0, to: 600, outcome: "died" },
            { from: 1100, to: 3000, outcome: "completed" },
          ),
        }),
        entries: [step(0, "charge", 50, 500), step(1, "mail", 1200, 1800)],
      }),
      4000,
    );
    expect(titles(layout)).toEqual(["Queue", "Turns", "charge", "process ended", "mail", "returned"]);
    expect(rowOf(layout, "process ended").label?.text).toBe("runs again after 500 ms");
    expect(kinds(layout, "Turns")).toEqual(["turnx", "q", "turn"]);
  });

  test("an opened call shows its invocation's rows in place, to any depth", () => {
    const call = (id: string) => ({
      ...{ type: "call", command: 0, invoked_id: id, invoked_target: `S/${id}`, accepted_at: at(100) },
    });
    const leaf = story({ head: { started_at: at(250) }, entries: [step(0, "deep", 300, 350)] });
    const middle = story({ head: { started_at: at(150) }, entries: [call("inv_1leaf")] });
    const children = new Map<string, Child>([
      ["inv_1middle", middle],
      ["inv_1leaf", leaf],
    ]);
    const top = story({ entries: [call("inv_1middle")] });
    expect(titles(laidOut(top, 1000, { children }))).not.toContain("deep");
    const opened = new Set(["c0", "c0/c0"]);
    const layout = laidOut(top, 1000, { children, opened });
    expect(titles(layout).slice(2)).toEqual([
      ...["S/inv_1middle", "waited for key o1", "S/inv_1leaf", "waited for key o1", "deep"],
    ]);
    expect(rowOf(layout, "deep").level).toBe(3);
    expect(new Set(layout.rows.map(({ key }) => key)).size).toBe(layout.rows.length);
    expect(titles(laidOut(top, 1000, { opened }))).toContain("loading…");
  });

  test("a clock that ran backwards breaks nothing", () => {
    const layout = laidOut(
      story({
        head: ended(-500, {
          started_at: at(-100),
          attempts: turns({ from: 300, to: 100, outcome: "completed" }),
        }),
        entries: [step(0, "charge", 400, 200), step(1, "mail", -300, -200)],
      }),
      -1000,
    );
    expectSound(layout);
    expect(rowOf(layout, "charge").label?.text).toBe("0 ms");
  });

  test("10,000 entries are laid out, each with a row; of those that are seen alone bars are placed", () => {
    const entries = Array.from({ length: 10_000 }, (_, index) =>
      step(index, `step ${index}`, index * 3, index * 3 + 2),
    );
    const long = story({ head: ended(30_000), entries });
    const layout = laidOut(long, 40_000);
    expect(layout.rows).toHaveLength(10_003);
    expectSound(layout);
    const seen = laidOut(long, 40_000, { from: 500, to: 520 });
    expect(seen.rows).toEqual(layout.rows.slice(500, 520));
  });

  test("one row a turn: an error that comes again is named once", () => {
    const failed = { outcome: "failed", error: "connect ECONNREFUSED 10.0.3.17:8443" };
    const head = {
      status: "backing-off",
      ...{ next_retry_at: at(9000), last_failure: "x" },
      attempts: turns({ from: 0, to: 10, ...failed }, { from: 100, to: 110, ...failed }),
    };
    const layout = laidOut(story({ head, entries: [step(0, "price", 1, 5)] }), 500, {
      view: "turns",
      opened: new Set(["t1"]),
    });
    expect(layout.rows.map(({ title, note }) => [title, note])).toEqual([
      ["Queue", ""],
      ["Turn 1", failed.error],
      ["price", '"done"'],
      ["Turn 2", "the same error"],
      ["Turn 3", expect.stringContaining("due ")],
    ]);
  });
});

describe("the axis", () => {
  const long = story({
    head: {
      status: "suspended",
      started_at: at(10),
      attempts: turns({ from: 10, to: 300 }, { from: 3 * DAY, to: 3 * DAY + 400 }),
    },
    entries: [
      step(0, "create user", 20, 280),
      { type: "sleep", command: 1, name: "remind", due_at: at(3 * DAY), at: at(290) },
      { type: "completion", command: 1, result: null, at: at(3 * DAY) },
      step(2, "send reminder", 3 * DAY + 10, 3 * DAY + 350),
      { type: "sleep", command: 3, name: "give up", due_at: at(7 * DAY), at: at(3 * DAY + 400) },
    ],
  });

  test("a sleep of three days shrinks to a band, and steps of 300 ms can be seen", () => {
    const layout = laidOut(long, 5 * DAY);
    expectSound(layout);
    expect(layout.bands).toHaveLength(3);
    expect(rowOf(layout, "create user").bars[0]?.width).toBeGreaterThan(5);
    expect(rowOf(layout, "send reminder").bars[0]?.width).toBeGreaterThan(5);
    expect(layout.now).toBeLessThan(95);
    expect(rowOf(layout, "give up").bars.map(({ kind }) => kind)).toEqual(["rest open"]);
  });

  test("a band that was clicked is drawn to scale", () => {
    const [first] = laidOut(long, 5 * DAY).bands;
    const layout = laidOut(long, 5 * DAY, { toScale: new Set([first?.key ?? ""]) });
    expect(layout.bands).toHaveLength(2);
    expect(layout.bands.map(({ key }) => key)).not.toContain(first?.key);
  });

  test("what is short has no bands, however idle it is", () => {
    const busy = [
      { fromMs: 0, toMs: 10 },
      { fromMs: 700, toMs: 710 },
    ];
    expect(axisOf({ fromMs: 0, toMs: 710, busy, lent: [], toScale: new Set() }).bands).toEqual([]);
  });

  test("time and place follow from each other", () => {
    const { axis } = drawnOf({
      ...{ story: long, children: new Map(), opened: new Set(), view: "operations" },
      ...{ nowMs: T0 + 5 * DAY, toScale: new Set() },
    });
    for (const offset of [0, 50, 290, 2 * DAY, 3 * DAY + 200, 5 * DAY, 7 * DAY]) {
      expect(axis.msAt(axis.at(T0 + offset)) - T0).toBeCloseTo(offset, 0);
    }
  });

  test("a call that waits for a day for somebody else shrinks as well; one of a second does not", () => {
    const call = {
      type: "call",
      command: 0,
      invoked_id: "inv_1x",
      invoked_target: "A/b",
      accepted_at: at(100),
    };
    const waits = (ms: number) =>
      laidOut(story({ head: { attempts: turns({ from: 0, to: 110 }) }, entries: [call] }), ms).bands.length;
    expect(waits(DAY)).toBe(1);
    expect(waits(900)).toBe(0);
  });

  test("zoom shows a part, and cuts what lies outside", () => {
    const layout = laidOut(long, 5 * DAY, { zoom: { from: 0, to: 40 } });
    expectSound(layout);
    const whole = rowOf(laidOut(long, 5 * DAY), "create user").bars[0]?.width ?? 0;
    expect(rowOf(layout, "create user").bars[0]?.width).toBeCloseTo(2.5 * whole);
    expect(rowOf(layout, "send reminder").bars).toEqual([]);
  });

  test("marks do not stand on each other", () => {
    const { ticks } = laidOut(long, 5 * DAY);
    expect(ticks[0]).toEqual({ percent: 0, text: "0" });
    const px = ticks.map(({ percent }) => percent * 4.8);
    for (const [index, left] of px.entries())
      if (index > 0) expect(left - (px[index - 1] ?? 0)).toBeGreaterThan(20);
  });

  test.each([
    [0, 100, "0"],
    [250, 50, "+250 ms"],
    [1500, 500, "+1.5 s"],
    [30_000, 10_000, "+30 s"],
    [610_000, 10_000, "+10:10"],
    [610_500, 500, "+10:10.5"],
  ])("%d ms, in steps of %d, are %s", (offset, stepMs, text) => {
    expect(offsetText(offset, stepMs, T0)).toBe(text);
  });
});
