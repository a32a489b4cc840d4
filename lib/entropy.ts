/** Real randomness, for every process. Tests that must repeat themselves and the simulator bring their own. */
import { randomFillSync } from "node:crypto";
import type { Entropy } from "./ports.ts";

export const systemEntropy: Entropy = { bytes: (count) => randomFillSync(new Uint8Array(count)) };
