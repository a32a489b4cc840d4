/** What JSON loses of a value is said once for each place. */
import { describe, expect, test } from "vitest";
import { Losses } from "../../../runtime/dev/hosts/losses.ts";

class Money {
  readonly amount = 5;
  plus(): number {
    return this.amount;
  }
}
class Plain {
  readonly amount = 5;
}

function saidOf(value: unknown, what = 'the value of state key "n"', line?: string): string | undefined {
  const said: string[] = [];
  new Losses((text) => void said.push(text)).stored(value, what, () => line);
  return said[0]?.replace(`warning: ${what} cannot be kept whole as JSON`, "");
}

const LOST: readonly (readonly [string, unknown, string])[] = [
  ["NaN", NaN, ": NaN becomes null."],
  ["an infinite number", { a: [-Infinity] }, ": in .a[0] -Infinity becomes null."],
  [
    "a Map",
    { "a-b": new Map() },
    ': in ["a-b"] a Map becomes {}. Store Object.fromEntries(map) or [...map].',
  ],
  ["a Set", new Set([1]), ": a Set becomes {}. Store [...set]."],
  ["a class", [new Money()], ": in [0] a Money becomes a plain object, without its class and methods."],
  ["a function", { f: () => 1 }, ": in .f a function is left out."],
  ["undefined in a list", [undefined], ": in [0] undefined becomes null in a list."],
  [
    "bytes",
    { b: new Uint8Array(2) },
    ": in .b a Uint8Array becomes an object of numbers. Give serde.binary.",
  ],
  ["an error", { e: new Error("x") }, ": in .e an Error becomes {}. Store its message."],
  ["a promise", { p: Promise.resolve(1) }, ': in .p a Promise becomes {}. Was "await" forgotten?'],
];

describe("it is said of", () => {
  test.each(LOST)("%s", (_, value, words) => {
    expect(saidOf(value)).toBe(words);
  });

  test("a Date that is read back, and of no other", () => {
    expect(saidOf({ at: new Date(5) })).toMatch(/^: in \.at a Date becomes a text/u);
    expect(saidOf({ at: new Date(5) }, 'the result of step "x"')).toMatch(/^: in \.at a Date/u);
    expect(saidOf({ at: new Date(5) }, "the result of M/f")).toBeUndefined();
  });

  test("a line, if it is known", () => {
    expect(saidOf(NaN, "the value", "f (/app/un.ts:4:2)")).toBe(", at f (/app/un.ts:4:2): NaN becomes null.");
  });
});

test.each([
  ["nothing", undefined],
  ["plain data", { a: [1, "x", null, true, { b: undefined }] }],
  ["a class of fields only", new Plain()],
  ["an object without a prototype", Object.assign(Object.create(null) as object, { a: 1 })],
  ["what writes itself", { toJSON: () => "x", map: new Map() }],
  [
    "a getter that throws",
    Object.defineProperty({}, "a", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    }),
  ],
])("nothing is said of %s", (_, value) => {
  expect(saidOf(value)).toBeUndefined();
});

test("a circle ends", () => {
  const round: { self?: object; n: number } = { n: NaN };
  round.self = round;
  expect(saidOf(round)).toBe(": in .n NaN becomes null.");
});

test("each place once", () => {
  const said: string[] = [];
  const losses = new Losses((text) => void said.push(text));
  for (const line of ["a:1", "a:1", "a:2"]) losses.stored(NaN, "the value", () => line);
  expect(said).toHaveLength(2);
  for (let at = 0; at < 500; at++) losses.stored(NaN, `the value ${at}`, () => undefined);
  expect(said).toHaveLength(100);
});
