/** Planted bugs of ids as capabilities: see planted.ts, and docs/decisions/0024-secrets-and-capabilities.md. */
import { bug, type Planted } from "./plant.ts";

export const OF_SECRETS: readonly Planted[] = [
  bug("each attempt hands out another awakeable", "sdk/turn/reference-context.ts", 500, [
    "const count = FIRST_AWAKEABLE + this.#awakeables.size;",
    "const count = FIRST_AWAKEABLE + this.#awakeables.size + 50 * (this.ports.entropy.bytes(1)[0] ?? 0);",
  ]),
  bug("a turn finds its secret in its head alone", "lib/model/seal.ts", 2000, [
    "headers: { ...start?.headers, ...held }",
    "headers: { ...held }",
  ]),
];
