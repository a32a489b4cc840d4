/** SHA-256, by `node:crypto`. Unlike what is in entropy.ts, it is a pure function of its input. */
import { createHash } from "node:crypto";

/** The first `bytes` bytes of the SHA-256 of the parts, each preceded by its length so that parts cannot run together. */
export function digest(bytes: number, ...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return new Uint8Array(hash.digest().subarray(0, bytes));
}
