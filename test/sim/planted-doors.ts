/** Planted bugs of turns at the door: the counterexamples of R25 and R27 (docs/decisions/0020-turns-at-the-door.md). */
import { bug, type Planted } from "./plant.ts";

/** Of calls in memory, whose callers are their guards (R28). */
export const OF_CALLS: readonly Planted[] = [
  bug("who goes on with a caller does not act for its callee's guard", "lib/store/outputs.ts", 1000, [
    "{ guard: callGuardName(id) }",
    "{}",
  ]),
  bug(
    "a call in memory is vouched for by a name that its callee does not know",
    "sdk/turn/direct-calls.ts",
    1000,
    [
      "const guard = { name: callGuardName(start.id), atMs: this.#ports.clock.now() + DIRECT_GUARD_MS };",
      "const guard = { name: `no${callGuardName(start.id)}`, atMs: this.#ports.clock.now() + DIRECT_GUARD_MS };",
    ],
  ),
  bug("a guard of what has ended is dropped, whatever caller it bears", "runtime/timers/due-timer.ts", 1000, [
    "(await hasEnded(items, message.replyTo))",
    "message.replyTo.command >= 0",
  ]),
];

/** Of the timers' function (timers-function.ts). */
export const OF_TIMERS: readonly Planted[] = [
  bug("a timer is done before it is a message", "runtime/timers/due-timer.ts", 500, [
    "await sendAll(mailbox, [timer.message]);",
    "void sendAll(mailbox, [timer.message]).catch(() => undefined);",
  ]),
  bug("a guard of what is open is dropped", "runtime/timers/due-timer.ts", 1000, [
    'if (status !== "completed" || replies',
    'if (status === "running" || replies',
  ]),
];

export const OF_DOORS: readonly Planted[] = [
  bug("a turn at the door starts its steps before its guard is set", "sdk/turn/turn-writer.ts", 1000, [
    "(await this.guard?.hold()) !== before",
    "this.guard?.held !== before",
  ]),
  bug("a head that is left open at the door names no guard", "sdk/turn/turn-writer.ts", 500, [
    "this.#journal.guard = (await this.guard.hold()).name;",
    "await this.guard.hold();",
  ]),
  bug("a turn at the door is made known without a guard", "sdk/turn/turn-writer.ts", 1000, [
    'if (this.guard && ending?.kind !== "completed") this.#journal',
    'if (this.guard && ending?.kind !== "completed" && entries.length > 0) this.#journal',
  ]),
  bug("a guard is named before it is set", "sdk/turn/guards-of-turn.ts", 1000, [
    "    await timers.schedule(this.#kind.timer(guard));\n",
    "    void timers.schedule(this.#kind.timer(guard)).catch(() => undefined);\n",
  ]),
  bug("a guard that finds what rests or has ended is done", "runtime/dispatcher/guarded-start.ts", 1000, [
    "...{ inDoubt: true, voucher",
    "...{ voucher",
  ]),
  bug("repeats send the Start of what runs at the door", "lib/store/head/births.ts", 500, [
    '...headAttributes({ status: "running", ...running, voucher: atDoor() }),',
    "...headAttributes({ ...running, guard: undefined }),",
  ]),
  bug(
    "a head names a guard that is set after it",
    "lib/store/door.ts",
    1000,
    ["  await timers.schedule(timer);\n", ""],
    [
      'if ("stored" in made) return',
      'if ("stored" in made) await timers.schedule(timer);\n  if ("stored" in made) return',
    ],
  ),
];
