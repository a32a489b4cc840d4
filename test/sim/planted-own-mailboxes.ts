/** Bugs of mailboxes of services' own (docs/decisions/0023). All are searched for in runs in which services move. */
import { bug, type Planted } from "./plant.ts";

const INTAKE = "runtime/dispatcher/intake.ts";
const FORWARDED = "lib/model/forwarded.ts";

export const OF_OWN_MAILBOXES: readonly Planted[] = [
  bug("messages are sent on as soon as their service is held", INTAKE, 2000, [
    'if (own === "unknown" || (own && nowMs < own.heldUntilMs)) sorted',
    'if (own === "unknown") sorted',
  ]),
  bug(
    "messages of a service that is held are handled here",
    INTAKE,
    2000,
    ["      else if (!own) sorted.here", "      else if (!own || own.heldUntilMs > 0) sorted.here"],
    ["(own && nowMs < own.heldUntilMs)) sorted", "false) sorted"],
  ),
  bug("what was handed out before is not in doubt in an own mailbox", FORWARDED, 4000, [
    "    ...(receiveCount > 1 ? { again: true } : {}),\n",
    "",
  ]),
  bug("an own mailbox gives places of its own", FORWARDED, 2000, [
    "const { sequence, again, sentAtMs, forwardedAtMs } = split.place;",
    "const { again, sentAtMs, forwardedAtMs } = split.place;\n  const { sequence } = incoming;",
  ]),
  bug("what could not be sent on is deleted", INTAKE, 2000, [
    "const givenBack = messages.filter((message) => !sent.has(message));",
    "const givenBack: Incoming[] = [];",
  ]),
  bug("a service goes back although its mailbox is not empty", "runtime/registrar/mailbox-move.ts", 4000, [
    "if (emptyAtMs !== undefined && clock.now() - emptyAtMs >= MOVE_EMPTY_MS) break;",
    "if (clock.now() - startMs > 2 * MOVE_LOOK_MS) break;",
  ]),
];
