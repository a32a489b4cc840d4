/** What DynamoDB refuses, refused by every store. test/dynamodb-local asks Amazon's own for the same. */
import { expect, test } from "vitest";
import { InvariantError, OperationalError } from "../../../lib/errors.ts";
import { evaluate, type Write } from "../../../lib/model/item.ts";
import { INDEX_PARTITION_KEY, INDEX_SORT_KEY } from "../../../lib/model/listing.ts";
import { INDEXED_TYPE } from "../../../lib/model/write-limits.ts";
import { BEFORE, WRITE_CASES } from "../../contract/write-cases.ts";

function verdictOf(write: Write): string {
  try {
    return evaluate(BEFORE, write).won ? "won" : "refused";
  } catch (error) {
    if (error instanceof OperationalError) return error.code;
    if (error instanceof InvariantError) return "InvariantError";
    return error instanceof Error ? error.name : "no Error";
  }
}

test.each(WRITE_CASES)("$name: $verdict", ({ write, verdict }) => {
  expect(verdictOf(write)).toBe(verdict);
});

test("what is held to the indexes' types are the indexes' keys", () => {
  const names = [...Object.values(INDEX_PARTITION_KEY), INDEX_SORT_KEY];
  expect([...INDEXED_TYPE.keys()].toSorted()).toEqual(names.toSorted());
});
