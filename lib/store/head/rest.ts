/**
 * How an invocation comes to rest and goes on again: back-off, pause, resume, and the next turn of one whose turn has died. What
 * each is refused for is in the table of transitions.ts.
 *
 * Invariants: each sets a fresh mark (R18) but a pause by an operator, which whatever ends it makes up for. What rests names no
 * voucher (R17).
 */
import {
  freshMark,
  marked,
  type MarkingPorts,
  missingInput,
  spillNote,
  type Subject,
} from "./transitions.ts";
import { OperationalError } from "../../errors.ts";
import { CONFLICT_ATTEMPTS_MAX } from "../../limits.ts";
import { type Note, noteKey } from "../../model/entry.ts";
import { type Head, headAttributes, inputAttributes, parseHead } from "../../model/head.ts";
import type { Incarnation, InvocationId } from "../../model/ids.ts";
import { all } from "../../model/item.ts";
import { ON, statusesThat } from "../../model/status-table.ts";
import type { Value } from "../../model/value.ts";
import type { AttemptState, TurnFailure } from "../../protocol.ts";
import { readHead, type StoredHead, storeInput } from "../head-store.ts";
import { type ValuePorts } from "../value-store.ts";
import { createHead } from "./births.ts";
import {
  hasLength,
  hasMark,
  hasNotes,
  hasNotMoved,
  hasStatus,
  whileAt,
  whileOpen,
  whileToken,
} from "./clauses.ts";
import { appends, removes, sets, tryUpdate, updateHead } from "./write.ts";

/** Why and until when an invocation rests. */
export interface Resting {
  readonly attempt: AttemptState;
  readonly failure?: TurnFailure;
  readonly dueAtMs?: number;
  /** Notes that rode in the message at hand: what has ridden must outlive it. */
  readonly carried: readonly Note[];
  /** Notes that the attempt had when it began. */
  readonly seen: readonly Note[];
  /** How the turns went, for people. */
  readonly turns?: Uint8Array | undefined;
}

/** What every pause writes. */
const pausing = (nowMs: number, why?: Pick<Resting, "attempt" | "failure" | "turns">) =>
  headAttributes({ status: "paused", modifiedAtMs: nowMs, ...why });

/**
 * rest: after a failed attempt it backs off, or is paused by its policy. `lost`: the log is no longer as long as known, or the
 * invocation has ended. `noted`: a cancellation has come that the attempt has not seen, so it shall not rest.
 * Bound: CONFLICT_ATTEMPTS_MAX tries against notes that come at the same time.
 */
export async function rest(
  ports: MarkingPorts,
  subject: Subject,
  status: "backing-off" | "paused",
  resting: Resting,
): Promise<"rested" | "noted" | "lost"> {
  for (let attempt = 0; attempt < CONFLICT_ATTEMPTS_MAX; attempt++) {
    const rested = await tryToRest(ports, subject, status, resting);
    if (rested !== "conflict") return rested;
  }
  throw new OperationalError("unavailable", `the head of ${subject.id} is contended`);
}

async function tryToRest(
  ports: MarkingPorts,
  subject: Subject,
  status: "backing-off" | "paused",
  { attempt, failure: why, dueAtMs, carried, seen, turns }: Resting,
): Promise<"rested" | "noted" | "lost" | "conflict"> {
  const { items, clock } = ports;
  const { id, start, token, length } = subject;
  const because = { attempt, turns, ...(why ? { failure: why } : {}) };
  const nowMs = clock.now();
  const fields =
    status === "paused"
      ? pausing(nowMs, because)
      : headAttributes({ status, modifiedAtMs: nowMs, ...because, dueAtMs });
  const stored = await readHead(items, id);
  if (!stored) {
    if (!start || length > 0) return "lost";
    const first = { ...(await missingInput(ports, subject)), ...fields, ...marked(ports) };
    return (await createHead(items, start, token, first)) ? "rested" : "conflict";
  }
  const { head } = stored;
  if (!isAsKnown(head, subject)) return "lost";
  if (hasUnseenCancellation(head, seen)) return "noted";
  const missing = {
    ...(await missingInput(ports, { ...subject, head })),
    ...(head.token === undefined ? headAttributes({ token }) : {}),
  };
  const unlisted = await notListed(ports, id, head, carried);
  const changes = [
    ...sets({ ...fields, ...missing, ...marked(ports) }),
    ...appends("notes", unlisted),
    ...removes("voucher", "guard", "leftBy"),
  ];
  const at = all(whileAt(head.incarnation, length), hasMark(head), whileToken(token));
  if (await updateHead(items, id, changes, all(at, hasNotes(head.notes.length)))) return "rested";
  return "conflict";
}

