/** Planted bugs of what attempts begin (docs/decisions/0019) and of bounds (0018). `planted.ts` says how they are used. */
import { bug, type Planted } from "./plant.ts";

export const OF_BOUNDS: readonly Planted[] = [
  bug("what a failed attempt had begun is forgotten", "runtime/dispatcher/failed-attempt.ts", 1000, [
    "begun: begun ?? state.begun, tried });",
    "begun: begun === undefined ? begun : undefined, tried });",
  ]),
  bug(
    "what was begun after a result that is not recorded is compared, too",
    "lib/turn/turn-machine.ts",
    4000,
    ["    if (this.#pending.all.every((entry) => isCommand(entry) && !isWhole(entry)))\n", ""],
  ),
  bug("a note that finds no room is given back without a word", "runtime/dispatcher/note-delivery.ts", 1000, [
    "      if (!isTooLarge(error)) throw error;\n",
    '      if (isTooLarge(error)) return "retry";\n      throw error;\n',
  ]),
  bug("what a full list makes wait is not logged", "runtime/dispatcher/note-delivery.ts", 1000, [
    '    this.#ports.logger.log("warn", "an invocation has too many notes; those that come now wait", fields);',
    "    void fields;",
  ]),
];
