/** SHA-256, by `node:crypto`. Unlike what is in entropy.ts, it is a pure function of its input. */
import { hash } from "node:crypto";

/** The first `bytes` bytes of the SHA-256 of the parts, each preceded by its length so that parts cannot run together. */
export function digest(bytes: number, ...parts: readonly (string | Uint8Array)[]): Uint8Array {
  const prefixed = parts.every((part) => typeof part === "string")
    ? parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join("")
    : Buffer.concat(parts.flatMap((part) => [Buffer.from(`${Buffer.byteLength(part)}:`), Buffer.from(part)]));
  return new Uint8Array(hash("sha256", prefixed, "buffer").subarray(0, bytes));
}
