/**
 * append: the one write by which a turn's entries come into the log (J1, J3, R8). With an ending, the status changes in the
 * same write. Which head it expects is what the turn has read or written last.
 *
 * Bounds: HEAD_BYTES_SOFT_MAX for the tail, beyond which it is copied to pages (lib/store/journal.ts); KEPT_INPUT_HEAD_BYTES_MAX
 * for the input of what has ended.
 */
import {
  HEAD_ATTRIBUTE,
  headAttributes,
  type HeadField,
  type HeadFields,
  inputAttributes,
  newHead,
  type Retention,
  retentionAttributes,
} from "../../model/head.ts";
import { decodeEntries, type Entry } from "../../model/entry.ts";
import { HEAD, headKey } from "../../model/head-keys.ts";
import { headersValueOf } from "../../model/headers-value.ts";
import type { Incarnation, InvocationId } from "../../model/ids.ts";
import {
  all,
  type Attributes,
  type Change,
  type Condition,
  sizeOf,
  type Update,
  type Write,
} from "../../model/item.ts";
import type { Start } from "../../model/message.ts";
import type { Outcome } from "../../model/outcome.ts";
import type { Value } from "../../model/value.ts";
import { hasMark, hasNotes, isNotKilled, thereIsNone, whileAt, whileStub, whileToken } from "./clauses.ts";
import { adopting, appends, removes, sets } from "./write.ts";
import { KEPT_INPUT_HEAD_BYTES_MAX } from "../../limits.ts";

/** What the turn ends with, if this append is its last. */
export type Ending =
  /** `wait`: as it is stored (`encodeWait`). */
  | { readonly kind: "suspended"; readonly wait: Value }
  | ({ readonly kind: "completed"; readonly outcome: Outcome } & Retention);

/** A head as its turn has read or written it last. */
export interface LeftHead {
  readonly head: HeadFields;
  /** The item that it was parsed from. */
  readonly item: Attributes;
}

export interface Append {
  readonly id: InvocationId;
  readonly incarnation: Incarnation;
  readonly deployment: string;
  readonly token?: string;
  /** Present unless the head holds the input already. */
  readonly start?: Start;
  /** The head as the turn knows it; absent: this append makes it. */
  readonly before: LeftHead | undefined;
  /** There is a stub where the first append makes the head. */
  readonly stub?: { readonly incarnation: Incarnation; readonly isForeign: boolean } | undefined;
  /** As they are stored: their large values apart. */
  readonly entries: readonly Value[];
  /** Notes that are in the log by now, and leave the list. */
  readonly taken: number;
  /** Names this append: a turn whose answer was lost recognises its own write. */
  readonly writer: string;
  /** Entries that pages hold: they leave the tail. */
  readonly pagedTo: number;
  readonly ending: Ending | undefined;
  /** The message under which the turn runs (R17). */
  readonly voucher?: string;
  /** The guard that the turn has set (R26, R27). */
  readonly guard?: string | undefined;
  /** The message is not there any more: the head holds the input from now on. */
  readonly holdsInput?: boolean;
  /** How the turns went, for people. */
  readonly turns?: Uint8Array | undefined;
  readonly nowMs: number;
}

/** What an append takes off a head, unless it sets it anew. */
const PASSING: readonly HeadField[] = ["wait", "dueAtMs", "attempt", "voucher", "leftBy"];

export function appendWrite(append: Append): Write {
  const { id, incarnation, before, entries, taken, ending } = append;
  const key = headKey(id);
  const fields = fieldsOf(append);
  if (!before) {
    const first = newHead(startOf(append), append);
    const attributes = { ...first, ...fields, ...headAttributes({ tail: entries }) };
    const { stub } = append;
    if (!stub) return { op: "put", key, attributes, when: thereIsNone };
    return stub.isForeign
      ? { op: "put", key, attributes, when: whileStub(stub.incarnation) }
      : {
          op: "update",
          key,
          changes: [...adopting(attributes), ...drops(taken)],
          when: atStub(stub.incarnation, append),
        };
  }
  // What names a guard and records nothing is no progress: the attempts without any are still counted.
  const stays = entries.length === 0 && !ending ? "attempt" : undefined;
  const gone = PASSING.filter(
    (field) => field !== stays && HEAD_ATTRIBUTE[field] in before.item && !(HEAD_ATTRIBUTE[field] in fields),
  );
  const changes: Change[] = [
    ...sets(fields),
    // A guard may have been named since the head was read: it is the dispatcher's, while the turn runs.
    ...removes(...gone, ...(ending ? (["guard"] as const) : [])),
    ...tailChanges(append, before),
    ...drops(taken),
  ];
  const at = all(whileAt(incarnation, before.head.length), hasMark(before.head), ...agreeing(append));
  // No lost wake-up: a suspension is refused while there are notes that it has not consumed (R9).
  const when = ending?.kind === "suspended" ? all(at, hasNotes(taken)) : at;
  return { op: "update", key, changes, when };
}

/**
 * R3: the first append writes the token. Presence may have written it since the head was read, for a later message's turn, and
 * sets no mark. Then this turn is a zombie.
 */
const agreeing = ({ before, token }: Append): readonly Condition[] =>
  before?.head.token === undefined && token !== undefined ? [whileToken(token)] : [];

const drops = (taken: number): Change[] =>
  taken > 0 ? [{ do: "drop", attribute: HEAD_ATTRIBUTE.notes, count: taken }] : [];

