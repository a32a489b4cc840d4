/** Ids of any parts are recognised, and name the service and key to which they belong. */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  awakeableId,
  groupOf,
  invocationId,
  isExclusiveId,
  isInvocationId,
  parseAwakeableId,
  serviceTag,
  tagOf,
  UNIQUE_SIZE,
} from "../../lib/model/ids.ts";

const unique = fc.uint8Array({ minLength: UNIQUE_SIZE, maxLength: UNIQUE_SIZE });
const key = fc.option(fc.string({ maxLength: 40 }), { nil: undefined });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });

test("invocation ids", () => {
  fc.assert(
    fc.property(fc.string(), key, unique, unique, (service, exclusiveKey, one, other) => {
      const id = invocationId(service, exclusiveKey, one);
      expect(isInvocationId(id)).toBe(true);
      expect(tagOf(id)).toBe(serviceTag(service));
      expect(isExclusiveId(id)).toBe(exclusiveKey !== undefined);
      expect(groupOf(id).length).toBeLessThanOrEqual(128);
      const sibling = invocationId(service, exclusiveKey, other);
      expect(groupOf(sibling) === groupOf(id)).toBe(exclusiveKey !== undefined || sibling === id);
    }),
  );
});

test("awakeable ids", () => {
  fc.assert(
    fc.property(
      fc.string(),
      key,
      unique,
      uint32,
      uint32,
      (service, exclusiveKey, bytes, incarnation, index) => {
        const id = invocationId(service, exclusiveKey, bytes);
        expect(parseAwakeableId(awakeableId({ id, incarnation, index }))).toEqual({ id, incarnation, index });
      },
    ),
  );
});

test("no other text is an id", () => {
  fc.assert(
    fc.property(fc.base64String({ minLength: 20, maxLength: 60 }), (text) => {
      expect(isInvocationId(`inv_${text}`)).toBe(false);
      expect(parseAwakeableId(`sign_1${text}`)).toBeUndefined();
    }),
    // A check of two bytes lets one of 65,536 made-up ids pass.
    { numRuns: 200, seed: 7 },
  );
});
