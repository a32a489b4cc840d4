/** What an invocation waits for, from the admin API's text. */
import { describe, expect, test } from "vitest";
import { dueOf, waitIn, waitInWords } from "../../../ui/words/waiting.ts";

const NOW = Date.parse("2026-11-29T12:00:00Z");
const words = (text: string): string => waitInWords(waitIn(text), NOW);

describe("what it waits for", () => {
  test.for([
    ['promise "email-verified"', "promise “email-verified”"],
    ['signal "go, (now)"', "signal “go, (now)”"],
    ["result of inv_1dceKx0G4Em4uRXJCvKe2YScyAJS4xcpq", "the result of inv_1dceK…xcpq"],
    ["call (command 3)", "a call’s result"],
    ["awakeable sign_1dceKx0G4Em4uRXJCvKe", "awakeable sign_1dce…CvKe"],
    ['race(promise "a", signal "b")', "promise “a” or signal “b”"],
    ['all(promise "a", any(signal "x", signal "y"))', "promise “a” and signal “x” or signal “y”"],
    ["all(call (command 1), call (command 2))", "a call’s result (2 times)"],
    ['promise "quote \\" and , ("', 'promise “quote " and , (”'],
    ["something new", "something new"],
    ["", ""],
  ] as const)("%s", ([text, expected]) => {
    expect(words(text)).toBe(expected);
  });

  test("a timer says when, and when it goes on at the latest", () => {
    const wait = waitIn('race(promise "p", sleep until 2026-11-29T12:10:00.000Z (command 4))');
    expect(waitInWords(wait, NOW)).toMatch(/^promise “p” or a timer, at \d\d:10:00$/u);
    expect(dueOf(wait)).toBe(NOW + 600_000);
    expect(
      dueOf(waitIn('all(promise "p", sleep until 2026-11-29T12:10:00.000Z (command 4))')),
    ).toBeUndefined();
  });

  test("many are not all named", () => {
    const many = Array.from({ length: 20 }, (_, index) => `signal "s${index}"`).join(", ");
    expect(words(`all(${many})`)).toBe("signal “s0” and signal “s1” and signal “s2” and 17 more");
  });

  test.for(["all(", "all(promise", 'promise "', ")))", "race(,)", `${"all(".repeat(500)}x`])(
    "a text that is cut or odd is read to its end: %s",
    (text) => {
      expect(() => words(text)).not.toThrow();
    },
  );
});
