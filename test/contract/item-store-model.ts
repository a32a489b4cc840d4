/** Random writes against a store and against `evaluate`. The two are compared after each write. */
import * as fc from "fast-check";
import { expect } from "vitest";
import { OperationalError } from "../../lib/errors.ts";
import {
  type Attributes,
  type Change,
  type Condition,
  evaluate,
  holds,
  type ItemKey,
  type Write,
} from "../../lib/model/item.ts";
import type { Value } from "../../lib/model/value.ts";
import type { ItemStore } from "../../lib/ports.ts";

/** A round is so many sequences of writes. Rounds go on until every kind was met, at most so many. */
const RUNS = 40;
const ROUNDS_MAX = 6;
const WRITES_MAX = 25;
const SORT_KEYS = ["a", "b#1", "b#2"];
/** Few names and few values, so that about half of the conditions hold. One name is a reserved word. */
const NAMES = ["n", "size", "l"] as const;

const number = fc.integer({ min: 0, max: 2 });
const text = fc.constantFrom("", "0", "a", "b");
const scalar = fc.oneof(number, text);
const list = fc.array(scalar, { maxLength: 3 });
const odd = fc.oneof(fc.constantFrom<Value[]>(true, null, { n: 1 }), fc.uint8Array({ maxLength: 2 }));
const mostly = (arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value> =>
  fc.oneof<fc.MaybeWeightedArbitrary<Value>[]>({ weight: 5, arbitrary }, scalar, list, odd);
const attribute = fc.constantFrom(...NAMES);
const values = { n: mostly(number), size: mostly(text), l: mostly(list) };

/** An attribute and what it may be compared with: mostly a value of its own type. */
const compared = fc.oneof(
  fc.record({ attribute: fc.constant("n"), value: fc.integer({ min: 0, max: 3 }) }),
  fc.record({ attribute: fc.constant("size"), value: fc.constantFrom("", "a", "b", "c") }),
  fc.record({ attribute, value: scalar }),
);
const comparison = (is: "eq" | "ne" | "lt") => compared.map((each): Condition => ({ is, ...each }));

const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 2, depthSize: "small" },
    fc.constant<Condition>({ is: "present" }),
    fc.constant<Condition>({ is: "absent" }),
    comparison("eq"),
    comparison("ne"),
    comparison("lt"),
    fc.record({ is: fc.constant("missing"), attribute }),
    fc.record({
      is: fc.constant("size"),
      attribute: fc.oneof(fc.constant("l"), attribute),
      value: fc.integer({ min: 0, max: 3 }),
    }),
    fc.record({ is: fc.constantFrom("all", "any"), of: fc.array(tie("condition"), { maxLength: 3 }) }),
  ),
}));

const changesOf = (name: (typeof NAMES)[number]): fc.Arbitrary<Change> =>
  fc.oneof(
    fc.record({ do: fc.constant("set"), attribute: fc.constant(name), value: values[name] }),
    fc.record({ do: fc.constant("init"), attribute: fc.constant(name), value: values[name] }),
    fc.record({ do: fc.constant("remove"), attribute: fc.constant(name) }),
    fc.record({
      do: fc.constant("append"),
      attribute: fc.constant(name),
      values: fc.array(scalar, { maxLength: 2 }),
    }),
    fc.record({
      do: fc.constant("drop"),
      attribute: fc.constant(name),
      count: fc.integer({ min: 0, max: 4 }),
    }),
  );
const changes = fc.subarray([...NAMES]).chain((names) => fc.tuple(...names.map(changesOf)));

