/**
 * Planted bugs of turns that are let go of: the counterexamples of R26 (docs/decisions/0025-long-turns-are-let-go.md). An early guard that
 * is not sent, and a hand-off that is left out at it, are no counterexamples: the guard does it when it is due.
 */
import { bug, type Planted } from "./plant.ts";

export const OF_LONG_TURNS: readonly Planted[] = [
  bug("a long turn names a guard that is not there", "sdk/turn/relay.ts", 500, [
    "    try {\n      return await this.#guards.hold();\n",
    "    try {\n      return { name: this.#asked.name, atMs: await Promise.resolve(0) };\n",
  ]),
  bug(
    "a dispatcher lets go of a turn before the head names its guard",
    "runtime/dispatcher/relayed-turn.ts",
    500,
    [
      "    if (item && !isStub(item) && isOfRelay(parseFields(item).guard, name)) resolve",
      '    if (name !== "" || (item && !isStub(item) && isOfRelay(parseFields(item).guard, name))) resolve',
    ],
  ),
  bug(
    "a long turn is let go of while it has notes that are nowhere else",
    "lib/turn/carried-notes.ts",
    2000,
    [
      "    return this.#left.length === 0 && [...this.#pending].every((entry) => entries.includes(entry));",
      "    return entries.length >= 0;",
    ],
  ),
  bug("a long turn's head does not hold the input", "lib/store/journal.ts", 500, [
    "{ voucher: atDoor(), holdsInput: true }",
    "{ voucher: atDoor(), holdsInput: false }",
  ]),
  bug("a long turn's suspension names the lane that it was begun in", "lib/store/journal.ts", 2000, [
    "{ voucher: atDoor(), holdsInput: true }",
    "{ holdsInput: true }",
  ]),
  bug("a turn that may have named its guard says that it has", "sdk/turn/relay.ts", 2000, [
    "    if (!this.isNamed) return outcome;\n",
    "",
  ]),
  bug("a long turn does not take its key's lock", "sdk/turn/turn-writer.ts", 500, [
    "    if (!(await this.#lock.take())) return false;\n",
    "",
  ]),
  bug("a long turn does not renew its guard", "sdk/turn/relay.ts", 500, [
    "    return this.isNamed ? this.#guards.renewalInMs :",
    "    return this.isNamed ? Number.POSITIVE_INFINITY :",
  ]),
];
