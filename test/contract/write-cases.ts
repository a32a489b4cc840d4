/**
 * Writes on both sides of what DynamoDB takes, one a line, each of which some store once got wrong. test/unit asks `evaluate`, and
 * test/dynamodb-local asks Amazon's own.
 */
import type { Attributes, Change, Condition, Write } from "../../lib/model/item.ts";

/** What the item holds before. */
export const BEFORE: Attributes = { a: 1, l: [] };

export type Verdict = "won" | "refused" | "too-large" | "TypeError" | "InvariantError";
export interface WriteCase {
  readonly name: string;
  readonly write: Write;
  readonly verdict: Verdict;
  /** DynamoDB would take it, or would refuse it for its condition alone. We refuse it, to be on the safe side. */
  readonly careful?: true;
}
const one = (name: string, write: Write, verdict: Verdict): WriteCase => ({ name, write, verdict });
const careful = (name: string, write: Write, verdict: Verdict): WriteCase => ({
  ...{ name, write, verdict, careful: true },
});

const key = { table: "journal", pk: "p", sk: "x" } as const;
const present: Condition = { is: "present" };
const either: Condition = { is: "any", of: [present, { is: "absent" }] };
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const put = (attributes: Attributes, when: Condition = either): Write => ({
  op: "put",
  key,
  attributes,
  when,
});
const update = (changes: readonly Change[], when: Condition = present): Write => ({
  ...{ op: "update", key, changes, when },
});
const set = (attribute: string, value: Attributes[string]): Change => ({ do: "set", attribute, value });
const append = (attribute: string, value: Attributes[string]): Change => ({
  ...{ do: "append", attribute, values: [value] },
});
const any = (count: number, part: Condition): Condition => ({ is: "any", of: times(count, () => part) });
const not: Condition = { is: "ne", attribute: "a", value: 2 };
const size: Condition = { is: "size", attribute: "l", value: 0 };
const eq = (value: string | number): Condition => ({ is: "eq", attribute: "a", value });
const deep = (depth: number): Condition =>
  depth === 0 ? present : { is: depth % 2 === 0 ? "all" : "any", of: [present, deep(depth - 1)] };
const nested = (depth: number): Attributes[string] => (depth === 0 ? 1 : [nested(depth - 1)]);

const large = "x".repeat(390 * 1024);
const tooLong = "x".repeat(400 * 1024);
const absent: Condition = { is: "absent" };
const sets = (count: number): Change[] => times(count, (n) => set(`a${n}`, 1));

const OPERATORS: readonly WriteCase[] = [
  one("150 functions and what joins them are 299 operators", put({ a: 1 }, any(150, present)), "won"),
  one("151 functions", put({ a: 1 }, any(151, present)), "too-large"),
  one("100 negations: NOT, =, OR", put({ a: 1 }, any(100, not)), "won"),
  one("101 negations", put({ a: 1 }, any(101, not)), "too-large"),
  one("60 sizes: two functions, AND, =, OR", put({ a: 1 }, any(60, size)), "won"),
  one("61 sizes", put({ a: 1 }, any(61, size)), "too-large"),
  one("a condition that is nested 100 times", put({ a: 1 }, deep(100)), "won"),
  one("300 assignments are no operators", update(sets(300)), "won"),
  one("the text of 450 assignments", update(sets(450)), "too-large"),
  one("300 names to remove", update(times(300, (n) => ({ do: "remove", attribute: `a${n}` }))), "won"),
  one("condition and update are counted apart", update(sets(120), any(120, present)), "won"),
  one("300 elements leave a list", update([{ do: "drop", attribute: "l", count: 300 }]), "won"),
  careful("301 elements leave a list", update([{ do: "drop", attribute: "l", count: 301 }]), "too-large"),
];
const SIZES: readonly WriteCase[] = [
  one("a put, whatever its condition says", put({ a: tooLong }, absent), "too-large"),
  one("an update's values, whatever its condition says", update([set("a", tooLong)], absent), "too-large"),
  one("what is appended", update([append("l", tooLong)], absent), "too-large"),
  one("a value that is not set", update([{ do: "init", attribute: "a", value: tooLong }]), "too-large"),
  one(
    "all values together",
    update([set("a", large), { do: "init", attribute: "l", value: large }]),
    "too-large",
  ),
  one("one of them alone", update([set("b", large)]), "won"),
  one("what a condition compares with", put({}, eq(large)), "refused"),
  one("six of them", put({}, { is: "any", of: times(6, (n) => eq(large + String(n))) }), "too-large"),
  careful("two of them", put({}, { is: "any", of: times(2, (n) => eq(large + String(n))) }), "too-large"),
  one("31 lists", put({ a: nested(31) }), "won"),
  one("32 lists", put({ a: nested(32) }), "too-large"),
  one("30 lists in a list", update([append("l", nested(30))]), "won"),
  one("31 lists in a list", update([append("l", nested(31))]), "too-large"),
  one("one attribute twice", update([append("l", 1), { do: "remove", attribute: "l" }], absent), "TypeError"),
  careful("31 lists in a list, refused", update([append("l", nested(31))], absent), "too-large"),
];
const NAMES: readonly WriteCase[] = [
  one("an empty name", put({ "": 1 }), "TypeError"),
  one("an empty name in a map", put({ a: [{ "": 1 }] }), "TypeError"),
  one("an empty name that is changed", update([set("", 1)]), "TypeError"),
  one("an empty name in a condition", put({}, { is: "missing", attribute: "" }), "TypeError"),
  one("a name of 65,535 bytes", update([set("n".repeat(65_535), 1)]), "won"),
  one("a name of 65,536 bytes", update([set("n".repeat(65_536), 1)]), "too-large"),
  one("one of 65,536 bytes in UTF-8", update([set("ä".repeat(32_768), 1)]), "too-large"),
  one("a key that is set", update([set("pk", "x")]), "InvariantError"),
  one("a key that is removed", update([{ do: "remove", attribute: "sk" }]), "InvariantError"),
  // DynamoDB would let the key replace it.
  careful("a key that is put", put({ pk: "x" }), "InvariantError"),
  careful("a key in a condition", put({}, { is: "missing", attribute: "pk" }), "InvariantError"),
];
const NUMBERS: readonly WriteCase[] = [Number.NaN, 1e126, -1e126, 1e-131, Number.POSITIVE_INFINITY].flatMap(
  (value) => [
    one(`${value}, stored`, put({ a: value }), "TypeError"),
    one(`${value}, compared with`, put({}, { is: "lt", attribute: "a", value }), "TypeError"),
  ],
);
/** Of any item of the journal, a head or not. */
const INDEXED: readonly WriteCase[] = [
  one("a time that is text", put({ c: "1" }), "TypeError"),
  one("a shard that is a number", update([set("lo", 1)]), "TypeError"),
  one("an empty shard", update([{ do: "init", attribute: "le", value: "" }]), "TypeError"),
  one("a time and a shard", put({ c: 1, lo: "S1" }), "won"),
  one(
    "none in another table",
    { op: "put", key: { ...key, table: "state" }, attributes: { c: ["set", 1] } },
    "won",
  ),
];

export const WRITE_CASES: readonly WriteCase[] = [...OPERATORS, ...SIZES, ...NAMES, ...NUMBERS, ...INDEXED];