type Step = { readonly sk: string; readonly when: Condition | undefined } & (
  | { readonly op: "put"; readonly attributes: Attributes }
  | { readonly op: "update"; readonly changes: readonly Change[] }
  | { readonly op: "delete" }
);
const common = { sk: fc.constantFrom(...SORT_KEYS), when: fc.option(condition, { nil: undefined, freq: 3 }) };
const step: fc.Arbitrary<Step> = fc
  .oneof(
    {
      weight: 2,
      arbitrary: fc.record({
        op: fc.constant("put"),
        ...common,
        attributes: fc.record(values, { requiredKeys: [] }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ op: fc.constant("update"), ...common, changes }) },
    { weight: 1, arbitrary: fc.record({ op: fc.constant("delete"), ...common }) },
  )
  .filter((each) => !removesFromNothing(each));

/** DynamoDB creates no item by an update that only removes attributes. Callers must not rely on it either way. */
function removesFromNothing(each: Step): boolean {
  if (each.op !== "update" || each.changes.length === 0) return false;
  return (
    each.changes.every((change) => change.do === "remove") && (!each.when || holds(undefined, each.when))
  );
}

function toWrite(key: ItemKey, { when, ...each }: Step): Write {
  const conditional = when === undefined ? {} : { when };
  switch (each.op) {
    case "put":
      return { op: "put", key, attributes: { ...each.attributes }, ...conditional };
    case "update":
      return { op: "update", key, changes: each.changes, ...conditional };
    case "delete":
      return { op: "delete", key, ...conditional };
  }
}

type Outcome = "won" | "refused" | "failed";

/** Every kind of operation, condition and change that the check met, and how it ended. */
class Tally {
  readonly #met = new Set<string>();

  add(write: Write, outcome: Outcome): void {
    this.#met.add(`${write.op} ${outcome}`);
    if (write.when !== undefined) this.#addCondition(write.when, outcome);
    if (write.op === "update") for (const change of write.changes) this.#met.add(`${change.do} ${outcome}`);
  }

  #addCondition(when: Condition, outcome: Outcome): void {
    this.#met.add(`${when.is} ${outcome}`);
    if (when.is === "all" || when.is === "any") for (const part of when.of) this.#addCondition(part, outcome);
  }

  /** The check proves nothing about a case that it never met. */
  missing(): string[] {
    const kinds = `put update delete set init remove append drop
      absent present missing eq ne lt size all any`.split(/\s+/);
    const expected = kinds.flatMap((kind) => [`${kind} won`, `${kind} refused`]);
    return [...expected, "append failed", "drop failed"].filter((each) => !this.#met.has(each));
  }
}

export async function checkAgainstModel(items: ItemStore, freshKey: () => ItemKey): Promise<void> {
  const tally = new Tally();
  const sequences = fc.asyncProperty(
    fc.array(step, { minLength: 5, maxLength: WRITES_MAX, size: "max" }),
    async (steps) => {
      const { table, pk } = freshKey();
      const model = new Map<string, Attributes>();
      for (const each of steps) {
        const write = toWrite({ table, pk, sk: each.sk }, each);
        tally.add(write, await runBoth(items, model, write));
        expect(await items.get(write.key)).toEqual(model.get(each.sk));
      }
      const { items: found } = await items.query(table, pk, "b#");
      expect(found).toEqual(
        SORT_KEYS.slice(1).flatMap((sk) => (model.has(sk) ? [{ sk, attributes: model.get(sk) }] : [])),
      );
    },
  );
  for (let round = 1; round === 1 || (round <= ROUNDS_MAX && tally.missing().length > 0); round++) {
    await fc.assert(sequences, { numRuns: RUNS });
  }
  expect(tally.missing()).toEqual([]);
}

async function runBoth(items: ItemStore, model: Map<string, Attributes>, write: Write): Promise<Outcome> {
  const { sk } = write.key;
  let expected;
  try {
    expected = evaluate(model.get(sk), write);
  } catch {
    const thrown: unknown = await items.write(write).then(
      () => "nothing",
      (error: unknown) => error,
    );
    expect(thrown).toBeInstanceOf(Error);
    expect(thrown).not.toBeInstanceOf(OperationalError);
    return "failed";
  }
  expect(await items.write(write)).toEqual(expected);
  if (!expected.won) return "refused";
  if (expected.item === undefined) model.delete(sk);
  else model.set(sk, expected.item);
  return "won";
}
