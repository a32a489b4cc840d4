/** What each condition and each change must do, one case a line. The expected answers are written by hand. */
import type { Attributes, Change, Condition } from "../../lib/model/item.ts";
import type { Value } from "../../lib/model/value.ts";

/** Everything that an item may hold. The attribute names are ones that a careless adapter gets wrong. */
export const ROUND_TRIPS: Readonly<Record<string, Attributes>> = {
  "no attributes": {},
  "an empty string": { a: "" },
  unicode: { a: 'äöü 漢字 😀 \u{10FFFF} \uFFFD\uFFFF \u0000\u0001\u007F "\\/', ключ: "значение" },
  numbers: {
    zero: 0,
    negative: -1.5,
    long: 1234567890123.25,
    tiny: 1e-100,
    huge: 1e100,
    max: Number.MAX_SAFE_INTEGER,
  },
  "booleans and null": { yes: true, no: false, nothing: null },
  bytes: { none: new Uint8Array(), all: Uint8Array.from({ length: 256 }, (_, index) => index) },
  "an empty list and map": { list: [], map: {} },
  nested: {
    list: [1, "two", [3, { four: [null, true, Uint8Array.of(5)] }]],
    map: { a: { b: { c: [{}] } }, "a.b": "x" },
  },
  "reserved and odd names": {
    name: 1,
    size: 2,
    "a.b": 3,
    "#a": 4,
    ":b": 5,
    "a b": 6,
    "0": 7,
    "l[0]": 8,
    AND: 9,
    "'\"`": 10,
  },
  "long text": { a: "x".repeat(100_000) },
};

/** Texts that sort or match differently by locale, by UTF-16 or as patterns. */
export const SORT_KEYS =
  "a a# a#1 a#10 a#2 a#\u00FF a#\uFFFD a#\uFFFD1 a#😀 a#\u{10FFFF} A#1 a% a%1 a_ ab b b* b[1] é 😀".split(
    " ",
  );

export const HELD: Attributes = {
  n: 5,
  s: "mm",
  l: [1, "2", null],
  e: [],
  u: "\uFFFD",
  b: true,
  z: null,
  m: { n: 5 },
};

export interface ConditionCase {
  readonly condition: Condition;
  /** Whether it lets a write through for {@link HELD}, and for no item. */
  readonly held: boolean;
  readonly absent: boolean;
}

const eq = (attribute: string, value: string | number): Condition => ({ is: "eq", attribute, value });
const ne = (attribute: string, value: string | number): Condition => ({ is: "ne", attribute, value });
const lt = (attribute: string, value: string | number): Condition => ({ is: "lt", attribute, value });
const size = (attribute: string, value: number): Condition => ({ is: "size", attribute, value });
const missing = (attribute: string): Condition => ({ is: "missing", attribute });
const all = (...of: Condition[]): Condition => ({ is: "all", of });
const any = (...of: Condition[]): Condition => ({ is: "any", of });
const absent: Condition = { is: "absent" };
const present: Condition = { is: "present" };

function cases(held: boolean, absentItem: boolean, ...conditions: Condition[]): ConditionCase[] {
  return conditions.map((condition) => ({ condition, held, absent: absentItem }));
}

export const CONDITIONS: readonly ConditionCase[] = [
  ...cases(false, true, absent),
  ...cases(true, false, present),
  ...cases(true, true, missing("x"), ne("x", 1), ne("x", "")),
  ...cases(false, true, missing("n"), missing("z"), missing("e"), ne("n", 5), ne("s", "mm")),
  ...cases(true, false, eq("n", 5), eq("s", "mm")),
  ...cases(
    false,
    false,
    eq("n", 4),
    eq("n", "5"),
    eq("s", "m"),
    eq("x", 5),
    eq("z", 0),
    eq("b", 1),
    eq("l", 3),
  ),
  ...cases(true, true, ne("n", 6), ne("n", "5"), ne("s", 5), ne("z", "null"), ne("l", 3), ne("m", 5)),
  ...cases(true, false, lt("n", 6), lt("n", 5.5), lt("s", "n"), lt("s", "mm0"), lt("s", "mmm")),
  ...cases(
    false,
    false,
    lt("n", 5),
    lt("n", 4),
    lt("s", "mm"),
    lt("s", "m"),
    lt("s", ""),
    lt("x", "zzz"),
    lt("x", 9),
  ),
  // Values of different types have no order.
  ...cases(
    false,
    false,
    lt("n", "9"),
    lt("s", 1e9),
    lt("b", 2),
    lt("b", "z"),
    lt("z", 1),
    lt("z", "z"),
    lt("l", 9),
  ),
  ...cases(true, false, size("l", 3), size("e", 0)),
  ...cases(
    false,
    false,
    size("l", 2),
    size("e", 1),
    size("x", 0),
    size("s", 2),
    size("m", 1),
    size("n", 1),
    size("z", 0),
  ),
  ...cases(true, true, all(), all(ne("n", 6), missing("x")), any(absent, present), any(absent, lt("n", 9))),
  ...cases(
    false,
    false,
    any(),
    all(absent, present),
    all(present, eq("n", 4)),
    any(eq("n", 4), lt("s", "a")),
  ),
  ...cases(true, false, all(present, eq("n", 5), size("l", 3)), any(eq("n", 4), size("l", 3)), all(present)),
  ...cases(false, true, any(absent), all(any(all(absent))), any(absent, all(present, lt("n", 5)))),
  ...cases(
    true,
    false,
    all(any(eq("n", 1), eq("n", 5)), any(eq("s", "a"), all(eq("s", "mm"), ne("l", 1))), present),
  ),
  ...cases(
    true,
    true,
    any(all(eq("n", 1), eq("s", "mm")), all(ne("n", 1), any(all(), size("l", 1))), absent),
  ),
];

