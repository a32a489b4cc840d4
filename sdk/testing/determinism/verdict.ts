/** What a rehearsal of a turn has shown: whether the code did again what it had done, and if not, both in words. */
import { MISMATCH_CODE } from "../../../lib/errors.ts";
import { type Head, parseHead } from "../../../lib/model/head.ts";
import { storedOutcome } from "../../../lib/store/head/rehearsed.ts";
import { HEAD } from "../../../lib/model/head-keys.ts";
import { type Attributes, type Write, written } from "../../../lib/model/item.ts";
import { isCommand } from "../../../lib/model/entry.ts";
import { decodeOutcome } from "../../../lib/model/outcome.ts";
import { equalValues, type Value } from "../../../lib/model/value.ts";
import { DIFFERENT_VALUE_CHARS_MAX } from "../../../lib/limits/local.ts";
import { withoutAdvice } from "../../../lib/replay/replay.ts";
import { describeCommand } from "../../../lib/turn/mismatch.ts";
import type { TurnOutcome } from "../../../lib/protocol.ts";
import type { GatedStep } from "../../../lib/step-gate.ts";
import { shortened } from "../entry-text.ts";

/** How the turn had left it. */
export interface Left {
  readonly head: Head;
  readonly item: Attributes;
  /** What the rehearsal was given: the same before its end. */
  readonly before: Attributes;
  /** Steps that were begun in a turn, and have left no result. */
  readonly wasBegun: (command: number) => boolean;
}

/** `undefined`: the same. Otherwise what differs. */
export type Difference = string | undefined;

export const PASS = Symbol("pass");

/** The rehearsal is about to write. {@link PASS}: it is no write of the head, and goes on as if it were done. */
export function atWrite(write: Write, left: Left): Difference | typeof PASS {
  const { table, sk } = write.key;
  if (table !== "journal" || sk !== HEAD || write.op === "delete") return PASS;
  const item = written(left.before, write);
  const after = parseHead(item);
  const more = after.tail.slice(left.head.length - after.length).filter(isCommand);
  const [first] = after.length > left.head.length ? more : [];
  if (first) return `${had(left)}, and the code now does ${describeCommand(first)} besides.`;
  const was = left.head.status;
  if (after.status === was) return was === "completed" ? resultsOf(left.item, item) : undefined;
  // An append between two operations: more was recorded after it.
  if (after.status === "running") return undefined;
  return `${had(left)}, and the code now ${after.status === "completed" ? "has ended" : "waits for something"}.`;
}

/** The rehearsal is about to run a step. */
export const atStep = ({ command, name }: GatedStep, left: Left): Difference =>
  left.wasBegun(command) ? undefined : `${had(left)}, and the code now does run "${name}" besides.`;

/** The rehearsal has ended before it wrote anything. */
export function atEnd(outcome: TurnOutcome, left: Left): Difference {
  if (outcome.kind !== "failed") return undefined;
  const { code, message } = outcome.failure;
  if (code === MISMATCH_CODE) return withoutAdvice(message);
  return left.head.status === "completed" ? `${had(left)}, and the code now fails: ${message}` : undefined;
}

const had = ({ head }: Left): string =>
  head.status === "completed"
    ? `The handler had ended after ${operations(head)}`
    : `The handler was suspended after ${operations(head)}`;

const operations = ({ length }: Head): string => (length === 1 ? "1 entry" : `${length} entries`);

function resultsOf(before: Attributes, now: Attributes): Difference {
  const [recorded, again] = [storedOutcome(before), storedOutcome(now)];
  if (equalValues(recorded, again)) return undefined;
  const first = shown(recorded, "had returned", "had failed");
  return `The handler ${first}, and the code now ${shown(again, "returns", "fails")}.`;
}

function shown(stored: Value | undefined, returned: string, failed: string): string {
  const outcome = decodeOutcome(stored);
  if ("ref" in outcome) return `${returned} a long value of other content`;
  if (!outcome.ok) return `${failed} with [${outcome.failure.code}] ${outcome.failure.message}`;
  const text = new TextDecoder().decode(outcome.value);
  return `${returned} ${text === "" ? "nothing" : shortened(text, DIFFERENT_VALUE_CHARS_MAX)}`;
}
