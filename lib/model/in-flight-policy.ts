/** What becomes of invocations that are open when new code takes over (docs/decisions/0051-the-gate.md). */
export type InFlightPolicy = "pin" | "block" | "move";