/** In the order of UTF-8 bytes. In UTF-16 it would be the reverse. */
export const BYTEWISE_CONDITIONS: readonly ConditionCase[] = cases(true, false, lt("u", "😀"));

export interface ChangeCase {
  readonly before?: Attributes;
  readonly changes: readonly Change[];
  readonly when?: Condition;
  /** `undefined`: it must be an error, and change nothing. */
  readonly after: Attributes | undefined;
}

const set = (attribute: string, value: Value): Change => ({ do: "set", attribute, value });
const init = (attribute: string, value: Value): Change => ({ do: "init", attribute, value });
const remove = (attribute: string): Change => ({ do: "remove", attribute });
const append = (attribute: string, ...values: Value[]): Change => ({ do: "append", attribute, values });
const drop = (attribute: string, count: number): Change => ({ do: "drop", attribute, count });

export const CHANGES: readonly ChangeCase[] = [
  { changes: [], after: {} },
  { changes: [set("a", 1)], after: { a: 1 } },
  { changes: [init("a", []), remove("b")], after: { a: [] } },
  { before: { a: 1 }, changes: [], after: { a: 1 } },
  { before: { a: 1, b: 2 }, changes: [set("a", "x"), set("d", null)], after: { a: "x", b: 2, d: null } },
  {
    before: { a: 0, b: "" },
    changes: [init("a", 9), init("b", 9), init("c", 9)],
    after: { a: 0, b: "", c: 9 },
  },
  { before: { a: null }, changes: [init("a", 9)], after: { a: null } },
  { before: { a: 1, b: 2 }, changes: [remove("a"), remove("x")], when: present, after: { b: 2 } },
  { before: { a: 1 }, changes: [remove("a")], when: present, after: {} },
  { before: { l: [1] }, changes: [append("l", "2", [3])], after: { l: [1, "2", [3]] } },
  { before: { l: [] }, changes: [append("l", { a: 1 })], after: { l: [{ a: 1 }] } },
  { before: { l: [1] }, changes: [append("l")], after: { l: [1] } },
  { before: { l: [1, 2, 3, 4] }, changes: [drop("l", 1)], after: { l: [2, 3, 4] } },
  { before: { l: [1, 2, 3, 4] }, changes: [drop("l", 3)], after: { l: [4] } },
  { before: { l: [1, 2, 3, 4] }, changes: [drop("l", 4)], after: { l: [] } },
  { before: { l: [1, 2] }, changes: [drop("l", 12)], after: { l: [] } },
  { before: { l: [] }, changes: [drop("l", 1)], after: { l: [] } },
  { before: { l: [1, 2] }, changes: [drop("l", 0)], after: { l: [1, 2] } },
  {
    before: { l: Array.from({ length: 200 }, (_, i) => i) },
    changes: [drop("l", 150)],
    after: { l: Array.from({ length: 50 }, (_, i) => i + 150) },
  },
  {
    before: { l: [1, 2], k: [3], n: 1, x: true },
    changes: [drop("l", 1), append("k", 4), set("n", 2), init("i", 5), remove("x")],
    after: { l: [2], k: [3, 4], n: 2, i: 5 },
  },
  { changes: [append("l", 1)], after: undefined },
  { changes: [drop("l", 1)], after: undefined },
  { before: { a: 1 }, changes: [set("a", 2), append("l", 1)], after: undefined },
  { before: { a: 1 }, changes: [set("a", 2), drop("l", 1)], after: undefined },
  { before: { l: "text" }, changes: [append("l", 1)], after: undefined },
  { before: { l: "text" }, changes: [drop("l", 1)], after: undefined },
  { before: { l: "text" }, changes: [drop("l", 0)], after: undefined },
  { before: { l: { a: 1 } }, changes: [append("l", 1)], after: undefined },
  { before: { l: null }, changes: [drop("l", 1)], after: undefined },
];
