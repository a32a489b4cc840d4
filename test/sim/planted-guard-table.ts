/** Bugs of the table of guards and its pass (docs/decisions/0056-guards-in-a-table.md). All are searched for in runs that have one. */
import { bug, type Planted } from "./plant.ts";

const TABLE = "lib/store/guard-table.ts";
const PASS = "runtime/timers/guard-pass.ts";

export const OF_GUARD_TABLE: readonly Planted[] = [
  bug("a guard counts as set before it is in the table", TABLE, 1000, [
    "      await items.write(put);\n",
    "      void items.write(put).catch(() => undefined);\n",
  ]),
  bug("a guard is due when no pass is promised any more", TABLE, 2000, [
    "if ((await this.#until()) <= timer.atMs) return false;",
    "if ((await this.#until()) <= 0) return false;",
  ]),
  bug("a pass is done before its guards are forwarded", PASS, 1000, [
    "    await eachAtOnce(due, GUARD_LOOKS_AT_ONCE, look);\n",
    "    void eachAtOnce(due, GUARD_LOOKS_AT_ONCE, look).catch(() => undefined);\n",
  ]),
  bug("a pass does not begin where the last one has ended", PASS, 1000, [
    "Math.max(stored.doneMs, aheadMs - GUARD_KEPT_MS)",
    "Math.max(stored.doneMs, aheadMs - 60_000)",
  ]),
  bug("a pass that failed is said to be done", PASS, 1000, [
    "    if (error instanceof OperationalError) throw error;\n",
    "    if (error instanceof OperationalError) return;\n",
  ]),
  bug("a pass leaves out what a page does not hold", PASS, 1000, [
    "if (page.next === undefined || due.length < guards.length) return true;",
    "if (page.items.length >= 0) return true;",
  ]),
  bug("passes end when one has found nothing", PASS, 1000, ["if (doneMs < untilMs) {", "if (isWorth) {"]),
  bug("a pass is done before the next one is sent", PASS, 2000, [
    "await passTimers.schedule({ atMs: nextMs, message: passMessage(number + 1) });",
    "void passTimers.schedule({ atMs: nextMs, message: passMessage(number + 1) }).catch(() => undefined);",
  ]),
];
