import { expect, test } from "vitest";
import { systemEntropy } from "../../../lib/entropy.ts";

test("entropy gives as many bytes as asked, other ones each time", () => {
  const [a, b] = [systemEntropy.bytes(16), systemEntropy.bytes(16)];
  expect(a.byteLength).toBe(16);
  expect(a).not.toEqual(b);
});
