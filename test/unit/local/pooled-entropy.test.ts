import { expect, test } from "vitest";
import { pooledEntropy } from "../../../runtime/local/pooled-entropy.ts";

test("bytes never come twice, and a caller has its own", () => {
  const seen = new Set<string>();
  for (let round = 0; round < 5000; round++) {
    const bytes = pooledEntropy.bytes(1 + (round % 24) + 8);
    seen.add(Buffer.from(bytes).toString("hex"));
    bytes.fill(0);
  }
  expect(seen.size).toBe(5000);
});

test("as many as are asked for, more than the pool has, too", () => {
  for (const count of [0, 1, 4095, 4096, 4097, 10_000])
    expect(pooledEntropy.bytes(count)).toHaveLength(count);
  expect(pooledEntropy.bytes(10_000).some((byte) => byte !== 0)).toBe(true);
});
