/**
 * The same writes to Amazon's DynamoDB Local, with nothing of ours before it, and to the stores of this machine and of the simulator.
 * What it refuses, they refuse, for the same kind of reason; what it takes, they take, with the same item at the end (P1). Where they are
 * more careful, it is named here.
 */
import * as fc from "fast-check";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { saysTooLarge } from "../../lib/aws/dynamo-items.ts";
import { OperationalError } from "../../lib/errors.ts";
import {
  DYNAMO_DEPTH_MAX,
  DYNAMO_ITEM_BYTES_MAX,
  DYNAMO_OPERATORS_MAX,
  WRITE_EXPRESSION_BYTES_MAX,
} from "../../lib/limits/aws.ts";
import { NOTES_TAKEN_MAX } from "../../lib/limits.ts";
import {
  type Attributes,
  type Change,
  type Condition,
  evaluate,
  type ItemKey,
  sizeOf,
  type Write,
} from "../../lib/model/item.ts";
import { equalValues, type Value } from "../../lib/model/value.ts";
import { INDEXED_TYPE } from "../../lib/model/write-limits.ts";
import { openDatabase } from "../../runtime/local/database.ts";
import { LocalItemStore } from "../../runtime/local/item-store.ts";
import { BEFORE, WRITE_CASES } from "../contract/write-cases.ts";
import { Tables } from "../sim/tables.ts";
import {
  type DynamoEmulator,
  startDynamoLocal,
  TABLES,
  whyNoDynamoLocal,
} from "../support/emulator-dynamo.ts";
import { expressionChars, type RawAnswer, writeRaw } from "./raw-writes.ts";

/** The same ones each time. Another seed, or more of them, to look for more: `PERDURE_SEED=7 PERDURE_WRITES=4000`. */
const SEED = Number(process.env["PERDURE_SEED"] ?? 7);
const RUNS = Number(process.env["PERDURE_WRITES"] ?? 300);
/** On a machine that has too much to do, fewer are tried. */
const RUN_MS_MAX = 300_000;
const key: ItemKey = { table: "journal", pk: "p", sk: "x" };
const before: Attributes = { l: Array.from({ length: 500 }, (_, index) => index), n: 1, s: "text" };

const nested = (depth: number): Value => {
  let value: Value = 1;
  for (let at = 0; at < depth; at++) value = at % 2 === 0 ? [value] : { a: value };
  return value;
};

const roomOf = (name: string): number =>
  DYNAMO_ITEM_BYTES_MAX - sizeOf({ pk: key.pk, sk: key.sk }) - name.length;
const near = (bound: number, by: number) => fc.integer({ min: bound - by, max: bound + by });

