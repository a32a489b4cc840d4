/** Names that nothing else has: of requests, deliveries, writers. */
import type { Entropy } from "./ports.ts";

/** `bytes` random bytes as base64url text. */
export const nonce = (entropy: Entropy, bytes: number): string =>
  Buffer.from(entropy.bytes(bytes)).toString("base64url");
