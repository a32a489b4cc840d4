/**
 * Writes about the size of DynamoDB's bounds, against DynamoDB Local and against `evaluate`, which the stores of this machine
 * and of the simulator are made of. Both must take the same ones (P1).
 */
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asError, OperationalError } from "../../lib/errors.ts";
import { DYNAMO_DEPTH_MAX, DYNAMO_ITEM_BYTES_MAX } from "../../lib/limits/aws.ts";
import { NOTES_TAKEN_MAX } from "../../lib/limits.ts";
import {
  type Change,
  type Condition,
  evaluate,
  type ItemKey,
  sizeOf,
  type Write,
} from "../../lib/model/item.ts";
import type { Value } from "../../lib/model/value.ts";
import { DynamoItemStore } from "../../runtime/aws/dynamo-item-store.ts";
import {
  type DynamoEmulator,
  startDynamoLocal,
  TABLES,
  whyNoDynamoLocal,
} from "../support/emulator-dynamo.ts";

const key: ItemKey = { table: "journal", pk: "p", sk: "x" };
const before = { l: Array.from({ length: 500 }, (_, index) => index), n: 1 };

const nested = (depth: number): Value => {
  let value: Value = 1;
  for (let at = 0; at < depth; at++) value = at % 2 === 0 ? [value] : { a: value };
  return value;
};

const roomOf = (name: string): number =>
  DYNAMO_ITEM_BYTES_MAX - sizeOf({ pk: key.pk, sk: key.sk }) - name.length;
const near = (bound: number, by: number) => fc.integer({ min: bound - by, max: bound + by });

const value: fc.Arbitrary<Value> = fc.oneof(
  near(DYNAMO_DEPTH_MAX, 3).map(nested),
  near(roomOf("v"), 3).map((length) => "x".repeat(length)),
  near(Math.floor(roomOf("v") / 2), 3).map((length) => "ä".repeat(length)),
  near(roomOf("v"), 3).map((length) => new Uint8Array(length)),
  fc.constantFrom(1e125, -1e125, 1e126, 1e-130, 1e-131, 0.1 + 0.2, 5e-324, 0, 2 ** 53, 1.7e308),
  // Lists and numbers as DynamoDB counts them: well below the bound, or well above.
  fc.constantFrom(30_000, 300_000).map((length) => Array.from({ length }, () => 7)),
);
const condition: fc.Arbitrary<Condition> = fc
  .tuple(fc.constantFrom<"all" | "any">("all", "any"), fc.integer({ min: 1, max: 140 }))
  .map(([is, count]) => ({ is, of: Array.from({ length: count }, () => ({ is: "present" })) }));
const change: fc.Arbitrary<readonly Change[]> = fc.oneof(
  value.map((held): Change[] => [{ do: "set", attribute: "v", value: held }]),
  fc
    .constantFrom(NOTES_TAKEN_MAX, 299, 301, 450, 480)
    .map((count): Change[] => [{ do: "drop", attribute: "l", count }]),
  near(DYNAMO_DEPTH_MAX - 1, 2).map((depth): Change[] => [
    { do: "append", attribute: "l", values: [nested(depth)] },
  ]),
);
const write: fc.Arbitrary<Write> = fc.oneof(
  value.map((held): Write => ({ op: "put", key, attributes: { v: held } })),
  fc.tuple(change, condition).map(([changes, when]): Write => ({ op: "update", key, changes, when })),
);

const reason = whyNoDynamoLocal();

describe.skipIf(reason !== undefined)("DynamoDB Local and `evaluate`", () => {
  let emulator: DynamoEmulator;
  let items: DynamoItemStore;
  beforeAll(async () => {
    emulator = await startDynamoLocal();
    items = new DynamoItemStore(emulator.client(), TABLES);
  });
  afterAll(() => emulator.close());

  test("take and refuse the same writes", async () => {
    const verdicts = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(write, async (asked) => {
        await items.write({ op: "put", key, attributes: before });
        const [here, there] = [
          verdictOf(() => evaluate(before, asked)),
          await verdictOfAsync(items.write(asked)),
        ];
        verdicts.set(there, (verdicts.get(there) ?? 0) + 1);
        expect(there, `${asked.op} ${JSON.stringify(asked).slice(0, 200)}`).toBe(here);
      }),
      { numRuns: 100 },
    );
    expect([...verdicts.keys()].toSorted()).toEqual(["TypeError", "too-large", "won"]);
  });
});

function verdictOf(act: () => { readonly won: boolean }): string {
  try {
    return act().won ? "won" : "refused";
  } catch (thrown) {
    return nameOf(thrown);
  }
}

async function verdictOfAsync(acting: Promise<{ readonly won: boolean }>): Promise<string> {
  try {
    return (await acting).won ? "won" : "refused";
  } catch (thrown) {
    return nameOf(thrown);
  }
}

const nameOf = (thrown: unknown): string =>
  thrown instanceof OperationalError ? thrown.code : asError(thrown).name;
