import { describe, expect, test } from "vitest";
import { compileCondition, compileUpdate } from "../../lib/aws/expression.ts";
import { InvariantError, OperationalError } from "../../lib/errors.ts";
import { ifOlder } from "../../lib/model/fence.ts";
import { whileAt } from "../../lib/store/head/clauses.ts";

describe("conditions become expressions", () => {
  test("names and values are placeholders, a name always the same one", () => {
    expect(compileCondition(whileAt(3, 17))).toEqual({
      ConditionExpression:
        "(attribute_exists(#0) AND #1 = :0 AND NOT #2 = :1 AND attribute_not_exists(#3)) AND NOT #2 = :2 AND #4 = :3",
      ExpressionAttributeNames: { "#0": "pk", "#1": "i", "#2": "s", "#3": "st", "#4": "n" },
      ExpressionAttributeValues: {
        ":0": { N: "3" },
        ":1": { S: "completed" },
        ":2": { S: "paused" },
        ":3": { N: "17" },
      },
    });
  });

  test("a fence", () => {
    expect(compileCondition(ifOlder("0001.9")).ConditionExpression).toBe(
      "attribute_not_exists(#0) OR #1 < :0",
    );
  });

  test("no pair of parentheses around another: DynamoDB refuses those", () => {
    const size = { is: "size", attribute: "l", value: 1 } as const;
    const either = { is: "any", of: [size, { is: "absent" }] } as const;
    const { ConditionExpression } = compileCondition({
      is: "all",
      of: [{ is: "any", of: [{ is: "all", of: [either] }] }, size],
    });
    expect(ConditionExpression).toBe(
      "((attribute_type(#0, :0) AND size(#0) = :1) OR attribute_not_exists(#1)) AND (attribute_type(#0, :2) AND size(#0) = :3)",
    );
  });

  test("without a condition there is nothing", () => {
    expect(compileCondition(undefined)).toEqual({});
  });
});

describe("changes become expressions", () => {
  test("all kinds in one update", () => {
    expect(
      compileUpdate({
        changes: [
          { do: "append", attribute: "l", values: [1, "x"] },
          { do: "drop", attribute: "m", count: 3 },
          { do: "set", attribute: "n", value: 2 },
          { do: "init", attribute: "q", value: [] },
          { do: "remove", attribute: "w" },
        ],
        when: { is: "eq", attribute: "n", value: 1 },
      }),
    ).toEqual({
      ConditionExpression: "#0 = :0",
      UpdateExpression:
        "SET #1 = list_append(#1, :1), #0 = :2, #3 = if_not_exists(#3, :3) REMOVE #2[2], #2[1], #2[0], #4",
      ExpressionAttributeNames: { "#0": "n", "#1": "l", "#2": "m", "#3": "q", "#4": "w" },
      ExpressionAttributeValues: {
        ":0": { N: "1" },
        ":1": { L: [{ N: "1" }, { S: "x" }] },
        ":2": { N: "2" },
        ":3": { L: [] },
      },
    });
  });

  test("no change, no expression", () => {
    expect(compileUpdate({ changes: [] })).toEqual({});
  });

  test("an update that only removes must know that there is an item", () => {
    const changes = [{ do: "remove", attribute: "a" }] as const;
    expect(() => compileUpdate({ changes })).toThrow(InvariantError);
    expect(() => compileUpdate({ changes, when: { is: "ne", attribute: "s", value: 1 } })).toThrow(
      InvariantError,
    );
    expect(compileUpdate({ changes, when: { is: "present" } }).UpdateExpression).toBe("REMOVE #1");
  });

  test("an expression that DynamoDB would refuse for its length is too large here", () => {
    const drop = (count: number) => compileUpdate({ changes: [{ do: "drop", attribute: "l", count }] });
    expect(drop(400).UpdateExpression?.length).toBeLessThanOrEqual(4096);
    expect(() => drop(500)).toThrow(OperationalError);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 1e126, -1e126, 1e-131, undefined])(
    "%s is no value",
    (value) => {
      const set = { do: "set", attribute: "a", value } as { do: "set"; attribute: string; value: number };
      expect(() => compileUpdate({ changes: [set] })).toThrow(TypeError);
    },
  );
});