/** Nothing but notes has come since. A pause by an operator writes no mark; it counts before a cancellation that has not been seen,
 * whose message releases it. Another life may have no mark, either. */
const isAsKnown = (head: Head, { start, head: known, length }: Subject): boolean =>
  head.status !== "paused" &&
  head.incarnation === (known ?? start)?.incarnation &&
  head.length === length &&
  head.writer === known?.writer;

function hasUnseenCancellation({ notes }: Pick<Head, "notes">, seen: readonly Note[]): boolean {
  const known = new Set(seen.map(noteKey));
  return notes.some((note) => note.kind === "cancellation" && !known.has(noteKey(note)));
}

/** The notes that the head does not have yet. */
export async function notListed(
  ports: ValuePorts,
  id: InvocationId,
  head: Head,
  carried: readonly Note[],
): Promise<Value[]> {
  const seen = new Set([...head.notes, ...head.tail].map(noteKey));
  const values: Value[] = [];
  for (const note of carried) if (!seen.has(noteKey(note))) values.push(await spillNote(ports, id, note));
  return values;
}

/** pause: an operator asks. A paused head refuses every append. Returns whether this has paused it, and the head that
 * refused it. */
export async function pause(
  { items, clock }: ValuePorts,
  id: InvocationId,
  incarnation: Incarnation,
): Promise<{ readonly won: boolean; readonly head?: Head }> {
  const when = all(whileOpen(incarnation), hasStatus(...statusesThat("pause", "pause")));
  const { won, item } = await tryUpdate(items, id, sets(pausing(clock.now())), when);
  return item === undefined ? { won } : { won, head: parseHead(item) };
}

/** pauseUndelivered: the mailbox has given up delivering a message to it. One without a head gets it, if the message is its
 * Start. `false`: it has moved since, or cannot be paused. */
export async function pauseUndelivered(
  ports: ValuePorts,
  { id, head, start }: Pick<Subject, "id" | "head" | "start">,
  why: TurnFailure,
): Promise<boolean> {
  const { items, clock } = ports;
  const fields = pausing(clock.now(), { attempt: head?.attempt ?? { count: 0 }, failure: why });
  if (head) {
    const when = all(whileAt(head.incarnation, head.length), hasNotMoved(head));
    return (await updateHead(items, id, sets(fields), when)) !== undefined;
  }
  if (!start) return false;
  await storeInput(ports, start);
  return (await createHead(items, start, undefined, { ...inputAttributes(start), ...fields })) !== undefined;
}

/** hold: one that was paused while it ran rests from now on. It needs neither its Start nor another message (R17). `false`: it
 * has moved. */
export async function hold(
  ports: MarkingPorts,
  subject: Subject & { readonly head: Head },
): Promise<boolean> {
  const { id, head } = subject;
  const input = await missingInput(ports, subject);
  const isAtRest = head.voucher === undefined && head.guard === undefined;
  if (isAtRest && Object.keys(input).length === 0) return true;
  const changes = [...sets({ ...input, ...marked(ports) }), ...removes("voucher", "guard", "leftBy")];
  const when = all(whileOpen(head.incarnation), hasMark(head), hasStatus("paused"));
  return (await updateHead(ports.items, id, changes, when)) !== undefined;
}

/** release: leaves a pause, or cuts a back-off short, and runs under the message that vouches for it from now on: one write.
 * Answers the head as it then is. `losesPlace`: its token goes, and it takes a new one. What is suspended has a timer or a message of its own on the way. */
export async function release(
  ports: MarkingPorts,
  id: InvocationId,
  head: Head,
  voucher: string,
  losesPlace = false,
): Promise<StoredHead | undefined> {
  const dueAtMs = ports.clock.now();
  const fields = headAttributes({ status: "backing-off", dueAtMs, voucher, writer: freshMark(ports) });
  const when = all(
    whileOpen(head.incarnation),
    hasLength(head.length),
    hasMark(head),
    hasStatus(...statusesThat("released", "release")),
  );
  const gone = removes("guard", "leftBy", ...(losesPlace ? (["token"] as const) : []));
  return await updateHead(ports.items, id, [...sets(fields), ...gone], when);
}

/** unpause: another message vouches for it, and has its input. That one goes on. `false`: it has moved. */
export async function unpause(ports: MarkingPorts, id: InvocationId, head: Head): Promise<boolean> {
  const { voucher } = head;
  const fields = headAttributes({
    ...{ status: "running", voucher, writer: freshMark(ports) },
    modifiedAtMs: ports.clock.now(),
  });
  const when = all(whileOpen(head.incarnation), hasMark(head), hasStatus("paused"));
  return (await updateHead(ports.items, id, sets(fields), when)) !== undefined;
}