const numbers = fc.oneof(
  fc.constantFrom(1e125, -1e125, 1e126, 1e-130, 1e-131, 0.1 + 0.2, 5e-324, 0, 2 ** 53, 1.7e308, Number.NaN),
  fc.double().filter((value) => !Object.is(value, -0)),
);
const small: fc.Arbitrary<Value> = fc.oneof(
  numbers,
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.constantFrom<Value[]>(true, null, "", new Uint8Array(), [], {}, { "": 1 }, [{ "": 1 }], {
    a: { b: [] },
  }),
  near(DYNAMO_DEPTH_MAX, 3).map(nested),
);
const long: fc.Arbitrary<Value> = fc.oneof(
  near(roomOf("v"), 3).map((length) => "x".repeat(length)),
  near(Math.floor(roomOf("v") / 2), 3).map((length) => "ä".repeat(length)),
  near(roomOf("v"), 3).map((length) => new Uint8Array(length)),
  // Lists and numbers as DynamoDB counts them: well below the bound, or well above.
  fc.constantFrom(30_000, 300_000).map((length) => Array.from({ length }, () => 7)),
);
const value: fc.Arbitrary<Value> = fc.oneof({ weight: 12, arbitrary: small }, { weight: 1, arbitrary: long });
const name = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("v", "n", "s", "l", "size", "c", "lo", "le") },
  { weight: 1, arbitrary: fc.constantFrom("", "pk", "sk", "n".repeat(300), "a.b", "#0", ":0", "l[0]") },
);
const leaf: fc.Arbitrary<Condition> = fc.oneof(
  fc.constantFrom<Condition[]>({ is: "present" }, { is: "absent" }),
  fc.record({ is: fc.constant("missing"), attribute: name }),
  fc.record({ is: fc.constant("size"), attribute: name, value: fc.constantFrom(0, 500) }),
  fc.record({
    is: fc.constantFrom("eq", "ne", "lt"),
    attribute: name,
    value: fc.oneof(numbers, fc.constantFrom("", "text", "u"), fc.integer()),
  }),
);
const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    leaf,
    fc.record({ is: fc.constantFrom("all", "any"), of: fc.array(tie("condition"), { maxLength: 4 }) }),
    // Many of a kind, about the bounds of operators and of the text.
    fc
      .tuple(
        fc.constantFrom("all", "any"),
        leaf,
        fc.constantFrom(59, 60, 61, 99, 100, 101, 140, 150, 151, 220),
      )
      .map(([is, part, count]): Condition => ({ is, of: Array.from({ length: count }, () => part) })),
  ),
}));
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ do: fc.constantFrom("set", "init"), attribute: name, value }),
  fc.record({ do: fc.constant("remove"), attribute: name }),
  fc.record({ do: fc.constant("append"), attribute: name, values: fc.array(value, { maxLength: 2 }) }),
  fc.record({
    do: fc.constant("drop"),
    attribute: fc.constantFrom("l", "n"),
    count: fc.constantFrom(0, 1, NOTES_TAKEN_MAX, 299, 300, 301, 450, 480),
  }),
);
const many = fc
  .tuple(fc.constantFrom("set", "init", "remove"), fc.constantFrom(60, 120, 140, 150, 300, 340, 420, 500))
  .map(([kind, count]): Change[] =>
    Array.from({ length: count }, (_, index) =>
      kind === "remove"
        ? { do: kind, attribute: `a${index}` }
        : { do: kind, attribute: `a${index}`, value: 1 },
    ),
  );
const changes: fc.Arbitrary<readonly Change[]> = fc.oneof(
  { weight: 6, arbitrary: fc.array(change, { maxLength: 3 }) },
  { weight: 1, arbitrary: many },
);
const when = fc
  .option(condition, { nil: undefined })
  .map((found) => (found === undefined ? {} : { when: found }));
const write: fc.Arbitrary<Write> = fc.oneof(
  fc
    .tuple(fc.dictionary(name, value, { maxKeys: 3 }), when)
    .map(([attributes, conditional]): Write => ({ op: "put", key, attributes, ...conditional })),
  fc
    .tuple(changes, when)
    .map(([list, conditional]): Write => ({ op: "update", key, changes: list, ...conditional })),
  when.map((conditional): Write => ({ op: "delete", key, ...conditional })),
);

interface Outcome {
  readonly verdict: "won" | "refused" | "too-large" | "invalid";
  readonly item?: Attributes | undefined;
}

const reason = whyNoDynamoLocal();

