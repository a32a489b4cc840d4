/** A head as it is stored, as a rehearsal of its turns takes it and compares it (lib/replay/). */
import { HEAD_ATTRIBUTE, type Status } from "../../model/head.ts";
import type { Attributes } from "../../model/item.ts";
import type { Value } from "../../model/value.ts";

/** A head as it was before its end was written, for a replay: nobody stores it. */
export function withoutEnd(item: Attributes): Attributes {
  const { [HEAD_ATTRIBUTE.outcome]: _outcome, ...rest } = item;
  return { ...rest, [HEAD_ATTRIBUTE.status]: "running" satisfies Status };
}

/** The head as it would be if nothing had come that is not recorded yet. */
export function withoutNotes(item: Attributes): Attributes {
  const { [HEAD_ATTRIBUTE.notes]: _notes, ...rest } = item;
  return rest;
}

/** How it has ended, as it is stored. */
export const storedOutcome = (item: Attributes): Value | undefined => item[HEAD_ATTRIBUTE.outcome];