/** R21: what has come before is adopted with the first append. */
function atStub(incarnation: Incarnation, { taken, ending }: Append): Condition {
  const at = all(whileStub(incarnation), isNotKilled);
  return ending?.kind === "suspended" ? all(at, hasNotes(taken)) : at;
}

/** Whether the head that refused an append was written by that append's own first try. */
export const isWrittenBy = (item: Attributes | undefined, writer: string, position: number): boolean =>
  item?.[HEAD_ATTRIBUTE.writer] === writer && Number(item[HEAD_ATTRIBUTE.lastAppend]) === position;

/** Whether a turn may begin a closure when this is answered: a write of a head, unless it ends or suspends the invocation. */
export function mayLeadToClosure(write: Write): boolean {
  if (!isOfHead(write)) return false;
  const status = statusIn(write);
  return status !== "completed" && status !== "suspended";
}

const isOfHead = ({ op, key: { table, sk } }: Write): boolean =>
  table === "journal" && sk === HEAD && op !== "delete";

/** What a write of a head says, for those who watch: the status that it sets, and what it appends. `undefined`: it is none. */
export const headWrite = (
  write: Write,
): { readonly status: Value | undefined; readonly entries: readonly Entry[] } | undefined =>
  isOfHead(write) ? { status: statusIn(write), entries: decodeEntries(tailIn(write)) } : undefined;

function statusIn(write: Write): Value | undefined {
  if (write.op === "delete") return undefined;
  return write.op === "put" ? write.attributes[HEAD_ATTRIBUTE.status] : statusSetBy(write);
}

function tailIn(write: Write): Value | undefined {
  if (write.op === "delete") return undefined;
  return write.op === "put" ? write.attributes[HEAD_ATTRIBUTE.tail] : tailSetBy(write);
}

function tailSetBy({ changes }: Update): Value | undefined {
  const change = changes.find(({ attribute }) => attribute === HEAD_ATTRIBUTE.tail);
  if (change?.do === "append") return [...change.values];
  return change?.do === "set" ? change.value : undefined;
}

function statusSetBy({ changes }: Update): Value | undefined {
  const change = changes.find(({ attribute }) => attribute === HEAD_ATTRIBUTE.status);
  return change?.do === "set" ? change.value : undefined;
}

/** The head's entries as they are stored. */
export function storedTail({ item }: LeftHead): readonly Value[] {
  const held = item[HEAD_ATTRIBUTE.tail];
  return Array.isArray(held) ? held : [];
}

function startOf({ start }: Append): Start {
  if (!start) throw new TypeError("a turn without a head needs the Start");
  return start;
}

function fieldsOf(append: Append): Attributes {
  const { before, entries, writer, deployment, token, pagedTo, nowMs, ending, voucher, guard, turns } =
    append;
  const head = before?.head;
  const length = head?.length ?? 0;
  const fields = headAttributes({
    status: "running",
    length: length + entries.length,
    lastAppend: length,
    writer,
    modifiedAtMs: nowMs,
    appendedAtMs: nowMs,
    ...(head && firstFields(head, deployment, token)),
    ...(pagedTo > (head?.paged ?? 0) ? { paged: pagedTo } : {}),
    voucher: ending ? undefined : voucher,
    guard: ending ? undefined : guard,
    leftBy: ending?.kind === "suspended" ? voucher : undefined,
    turns,
  });
  if (ending) return { ...fields, ...endingFields(append, ending, sizeOf(fields)) };
  return append.holdsInput ? { ...fields, ...inputOf(append) } : fields;
}

/** The Start's, unless the head holds it already. */
const inputOf = ({ start, before }: Append): Attributes =>
  start && before?.head.input === undefined ? inputAttributes(start) : {};

/** What the first append writes. A head that is made with it has them from its Start. */
const firstFields = (
  head: HeadFields,
  deployment: string,
  token: string | undefined,
): { readonly deployment?: string; readonly token?: string } => ({
  ...(head.deployment === undefined ? { deployment } : {}),
  ...(head.token === undefined && token !== undefined ? { token } : {}),
});

function endingFields(append: Append, ending: Ending, otherBytes: number): Attributes {
  const { start, nowMs } = append;
  const input = inputOf(append);
  if (ending.kind === "suspended") {
    return { ...headAttributes({ status: "suspended" }), [HEAD_ATTRIBUTE.wait]: ending.wait, ...input };
  }
  const { outcome } = ending;
  const end = { ...headAttributes({ status: "completed", outcome }), ...retentionAttributes(nowMs, ending) };
  // It is shown, and the invocation can be started anew with it, when that does not cost a write unit more.
  const bytes = otherBytes + sizeOf(end) + sizeOf(input);
  const isStored = typeof start?.input === "string" || input[HEAD_ATTRIBUTE.input] instanceof Uint8Array;
  const isWhole = isStored && headersValueOf(start?.headers ?? {}) === undefined;
  return isWhole && bytes < KEPT_INPUT_HEAD_BYTES_MAX ? { ...end, ...input } : end;
}

/** Entries that a page holds are dropped in the same write. */
function tailChanges({ entries, pagedTo }: Append, before: LeftHead): Change[] {
  const { paged } = before.head;
  if (pagedTo === paged) return appends("tail", entries);
  const tail = storedTail(before).slice(pagedTo - paged);
  return sets(headAttributes({ tail: [...tail, ...entries] }));
}