describe.skipIf(reason !== undefined)(
  "DynamoDB Local, and the stores of this machine and of the simulator",
  () => {
    let emulator: DynamoEmulator;
    let client: DynamoDBClient;
    const database = openDatabase(":memory:");
    const local = new LocalItemStore(database);
    const tables = new Tables(() => 0);
    beforeAll(async () => {
      emulator = await startDynamoLocal(["open", "ended"]);
      client = emulator.client();
    }, 360_000);
    afterAll(async () => {
      database.close();
      await emulator.close();
    });

    async function check(
      asked: Write,
      held: Attributes,
      { isCareful, isGenerated }: { readonly isCareful: boolean; readonly isGenerated: boolean },
    ): Promise<string> {
      const prepare: Write = { op: "put", key: asked.key, attributes: held };
      await writeRaw(client, TABLES, prepare);
      await local.write(prepare);
      tables.write(prepare);
      const there = outcomeOf(await writeRaw(client, TABLES, asked));
      const stores = {
        evaluate: async () => evaluate(held, asked),
        local: async () => await local.write(asked),
        simulator: async () => tables.write(asked),
      };
      for (const [store, act] of Object.entries(stores)) {
        const here = await outcomeHere(act);
        if (isCareful && isNotTaken(here)) continue;
        // A generated write may have two faults, and each side names the one that it sees first.
        if (isGenerated && isNotTaken(here) && isNotTaken(there)) continue;
        const text = `${store}: ${JSON.stringify(shortened(asked))}`;
        expect({ verdict: here.verdict, text }).toEqual({ verdict: there.verdict, text });
        expect(equalValues(here.item, there.item), text).toBe(true);
      }
      return there.verdict;
    }

    test("take and refuse the same writes", async () => {
      const verdicts = new Map<string, number>();
      await fc.assert(
        fc.asyncProperty(write, async (asked) => {
          const verdict = await check(asked, before, {
            ...{ isCareful: isMoreCareful(asked), isGenerated: true },
          });
          verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
        }),
        { seed: SEED, numRuns: RUNS, interruptAfterTimeLimit: RUN_MS_MAX },
      );
      console.log(`DynamoDB Local: ${JSON.stringify(Object.fromEntries(verdicts))}`);
      expect([...verdicts.keys()].toSorted()).toEqual(["invalid", "refused", "too-large", "won"]);
    }, 1_200_000);

    // Last, each on an item of its own: DynamoDB Local replaces no item any more once one has a very long name.
    const cases = WRITE_CASES.map((each, index) => ({ ...each, pk: `case.${index}` }));
    test.each(cases)(
      "$name: $verdict",
      async ({ write: asked, pk, careful = false }) => {
        await check({ ...asked, key: { ...asked.key, pk } }, BEFORE, {
          ...{ isCareful: careful, isGenerated: false },
        });
      },
      120_000,
    );
  },
);

/** Where we refuse what DynamoDB Local may take. */
function isMoreCareful(asked: Write): boolean {
  const names = [
    ...(asked.op === "put" ? Object.keys(asked.attributes) : []),
    ...(asked.op === "update" ? asked.changes.map(({ attribute }) => attribute) : []),
    ...(asked.when ? namesIn(asked.when) : []),
  ];
  // A key's name among the attributes or in a condition; that one is changed is looked at before the condition.
  if (names.some((held) => held === "pk" || held === "sk")) return true;
  // What is left for the lists of heads.
  if (expressionChars(asked) > WRITE_EXPRESSION_BYTES_MAX) return true;
  const list = asked.op === "update" ? asked.changes : [];
  return (
    // The type of an indexed attribute that is changed is looked at before the condition.
    list.some(({ attribute }) => INDEXED_TYPE.has(attribute)) ||
    // Each element that leaves a list is counted as an operator.
    list.reduce((sum, each) => sum + (each.do === "drop" ? each.count : 1), 0) > DYNAMO_OPERATORS_MAX ||
    // The depth of a list with what is appended is looked at before the condition, as are paths that overlap.
    list.some((each) => each.do === "append")
  );
}

/** For a message. */
const shortened = (asked: Write): unknown =>
  JSON.parse(
    JSON.stringify(asked, (_, held: unknown): unknown => {
      if (typeof held === "string" && held.length > 300) return `${held.slice(0, 3)}… ${held.length}`;
      return held instanceof Uint8Array || (Array.isArray(held) && held.length > 600)
        ? `${held.length} of them`
        : held;
    }),
  );

const isNotTaken = ({ verdict }: Outcome): boolean => verdict === "too-large" || verdict === "invalid";

const namesIn = (found: Condition): string[] =>
  "of" in found ? found.of.flatMap(namesIn) : "attribute" in found ? [found.attribute] : [];

function outcomeOf(answer: RawAnswer): Outcome {
  if (answer.verdict === "invalid")
    return { verdict: saysTooLarge(answer.message) ? "too-large" : "invalid" };
  return { verdict: answer.verdict, item: answer.item };
}

async function outcomeHere(
  act: () => Promise<{ readonly won: boolean; readonly item: Attributes | undefined }>,
): Promise<Outcome> {
  try {
    const { won, item } = await act();
    return { verdict: won ? "won" : "refused", item };
  } catch (thrown) {
    return { verdict: thrown instanceof OperationalError ? "too-large" : "invalid" };
  }
}
