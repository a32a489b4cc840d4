/**
 * The first head of an invocation, or of a new life of its id. Each is one conditional put, so of two messages that make the
 * same head one wins and the other finds it. Large inputs and pages are stored before the head that refers to them.
 *
 * A turn's first append makes a head, too: see append.ts.
 */
import { OperationalError } from "../../errors.ts";
import {
  HEAD_ATTRIBUTE,
  type Head,
  headAttributes,
  inputAttributes,
  isForLife,
  isStub,
  newHead,
  parseHead,
  parseStub,
} from "../../model/head.ts";
import { isExpired } from "../../model/head-age.ts";
import { atDoor } from "../../model/voucher.ts";
import type { InvocationId } from "../../model/ids.ts";
import { all, type Attributes, type Condition, oneOf, type WriteResult } from "../../model/item.ts";
import type { Start } from "../../model/message.ts";
import type { Value } from "../../model/value.ts";
import type { ItemStore } from "../../ports.ts";
import { type StoredHead, storeInput } from "../head-store.ts";
import type { ValuePorts } from "../value-store.ts";
import { hasRunBefore, rememberRun } from "../past-runs.ts";
import { isRun } from "../workflow-life.ts";
import { isNotKilled, thereIsNone, whenNoneOrExpired, whileExpired, whileStub } from "./clauses.ts";
import { adopting, putHead, tryUpdate } from "./write.ts";

/** Of one whose code has not run: `accepted`, or `scheduled` if it is delayed. */
const unstarted = (start: Start, nowMs: number, previousExpiredAtMs?: number): Attributes => ({
  ...newHead(start, {}),
  ...inputAttributes(start),
  ...headAttributes({
    status: start.dueAtMs === undefined ? "accepted" : "scheduled",
    dueAtMs: start.dueAtMs,
    modifiedAtMs: nowMs,
    previousExpiredAtMs,
  }),
});

/** What was there before an input was stored apart, read strongly; none: nothing. A purge of a life takes away what lies with the
 * id, of other lives, too (R8). So a head that refers to it may only take the place of what was read. */
export interface Seen {
  readonly head: Head | undefined;
}

const inPlaceOf = (seen: Seen | undefined, nowMs: number): Condition => {
  if (!seen) return whenNoneOrExpired(nowMs);
  return seen.head ? oneOf(thereIsNone, whileExpired(seen.head)) : thereIsNone;
};

/**
 * accept: admission makes the head of a request that may be repeated (R11). Its input is stored already. Returns the head
 * of another request that was there first; `undefined`: it is this one's. One that has expired is another than was seen: the input
 * may be gone by now, and is to be stored again; or this one's run is past (past-runs.ts). A workflow's says when the life before it expired.
 */
export async function acceptHead(
  { items, clock }: ValuePorts,
  start: Start,
  seen?: Seen,
): Promise<Head | undefined> {
  const nowMs = clock.now();
  if (!isRun(start)) return await acceptWhen(items, start, nowMs, inPlaceOf(seen, nowMs));
  const before = await acceptWhen(items, start, nowMs, thereIsNone);
  const isAnother = seen !== undefined && seen.head?.incarnation !== before?.incarnation;
  if (!before || isAnother || !isExpired(before, nowMs) || (await hasRunBefore(items, start))) return before;
  await rememberRun(items, clock, before);
  const when = whileExpired(seen?.head ?? before);
  return await acceptWhen(items, start, nowMs, when, before.expiresAtMs);
}

async function acceptWhen(
  items: ItemStore,
  start: Start,
  nowMs: number,
  when: Condition,
  previousExpiredAtMs?: number,
): Promise<Head | undefined> {
  const attributes = unstarted(start, nowMs, previousExpiredAtMs);
  const { won, item } = await bear(items, start.id, attributes, when);
  // Refused by its own first try, whose answer was lost.
  if (won || item?.[HEAD_ATTRIBUTE.origin] === start.origin) return undefined;
  if (!item)
    throw new OperationalError("unavailable", `the head of ${start.id} was there and is gone; try again`);
  return parseHead(item);
}

/**
 * run: the head of a request that may be repeated (R11), and that runs where it was accepted (R27). Its guard and its input are
 * stored already. Answers the head as it is written; or what was there first: another head, or what has come before it.
 */