/** takeOver: its turn has died, and another message vouches for the next one. `undefined`: it has moved. */
export async function takeOver(
  ports: MarkingPorts,
  id: InvocationId,
  head: Head,
  voucher: string,
): Promise<StoredHead | undefined> {
  const fields = headAttributes({ voucher, writer: freshMark(ports), modifiedAtMs: ports.clock.now() });
  const when = all(
    whileAt(head.incarnation, head.length),
    hasMark(head),
    hasStatus("running"),
    hasNotMoved(head),
  );
  return await updateHead(ports.items, id, [...sets(fields), ...removes("guard", "leftBy")], when);
}

/** repin: it goes on with another deployment. Only of a paused one, of which no turn can append: a turn must end on the
 * code that it began on. */
export async function repin(
  { items, clock }: ValuePorts,
  id: InvocationId,
  { incarnation }: Pick<Head, "incarnation">,
  deployment: string,
): Promise<boolean> {
  const fields = headAttributes({ deployment, modifiedAtMs: clock.now() });
  const when = all(whileOpen(incarnation), hasStatus(...statusesThat("repin", "repin")));
  return (await updateHead(items, id, sets(fields), when)) !== undefined;
}

/**
 * adopt: it rests after a failure, and goes on at once with newer code, which has not failed yet. `deployment`: absent if it is pinned to
 * none. `false`: it has moved, or does not rest.
 *
 * A turn that a timer has begun meanwhile on the old code is refused its next append by the fresh mark (R18), as one that a pause has
 * overtaken: it changes nothing more, so it ends on the code that it began on. One that has appended before runs, and is not adopted.
 */
export async function adopt(
  ports: MarkingPorts,
  id: InvocationId,
  head: Head,
  deployment: string | undefined,
): Promise<boolean> {
  if (head.voucher !== undefined || head.guard !== undefined) return false;
  const nowMs = ports.clock.now();
  const fields = headAttributes({
    ...{ status: "backing-off", deployment, attempt: { count: 0 }, dueAtMs: nowMs, modifiedAtMs: nowMs },
    writer: freshMark(ports),
  });
  const when = all(
    whileOpen(head.incarnation),
    hasLength(head.length),
    hasMark(head),
    hasNotMoved(head),
    hasStatus("backing-off", "paused"),
  );
  return (await updateHead(ports.items, id, sets(fields), when)) !== undefined;
}

/** What {@link moveTo} must know of a head. */
export type Movable = Pick<
  Head,
  "incarnation" | "length" | "writer" | "status" | "modifiedAtMs" | "voucher" | "guard" | "leftBy"
>;

/** A head may be large. */
export function movable(head: Head): Movable {
  const { incarnation, length, status, modifiedAtMs, writer, voucher, guard, leftBy } = head;
  return {
    ...{ incarnation, length, status, modifiedAtMs },
    ...(writer === undefined ? {} : { writer }),
    ...(voucher === undefined ? {} : { voucher }),
    ...(guard === undefined ? {} : { guard }),
    ...(leftBy === undefined ? {} : { leftBy }),
  };
}

/** Whether it rests, so that other code may take over. */
export const canMove = ({ status, voucher, guard }: Movable): boolean =>
  ON.move[status] === "move" && voucher === undefined && guard === undefined;

/**
 * moveTo: it rests, and goes on with other code when it wakes, which does what is recorded. What it waits for, and that it is paused, stays.
 * Of what backs off, attempts are counted anew: that code has not failed yet. `false`: it has moved since it was read, or does not rest.
 *
 * A turn that has begun meanwhile on the old code, by a note or a timer, is refused its next append by the fresh mark (R18). Its message
 * comes again, and finds the new deployment.
 */
export async function moveTo(
  ports: MarkingPorts,
  id: InvocationId,
  head: Movable,
  deployment: string,
): Promise<boolean> {
  if (!canMove(head)) return false;
  const fields = headAttributes({
    ...{ deployment, modifiedAtMs: ports.clock.now(), writer: freshMark(ports) },
    // It counts with the mark. Without it, another lane would not do the outputs first that the turn before may still be doing (R5).
    leftBy: head.leftBy,
    ...(head.status === "backing-off" ? { attempt: { count: 0 } } : {}),
  });
  const when = all(
    whileOpen(head.incarnation),
    hasLength(head.length),
    hasMark(head),
    hasNotMoved(head),
    hasStatus(head.status),
  );
  return (await updateHead(ports.items, id, sets(fields), when)) !== undefined;
}
