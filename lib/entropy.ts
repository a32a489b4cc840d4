/** Real randomness, for every process. Tests that must repeat themselves and the simulator bring their own. */
import { randomFillSync } from "node:crypto";
import type { Entropy } from "./ports.ts";

export const systemEntropy: Entropy = { bytes: (count) => randomFillSync(new Uint8Array(count)) };

/** `bytes` random bytes as base64url text: a name that nothing else has, of a request, a delivery or a writer. */
export const nonce = (entropy: Entropy, bytes: number): string =>
  Buffer.from(entropy.bytes(bytes)).toString("base64url");
