/** W3: what a fence lets through. Equal means done already to a writer, and from the future to a reader. */
import { expect, test } from "vitest";
import { fenceOf, hasReached, ifOlder, isBeyond, tokenOf } from "../../../lib/model/fence.ts";
import { holds } from "../../../lib/model/item.ts";

const [older, mine, newer] = [tokenOf(1, "9"), tokenOf(1, "10"), tokenOf(2, "1")];

test("tokens grow with the epoch, then with the sequence number", () => {
  expect([newer, mine, older].toSorted()).toEqual([older, mine, newer]);
});

test("a write is let through by no item and by an older fence, not by its own or a newer one", () => {
  const when = ifOlder(fenceOf(mine, 5));
  const passes = (f: string): boolean => holds({ f }, when);
  expect(holds(undefined, when)).toBe(true);
  expect([fenceOf(older, 99), fenceOf(mine, 4)].map(passes)).toEqual([true, true]);
  expect([fenceOf(mine, 5), fenceOf(mine, 6), fenceOf(newer, 0)].map(passes)).toEqual([false, false, false]);
});

test("a reader that knows five entries has not seen the sixth: what that wrote is beyond it", () => {
  expect(isBeyond(fenceOf(mine, 4), mine, 5)).toBe(false);
  expect(isBeyond(fenceOf(mine, 5), mine, 5)).toBe(true);
  expect(isBeyond(fenceOf(newer, 0), mine, 5)).toBe(true);
  expect(isBeyond(fenceOf(older, 99), mine, 0)).toBe(false);
});

test("an entry has been written when its fence, or a later one, is there", () => {
  expect(hasReached({ f: fenceOf(mine, 5) }, mine, 5)).toBe(true);
  expect(hasReached({ f: fenceOf(mine, 4) }, mine, 5)).toBe(false);
  expect(hasReached(undefined, mine, 5)).toBe(false);
});
