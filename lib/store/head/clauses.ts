/**
 * The conditions under which a head is written, put together from clauses. The name of a clause is the case that it lets
 * through.
 *
 * A refused write has no effect. The invocation has moved on, and what moved it sees to what follows.
 */
import { HEAD_ATTRIBUTE, type Head, type HeadField, type Status } from "../../model/head.ts";
import type { Incarnation } from "../../model/ids.ts";
import { all, type Condition, oneOf } from "../../model/item.ts";
import { statusesThat } from "../../model/status-table.ts";

const has = (field: HeadField, value: string | number): Condition => ({
  is: "eq",
  attribute: HEAD_ATTRIBUTE[field],
  value,
});
const isBefore = (field: HeadField, value: number): Condition => ({
  is: "lt",
  attribute: HEAD_ATTRIBUTE[field],
  value,
});
export const lacks = (field: HeadField): Condition => ({ is: "missing", attribute: HEAD_ATTRIBUTE[field] });
const holdsSome = (field: HeadField, count: number): Condition => ({
  is: "size",
  attribute: HEAD_ATTRIBUTE[field],
  value: count,
});

export const thereIsNone: Condition = { is: "absent" };
const thereIsOne: Condition = { is: "present" };
const isOfLife = (incarnation: Incarnation): Condition => has("incarnation", incarnation);
const hasEnded: Condition = has("status", "completed");
const hasNotEnded: Condition = { is: "ne", attribute: HEAD_ATTRIBUTE.status, value: "completed" };
const isNotPaused: Condition = { is: "ne", attribute: HEAD_ATTRIBUTE.status, value: "paused" };

/** The head is this incarnation's and not completed (J3). */
export const whileOpen = (incarnation: Incarnation): Condition =>
  all(thereIsOne, isOfLife(incarnation), hasNotEnded, lacks("stub"));

/** What has come before the head (R21). */
export const whileStub = (incarnation: Incarnation): Condition => all(isOfLife(incarnation), has("stub", 1));
export const isNotKilled: Condition = lacks("killed");

/** J1: the log is as long as this writer believes, the invocation neither completed nor paused. */
export const whileAt = (incarnation: Incarnation, length: number): Condition =>
  all(whileOpen(incarnation), isNotPaused, hasLength(length));

/** R18: nothing but notes has been written since. A turn that a pause and a resume have overtaken would find the same length. */
export const hasMark = ({ writer }: Pick<Head, "writer">): Condition =>
  writer === undefined ? lacks("writer") : has("writer", writer);

export const hasGuard = (guard: string): Condition => has("guard", guard);

/** Nothing has begun. */
export const hasNotBegun: Condition = oneOf(
  ...statusesThat("noteLane", "enter").map((status) => has("status", status)),
);

/** The head is that of a life that has ended, and no other has begun. */
export const whileEnded = ({ incarnation }: Pick<Head, "incarnation">): Condition =>
  all(isOfLife(incarnation), hasEnded);

/** The token, once written, is the invocation's for good (R3): two messages that could have started it must agree. */
export const whileToken = (token: string | undefined): Condition =>
  token === undefined ? thereIsOne : oneOf(lacks("token"), has("token", token));

/** There is no head; or its retention has passed, although DynamoDB has not deleted it yet. */
export const whenNoneOrExpired = (nowMs: number): Condition =>
  oneOf(thereIsNone, isBefore("expiresAtMs", nowMs + 1));

/**
 * The life that was read, and had expired, is the last one still, and nothing has touched it: none has come and gone since, and no
 * purge. So what was stored for a new life since then is there.
 */
export const whileExpired = ({
  incarnation,
  expiresAtMs,
}: Pick<Head, "incarnation" | "expiresAtMs">): Condition =>
  all(
    isOfLife(incarnation),
    hasEnded,
    expiresAtMs === undefined ? lacks("expiresAtMs") : has("expiresAtMs", expiresAtMs),
  );

export const hasLength = (length: number): Condition => has("length", length);
export const hasStatus = (...statuses: readonly Status[]): Condition =>
  oneOf(...statuses.map((status) => has("status", status)));
/** R9: nobody has added a note that this writer has not seen. */
export const hasNotes = (count: number): Condition => holdsSome("notes", count);
/** As many await the result as this writer has seen. The list exists from the first one on. */
export const hasReplies = (count: number): Condition =>
  count === 0 ? lacks("replies") : holdsSome("replies", count);
/** Nothing but notes and those who await it has changed since. */
export const hasNotMoved = ({ modifiedAtMs }: Pick<Head, "modifiedAtMs">): Condition =>
  has("modifiedAtMs", modifiedAtMs);
/** In this life, what it keeps elsewhere is kept for less long than that. */
export const isKeptForLess = ({ incarnation }: Pick<Head, "incarnation">, untilMs: number): Condition =>
  all(isOfLife(incarnation), oneOf(lacks("keptUntilMs"), isBefore("keptUntilMs", untilMs)));
