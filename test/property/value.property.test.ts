/** The JSON encoding of values: decoding gives back what was encoded. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { sizeOfValue } from "../../lib/model/item.ts";
import { decodeMessage, encodeMessage, type Start } from "../../lib/model/message.ts";
import { decodeOutcome, encodeOutcome, failure, type Outcome, success } from "../../lib/model/outcome.ts";
import { decodeJson, encodeJson, equalValues, type Value } from "../../lib/model/value.ts";

const name = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.constantFrom("~b", "~m", "~", "__proto__", "constructor", "", "length"),
);
const bytes = fc.uint8Array({ maxLength: 20 });

const { value } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "medium" },
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    bytes,
    fc.array(tie("value"), { maxLength: 4 }),
    fc
      .array(fc.tuple(name, tie("value")), { maxLength: 4 })
      .map((entries) => Object.fromEntries(entries) as Value),
  ),
}));

test("there and back", () => {
  fc.assert(
    fc.property(value, (original) => {
      const copy = decodeJson(encodeJson(original));
      expect(equalValues(copy, original)).toBe(true);
      expect(encodeJson(copy)).toBe(encodeJson(original));
    }),
    { numRuns: 500 },
  );
});

test("equality is of content, and both ways the same", () => {
  fc.assert(
    fc.property(value, value, (one, other) => {
      expect(equalValues(one, structuredClone(one))).toBe(true);
      expect(equalValues(one, other)).toBe(equalValues(other, one));
      if (equalValues(one, other)) expect(decodeJson(encodeJson(one))).toEqual(decodeJson(encodeJson(other)));
      expect(sizeOfValue(one)).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 300 },
  );
});

test("outcomes", () => {
  const outcome: fc.Arbitrary<Outcome> = fc.oneof(
    bytes.map((held) => success(held)),
    fc
      .tuple(
        fc.integer({ min: 400, max: 599 }),
        fc.string(),
        fc.option(fc.dictionary(name, fc.string()), { nil: undefined }),
      )
      .map(([code, message, metadata]) => failure(code, message, metadata)),
  );
  fc.assert(
    fc.property(outcome, (original) => {
      const copy = decodeOutcome(decodeJson(encodeJson(encodeOutcome(original))));
      expect(copy).toEqual(original);
    }),
  );
});

test("messages: headers with any name", () => {
  fc.assert(
    fc.property(fc.dictionary(name, fc.string()), bytes, (headers, input) => {
      const start: Start = {
        kind: "start",
        id: "inv_x",
        incarnation: 0,
        origin: "o",
        target: { service: "S", handler: "h" },
        input,
        headers,
        acceptedAtMs: 1,
      };
      expect(decodeMessage(encodeMessage(start))).toEqual(start);
    }),
  );
});
