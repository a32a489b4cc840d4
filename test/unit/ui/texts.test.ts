/** JSON with and without line breaks, differences line by line, and what an invocation waits for in words. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compacted, indented } from "../../../ui/words/json-layout.ts";
import { DIFF_LINES_MAX, lineDiff } from "../../../ui/words/line-diff.ts";
import {
  awakeableIn,
  dueOf,
  isOpenEnded,
  waitingOf,
  waitsForPromise,
  waitText,
} from "../../../ui/words/wait.ts";
import { AnswerFields } from "../../../lib/answer-fields.ts";

describe("JSON", () => {
  test("is laid out as JSON.stringify does it", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const [short, long] = [JSON.stringify(value), JSON.stringify(value, undefined, 2)];
        expect(indented(short)).toBe(long);
        expect(compacted(long)).toBe(short);
      }),
    );
  });
  test("keeps digits and names that a parser would lose", () => {
    const text = '{"n":12345678901234567890,"n":1.10}';
    expect(compacted(indented(text))).toBe(text);
  });
  test("what is no JSON stays", () => {
    expect(indented("{ no")).toBe("{ no");
    expect(compacted(" a  b ")).toBe(" a  b ");
  });
});

describe("differences", () => {
  test("of some lines", () => {
    const kinds = lineDiff("a\nb\nc", "a\nc\nd").map(({ kind, text }) => `${kind} ${text}`);
    expect(kinds).toEqual(["same a", "gone b", "same c", "new d"]);
  });
  test("both texts can be read out of them", () => {
    const lines = fc.array(fc.constantFrom("a", "b", "c", "")).map((all) => all.join("\n"));
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const found = lineDiff(before, after);
        const without = (gone: string) => found.filter(({ kind }) => kind !== gone).map(({ text }) => text);
        expect(without("new").join("\n")).toBe(before);
        expect(without("gone").join("\n")).toBe(after);
      }),
    );
  });
  test("of very long texts are not looked for", () => {
    const long = "x\n".repeat(DIFF_LINES_MAX + 1);
    expect(lineDiff(long, long).some(({ kind }) => kind === "same")).toBe(false);
  });
});

describe("what is waited for", () => {
  const NOW = Date.parse("2026-11-29T12:00:00Z");
  const treeOf = (tree: object) => {
    const wait = waitingOf(new AnswerFields(tree, "waiting_for"));
    if (!wait) throw new Error("no tree");
    return wait;
  };
  const promise = (name: string) => ({ kind: "promise", command: 1, name });
  const sleep = { kind: "sleep", command: 2, due_at: "2026-11-29T12:10:00.000Z" };
  const awakeable = { kind: "awakeable", awakeable_id: "sign_1N5G" };
  const call = { kind: "call", command: 3, invoked_id: "inv_1dceKx0G4Em4uRXJCvKe2YScyAJS4xcpq" };

  test.for([
    [promise("email\u202E"), "the promise “email⟨U+202E⟩”"],
    [{ kind: "signal", name: "go" }, "the signal “go”"],
    [awakeable, "an awakeable"],
    [{ ...call, invoked_target: "S/h" }, "the result of S/h"],
    [call, "the result of inv_1dceK…xcpq"],
    [
      { kind: "race", parts: [promise("a"), awakeable] },
      "the promise “a”, or an awakeable, whichever comes first",
    ],
    [
      { kind: "all", parts: Array.from({ length: 4 }, () => awakeable), parts_left_out: 16 },
      "an awakeable and an awakeable and an awakeable and an awakeable and 16 more",
    ],
    [{ kind: "something new" }, "something outside"],
  ] as const)("%j", ([tree, words]) => expect(waitText(treeOf(tree), NOW)).toBe(words));

  test("until when at the latest", () => {
    const due = (tree: object) => dueOf(treeOf(tree));
    const both = [promise("p"), sleep];
    expect([sleep, { kind: "race", parts: both }].map(due)).toEqual([NOW + 600_000, NOW + 600_000]);
    expect([promise("p"), { kind: "all", parts: both }].map(due)).toEqual([undefined, undefined]);
    expect(due({ kind: "all", parts: [sleep, sleep] })).toBe(NOW + 600_000);
    const openEnded = [promise("p"), { kind: "all", parts: [awakeable, promise("p")] }, call, sleep];
    expect(openEnded.map((tree) => isOpenEnded(treeOf(tree)))).toEqual([true, true, false, false]);
  });

  test("names and ids in it", () => {
    const wait = treeOf({
      kind: "all",
      parts: [promise("a"), { kind: "race", parts: [promise("c"), awakeable] }],
    });
    expect(["a", "b", "c"].map((name) => waitsForPromise(wait, name))).toEqual([true, false, true]);
    expect([wait, treeOf(call), undefined].map(awakeableIn)).toEqual(["sign_1N5G", undefined, undefined]);
  });

  test("a tree that is too deep is cut", () => {
    let tree: object = sleep;
    for (let depth = 0; depth < 500; depth++) tree = { kind: "all", parts: [tree] };
    expect(waitText(treeOf(tree), NOW)).toBe("something outside");
  });
});
