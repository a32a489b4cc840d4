/**
 * A recorded journal: all that is stored of one invocation, as text. With it, code can be asked whether it does what is recorded,
 * on another machine and without effects (lib/replay/). It holds input, headers and results as they are: keep it as you keep those.
 */
import { headKey } from "./head-keys.ts";
import { type Head, isStub, parseHead } from "./head.ts";
import type { InvocationId } from "./ids.ts";
import type { Attributes } from "./item.ts";
import { shownId, storedId } from "./shown-id.ts";
import { decodeJson, encodeJson, type Value } from "./value.ts";

/** One that a newer version wrote is refused. */
const FORMAT = 1;

export interface RecordedItem {
  readonly sk: string;
  readonly attributes: Attributes;
}

export interface RecordedJournal {
  readonly id: InvocationId;
  /** Those of the invocation's own partition: its head, the pages of its journal, its long values. */
  readonly items: readonly RecordedItem[];
}

/** Of a journal that is read in parts, as the admin API answers it. */
export interface RecordedPart extends RecordedJournal {
  /** Where the next part begins. Absent: it is the last. */
  readonly next?: string;
}

/** One line of JSON. Bytes are tagged, as in messages. */
export const encodeRecorded = ({ id, items, next }: RecordedPart): string =>
  encodeJson({
    ...{ perdure_journal: FORMAT, id: shownId(id) },
    items: items.map(({ sk, attributes }) => ({ sk, attributes })),
    ...(next === undefined ? {} : { next }),
  });

/** Throws `TypeError` with a reason for a text that is no recorded journal. */
export function parseRecorded(text: string): RecordedJournal {
  const { next, ...journal } = parsePart(text);
  if (next !== undefined) throw wrong("only a part of one");
  headOf(journal);
  return journal;
}

/** The same for a part. */
export function parsePart(text: string): RecordedPart {
  const fields = mapIn(jsonIn(text), "no object");
  const { perdure_journal: format, items } = fields;
  if (format !== FORMAT)
    throw wrong(typeof format === "number" ? `format ${format} is of another version` : "no format");
  const id = typeof fields["id"] === "string" ? storedId(fields["id"]) : undefined;
  if (id === undefined) throw wrong("no id of an invocation");
  if (!Array.isArray(items)) throw wrong("no items");
  const { next } = fields;
  return { id, items: items.map(itemIn), ...(typeof next === "string" ? { next } : {}) };
}

/** Throws `TypeError` if there is none, or one of a newer version. */
export function headOf({ id, items }: RecordedJournal): { readonly head: Head; readonly item: Attributes } {
  const item = items.find(({ sk }) => sk === headKey(id).sk)?.attributes;
  if (!item || isStub(item)) throw wrong("no head of an invocation");
  return { head: parseHead(item), item };
}

function itemIn(value: Value): RecordedItem {
  const { sk, attributes } = mapIn(value, "an item is no object");
  if (typeof sk !== "string") throw wrong("an item has no sort key");
  return { sk, attributes: mapIn(attributes, "an item has no attributes") };
}

function jsonIn(text: string): Value {
  try {
    return decodeJson(text);
  } catch {
    throw wrong("no JSON");
  }
}

function mapIn(value: Value | undefined, what: string): Attributes {
  if (typeof value !== "object" || value === null || Array.isArray(value) || value instanceof Uint8Array)
    throw wrong(what);
  return value;
}

const wrong = (what: string): TypeError => new TypeError(`not a recorded journal: ${what}`);
