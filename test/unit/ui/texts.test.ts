/** JSON with and without line breaks, differences line by line, and what an invocation waits for in words. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compacted, indented } from "../../../ui/words/json-layout.ts";
import { DIFF_LINES_MAX, lineDiff } from "../../../ui/words/line-diff.ts";
import { awakeableIn, promisesIn, waitedForInWords } from "../../../ui/words/waited-for.ts";

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
  test.for([
    ["awakeable sign_1N5G95GmkAr08", "an awakeable"],
    ['promise "email-verified"', "the promise “email-verified”"],
    ["call (command 1)", "a call"],
    ["sleep (command 3)", "a sleep"],
    ["any of awakeable sign_1N5G95, sleep", "any of an awakeable, sleep"],
  ] as const)("%s", ([waitingOn, words]) => expect(waitedForInWords(waitingOn)).toBe(words));

  test("names and ids in it", () => {
    const waitingOn = String.raw`all of (promise "a \"b\"", promise "c", awakeable sign_1N5G)`;
    expect(promisesIn(waitingOn)).toEqual(['a "b"', "c"]);
    expect(awakeableIn(waitingOn)).toBe("sign_1N5G");
    expect(awakeableIn(undefined)).toBeUndefined();
  });
});
