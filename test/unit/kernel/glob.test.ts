import { expect, test } from "vitest";
import { globMatches, isGlob } from "../../../lib/glob.ts";

test.each([
  ["order-*", "order-12", true],
  ["order-*", "order-", true],
  ["*-12", "order-12", true],
  ["o*r*2", "order-12", true],
  ["o*x", "order-12", false],
  ["order-??", "order-12", true],
  ["order-?", "order-12", false],
  ["?", "😀", true],
  ["", "", true],
  ["", "a", false],
  ["*", "", true],
  ["a.c", "abc", false],
  ["**a**", "banana", true],
])("%s and %s: %s", (pattern, text, matches) => {
  expect(globMatches(pattern, text)).toBe(matches);
});

test("a hostile pattern takes no long time", () => {
  expect(globMatches(`${"*a".repeat(200)}b`, "a".repeat(5000))).toBe(false);
});

test("what is a pattern", () => {
  expect(["a*", "a?", "a"].map(isGlob)).toEqual([true, true, false]);
});
