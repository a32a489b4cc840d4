/**
 * An entry with many names, as several entries, so that an append can be parted between them (P1).
 *
 * The parts stand before their entry. A part is no command and no event of its own. It has effects: the state that it clears, the
 * calls that it cancels. Or it holds the first names of the entry's result. The entry itself comes last. So a turn that dies
 * between them has not recorded the command, or the cancellation: the next turn does all of it again, and what the parts have
 * done already is done again without harm (W3, M2).
 *
 * What is short is one entry, as ever.
 */
import { CANCELLED_CALLEES_MAX, CLEARED_NAMES_MAX } from "../limits.ts";
import type { Entry } from "./entry.ts";

/** Below zero: no command has such a number. More commands than an invocation may have, so that both can be read from it. */
const STRIDE = 2 ** 20;
const partNumber = (command: number, index: number): number => -(index * STRIDE + command) - 1;
const PART_OF_CANCELLATION = "~";

/** The entries that stand for it: itself, or its parts and then itself with the last names. */
export function inEntries(entry: Entry): readonly Entry[] {
  if (entry.kind === "clearAll" || entry.kind === "stateKeys") {
    const { names, command } = entry;
    return chunked(names, CLEARED_NAMES_MAX, (chunk, index, isLast) => ({
      ...entry,
      names: chunk,
      command: isLast ? command : partNumber(command, index),
    }));
  }
  if (entry.kind !== "cancelled") return [entry];
  const { callees, delivery } = entry;
  return chunked(callees, CANCELLED_CALLEES_MAX, (chunk, _, isLast) => ({
    ...entry,
    callees: chunk,
    delivery: isLast ? delivery : PART_OF_CANCELLATION + delivery,
  }));
}

function chunked(
  names: readonly string[],
  max: number,
  make: (chunk: readonly string[], index: number, isLast: boolean) => Entry,
): Entry[] {
  const count = Math.max(1, Math.ceil(names.length / max));
  return Array.from({ length: count }, (_, index) =>
    make(names.slice(index * max, (index + 1) * max), index, index === count - 1),
  );
}

/** Whether another entry, which comes after it, is the command or the event. */
export const isPart = (entry: Entry): boolean =>
  entry.kind === "cancelled"
    ? entry.delivery.startsWith(PART_OF_CANCELLATION)
    : (entry.kind === "clearAll" || entry.kind === "stateKeys") && entry.command < 0;

/** The command that a part is of, and its place among the parts. Of any other entry's number: itself. */
export function placeOfPart(command: number): { readonly command: number; readonly index: number } {
  if (command >= 0) return { command, index: 0 };
  const number = -command - 1;
  return { command: number % STRIDE, index: Math.floor(number / STRIDE) };
}

/** The delivery of the cancellation that an entry, or a part of it, is of. */
export const deliveryOf = (delivery: string): string =>
  delivery.startsWith(PART_OF_CANCELLATION) ? delivery.slice(PART_OF_CANCELLATION.length) : delivery;
