/** The overview: its sentence, its groups, its chart, and the first call that it offers. */
import { describe, expect, test } from "vitest";
import { AnswerFields } from "../../../lib/answer-fields.ts";
import { type Attention, type OverviewAnswer, overviewOf } from "../../../ui/admin/overview.ts";
import { serviceOf } from "../../../ui/admin/service.ts";
import { chartOf, HEIGHT, WIDTH } from "../../../ui/pages/overview/chart.ts";
import { firstCall } from "../../../ui/pages/overview/first-call.ts";
import {
  byTrouble,
  commonPart,
  filterOfGroup,
  sentenceOf,
  successWords,
  whatWords,
  whyOf,
} from "../../../ui/pages/overview/overview-words.ts";
import { tileWords } from "../../../ui/pages/overview/tile-words.ts";

const NOW = Date.parse("2026-11-29T12:00:00Z");
const group = (more: Partial<Attention> = {}): Attention => ({
  ...{ status: "backing-off", target: { service: "Mailer", handler: "send" }, count: 41, oldestId: "inv_1" },
  ...{ sinceMs: NOW - 19 * 60_000, error: "451 Greylisted, try again later" },
  ...more,
});
const answer = (more: Partial<OverviewAnswer> = {}): OverviewAnswer => ({
  isComplete: true,
  counts: {},
  ...more,
});

describe("the answer", () => {
  test("is read with what is not known left out", () => {
    const read = overviewOf(
      new AnswerFields(
        { counts: { paused: 1 }, complete: false, handlers: null, minutes: null, attention: [] },
        "answer",
      ),
    );
    expect(read).toEqual({ counts: { paused: 1 }, isComplete: false, attention: [] });
  });
});

describe("the sentence", () => {
  test("all well, with what is in flight and what has failed", () => {
    expect(sentenceOf(answer(), NOW)).toMatchObject({
      strong: "All well.",
      rest: "Nothing is in flight, and nothing waits.",
    });
    const busy = answer({
      counts: { suspended: 1, completed: 7 },
      minutes: [{ atMs: NOW, succeeded: 4, failed: 2 }],
    });
    expect(sentenceOf(busy, NOW).rest).toBe(
      "1 invocation is in flight; none needs you. 2 invocations ended in a failure in the last hour.",
    );
  });

  test("the worst first, and never more than is known", () => {
    const bad = answer({
      counts: { paused: 3, "backing-off": 41, suspended: 157 },
      attention: [group({ status: "paused", count: 3 }), group()],
    });
    const { strong, rest } = sentenceOf(bad, NOW);
    expect(strong).toBe("2 things want attention,");
    expect(rest).toMatch(
      /^44 invocations in all\. The worst: 3 have been paused since \d\d:41:00 and wait for you\. Nothing is lost; the other 157 in flight go on\.$/u,
    );
    expect(sentenceOf({ ...bad, isComplete: false }, NOW).rest).toMatch(/^at least 44/u);
    const { counts: _, ...unknown } = bad;
    expect(sentenceOf({ ...unknown, attention: [] }, NOW).rest).toContain("has no index here");
  });
});

describe("a group", () => {
  test("says what, and why", () => {
    expect(whatWords(group())).toBe("41 retrying");
    expect(whatWords(group({ status: "running", count: 1 }))).toBe("1 is slow");
    expect(whyOf(group({ nextMs: NOW + 2000 }), NOW)).toEqual({
      quote: "451 Greylisted, try again later",
      text: "Next try in 2 s.",
    });
    expect(whyOf(group({ status: "paused", error: "" }), NOW)).toEqual({ text: "Somebody has paused it." });
  });

  test("is found in the list by what its errors have in common", () => {
    expect(commonPart("connect ECONNREFUSED 10.0.3.17:8443")).toBe("connect ECONNREFUSED");
    expect(commonPart("404")).toBeUndefined();
    expect(filterOfGroup(group())).toEqual({
      ...{ service: "Mailer", handler: "send", status: "backing-off", error: "Greylisted, try again later" },
    });
    const parked = group({
      status: "pending",
      target: { service: "Inventory", key: "sku", handler: "reserve" },
    });
    expect(filterOfGroup(parked)).toEqual({ service: "Inventory", key: "sku", status: "pending" });
  });
});

describe("handlers", () => {
  const figures = (handler: string, ended: number, failed: number, paused = 0) => ({
    ...{ service: "S", handler, inFlight: paused, byStatus: { paused }, ended, failed },
  });
  test("those with trouble first", () => {
    const all = [figures("fine", 100, 0), figures("stuck", 100, 0, 2), figures("failing", 1000, 3)];
    expect(byTrouble(all).map(({ handler }) => handler)).toEqual(["failing", "stuck", "fine"]);
  });
  test("a share is never rounded up to all", () => {
    expect(successWords(figures("x", 100_000, 1))).toBe("99.9 %");
    expect(successWords(figures("x", 5, 0))).toBe("100 %");
    expect(successWords(figures("x", 0, 0))).toBe("–");
  });
  test("a tile says what its count means", () => {
    expect(tileWords("paused", { paused: 2 }, [], NOW)).toBe("need you");
    expect(tileWords("backing-off", { "backing-off": 2 }, [group({ nextMs: NOW + 5000 })], NOW)).toBe(
      "next in 5 s",
    );
  });
});

describe("the chart", () => {
  const minutes = Array.from({ length: 60 }, (_, index) => ({
    ...{ atMs: NOW - (59 - index) * 60_000, succeeded: index, failed: index === 40 ? 1 : 0 },
  }));
  test("every bar is within it, and one failure is still seen", () => {
    const { bars, most, words } = chartOf(minutes, [], NOW);
    expect(most).toBe(59);
    for (const { x, width, succeeded, failed } of bars) {
      expect(x + width).toBeLessThanOrEqual(WIDTH);
      expect(succeeded + failed).toBeLessThanOrEqual(HEIGHT);
    }
    expect(bars[40]?.failed).toBeGreaterThanOrEqual(2);
    expect(words).toMatch(
      /^In the last hour 1770 succeeded and 1 failed, the first of them at \d\d:41; at most 59/u,
    );
  });
  test("a mark where an error was first seen, if that is on it", () => {
    expect(chartOf(minutes, [group()], NOW).mark).toMatchObject({ error: "451 Greylisted, try again later" });
    expect(chartOf(minutes, [group({ sinceMs: NOW - 7_200_000 })], NOW).mark).toBeUndefined();
    expect(chartOf([], [group()], NOW)).toMatchObject({ bars: [], most: 0 });
  });
});

describe("the first call", () => {
  const service = (more: object) =>
    serviceOf(
      new AnswerFields({ name: "Order", ty: "Service", public: true, deployment_id: "dp_1", ...more }, "s"),
    );
  test("fits the schema, and is quoted for a shell", () => {
    const schema = { type: "object", properties: { name: { type: "string", default: "it's" } } };
    const found = firstCall(
      [
        service({
          ty: "VirtualObject",
          handlers: [{ name: "place", public: true, input_json_schema: schema }],
        }),
      ],
      "http://localhost:8080/",
    );
    expect(found?.curl).toBe(
      String.raw`curl http://localhost:8080/Order/my-key/place --json '{"name":"it'\''s"}'`,
    );
  });
  test("what is private is not offered", () => {
    expect(
      firstCall([service({ public: false, handlers: [{ name: "a", public: true }] })], ""),
    ).toBeUndefined();
  });
});
