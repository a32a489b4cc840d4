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
  partsOfId,
  serviceTag,
  tagOf,
  UNIQUE_SIZE,
} from "../../lib/model/ids.ts";
import {
  briefIdsIn,
  briefParts,
  shownDeploymentId,
  shownId,
  shownIdsOf,
  storedDeploymentId,
  storedId,
  subscriptionId,
  withBriefIds,
  withShownIds,
} from "../../lib/model/shown-id.ts";

const unique = fc.uint8Array({ minLength: UNIQUE_SIZE, maxLength: UNIQUE_SIZE });
const key = fc.option(fc.string({ maxLength: 40 }), { nil: undefined });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });

const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const numberOf = (digits: string): bigint =>
  Array.from(digits).reduce((sum, digit) => sum * 62n + BigInt(DIGITS.indexOf(digit)), 0n);

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

test("shown ids: letters and digits that say the same, and how a service's begin", () => {
  fc.assert(
    fc.property(fc.string(), key, unique, (service, exclusiveKey, bytes) => {
      const id = invocationId(service, exclusiveKey, bytes);
      const shown = shownId(id);
      expect(shown).toMatch(exclusiveKey === undefined ? /^inv_1[0-9a-zA-Z]{33}$/ : /^inv_1[0-9a-zA-Z]{55}$/);
      expect(shown.startsWith(shownIdsOf(service))).toBe(true);
      expect([storedId(shown), storedId(id)]).toEqual([id, id]);
      expect(shownId(shown)).toBe(shown);
      expect(withShownIds(`of ${id}, and "${id}"`)).toBe(`of ${shown}, and "${shown}"`);
    }),
  );
});

test("shown ids fit the numbers that Restate reads there: 8 bytes, then 16", () => {
  fc.assert(
    fc.property(fc.string(), unique, (service, bytes) => {
      const digits = shownId(invocationId(service, undefined, bytes)).slice("inv_1".length);
      expect(numberOf(digits.slice(0, 11))).toBeLessThan(2n ** 64n);
      expect(numberOf(digits.slice(11))).toBeLessThan(2n ** 128n);
    }),
  );
});

test("no other text is a shown id, nor one with another digit", () => {
  const digit = fc.constantFrom(...Array.from(DIGITS));
  const changed = fc.tuple(fc.integer({ min: 5, max: 37 }), digit);
  fc.assert(
    fc.property(unique, changed, (bytes, [at, other]) => {
      const shown = shownId(invocationId("Greeter", undefined, bytes));
      const text = shown.slice(0, at) + other + shown.slice(at + 1);
      if (text !== shown) expect(storedId(text)).toBeUndefined();
    }),
    { numRuns: 200, seed: 7 },
  );
  for (const size of [33, 55])
    fc.assert(
      fc.property(fc.string({ unit: digit, minLength: size, maxLength: size }), (text) => {
        expect(storedId(`inv_1${text}`)).toBeUndefined();
      }),
      { numRuns: 200, seed: 7 },
    );
});

test("deployment ids, as they are stored and shown", () => {
  const bytes = fc.uint8Array({ minLength: 15, maxLength: 15 });
  fc.assert(
    fc.property(bytes, (held) => {
      const id = `dp_${Buffer.from(held).toString("base64url")}`;
      const shown = shownDeploymentId(id);
      expect(shown).toMatch(/^dp_1[0-9a-zA-Z]{22}$/);
      expect(numberOf(shown.slice("dp_1".length))).toBeLessThan(2n ** 128n);
      expect([storedDeploymentId(shown), storedDeploymentId(id)]).toEqual([id, id]);
      expect(withShownIds(`from ${id}.`)).toBe(`from ${shown}.`);
    }),
  );
  // `perdure dev` has made ids of hexadecimal digits.
  const old = "dp_61f857519c9155ffef42";
  expect(shownDeploymentId(old)).toBe("dp_17a5pg9ThaGSz1j0KsIJyJa");
  expect(storedDeploymentId("dp_17a5pg9ThaGSz1j0KsIJyJa")).toBe(old);
  for (const text of ["dp_2", "dp_17a5pg9ThaGSz1j0KsIJyJb", "dp_1zzzzzzzzzzzzzzzzzzzzzz", "dp_", ""])
    expect([shownDeploymentId(text), storedDeploymentId(text)]).toEqual([text, text]);
});

test("brief ids have the length of Restate's, and name one invocation of those that there are", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), unique, (service, word, bytes) => {
      const [plain, keyed] = [undefined, word].map((each) => invocationId(service, each, bytes));
      const text = `${shownId(plain ?? "")} calls ${shownId(keyed ?? "")}.`;
      const brief = withBriefIds(text);
      expect(brief.startsWith(shownId(plain ?? ""))).toBe(true);
      const [found = ""] = briefIdsIn(brief);
      expect(found).toMatch(/^inv_1[0-9a-zA-Z]{33}$/u);
      expect(storedId(found)).toBeUndefined();
      const parts = partsOfId(keyed ?? "");
      expect(briefParts(found)).toEqual({
        tag: Buffer.from(parts?.tag ?? []).toString("base64url"),
        rest: Buffer.from(parts?.rest ?? []),
      });
      expect(withBriefIds(brief)).toBe(brief);
    }),
  );
});

test("subscription ids", () => {
  expect(subscriptionId("orders", "a")).toMatch(/^sub_1[0-9a-zA-Z]{22}$/);
  expect(subscriptionId("orders", "a")).toBe(subscriptionId("orders", "a"));
  expect(subscriptionId("orders", "a")).not.toBe(subscriptionId("ordersa"));
});