export async function runHead(
  { items, clock }: ValuePorts,
  start: Start,
  running: { readonly guard: string; readonly writer: string; readonly deployment: string },
  seen?: Seen,
): Promise<{ readonly stored: StoredHead } | { readonly other: Head } | { readonly stub: true }> {
  const nowMs = clock.now();
  const attributes = {
    ...unstarted(start, nowMs),
    ...headAttributes({ status: "running", ...running, voucher: atDoor() }),
  };
  const { won, item } = await putHead(items, start.id, attributes, inPlaceOf(seen, nowMs));
  if (!item)
    throw new OperationalError("unavailable", `the head of ${start.id} was there and is gone; try again`);
  if (isStub(item)) return { stub: true };
  const head = parseHead(item);
  // Refused by its own first try, whose answer was lost; unless its guard was faster.
  const isMine = won || head.writer === running.writer;
  return isMine ? { stored: { head, item } } : { other: head };
}

/** schedule: a delayed start that a handler has sent is registered. Answers the head that it has made; none if it is there, or a
 * new life of a derived id. */
export async function scheduleHead(ports: ValuePorts, start: Start): Promise<StoredHead | undefined> {
  const sent = await storeInput(ports, start);
  const { won, item } = await bear(ports.items, start.id, unstarted(sent, ports.clock.now()));
  return won && item ? { head: parseHead(item), item } : undefined;
}

/** reincarnate: a new life of a derived id whose last one has expired. `false`: someone else was first, or is purging the last one. */
export async function reincarnateHead(ports: ValuePorts, start: Start, expired: Head): Promise<boolean> {
  const sent = await storeInput(ports, start);
  await rememberRun(ports.items, ports.clock, expired);
  const attributes = unstarted(sent, ports.clock.now(), expired.expiresAtMs);
  return (await putHead(ports.items, start.id, attributes, whileExpired(expired))).won;
}

/** The log that a restarted invocation goes on from: its last entries in the head, the others in pages. */
export interface RestartedLog {
  readonly length: number;
  readonly lastAppend: number;
  readonly paged: number;
  readonly tail: readonly Value[];
}

/** restart: a new invocation that goes on from a log which another one has made. Nothing is done if it is there. */
export async function restartHead(
  items: ItemStore,
  start: Start,
  log: RestartedLog & { readonly deployment: string | undefined },
): Promise<void> {
  const attributes = { ...unstarted(start, start.acceptedAtMs), ...headAttributes(log) };
  await bear(items, start.id, attributes);
}

/** The first head of one that is parked, rests or ends without ever having appended. Answers its item; none if there is a head by
 * now. */
export async function createHead(
  items: ItemStore,
  start: Start,
  token: string | undefined,
  attributes: Attributes,
): Promise<Attributes | undefined> {
  const first = newHead(start, token === undefined ? {} : { token });
  const { won, item } = await bear(items, start.id, { ...first, ...attributes });
  return won ? item : undefined;
}

/** What has run must not go on if it was killed before. */
const BEGUN: ReadonlySet<unknown> = new Set(["running", "backing-off", "paused"]);

/**
 * A put that adopts a stub of its incarnation (R21): the notes that have come stay in the list. A stub of another life is
 * nothing to this one.
 */
async function bear(
  items: ItemStore,
  id: InvocationId,
  attributes: Attributes,
  when: Condition = thereIsNone,
): Promise<WriteResult> {
  const put = await putHead(items, id, attributes, when);
  if (put.won || !put.item || !isStub(put.item)) return put;
  const stub = parseStub(put.item);
  const { incarnation } = stub;
  const life = {
    incarnation: Number(attributes[HEAD_ATTRIBUTE.incarnation]),
    acceptedAtMs: Number(attributes[HEAD_ATTRIBUTE.acceptedAtMs]),
  };
  if (!isForLife(stub, life)) return await putHead(items, id, attributes, whileStub(incarnation));
  const isBegun = BEGUN.has(attributes[HEAD_ATTRIBUTE.status]);
  const at = isBegun ? all(whileStub(incarnation), isNotKilled) : whileStub(incarnation);
  return await tryUpdate(items, id, adopting(attributes), at);
}
